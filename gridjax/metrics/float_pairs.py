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
from jaxtyping import Array, Bool, Float, Int

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

    Larger or much smaller numbers are outside the range of float32. Values that are not finite
    become NaN.
    """
    maps = np.where(np.isfinite(maps), maps, np.nan)
    largest = np.max(np.abs(maps), axis=(1, 2), where=np.isfinite(maps), initial=0.0)
    _, exponent = np.frexp(largest)
    half = -exponent // 2
    return np.ldexp(np.ldexp(maps, half[:, None, None]), (-exponent - half)[:, None, None])


def without_offset(maps: FloatPair, known: Bool[Array, "map n n"]) -> FloatPair:
    """Return pairs minus the known value of each map that is nearest to 0, exactly.

    Maps that contain 0 or both signs do not change.
    """
    high, low = maps
    least, most = (
        jnp.where(known, sign * high, jnp.inf).min(axis=(1, 2), keepdims=True) * sign
        for sign in (1, -1)
    )
    offset = jnp.clip(0.0, least, most)
    sign = jnp.sign(offset)
    # The low part of the offset is the nearest to 0 where the high part is the offset.
    there = jnp.where(known & (high == offset), sign * low, jnp.inf)
    low_offset = jnp.where(sign == 0, 0.0, sign * there.min(axis=(1, 2), keepdims=True))
    # A sum and its rounding error (Knuth), twice.
    moved, error = _two_sum(high, -offset)
    return FloatPair(*_two_sum(moved, error + (low - low_offset)))


def _two_sum(a, b):
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def single(maps: Any) -> Any:
    """Return pairs [map, n, n] as float32 maps without their offset; other arrays unchanged.

    Without offset they keep variations that are small in comparison with it.
    """
    if not isinstance(maps, FloatPair):
        return maps
    return without_offset(maps, jnp.isfinite(maps.high)).high


def exponent_of(values: Float[Array, "..."]) -> Int[Array, "..."]:
    """Return k with 2^(k-1) <= values < 2^k, for positive float32 values; -126 for 0."""
    return (jax.lax.bitcast_convert_type(values, jnp.int32) >> 23) - 126


def times_power_of_two(
    values: Float[Array, "..."], exponent: Int[Array, "..."]
) -> Float[Array, "..."]:
    """Return float32 values times 2^exponent, with exponents from -252 to 254."""
    # Two factors, because the largest power of two in float32 is 2^127. Their bits are exact.
    half = exponent // 2
    for part in (half, exponent - half):
        values = values * jax.lax.bitcast_convert_type((part + 127) << 23, jnp.float32)
    return values
