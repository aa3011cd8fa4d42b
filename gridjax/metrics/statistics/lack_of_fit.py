"""Lack-of-fit test: jumps of a response at single levels, against a smooth curve along them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from gridjax.metrics.arguments import check_array, check_int, invalid_argument
from gridjax.metrics.statistics.permutation import MOST_DRAWS, finite, random_signs


class LackOfFit(NamedTuple):
    """How a response departs from a smooth curve, level by level and in all."""

    residual: Float[np.ndarray, " level"]
    """mean response minus the curve, in the unit of the response"""
    standardised: Float[np.ndarray, " level"]
    """residual over its standard error"""
    statistic: float
    """the largest of these, whatever its sign"""
    p: float
    """chance of a statistic as large without any spike"""
    level_p: Float[np.ndarray, " level"]
    """chance of one as large as this level's at any level: spikes named by it are family-wise"""


def lack_of_fit(
    table: Any, levels: Any, degree: int = 2, n_draws: int = 20_000, seed: int = 0
) -> LackOfFit:
    """Return how the means over seeds of a table [seed, level] depart from a polynomial in level.

    The polynomial is fitted by least squares to the means. That is linear, so its residuals are
    the means of each seed's own residuals, and what a seed adds to all its levels, or any smooth
    curve of its own, is no noise: the standard error comes from how residuals differ between
    seeds. It is pooled over levels: own estimates are smallest where a rare response was missed.

    The null flips the sign of all residuals of a seed together, and so keeps how levels depend on
    each other and how much each varies; it takes a residual to be as likely its negative. Rejected
    at .05, of 2,000 true nulls each, 13 levels, by 6, 8, 16 and 64 seeds: normal .03 .04 .05 .05;
    three noisy levels .03 .04 .05 .04; noise correlated along levels .03 .04 .06 .05; shares of
    which 60 % are 0, .01 .01 .04 .05. Of 200-400 such, permuting residuals across levels rejects
    .24-.30 with noisy levels, and each level's own standard error .13-.33 of the shares.

    A curve that no polynomial of that degree follows also lacks fit: look at neighbours before
    naming a spike, or raise `degree`. With n seeds p is at least about 2 / 2^n. Raises GridjaxError
    for fewer than two seeds, levels that are not distinct or too few, NaN or infinity.
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
    # what rounding leaves of a smooth response is no residual
    own[np.abs(own) < 1e-12 * np.abs(found).max()] = 0.0
    # a level far from all others determines the curve there: nothing of it is left
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
    """Return the matrix [level, level] that takes responses to their residuals."""
    centred = (levels - levels.mean()) / np.ptp(levels)
    basis, _ = np.linalg.qr(np.vander(centred, degree + 1))
    return np.eye(len(levels)) - basis @ basis.T


def _standardised(
    residual: Float[np.ndarray, "*draw level"],
    squares: float,
    freedom: Float[np.ndarray, " level"],
    n: int,
) -> Float[np.ndarray, "*draw level"]:
    """Return residuals over their standard errors; `squares`: of all residuals, over seeds."""
    left = np.maximum(squares - (residual**2).sum(axis=-1, keepdims=True), 1e-24 * squares)
    variance = left / (n - 1) / freedom.sum() * freedom
    with np.errstate(invalid="ignore"):
        return np.where(residual == 0, 0.0, residual / np.sqrt(variance))
