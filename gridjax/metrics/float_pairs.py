"""Maps as pairs of float32 numbers, for devices that do not compute in float64.

XLA's compiler for TPUs replaces float64 by pairs of float32 numbers, with 48 bits and the range of
float32, and refuses programs that read the bits of a float64 number. Scores do not need float64
arithmetic if every sum is over centred values; they need the values themselves in more than 24 bits
only before something is subtracted from them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

FLOAT64_PLATFORMS = ("cpu", "gpu", "cuda", "rocm")
"""Platforms whose devices compute in float64."""


class FloatPair(NamedTuple):
    """Numbers as unevaluated sums of two float32 numbers; NaN in both where unknown."""

    high: Float[Array, "map n n"]
    """the numbers, rounded to float32"""
    low: Float[Array, "map n n"]
    """what the rounding has removed, rounded to float32"""


def computes_in_float64(platform: str) -> bool:
    """Return whether maps are measured in float64 on the devices of a platform."""
    return platform in FLOAT64_PLATFORMS


def pair_of(maps: Any) -> FloatPair:
    """Return arrays of any real type as pairs, on the host or on their device."""
    high = maps.astype(np.float32)
    if maps.dtype.itemsize <= high.dtype.itemsize and jnp.issubdtype(maps.dtype, jnp.floating):
        return FloatPair(high, high - high)
    return FloatPair(high, (maps - high.astype(maps.dtype)).astype(np.float32))


def scaled_on_host(maps: Float[np.ndarray, "map n n"]) -> Float[np.ndarray, "map n n"]:
    """Return float64 maps divided by powers of two, so that their values are below 1.

    The squares of larger or much smaller numbers leave the range of float32.
    """
    largest = np.max(np.abs(maps), axis=(1, 2), where=np.isfinite(maps), initial=0.0)
    _, exponent = np.frexp(largest)
    half = -exponent // 2
    return np.ldexp(np.ldexp(maps, half[:, None, None]), (-exponent - half)[:, None, None])


def single(maps: Any) -> Any:
    """Return pairs [map, n, n] as float32 maps without their offset; other arrays unchanged.

    The offset is the value of the map that is nearest to 0; it is 0 for maps with both signs. The
    difference keeps variations that are small in comparison with the offset.
    """
    if not isinstance(maps, FloatPair):
        return maps
    high, low = maps
    known = jnp.isfinite(high)
    least = jnp.where(known, high, jnp.inf).min(axis=(1, 2), keepdims=True)
    most = jnp.where(known, high, -jnp.inf).max(axis=(1, 2), keepdims=True)
    return high - jnp.clip(0.0, least, most) + low


def exponent_of(values: Float[Array, "*shape"]) -> Int[Array, "*shape"]:
    """Return k with 2^(k-1) <= values < 2^k, for positive float32 values; -126 for 0."""
    return (jax.lax.bitcast_convert_type(values, jnp.int32) >> 23) - 126


def times_power_of_two(
    values: Float[Array, "*shape"], exponent: Int[Array, "*#shape"]
) -> Float[Array, "*shape"]:
    """Return float32 values times 2^exponent, with exponents from -252 to 254."""
    # Two factors, because the largest power of two in float32 is 2^127. Their bits are exact.
    half = exponent // 2
    for part in (half, exponent - half):
        values = values * jax.lax.bitcast_convert_type((part + 127) << 23, jnp.float32)
    return values
