"""Batches of maps of a volume: checks, standardisation, and chunks of constant size."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jax.core import Tracer
from jaxtyping import Bool, Float

from gridjax.forked_process import refuse_forked_process
from gridjax.metrics.arguments import invalid_argument, is_real

SMALLEST, LARGEST = 12, 128
LARGEST_SIDE = 32
"""Volumes of more bins a side are first averaged over blocks of bins."""
CHUNK = 8
"""Volumes that are measured at a time. A score takes 0.7 GB at 20 bins a side, 1.4 GB at 32."""


class Volumes(NamedTuple):
    """A chunk of volumes with mean 0 and variance 1 over the known bins, and 0 in other bins."""

    values: Float[np.ndarray, "map n n n"]
    known: Bool[np.ndarray, "map n n n"]
    varies: Bool[np.ndarray, " map"]
    """False for volumes that are constant or have no known bin; their values are 0."""


def as_volumes(maps: Any) -> Float[np.ndarray, "... n n n"]:
    """Return maps as a NumPy array of real numbers [..., n, n, n], n from 12 to 128.

    Raises GridjaxError for anything else, and in a process where JAX cannot compute.
    """
    refuse_forked_process()
    if isinstance(maps, Tracer):
        raise invalid_argument("maps are being traced", "score maps outside of jit, vmap and grad")
    try:
        array = maps if isinstance(maps, np.ma.MaskedArray) else np.asarray(maps)
    except (ValueError, TypeError) as error:
        raise invalid_argument(
            f"maps are not an array: {error}", "stack maps of one size"
        ) from None
    if not is_real(array.dtype):
        raise invalid_argument(
            f"maps are of type {array.dtype}", "give real numbers, NaN where a bin was not visited"
        )
    if isinstance(array, np.ma.MaskedArray):
        array = np.ma.filled(array.astype(np.float64), np.nan)
    shape = array.shape
    if len(shape) < 3 or len(set(shape[-3:])) != 1:
        raise invalid_argument(
            f"maps have shape {shape}",
            "give [..., n, n, n]: cubic bins, as many along x as along y and z; bins outside of an"
            " arena that is not a cube are NaN",
        )
    if not SMALLEST <= shape[-1] <= LARGEST:
        raise invalid_argument(
            f"maps have {shape[-1]} bins a side",
            f"bin the arena with {SMALLEST} to {LARGEST} bins a side",
        )
    return array


def block_side(n: int) -> int:
    """Return the side, in bins, of the blocks over which maps of n bins a side are averaged."""
    return -(-n // LARGEST_SIDE)


def standardised(maps: Float[np.ndarray, "map n n n"]) -> Volumes:
    """Return a chunk of CHUNK volumes; missing volumes are constant.

    Args:
        maps: at most CHUNK maps; bins that are not finite are unknown.
    """
    values = np.full((CHUNK, *maps.shape[1:]), np.nan)
    values[: len(maps)] = maps
    values[~np.isfinite(values)] = np.nan
    if (block := block_side(maps.shape[-1])) > 1:
        values = _block_means(values, block)
    known = np.isfinite(values)
    axes = (1, 2, 3)
    # values are divided by the largest first, so that no square is out of range
    largest = np.max(np.abs(values), axes, where=known, initial=0.0, keepdims=True)
    values = np.where(known, values, 0.0) / np.where(largest > 0, largest, 1.0)
    count = np.maximum(known.sum(axes, keepdims=True), 1)
    values = np.where(known, values - values.sum(axes, keepdims=True) / count, 0.0)
    deviation = np.sqrt(np.square(values).sum(axes, keepdims=True) / count)
    varies = deviation > 1e-9  # a smaller deviation is the rounding error of a constant
    values = np.where(varies, values / np.where(varies, deviation, 1.0), 0.0)
    return Volumes(values.astype(np.float32), known, varies.reshape(-1))


def _block_means(values: np.ndarray, block: int) -> np.ndarray:
    """Return the means over the known bins of blocks; a block without known bins is NaN."""
    rim = -values.shape[-1] % block
    values = np.pad(values, [(0, 0)] + [(0, rim)] * 3, constant_values=np.nan)
    side = values.shape[-1] // block
    blocks = values.reshape(-1, side, block, side, block, side, block)
    known = np.isfinite(blocks)
    count = known.sum((2, 4, 6))
    total = np.where(known, blocks, 0.0).sum((2, 4, 6))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
