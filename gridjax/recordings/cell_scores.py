"""Scores of cells from their rate maps: grid scores, lattices and comparison with null scores."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Array, Float, Key

from gridjax.recordings.map_set import MapSet
from gridjax.recordings.options import ScoreOptions
from gridjax.recordings.session import Session

PERCENTILES = (95.0, 99.0)
SHIFTS, ISOTROPIC = "time shifts", "isotropic"
"""Names of the nulls of sessions and of rate maps."""
Progress = Callable[[str, int, int], None]
"""Function that receives the name of an input, its number of finished cells and of all cells."""


@dataclass(frozen=True)
class InputScores:
    """Scores of the cells of one input file."""

    name: str
    cells: tuple[str, ...]
    maps: Float[np.ndarray, "cell n n"]
    columns: dict[str, np.ndarray | list]
    """Columns of the table, one value for each cell; see docs/howto/scoring.md."""
    null_scores: Float[np.ndarray, "cell draw"]
    """score60 of the null draws; [cell, 0] without shuffles."""
    null: str
    """Name of the null: SHIFTS or ISOTROPIC."""
    headline: str
    """One line that describes the input."""
    remarks: tuple[str, ...] = ()
    """One line for each kind of data that is left out or questionable."""


def score_cells(
    source: MapSet | Session,
    maps: Float[np.ndarray, "cell n n"],
    width_cm: float | None,
    further_columns: dict[str, Any],
    nulls: list[np.ndarray],
    options: ScoreOptions,
    headline: str,
) -> InputScores:
    """Return the scores of the cells of one input.

    Args:
        source: the input.
        maps: [cell, n, n], rate maps.
        width_cm: side of the maps, cm; None gives periods in bins.
        further_columns: columns of the table that depend on the kind of input.
        nulls: null scores [draw] of each cell; empty without shuffles.
        options: options of scoring.
        headline: one line about the input.
    """
    from gridjax.metrics.gridscore.grid_score import grid_score
    from gridjax.metrics.lattice.lattice import lattice
    from gridjax.metrics.nulls.chance_scores import p_values, thresholds

    n_cells, n = maps.shape[:2]
    scores = grid_score(maps, options.variant, options.nan, options.rings)
    lattices = lattice(maps, n / 100)  # a box of n cm has bins of 1 cm, so periods are in bins
    cm_per_bin = math.nan if width_cm is None else width_cm / n
    null_scores = np.stack(nulls) if nulls else np.empty((n_cells, 0))
    score_60 = np.asarray(scores.score_60, float)
    unknown = np.full(n_cells, np.nan)
    null = SHIFTS if isinstance(source, Session) else ISOTROPIC
    columns = {
        "input": [source.name] * n_cells,
        "cell": list(source.cells),
        "n_bins": np.full(n_cells, n),
        "n_spikes": unknown,
        "mean_rate": unknown,
        "score_60": score_60,
        "score_90": np.asarray(scores.score_90, float),
        "ring_60": np.asarray(scores.ring_60),
        "period_cm": np.asarray(lattices.period_cm, float) * cm_per_bin,
        "period_bins": np.asarray(lattices.period_cm, float),
        "orientation_rad": np.asarray(lattices.orientation_rad, float),
        "ellipticity": np.asarray(lattices.ellipticity, float),
        "lattice_p": np.asarray(lattices.p_value, float),
        "null": [null if nulls else None] * n_cells,
        "n_shuffles": np.full(n_cells, null_scores.shape[1]),
        "p_value": p_values(score_60, null_scores) if nulls else unknown,
        "shuffle_95": unknown,
        "shuffle_99": unknown,
        "arena": [None] * n_cells,
        "arena_x_cm": unknown,
        "arena_y_cm": unknown,
        "map_width_cm": np.full(n_cells, math.nan if width_cm is None else width_cm),
        "visited": np.isfinite(maps).mean(axis=(1, 2)),
    } | further_columns
    if nulls:
        columns["shuffle_95"], columns["shuffle_99"] = thresholds(null_scores, PERCENTILES).per_cell
    return InputScores(source.name, source.cells, maps, columns, null_scores, null, headline)


def score_60_of(options: ScoreOptions) -> Callable[[Any], Any]:
    """Return the function from maps [..., n, n] to score60."""
    from gridjax.metrics.gridscore.grid_score import grid_score

    return lambda maps: grid_score(maps, options.variant, options.nan, options.rings).score_60


def cell_key(options: ScoreOptions, *content: np.ndarray) -> Key[Array, ""]:
    """Return the random key of a cell; it depends only on the data of the cell and the seed."""
    from jax import random

    digest = zlib.crc32(b"".join(np.ascontiguousarray(part).tobytes() for part in content))
    return random.fold_in(random.key(options.seed, impl="threefry2x32"), digest)
