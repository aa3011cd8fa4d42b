"""The dip test of unimodality (Hartigan and Hartigan 1985)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from gridjax.metrics.arguments import check_array, check_int
from gridjax.metrics.statistics.permutation import MOST_DRAWS, finite


class Dip(NamedTuple):
    """The dip of a sample, and the chance of one as large if the sample were uniform."""

    dip: float
    p: float


def dip_test(x: Any, n_draws: int = 2_000, seed: int = 0) -> Dip:
    """Return the dip of a sample [n] and its p against the uniform, the hardest of one mode.

    p = (1 + as large) / (1 + draws) over uniform samples of the same size. Raises GridjaxError for
    an empty sample, NaN or infinity.
    """
    n_draws = check_int("n_draws", n_draws, 1, MOST_DRAWS)
    found = dip(x)
    null = _null(np.size(x), n_draws, check_int("seed", seed, 0, 2**63 - 1))
    return Dip(found, (1 + int((null >= found - 1e-12).sum())) / (1 + n_draws))


def dip(x: Any) -> float:
    """Return the dip of a sample [n].

    The largest distance between its distribution function F and the closest one with a single
    mode, convex before the mode and concave after, which may jump there. Exact. In a window that
    holds the mode, the greatest convex minorant of F's lower corners and the least concave
    majorant of its upper ones lie farthest apart at some value; the mode is between the last
    corner that the minorant touches before it and the first that the majorant touches after it.
    Outside them F's distance from either counts, half of it; the window shrinks to them until
    nothing in it is as far apart as what counted (Hartigan and Hartigan 1985, section 4).

    At least 1 / 2n where values are distinct, at most 1/4, and 0 where all are equal. Raises
    GridjaxError for no values, NaN or infinity.
    """
    values, counts = np.unique(finite("x", check_array("x", x, 1)), return_counts=True)
    if values[-1] / 2 - values[0] / 2 > np.finfo(np.float64).max / 2:
        values = values / 2  # so that no two are an infinite distance apart
    upper, farthest = np.cumsum(counts).astype(np.float64), 0.0
    lower = upper - counts
    while len(values) > 1:
        # of 1, and no slope is infinite
        gaps = np.maximum(np.diff(values) / (values[-1] - values[0] or 1.0), 1e-290)
        minorant, from_below = _minorant(gaps, lower)
        majorant, from_above = _minorant(gaps[::-1], -upper[::-1])
        majorant, from_above = -majorant[::-1], len(gaps) - from_above[::-1]
        apart = majorant - minorant
        widest = int(np.argmax(apart))
        # in observations: distances that count are at least one, rounding is far below
        if apart[widest] <= farthest + 1e-9:
            break
        first = int(from_below[from_below <= widest][-1])
        last = int(from_above[from_above >= widest][0])
        before, after = (upper - minorant)[:first], (majorant - lower)[last + 1 :]
        farthest = max(farthest, before.max(initial=0.0), after.max(initial=0.0))
        window = slice(first, last + 1)
        values, upper, lower = values[window], upper[window], lower[window]
    return float(farthest) / (2 * int(counts.sum()))


def _minorant(
    gaps: Float[np.ndarray, " gap"], heights: Float[np.ndarray, " corner"]
) -> tuple[Float[np.ndarray, " corner"], Int[np.ndarray, " touched"]]:
    """Return the greatest convex function below corners, at each, and which ones it touches."""
    from scipy.optimize import isotonic_regression

    # its slopes are the isotonic regression of the slopes between corners
    found = isotonic_regression(np.diff(heights) / gaps, weights=gaps)
    touched = np.asarray(found.blocks)
    rises = np.repeat(found.x[touched[:-1]], np.diff(touched)) * gaps
    minorant = heights[0] + np.concatenate([[0.0], np.cumsum(rises)])
    minorant[touched] = heights[touched]
    return minorant, touched


@lru_cache(maxsize=64)
def _null(n: int, n_draws: int, seed: int) -> Float[np.ndarray, " draw"]:
    rng = np.random.default_rng(seed)
    null = np.array([dip(rng.random(n)) for _ in range(n_draws)])
    null.setflags(write=False)
    return null
