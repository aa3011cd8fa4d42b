"""Null scores that need no target code: of an untrained network, random fields, shuffled bins.

They are computed for networks without outputs, in place of random readouts of the target code.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from gridjax.metrics.gridscore.grid_score import grid_score
from gridjax.metrics.nulls.isotropic_fields import isotropic_maps
from gridjax.prng import Stream, stream

NULLS = ("untrained", "isotropic", "shuffled")
"""The network before its first gradient step; random fields with the radial spectrum and the values
of the maps (gridjax.metrics.nulls); the maps with their bins in random order."""
COLUMNS = tuple(name for null in NULLS for name in (f"{null}_99", f"share_above_{null}_99"))
"""Columns of the table of networks: the 99th percentile of the scores of each null, and the share
of units above it. NaN for networks with outputs."""
FEWEST_DRAWS = 512
"""Smallest number of maps of the isotropic and of the shuffled null of one network."""
_PERCENTILE = 99


def null_columns(
    maps: Float[np.ndarray, "unit n n"],
    untrained: Float[np.ndarray, "unit n n"],
    active: Bool[np.ndarray, " unit"],
    score_60: Float[np.ndarray, " unit"],
    seed: int,
    empty_bins: Any,
) -> dict[str, float]:
    """Return COLUMNS of one network.

    Args:
        maps: rate maps of its units.
        untrained: rate maps of the same network before its first gradient step.
        active: units whose map varies; the others score 0, and nulls of random fields and of
            shuffled bins leave them out.
        score_60: scores of ``maps``, 0 for inactive units.
        seed: weight_seed of the network, from which the random numbers are drawn.
        empty_bins: treatment of unvisited bins by the grid score, "mask" or "zero".
    """
    draws: dict[str, Any] = {"untrained": untrained}
    if active.any():
        on, n = maps[active], maps.shape[-1]
        n_draws = -(-FEWEST_DRAWS // len(on))
        key = stream(jnp.asarray(seed), Stream.MAP_NULLS)
        draws["isotropic"] = isotropic_maps(key, on, n_draws).reshape(-1, n, n)
        draws["shuffled"] = _shuffled(jax.random.fold_in(key, 1), on, n_draws)
    columns = dict.fromkeys(COLUMNS, np.nan)
    for null, drawn in draws.items():
        found = grid_score(drawn, nan=empty_bins).score_60
        limit = float(np.percentile(np.nan_to_num(np.asarray(found)), _PERCENTILE))
        columns[f"{null}_99"] = limit
        columns[f"share_above_{null}_99"] = float((score_60 > limit).mean())
    return columns


def _shuffled(
    key: jax.Array, maps: Float[np.ndarray, "unit n n"], n_draws: int
) -> Float[np.ndarray, "draw n n"]:
    """Return maps with their bins in random order; unvisited bins stay where they are."""
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    drawn = np.repeat(maps, n_draws, axis=0)
    for one in drawn:
        is_visited = np.isfinite(one)
        one[is_visited] = rng.permutation(one[is_visited])
    return drawn
