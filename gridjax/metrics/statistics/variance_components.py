"""Slopes within seeds, and the components of variance of each seed."""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from gridjax.metrics.arguments import check_array, invalid_argument, is_real
from gridjax.metrics.statistics.permutation import finite


def slopes(table: Any, doses: Any) -> Float[np.ndarray, " seed"]:
    """Return the least-squares slope of each seed's response [seed, dose], per unit of dose.

    Doses missing (NaN) in a seed are skipped there; fewer than two distinct doses give NaN.
    Raises GridjaxError for doses that do not fit the table, NaN or infinite doses or responses
    that are infinite.
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


class Components(NamedTuple):
    """Shares of the variance; they sum to 1, and are NaN where nothing varies."""

    factors: Float[np.ndarray, " factor"]
    """by each factor alone, in the order of the table's axes"""
    interaction: float
    """by combinations of factors, and whatever else differs between networks"""
    total: float
    """the variance they are shares of, in the square of the table's unit"""


def components(table: Any) -> Components:
    """Return the variance components of a crossed design, a table [layout, weights, motion].

    Any number of factors from two on, each an axis of at least two levels drawn at random, one
    network a combination. Method of moments (ANOVA; Searle, Casella and McCulloch 1992, ch. 4):
    the mean square of a set of factors is, on average, the sum of the components of all sets that
    hold it, each times the number of networks that share a combination of its levels. Sets of two
    and more factors are summed to the interaction. Unbiased before negative estimates, of each
    factor and of the summed interaction, are set to 0; after that small shares read high.
    Raises GridjaxError for fewer axes or levels, NaN or infinity.
    """
    found = np.asarray(table)
    if found.ndim < 2 or min(found.shape) < 2 or not is_real(found.dtype):
        raise invalid_argument(
            f"the table is {found.dtype} of shape {found.shape}",
            "give numbers, an axis per factor, with at least two levels each",
        )
    found = finite("table", found.astype(np.float64))
    k, levels = found.ndim, np.array(found.shape)
    variance: dict[tuple[int, ...], float] = {}
    # larger sets first: the mean square of a set holds the components of all sets around it
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
    # what rounding leaves of equal numbers is no variance
    if total <= (1e-14 * float(np.abs(found).max())) ** 2:
        return Components(np.full(k, np.nan), np.nan, 0.0)
    return Components(factors / total, interaction / total, total)
