"""The dip test of unimodality (Hartigan and Hartigan 1985)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from gridjax.metrics.arguments import check_array, check_int
from gridjax.metrics.statistics.permutation import MOST_DRAWS, finite


class Dip(NamedTuple):
    """The dip of a sample, and its p-value: the chance of at least this dip in a uniform sample."""

    dip: float
    p: float


def dip_test(x: Any, n_draws: int = 2_000, seed: int = 0) -> Dip:
    """Return the dip of a sample and its p-value under the uniform distribution.

    Of all distributions with one mode, the uniform gives the largest dips. The p-value is
    (1 + number of draws with a dip at least as large) / (1 + number of draws), where each draw is a
    uniform sample of the same size.

    The test assumes continuous values. Values with steps, such as shares of ten units, have large
    dips whatever their distribution is: add uniform numbers as wide as a step to them first.

    Args:
        x: [n], any unit.
        n_draws: number of uniform samples.
        seed: random seed of the uniform samples.

    Raises GridjaxError for an empty sample, NaN or infinity.
    Source: Hartigan and Hartigan 1985.
    """
    n_draws = check_int("n_draws", n_draws, 1, MOST_DRAWS)
    found = dip(x)
    null = _null(np.size(x), n_draws, check_int("seed", seed, 0, 2**63 - 1))
    return Dip(found, (1 + int((null >= found - 1e-12).sum())) / (1 + n_draws))


def dip(x: Any) -> float:
    """Return the exact dip of a sample [n].

    The dip is the largest distance between the distribution function F of the sample and the
    closest distribution function with one mode. Such a function is convex before the mode and
    concave after it, and it may jump at the mode.

    The algorithm repeats these steps, from a window of all values:

    1. Compute the greatest convex minorant of the lower corners of F in the window, and the least
       concave majorant of the upper corners.
    2. Find the value at which the minorant and the majorant are farthest apart. Stop if this
       distance is not larger than the largest distance recorded in step 4.
    3. The mode is between the last corner that the minorant touches before this value and the
       first corner that the majorant touches after it.
    4. Record the distances of F from the minorant before these two corners, and from the majorant
       after them. Reduce the window to the values between the two corners.

    The dip is half of the largest recorded distance. It is at least 1 / (2n) if all values are
    distinct, at most 1/4, and 0 if all values are equal.

    Raises GridjaxError for no values, NaN or infinity.
    Source: Hartigan and Hartigan 1985, section 4.
    """
    values, counts = np.unique(finite("x", check_array("x", x, 1)), return_counts=True)
    if values[-1] / 2 - values[0] / 2 > np.finfo(np.float64).max / 2:
        values = values / 2  # keeps every difference of two values finite
    upper, farthest = np.cumsum(counts).astype(np.float64), 0.0
    lower = upper - counts
    while len(values) > 1:
        # shares of the window's range; the lower limit keeps every slope finite
        gaps = np.maximum(np.diff(values) / (values[-1] - values[0] or 1.0), 1e-290)
        minorant, from_below = _minorant(gaps, lower)
        majorant, from_above = _minorant(gaps[::-1], -upper[::-1])
        majorant, from_above = -majorant[::-1], len(gaps) - from_above[::-1]
        apart = majorant - minorant
        widest = int(np.argmax(apart))
        # distances are in observations: a true distance is at least 1, rounding far below 1e-9
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
    """Return the greatest convex function below the corners, and the corners that it touches.

    The function is given by its value at each corner, the touched corners by their indices.
    """
    from scipy.optimize import isotonic_regression

    # the slopes of the minorant are the isotonic regression of the slopes between corners
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
