"""Isotropic null: random fields with the radially averaged spectrum and the values of a map.

A random field has firing fields of the same width, spacing and number as the map, but in a random
arrangement. Random phases cannot serve as this null: the autocorrelogram does not depend on phases,
so a lattice would keep its score.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import random
from jaxtyping import Array, Float, Key

from gridjax.metrics import map_batches
from gridjax.metrics.arguments import check_int, invalid_argument
from gridjax.metrics.map_labels import map_labels
from gridjax.metrics.nulls.random_fields import draw, model, rings

MOST_DRAWS = 10**7


def isotropic_maps(
    key: Key[Array, "..."], maps: Any, n_draws: int
) -> Float[np.ndarray, "... draw n n"]:
    """Return fields drawn from the isotropic null of each map.

    Args:
        key: one random key, or an array [...] with one key for each map. With one key the draws of
            a map depend on its index among the maps.
        maps: [..., n, n], n from 8 to 256; bins that are NaN are NaN in the fields too. Or a
            DataArray with the axes x and y in any place, which gives fields with its labels.
        n_draws: number of fields for each map. A larger number does not change the first fields.

    A field has the values of its map, with an error of float32 rounding relative to their range.
    For many draws of many maps use `isotropic_scores`, which does not keep the fields in memory.

    Raises GridjaxError for invalid maps, keys or numbers of draws.
    """
    if (labels := map_labels(maps)) is not None:
        fields = isotropic_maps(key, labels.values, n_draws)
        return labels.label(fields, ("draw", None), *((side, None) for side in labels.sides))
    return _gathered(key, maps, n_draws, lambda fields: fields)


def isotropic_scores(
    key: Key[Array, "..."],
    maps: Any,
    n_draws: int,
    score: Callable[[Float[np.ndarray, "draw n n"]], Any],
) -> Float[np.ndarray, "... draw"]:
    """Return the scores of fields drawn from the isotropic null of each map.

    Args:
        score: function from float64 maps [draw, n, n] to scores [draw].

    The other arguments and the errors are those of `isotropic_maps`.
    """
    if (labels := map_labels(maps)) is not None:
        return labels.label(isotropic_scores(key, labels.values, n_draws, score), ("draw", None))
    return _gathered(key, maps, n_draws, score)


def _gathered(key, maps, n_draws, measure):
    maps = np.asarray(map_batches.as_maps(maps), np.float64)
    n_draws = check_int("n_draws", n_draws, 1, MOST_DRAWS)
    if maps.size == 0:
        raise invalid_argument(f"maps have shape {maps.shape}", "give at least one map")
    batch, n = maps.shape[:-2], maps.shape[-1]
    flat = maps.reshape(-1, n, n)
    keys = _one_each(key, batch)
    size, table = map_batches.chunk_size(n), rings(n)
    results = []
    for start in range(0, len(flat), size):
        part, scale, offset = _within_one(flat[start : start + size])
        models = _model(np.pad(part, ((0, size - len(part)), (0, 0), (0, 0))), table)
        for row in range(len(part)):
            one = jax.tree.map(lambda leaf, row=row: leaf[row], models)
            blocks = []
            for block in range(-(-n_draws // size)):
                fields = _draw(random.fold_in(keys[start + row], block), one, table, size)
                fields = np.asarray(fields, np.float64) * scale[row] + offset[row]
                blocks.append(np.asarray(measure(fields)))
            results.append(np.concatenate(blocks)[:n_draws])
    return np.stack(results).reshape(*batch, *results[0].shape)


def _one_each(key, batch: tuple[int, ...]) -> Key[Array, " map"]:
    """Return one key for each map: the given keys, or keys derived from the one given key."""
    if not isinstance(key, jax.Array) or not jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        raise invalid_argument(f"key is {reprlib.repr(key)}", "give jax.random.key(seed)")
    if key.shape not in ((), batch):
        raise invalid_argument(
            f"keys have shape {key.shape}, maps {batch}", "give one key, or one key for each map"
        )
    return key.reshape(-1) if key.shape == batch else _keys(key, math.prod(batch))


def _within_one(maps: Float[np.ndarray, "map n n"]):
    """Return float32 maps, shifted towards 0 and scaled below 1, with their scales and offsets.

    The scale keeps squares within the range of float32, and the shift keeps precision. The scale is
    a power of two. Maps that contain 0 or both signs are not shifted.
    """
    known = np.isfinite(maps)
    least = np.min(maps, (1, 2), where=known, initial=np.inf)
    most = np.max(maps, (1, 2), where=known, initial=-np.inf)
    offset = np.where(known.any((1, 2)), np.clip(0.0, least, most), 0.0)[:, None, None]
    moved = np.where(known, maps - offset, np.nan)
    _, exponent = np.frexp(np.max(np.abs(moved), (1, 2), where=known, initial=0.0))
    # limits between which float64 can store both the power of two and its inverse
    exponent = np.clip(exponent, -1021, 1021)[:, None, None]
    return np.ldexp(moved, -exponent).astype(np.float32), np.ldexp(1.0, exponent), offset


_model = jax.jit(model)
_draw = jax.jit(draw, static_argnums=3)


@partial(jax.jit, static_argnums=1)
def _keys(key, count: int):
    return jax.vmap(lambda index: random.fold_in(key, index))(jnp.arange(count))
