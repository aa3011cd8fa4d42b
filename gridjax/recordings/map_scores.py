"""Scores of rate maps without spikes, and the side of their bins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gridjax.errors import Place
from gridjax.io.source_location import Problems
from gridjax.recordings.cell_scores import (
    InputScores,
    Progress,
    cell_key,
    score_60_of,
    score_cells,
)
from gridjax.recordings.map_set import MapSet
from gridjax.recordings.options import ScoreOptions

_SQUARE_BINS = 0.02
"""Largest relative difference between the sides of a bin that counts as square."""


def score_maps(map_set: MapSet, options: ScoreOptions, progress: Progress) -> InputScores:
    """Return the scores of rate maps.

    Args:
        map_set: the rate maps.
        options: options of scoring.
        progress: function that is called before the null scores of each map.
    """
    from gridjax.metrics.nulls.isotropic_fields import isotropic_scores

    n_maps, n = map_set.maps.shape[:2]
    nulls = []
    for done, rate in enumerate(map_set.maps):
        if options.shuffles:
            progress(map_set.name, done, n_maps)
            score = score_60_of(options)
            nulls.append(isotropic_scores(cell_key(options, rate), rate, options.shuffles, score))
    known = np.isfinite(map_set.maps)
    count = known.sum(axis=(1, 2))
    # rates are divided before they are added, because a sum of large rates can overflow float64
    shares = np.where(known, map_set.maps, 0.0) / np.maximum(count, 1)[:, None, None]
    n_bins = map_set.n_x * map_set.n_y
    map_columns = {
        "mean_rate": np.where(count > 0, shares.sum(axis=(1, 2)), np.nan),
        "visited": count / n_bins,
    }
    headline = (
        f"{map_set.name}: {n_maps} map{'s' * (n_maps != 1)} of {map_set.n_x} by {map_set.n_y} bins,"
        f" {100 * count.mean() / n_bins:.0f} % visited"
    )
    side = bin_cm(map_set, options, Problems())
    width_cm = None if side is None else n * side
    scores = score_cells(map_set, map_set.maps, width_cm, map_columns, nulls, options, headline)
    return replace(scores, remarks=map_set.remarks)


def bin_cm(map_set: MapSet, options: ScoreOptions, problems: Problems) -> float | None:
    """Return the side of a bin of rate maps, cm; None if neither options nor file give it.

    Adds a problem if bins are not square, or if only one side is given for rectangular maps.
    """
    n_x, n_y = map_set.n_x, map_set.n_y
    if len(options.sides_cm) == 1 and n_x != n_y:
        fix = "give both sides along x and y, such as --width-cm 150x75"
        problems.add(f"maps have {n_x} by {n_y} bins", Place(map_set.name), fix)
    if len(options.sides_cm) < 2:
        return options.sides_cm[0] / n_x if options.sides_cm else map_set.bin_cm
    width, height = options.sides_cm
    x_cm, y_cm = width / n_x, height / n_y
    if abs(x_cm - y_cm) > _SQUARE_BINS * max(x_cm, y_cm):
        what = f"bins are {x_cm:.4g} cm along x and {y_cm:.4g} cm along y"
        fix = "give maps of square bins; if the first axis is y, add --axes yx"
        problems.add(what, Place(map_set.name), fix)
    return x_cm
