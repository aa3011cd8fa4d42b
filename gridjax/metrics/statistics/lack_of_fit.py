"""Lack-of-fit test: departures of a response at single levels from a smooth curve."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from gridjax.metrics.arguments import check_array, check_int, invalid_argument
from gridjax.metrics.statistics.permutation import MOST_DRAWS, finite, random_signs


class LackOfFit(NamedTuple):
    """Departures of a response from a smooth curve, at each level and at the largest one."""

    residual: Float[np.ndarray, " level"]
    """mean response minus the curve, in the unit of the response"""
    standardised: Float[np.ndarray, " level"]
    """residual over its standard error"""
    statistic: float
    """largest absolute value of ``standardised``"""
    p: float
    """chance of a statistic at least as large if no level departs from the curve"""
    level_p: Float[np.ndarray, " level"]
    """chance that the largest of all levels is at least this level's (family-wise p-value)"""


def lack_of_fit(
    table: Any, levels: Any, degree: int = 2, n_draws: int = 20_000, seed: int = 0
) -> LackOfFit:
    """Return the departures of the means over seeds from a polynomial in level.

    Args:
        table: [seed, level], responses in any unit.
        levels: [level], distinct numbers, at least degree + 2.
        degree: degree of the polynomial, 0 to 10.
        n_draws: number of random sign flips.
        seed: random seed of the sign flips.

    The polynomial is fitted to the means by least squares. The fit is linear, so a residual of the
    means is the mean of the residuals of the seeds. The standard error is computed from the
    differences of residuals between seeds. If a seed adds a constant, or a polynomial of this
    degree, to the responses, its residuals and the standard error do not change.
    The standard error is pooled over levels: the estimate of a single level is too small if a rare
    response did not occur at that level.

    The null distribution comes from random flips of the sign of all residuals of a seed together.
    The flips keep the correlations between levels and the variance of each level. The test assumes
    that a residual and its negative are equally likely. Share of 2,000 samples without departures
    that are rejected at .05, with 13 levels:

        seeds                              6     8     16    64
        normal noise                       .03   .04   .05   .05
        three levels with more noise       .03   .04   .05   .04
        noise correlated along levels      .03   .04   .06   .05
        shares of which 60 % are 0         .01   .01   .04   .05

    In 200-400 such samples, two other methods reject too often: permutation of the residuals across
    levels rejects .24-.30 with three levels of more noise, and a separate standard error for each
    level rejects .13-.33 with the shares.

    A smooth curve that is not a polynomial of this degree also lacks fit. Look at the neighbouring
    levels before you report a single level, or increase `degree`. With n seeds, p is at least about
    2 / 2^n.

    Raises GridjaxError for fewer than two seeds, too few levels, levels that are not distinct, NaN
    or infinity.
    """
    found = finite("table", check_array("table", table, 2))
    levels = finite("levels", check_array("levels", levels, 1))
    n_draws = check_int("n_draws", n_draws, 1, MOST_DRAWS)
    n, count = found.shape
    degree = check_int("degree", degree, 0, 10)
    if count != len(levels) or len(np.unique(levels)) != count or count < degree + 2 or n < 2:
        raise invalid_argument(
            f"{len(levels)} levels and a table of shape {found.shape}, for degree {degree}",
            "give [seed, level]: two seeds or more, and distinct levels, two more than the degree",
        )
    keeps = _residual_maker(levels, degree)
    own = (found - found.mean()) @ keeps
    # residuals of a smooth response are rounding errors, so they become 0
    own[np.abs(own) < 1e-12 * np.abs(found).max()] = 0.0
    # the curve passes through a level far from all others, so its residual has no freedom
    freedom = np.maximum(np.diag(keeps), 1e-9)
    squares = float((own**2).sum()) / n
    signed = own.mean(axis=0)
    observed = _standardised(signed, squares, freedom, n)
    largest = []
    for signs in random_signs(np.random.default_rng(seed), n_draws, max(n, count)):
        null = _standardised(signs[:, :n] @ own / n, squares, freedom, n)
        largest.append(np.abs(null).max(axis=1))
    draws = np.sort(np.concatenate(largest))
    statistic = np.abs(observed)
    as_large = n_draws - np.searchsorted(draws, statistic * (1 - 1e-10), side="left")
    level_p = (1 + as_large) / (1 + n_draws)
    at = int(np.argmax(statistic))
    return LackOfFit(signed, observed, float(statistic[at]), float(level_p[at]), level_p)


def _residual_maker(levels: Float[np.ndarray, " level"], degree: int):
    """Return the matrix [level, level] that maps responses to residuals of the polynomial."""
    centred = (levels - levels.mean()) / np.ptp(levels)
    basis, _ = np.linalg.qr(np.vander(centred, degree + 1))
    return np.eye(len(levels)) - basis @ basis.T


def _standardised(
    residual: Float[np.ndarray, "*draw level"],
    squares: float,
    freedom: Float[np.ndarray, " level"],
    n: int,
) -> Float[np.ndarray, "*draw level"]:
    """Return mean residuals divided by their standard errors.

    Args:
        squares: sum over levels of the squared residuals of single seeds, mean over seeds.
        freedom: [level], diagonal of the residual matrix.
        n: number of seeds.
    """
    left = np.maximum(squares - (residual**2).sum(axis=-1, keepdims=True), 1e-24 * squares)
    variance = left / (n - 1) / freedom.sum() * freedom
    with np.errstate(invalid="ignore"):
        return np.where(residual == 0, 0.0, residual / np.sqrt(variance))
