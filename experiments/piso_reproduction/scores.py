"""Measures of the rate maps of one network, by the scorer of the paper and by gridjax."""

from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

import gridjax as gj
from gridjax.metrics import fit_lattice

from .networks import N_BINS

LEAST_RATE, LEAST_SCORE = 0.5, 0.7
"""Published limits: an active unit has a larger peak rate, a grid-like unit a larger gridness."""
OURS = 0.3
"""Limit of gridjax's score_60 of units that are counted beside the published ones."""


def published_gridness(maps: np.ndarray) -> np.ndarray:
    """Return the gridness of maps [unit, n, n], by the package spatial-maps."""
    gridness = import_module("spatial_maps.gridcells").gridness
    return np.array([gridness(one) for one in maps])


def published_spacing(maps: np.ndarray) -> np.ndarray:
    """Return the spacing of maps [unit, n, n] in bins, by the package spatial-maps."""
    find_peaks = import_module("spatial_maps.fields").find_peaks
    spacing_and_orientation = import_module("spatial_maps.gridcells").spacing_and_orientation
    autocorrelation = import_module("spatial_maps.tools").autocorrelation
    spacings = []
    for one in maps:
        sums = autocorrelation(one, mode="full", normalize=True)
        spacings.append(spacing_and_orientation(find_peaks(sums), np.array(sums.shape))[0])
    return np.array(spacings)


def measures(maps: np.ndarray) -> dict[str, Any]:
    """Return the published measures of the maps [unit, n, n] of one network, and ours.

    Without active units there are no shares among them; without grid-like units no spacing (NaN).
    """
    active = maps.max(axis=(1, 2)) > LEAST_RATE
    on = maps[active]
    row: dict[str, Any] = {"num_active": int(active.sum()), "share_active": active.mean()}
    if not len(on):
        return row
    scores = published_gridness(on)
    is_grid = scores > LEAST_SCORE
    ours, period = gj.grid_score(on).score_60, fit_lattice(on, box_width_m=N_BINS / 100).period_cm
    with np.errstate(invalid="ignore", divide="ignore"):
        return row | {
            "share_grid_like_in_active": is_grid.mean(),
            "mean_spacing_grid_like": _mean(published_spacing(on[is_grid])),
            "share_above_0.3_in_active": (np.asarray(ours) > OURS).mean(),
            "share_above_0.7_in_active": (np.asarray(ours) > LEAST_SCORE).mean(),
            "correlation_of_scores": pd.Series(scores).corr(pd.Series(np.asarray(ours))),
            "mean_period_grid_like": _mean(np.asarray(period)[is_grid]),
        }


def fires(maps: np.ndarray) -> np.ndarray:
    """Return whether each unit has a rate above 0 (active units have one above LEAST_RATE)."""
    return maps.max(axis=(1, 2)) > 0


def grid_like(maps: np.ndarray) -> np.ndarray:
    """Return whether the published gridness of each map [unit, n, n] is above its limit."""
    return published_gridness(maps) > LEAST_SCORE


def row_of(network: gj.Network, maps: np.ndarray) -> dict[str, Any]:
    """Return the row of one network: its setting, its seed, and the measures of its maps."""
    spec = network.spec
    setting = {"rho": spec.state_distance_per_m, "size": spec.code_size, "seed": spec.seed}
    return setting | measures(maps)


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
