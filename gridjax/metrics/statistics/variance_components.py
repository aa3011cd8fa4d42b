"""Slopes of the responses of seeds, and variance components of a crossed design."""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from gridjax.metrics.arguments import check_array, invalid_argument, is_real
from gridjax.metrics.statistics.permutation import finite


def slopes(table: Any, doses: Any) -> Float[np.ndarray, " seed"]:
    """Return the least-squares slope of each seed's response, per unit of dose.

    Args:
        table: [seed, dose], responses; NaN where a response is missing.
        doses: [dose], finite numbers.

    The fit of a seed leaves out its missing responses. The slope is NaN for a seed with fewer than
    two distinct doses.

    Raises GridjaxError if the number of doses differs from that of the table, for NaN or infinite
    doses, and for infinite responses.
    """
    found, doses = check_array("table", table, 2), finite("doses", check_array("doses", doses, 1))
    if found.shape[1] != len(doses) or np.isinf(found).any():
        raise invalid_argument(
            f"{len(doses)} doses, and a table of shape {found.shape}, NaN where missing",
            "give a finite table [seed, dose]",
        )
    there = ~np.isnan(found)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (there * doses).sum(axis=1) / there.sum(axis=1)
        apart = np.where(there, doses - mean[:, None], 0.0)
        slope = (apart * np.where(there, found, 0.0)).sum(axis=1) / (apart**2).sum(axis=1)
    first = np.where(there, doses, np.inf).min(axis=1)
    last = np.where(there, doses, -np.inf).max(axis=1)
    return np.where(last > first, slope, np.nan)


def share_interval(table: Any, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of the share of the variance that the first factor explains.

    The ratio of the mean squares between and within the levels of the first factor has an F
    distribution (one-way analysis of variance with random levels). The interval is exact if all
    effects are normal and no other factor has an effect of its own. If two others explain a tenth
    each, intervals of level .95 of 12 x 3 x 2 networks contain the share in .91 to .94 of samples
    for shares up to .5, and in .80 for a share of .7. With exponential effects these are .75 to .93
    and .65: transform skewed values first.

    Args:
        table: as for `components`.
        level: probability that the interval contains the share.

    Raises GridjaxError in the same cases as `components`.
    Source: Searle, Casella and McCulloch 1992, section 3.6.
    """
    from scipy.stats import f

    found = _checked(table)
    groups = found.reshape(len(found), -1)
    n_levels, n_each = groups.shape
    means = groups.mean(axis=1)
    between, of_between = n_each * means.var(ddof=1), n_levels - 1
    of_within = n_levels * (n_each - 1)
    within = float(np.square(groups - means[:, None]).sum()) / of_within
    if within <= (1e-14 * float(np.abs(found).max())) ** 2:
        return (1.0, 1.0) if between > 0 else (np.nan, np.nan)
    ends = f.ppf([(1 + level) / 2, (1 - level) / 2], of_between, of_within)
    odds = np.maximum((between / within / ends - 1) / n_each, 0.0)
    low, high = odds / (1 + odds)
    return float(low), float(high)


class Components(NamedTuple):
    """Shares of the variance; they sum to 1, and are NaN if all values are equal."""

    factors: Float[np.ndarray, " factor"]
    """share of each single factor, in the order of the table's axes"""
    interaction: float
    """share of all combinations of factors, together with all other differences of networks"""
    total: float
    """sum of all components, in the square of the table's unit"""


def components(table: Any) -> Components:
    """Return the variance components of a crossed design, with the method of moments (ANOVA).

    Args:
        table: one axis for each factor, such as [layout, weights, motion], and one network for each
            combination of levels; at least two factors with at least two levels each. The levels
            are random samples.

    The expected mean square of a set of factors is a sum over all sets that contain this set: the
    component of each, times the number of networks that share a combination of its levels. The
    components follow from these equations. The components of all sets of two or more factors are
    summed to the interaction. These estimates have no bias. Negative estimates, of a factor or of
    the interaction, are then set to 0, so small shares are too large on average.

    Raises GridjaxError for fewer axes or levels, NaN or infinity.
    Source: Searle, Casella and McCulloch 1992, chapter 4.
    """
    found = _checked(table)
    k, levels = found.ndim, np.array(found.shape)
    variance: dict[tuple[int, ...], float] = {}
    # larger sets first: the mean square of a set contains the components of all larger sets
    for inside in sorted(product((0, 1), repeat=k), key=sum, reverse=True)[:-1]:
        effect = found
        for axis, is_in in enumerate(inside):
            mean = effect.mean(axis=axis, keepdims=True)
            effect = effect - mean if is_in else mean
        chosen = np.array(inside, bool)
        shared = float(levels[~chosen].prod())
        mean_square = shared * float((effect**2).sum()) / float((levels[chosen] - 1).prod())
        around = sum(
            part * float(levels[np.array(other) == 0].prod())
            for other, part in variance.items()
            if all(o >= i for o, i in zip(other, inside, strict=True))
        )
        variance[inside] = (mean_square - around) / shared
    single = [variance[tuple(int(a == axis) for a in range(k))] for axis in range(k)]
    factors = np.maximum(single, 0.0)
    interaction = max(sum(part for s, part in variance.items() if sum(s) > 1), 0.0)
    total = float(factors.sum()) + interaction
    # for equal numbers the total is a rounding error
    if total <= (1e-14 * float(np.abs(found).max())) ** 2:
        return Components(np.full(k, np.nan), np.nan, 0.0)
    return Components(factors / total, interaction / total, total)


def _checked(table: Any) -> Float[np.ndarray, "..."]:
    found = np.asarray(table)
    if found.ndim < 2 or min(found.shape) < 2 or not is_real(found.dtype):
        raise invalid_argument(
            f"the table is {found.dtype} of shape {found.shape}",
            "give numbers, an axis per factor, with at least two levels each",
        )
    return finite("table", found.astype(np.float64))
