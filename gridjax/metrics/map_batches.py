"""Batches of square maps: checks, and evaluation in chunks of constant size.

Every chunk has the same size; the last one is padded with zeros. Therefore a map's result does not
depend on its batch, all batches use one compilation, and memory is limited.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from gridjax.forked_process import refuse_forked_process
from gridjax.metrics.arguments import invalid_argument, is_real
from gridjax.metrics.float_pairs import FloatPair, computes_in_float64, pair_of, scaled_on_host

SMALLEST, LARGEST = 8, 256
# Limits of one chunk on an accelerator: values of the largest array, and maps.
MOST_VALUES = 2**27
MOST_AT_ONCE = 2**12
# The same for devices without float64: values of an array of maps, which is read at every lag, and
# the fewest maps, which fill one tile of a TPU.
MOST_VALUES_OF_PAIRS = 2**21
FEWEST_AT_ONCE = 2**10
# Arrays of this side hold smaller maps too, so that all of them use one compilation. The smallest
# number of bins limits the additional run time. The largest leaves a margin for splines.
COMMON_SIDE, FEWEST_PADDED, MOST_PADDED = 32, 20, 30
# Largest number of chunks under computation at a time, if the caller waits for the result.
IN_FLIGHT = 3


def chunk_size(n: int, platform: str = "cpu") -> int:
    """Return the number of maps of n x n bins in a chunk, from the platform of the device alone.

    On a CPU one float64 array of a chunk takes at most 20 MB, so that it remains in the caches. An
    accelerator takes as many maps as keep every array below MOST_VALUES.
    """
    if not computes_in_float64(platform):
        size = 2 ** math.floor(math.log2(MOST_VALUES_OF_PAIRS / n**2))
        return int(max(FEWEST_AT_ONCE, min(MOST_AT_ONCE, size)))
    if platform != "cpu":
        # Transforms of lags, real and imaginary along both axes, with and without holes.
        largest = 16 * n**2
        return int(min(MOST_AT_ONCE, 2 ** math.floor(math.log2(MOST_VALUES / largest))))
    for limit, size in ((24, 128), (48, 64), (72, 32), (128, 16)):
        if n <= limit:
            return size
    return 8


def common_side(n: int) -> int:
    """Return the side of the arrays that hold maps of n x n bins while they are measured."""
    return COMMON_SIDE if FEWEST_PADDED <= n <= MOST_PADDED else n


def as_maps(maps: Any) -> Float[np.ndarray, "... n n"] | Float[Array, "... n n"]:
    """Return maps as an array of real numbers [..., n, n], n from 8 to 256; JAX arrays unchanged.

    Raises GridjaxError for anything else, and in a process where JAX cannot compute.
    """
    refuse_forked_process()
    if isinstance(maps, Tracer):
        raise invalid_argument("maps are being traced", "score maps outside of jit, vmap and grad")
    masked = isinstance(maps, np.ma.MaskedArray)
    if not isinstance(maps, jax.Array) and not masked:
        try:
            maps = np.asarray(maps)
        except (ValueError, TypeError) as error:
            raise invalid_argument(
                f"maps are not an array: {error}", "stack maps of one size"
            ) from None
    if not is_real(maps.dtype):
        raise invalid_argument(
            f"maps are of type {maps.dtype}", "give real numbers, NaN where a bin was not visited"
        )
    if masked:
        maps = np.ma.filled(maps.astype(np.float64), np.nan)
    shape = maps.shape
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise invalid_argument(
            f"maps have shape {shape}", "give [..., n, n]: square bins, as many along x as along y"
        )
    if not SMALLEST <= shape[-1] <= LARGEST:
        raise invalid_argument(
            f"maps have {shape[-1]} bins a side",
            f"bin the arena with {SMALLEST} to {LARGEST} bins a side",
        )
    return maps


def platform_of(maps: Any) -> str:
    """Return the platform on which checked maps are measured."""
    return min(device.platform for device in _devices(maps))


def _devices(maps: Any) -> set[Any]:
    """Return the devices of JAX maps; NumPy maps are measured on the default device."""
    return (maps if isinstance(maps, jax.Array) else jnp.zeros(())).devices()


def in_chunks(kernel: Callable[..., Any], maps: Any, tables: Any, side: int | None = None) -> Any:
    """Return the results of kernel(chunk, tables) over all maps, joined.

    Args:
        kernel: jitted function from a chunk [size, side, side] and the tables to a pytree of arrays
            [size, ...]. The chunk is float64, or a FloatPair on a device without float64, where
            the tables are float32.
        maps: [..., n, n]. NumPy maps give NumPy results; JAX maps stay on their device, and the
            call returns without waiting.
        tables: a pytree of arrays.
        side: side of the chunks, by default n. Bins outside of the maps are NaN.
    """
    n = maps.shape[-1]
    width = n if side is None else side
    batch = maps.shape[:-2]
    flat = maps.reshape(-1, n, n)
    waits = not isinstance(flat, jax.Array)
    devices, platform = _devices(maps), platform_of(maps)
    size = chunk_size(width, platform)
    # NumPy and JAX maps on the same device share one compilation.
    (device,) = devices if len(devices) == 1 else (None,)
    in_float64 = computes_in_float64(platform)
    with jax.enable_x64(in_float64):
        tables = jax.device_put(tables, device)
        results = []
        for start in range(0, max(len(flat), 1), size):
            cut = _chunk_of_host if waits else _chunk_of_device
            chunk = jax.device_put(cut(flat, start, size, width, in_float64), device)
            results.append(kernel(chunk, tables))
            if waits and len(results) >= IN_FLIGHT:
                results[-IN_FLIGHT] = jax.tree.map(np.asarray, results[-IN_FLIGHT])
        if not waits:
            return _joined(results, batch)
        return _join(results, batch, np.concatenate)


def _chunk_of_host(
    flat: Float[np.ndarray, "map n n"], start: int, size: int, side: int, in_float64: bool
) -> Float[np.ndarray, "{size} {side} {side}"] | FloatPair:
    """Return a chunk of the maps; missing maps are 0, bins outside of the maps are NaN.

    The maps of a FloatPair are scaled to values below 1.
    """
    part = flat[start : start + size].astype(np.float64)
    rim = (0, side - flat.shape[-1])
    part = np.pad(part, ((0, size - len(part)), (0, 0), (0, 0)))
    part = np.pad(part, ((0, 0), rim, rim), constant_values=np.nan)
    return part if in_float64 else pair_of(scaled_on_host(part))


def _chunk_of_device(
    flat: Float[Array, "map n n"], start: int, size: int, side: int, in_float64: bool
) -> Float[Array, "{size} {side} {side}"] | FloatPair:
    """Return the same chunk of maps on a device; the maps of a FloatPair keep their scale."""
    if in_float64:
        return _chunk(flat, start, size, side)
    with jax.enable_x64(flat.dtype.itemsize > 4):
        return _pairs(flat, start, size, side)


@partial(jax.jit, static_argnames=("size", "side"))
def _chunk(
    flat: Float[Array, "map n n"], start: int, size: int, side: int
) -> Float[Array, "{size} {side} {side}"]:
    """Return a float64 chunk; one compilation for all chunks of an array."""
    part = flat.at[start + jnp.arange(size)].get(mode="fill", fill_value=0)
    rim = (0, side - flat.shape[-1])
    return jnp.pad(part.astype(jnp.float64), ((0, 0), rim, rim), constant_values=jnp.nan)


@partial(jax.jit, static_argnames=("size", "side"))
def _pairs(flat: Float[Array, "map n n"], start: int, size: int, side: int) -> FloatPair:
    """Return a chunk of pairs; one compilation for all chunks of an array."""
    part = flat.at[start + jnp.arange(size)].get(mode="fill", fill_value=0)
    rim = (0, side - flat.shape[-1])
    return jax.tree.map(
        lambda leaf: jnp.pad(leaf, ((0, 0), rim, rim), constant_values=jnp.nan), pair_of(part)
    )


def _join(results: Sequence[Any], batch: tuple[int, ...], concatenate: Callable[..., Any]) -> Any:
    n_maps = math.prod(batch)
    return jax.tree.map(
        lambda *parts: concatenate(parts)[:n_maps].reshape((*batch, *parts[0].shape[1:])),
        *results,
    )


@partial(jax.jit, static_argnames=("batch",))
def _joined(results: Sequence[Any], batch: tuple[int, ...]) -> Any:
    return _join(results, batch, jnp.concatenate)
