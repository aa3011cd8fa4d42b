"""Dimensionality of a layer's activity: participation ratio and TwoNN."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Float

from gridjax.errors import GridjaxError, Problem

FEWEST_POINTS = 20
"""Number of different points below which the dimension is NaN."""
_CANDIDATES = 4
_NUMBERS_AT_ONCE = 2**23
"""Numbers in the largest block of distances or differences: 64 MiB."""
_GRAIN = 2.0**50
"""Ratio of the largest value to the smallest difference that is not treated as rounding."""


def participation_ratio(activity: Float[Any, "sample unit"]) -> float:
    """Return (sum lambda)^2 / sum lambda^2 over the eigenvalues of the covariance of the units.

    It is computed as tr(C)^2 / ||C||_F^2, where C is the covariance or the Gram matrix, whichever
    is smaller. Both have the same nonzero eigenvalues. The ratio does not depend on the scale or
    the offset of the activity. It is NaN if no unit varies, or if a value is not finite.

    Args:
        activity: [sample, unit], any unit.

    Source: Gao et al. 2017, bioRxiv 214262.
    """
    values = np.asarray(activity, np.float64)
    if not values.size or not np.isfinite(values).all():
        return math.nan
    # The first sample is subtracted before the mean, so that a constant unit becomes exactly 0.
    centred = values - values[0]
    centred -= centred.mean(axis=0)
    largest = np.abs(centred).max()
    if largest == 0:
        return math.nan
    centred /= largest
    n_samples, n_units = centred.shape
    product = centred.T @ centred if n_units <= n_samples else centred @ centred.T
    return float(np.trace(product) ** 2 / np.square(product).sum())


def two_nn(points: Float[Any, "sample unit"], discard: float = 0.1) -> float:
    """Return the TwoNN intrinsic dimension of points.

    For each point, mu is the distance to its second neighbour divided by the distance to its first
    neighbour, and F is the distribution function of mu. The dimension is the slope of a line
    through the origin, fitted to -log(1 - F(mu)) as a function of log mu. Equal points count once.
    The dimension is NaN for fewer than FEWEST_POINTS different points, if a value is not finite,
    and if every mu is 1.

    Args:
        points: [sample, unit], any unit.
        discard: share of the largest ratios that is left out of the fit.

    Raises GridjaxError unless 0 <= discard < 1.
    Source: Facco, d'Errico, Rodriguez and Laio 2017, Sci Rep 7:12140.
    """
    if not 0 <= discard < 1:
        message = f"discard={discard!r} is not a share of the ratios"
        raise GridjaxError(Problem(message, fix="give at least 0 and less than 1, as 0.1"))
    distinct = _distinct(np.asarray(points, np.float64))
    n_points = len(distinct)
    if n_points < FEWEST_POINTS:
        return math.nan
    first, second = _two_nearest(distinct).T
    # -log(1 - F) of the largest ratio is infinite, so this ratio is always left out.
    n_used = min(n_points - math.ceil(discard * n_points), n_points - 1)
    log_mu = np.sort(np.log(second / first))[:n_used]
    empirical = -np.log1p(-np.arange(1, n_used + 1) / n_points)
    square = np.square(log_mu).sum()
    return float((log_mu * empirical).sum() / square) if square > 0 else math.nan


def _distinct(points: Float[np.ndarray, "n unit"]) -> Float[np.ndarray, "m unit"]:
    """Return each different point once, in any order, centred and divided by the largest value.

    Points are equal if they differ by less than the rounding error of the largest value. The result
    is empty if a point is not finite.
    """
    if not points.size or not np.isfinite(points).all():
        return points[:0]
    centred = points - points[0]
    centred -= centred.mean(axis=0)
    centred /= np.abs(centred).max() or 1.0
    rows = np.rint(centred * _GRAIN) + 0.0  # one zero, not 0 and -0
    bits = np.ascontiguousarray(rows).view(f"V{rows.itemsize * rows.shape[1]}").ravel()
    _, first = np.unique(bits, return_index=True)
    return rows[first] / _GRAIN


def _two_nearest(points: Float[np.ndarray, "n unit"]) -> Float[np.ndarray, "n 2"]:
    """Return the distances to the two nearest other points.

    One matrix product gives squared distances as |a|^2 - 2 a.b + |b|^2, and the points with the
    smallest are candidates. The rounding error of this formula can exceed the distance of near
    points, so the candidates' distances are computed again from differences. If another point may
    be as near as the second candidate, the differences from all points are computed.
    """
    n_points, n_units = points.shape
    squares = np.square(points).sum(axis=1)
    # 4 times the rounding bound of one dot product (Higham 2002, section 3.1); 3 are summed.
    rounding = 4 * (n_units + 4) * np.finfo(np.float64).eps
    rows_at_once = max(1, _NUMBERS_AT_ONCE // max(n_points, _CANDIDATES * n_units))
    nearest = np.empty((n_points, 2))
    for start in range(0, n_points, rows_at_once):
        rows = points[start : start + rows_at_once]
        about = squares + squares[start : start + len(rows), None] - 2 * rows @ points.T
        own = np.arange(len(rows))
        about[own, start + own] = np.inf
        order = np.argpartition(about, _CANDIDATES, axis=1)[:, : _CANDIDATES + 1]
        near, beyond = order[:, :-1], about[own, order[:, -1]]
        exact = np.square(rows[:, None] - points[near]).sum(axis=-1)
        found = np.sort(exact, axis=1)[:, :2]
        # Bound of the squared length of a point that is as near as the second candidate.
        longest = 2 * (squares[start + own] + found[:, 1])
        for row in np.flatnonzero(beyond - rounding * longest <= found[:, 1]):
            found[row] = _two_smallest(rows[row], points, start + int(row))
        nearest[start + own] = np.sqrt(found)
    return nearest


def _two_smallest(
    row: Float[np.ndarray, " unit"], points: Float[np.ndarray, "n unit"], own: int
) -> Float[np.ndarray, "2"]:
    """Return the squared distances from one point to its two nearest points, from differences."""
    step = max(1, _NUMBERS_AT_ONCE // points.shape[1])
    parts = range(0, len(points), step)
    exact = np.concatenate([np.square(points[at : at + step] - row).sum(axis=1) for at in parts])
    exact[own] = np.inf
    return np.partition(exact, 1)[:2]
