"""The isotropic null: random fields with the radially averaged spectrum and the values of a map.

The fields keep the width, spacing and number of a map's firing fields, and lose their arrangement.
Randomised phases are no such null: the autocorrelogram does not depend on phases, so a lattice
would keep its score.
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
from gridjax.metrics.nulls.random_fields import draw, model, rings

MOST_DRAWS = 10**7


def isotropic_maps(
    key: Key[Array, "..."], maps: Any, n_draws: int
) -> Float[np.ndarray, "... draw n n"]:
    """Return fields drawn from the isotropic null of each map [..., n, n]; NaN where the map is.

    A field has its map's values, to float32's share of how much these differ.

    `key`: one key, with which a map's draws depend on its place among the maps, or an array of
    keys, one per map. The first draws do not change with their number. For many draws of many
    maps use `isotropic_scores`, which keeps none of them.
    """
    return _gathered(key, maps, n_draws, lambda fields: fields)


def isotropic_scores(
    key: Key[Array, "..."],
    maps: Any,
    n_draws: int,
    score: Callable[[Float[np.ndarray, "draw n n"]], Any],
) -> Float[np.ndarray, "... draw"]:
    """Return the scores of fields drawn from the isotropic null of each map [..., n, n].

    `score` takes maps [draw, n, n], float64, to numbers [draw]. Keys as in `isotropic_maps`.
    """
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
    """Return one key for each map: those given, or derived from one key."""
    if not isinstance(key, jax.Array) or not jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        raise invalid_argument(f"key is {reprlib.repr(key)}", "give jax.random.key(seed)")
    if key.shape not in ((), batch):
        raise invalid_argument(
            f"keys have shape {key.shape}, maps {batch}", "give one key, or one a map"
        )
    return key.reshape(-1) if key.shape == batch else _keys(key, math.prod(batch))


def _within_one(maps: Float[np.ndarray, "map n n"]):
    """Return maps shifted towards 0 and scaled below 1, float32; and the scale and offset.

    Without it, squares leave the range of float32, and an offset costs precision. The scale is a
    power of two; maps that hold 0 or both signs are not shifted.
    """
    known = np.isfinite(maps)
    least = np.min(maps, (1, 2), where=known, initial=np.inf)
    most = np.max(maps, (1, 2), where=known, initial=-np.inf)
    offset = np.where(known.any((1, 2)), np.clip(0.0, least, most), 0.0)[:, None, None]
    moved = np.where(known, maps - offset, np.nan)
    _, exponent = np.frexp(np.max(np.abs(moved), (1, 2), where=known, initial=0.0))
    # a power of two that float64 holds, as it does its inverse
    exponent = np.clip(exponent, -1021, 1021)[:, None, None]
    return np.ldexp(moved, -exponent).astype(np.float32), np.ldexp(1.0, exponent), offset


_model = jax.jit(model)
_draw = jax.jit(draw, static_argnums=3)


@partial(jax.jit, static_argnums=1)
def _keys(key, count: int):
    return jax.vmap(lambda index: random.fold_in(key, index))(jnp.arange(count))
