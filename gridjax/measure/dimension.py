"""How many dimensions a layer's activity fills: participation ratio and TwoNN."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Float

FEWEST_POINTS = 20
_ROWS_AT_ONCE = 512


def participation_ratio(activity: Any) -> float:
    """Return (sum lambda)^2 / sum lambda^2 over the eigenvalues of the covariance of [sample, unit].

    As tr(C)^2 / ||C||^2, of whichever of C and the Gram matrix is smaller; NaN where nothing varies.
    """
    centred = np.asarray(activity, np.float64)
    centred = centred - centred.mean(axis=0)
    largest = np.abs(centred).max(initial=0.0)
    if not largest > 0:
        return math.nan
    centred /= largest
    n_samples, n_units = centred.shape
    product = centred.T @ centred if n_units <= n_samples else centred @ centred.T
    return float(np.trace(product) ** 2 / np.square(product).sum())


def two_nn(points: Any, discard: float = 0.1) -> float:
    """Return the TwoNN intrinsic dimension of points [sample, unit] (Facco et al. 2017).

    The slope of a line through the origin of -log(1 - F(mu)) on log mu, mu the ratio of the
    distances to the second and the first neighbour, without the largest ``discard`` of them. Equal
    points count once; NaN of fewer than FEWEST_POINTS different ones.
    """
    distinct = np.unique(np.asarray(points, np.float64), axis=0)
    n_points = len(distinct)
    if n_points < FEWEST_POINTS or not np.isfinite(distinct).all():
        return math.nan
    first, second = _two_nearest(distinct - distinct.mean(axis=0)).T
    log_mu = np.sort(np.log(second / first))[: int(n_points * (1 - discard))]
    empirical = -np.log1p(-np.arange(1, len(log_mu) + 1) / n_points)
    square = (log_mu**2).sum()
    return float((log_mu * empirical).sum() / square) if square > 0 else math.nan


def _two_nearest(points: Float[np.ndarray, "n unit"]) -> Float[np.ndarray, "n 2"]:
    """Return the distances to the two nearest other points.

    Candidates by the expanded square, whose rounding matters near other points; the distances of
    the nearest candidates are then taken by differences.
    """
    squares = np.square(points).sum(axis=1)
    n_candidates = min(8, len(points) - 1)
    found = np.empty((len(points), 2))
    for start in range(0, len(points), _ROWS_AT_ONCE):
        rows = points[start : start + _ROWS_AT_ONCE]
        about = squares - 2 * rows @ points.T
        own = np.arange(len(rows))
        about[own, start + own] = np.inf
        near = np.argpartition(about, n_candidates - 1, axis=1)[:, :n_candidates]
        exact = np.square(rows[:, None] - points[near]).sum(axis=-1)
        found[start + own] = np.sqrt(np.sort(exact, axis=1)[:, :2])
    return found
