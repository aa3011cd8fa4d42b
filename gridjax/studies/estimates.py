"""Estimates for claims: a value with its 95 % interval, its p and the rows that it is based on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gridjax.metrics.statistics.intervals import (
    Interval,
    binomial_interval,
    mean_interval,
    upper_bound,
)
from gridjax.metrics.statistics.permutation import sign_flip
from gridjax.metrics.statistics.seed_intervals import FEWEST_SEEDS, seed_share_interval

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.95
ALIKE = "All values are equal, so that resampling gives no interval."
EXACT = "Few seeds differ, so that resampling gives no bound: bounds are those of a binomial share."
ANY = (-math.inf, math.inf)
"""The range of an estimate without bounds."""
DIFFERENCES = (-1.0, 1.0)
"""The range of a difference of two shares. It limits the ends of intervals, which can be infinite
if there are few seeds."""


@dataclass(frozen=True)
class Estimate:
    """One estimate. If it cannot be computed, its numbers are NaN and ``remark`` is the reason."""

    value: float
    low: float
    """lower end of the 95 % interval, from resampled seeds or exact"""
    high: float
    n: int
    """number of networks that it is based on"""
    rows: pd.DataFrame
    """one row for each of these networks: ``run_id`` and the values that were used"""
    p: float = math.nan
    """p of the claim's test, before Holm's correction; NaN if the test has no p"""
    null: float = math.nan
    """the value expected under the null, in the unit of ``value``"""
    remark: str = ""
    """additional information for readers, or the reason why there is no estimate"""
    unanswerable: str = ""
    """why the networks of this size cannot answer the claim; empty if they can"""


def undefined_estimate(reason: str) -> Estimate:
    """Return an estimate with value NaN and no networks, which is unanswerable for this reason."""
    import pandas as pd

    nan, rows = math.nan, pd.DataFrame({"run_id": []})
    return Estimate(nan, nan, nan, 0, rows, remark=reason, unanswerable=reason)


def drop_degenerate_bounds(interval: Interval, remark: str = "") -> tuple[Interval, str]:
    """Return an interval and its remark; if its width is 0, return NaN bounds and a remark."""
    if interval.low < interval.high or math.isnan(interval.low):
        return interval, remark
    return Interval(interval.value, math.nan, math.nan), f"{remark} {ALIKE}".strip()


def bounds_in_range(
    interval: Interval, n_seeds: int, within: tuple[float, float], remark: str = ""
) -> tuple[Interval, str]:
    """Return the interval of a mean over seeds and its remark, with bounds where draws give none.

    If all values are equal, or if so few seeds differ that a bound is infinite, the bound is that
    of a mean of values that are all at one end of the range or the other: Clopper and Pearson's for
    a share. Of all values in the range with this mean, these vary most, so that the bound is
    cautious. Bounds do not exceed the range. Without one, equal values have no bounds.

    Args:
        interval: the mean and its interval from resampled seeds, not limited to the range.
        n_seeds: number of seeds.
        within: the range of the values.
        remark: text to show beside the estimate.
    """
    least, most = within
    value, low, high = interval
    if not math.isfinite(most - least):
        return drop_degenerate_bounds(interval, remark)
    is_equal = low == high
    if math.isnan(low) or not (is_equal or math.isinf(low) or math.isinf(high)):
        return Interval(value, max(low, least), min(high, most)), remark
    share = (value - least) / (most - least)
    _, lowest, highest = binomial_interval(share * n_seeds, n_seeds, LEVEL)
    lowest, highest = (least + (most - least) * end for end in (lowest, highest))
    low = lowest if is_equal or math.isinf(low) else max(low, least)
    high = highest if is_equal or math.isinf(high) else min(high, most)
    return Interval(value, low, high), f"{remark} {EXACT}".strip()


def mean_vs_null(
    frame: pd.DataFrame,
    column: str,
    null: float = 0.0,
    within: tuple[float, float] = ANY,
    remark: str = "",
) -> Estimate:
    """Estimate the mean of a column over networks, tested against the number ``null``.

    Networks of one seed share layout, weights and paths. Therefore the interval is from resampled
    seeds, and the test flips the sign of each seed's mean difference from ``null``.

    Args:
        frame: one row for each network, with ``run_id`` and ``seed``.
        column: the column; rows in which it is not finite are omitted.
        null: the mean under the null hypothesis, in the column's unit.
        within: the range that the mean can have, in the column's unit.
        remark: text to show beside the estimate.
    """
    frame = frame[np.isfinite(frame[column])]
    per_seed = frame.groupby("seed")[column].mean()
    if len(per_seed) < FEWEST_SEEDS:
        return undefined_estimate(f"too few seeds with a value ({len(per_seed)})")
    values, seeds = frame[column].to_numpy(), frame["seed"].to_numpy()
    interval = mean_interval(values, seeds, LEVEL)
    interval, remark = bounds_in_range(interval, len(per_seed), within, remark)
    p = sign_flip(per_seed.to_numpy() - null)
    rows = frame[["run_id", "seed", column]]
    return Estimate(*interval, n=len(frame), rows=rows, p=p, null=null, remark=remark)


def seed_contrast(
    frame: pd.DataFrame,
    column: str,
    contrast: Callable[[pd.DataFrame], float],
    within: tuple[float, float] = ANY,
    remark: str = "",
) -> Estimate:
    """Estimate the mean over seeds of a contrast between the networks of one seed; its null is 0.

    The interval is from resampled seeds; the test flips the signs of the seeds' contrasts.

    Args:
        frame: one row for each network, with ``run_id`` and ``seed``.
        column: the column that the contrast reads; the rows of the estimate contain it.
        contrast: a function of the rows of one seed; it returns a number, or NaN if an arm is
            missing.
        within: the range that the contrast can have.
        remark: text to show beside the estimate.
    """
    values = {seed: float(contrast(group)) for seed, group in frame.groupby("seed")}
    used = {seed: value for seed, value in values.items() if math.isfinite(value)}
    if len(used) < FEWEST_SEEDS:
        return undefined_estimate(f"too few seeds with every arm ({len(used)})")
    differences = np.array(list(used.values()))
    rows = frame[frame["seed"].isin(list(used))][["run_id", "seed", column]]
    interval = mean_interval(differences, None, LEVEL)
    interval, remark = bounds_in_range(interval, len(differences), within, remark)
    p = sign_flip(differences)
    return Estimate(*interval, n=len(rows), rows=rows, p=p, null=0.0, remark=remark)


def paired_difference(
    frame: pd.DataFrame,
    column: str,
    first: pd.Series | np.ndarray,
    second: pd.Series | np.ndarray,
    within: tuple[float, float] = ANY,
    remark: str = "",
) -> Estimate:
    """Estimate the mean over seeds of the difference of two arms' means, first minus second.

    The interval is from resampled seeds; the test flips the signs of the seeds' differences.

    Args:
        frame: one row for each network, with ``run_id`` and ``seed``.
        column: the column; rows in which it is not finite are omitted.
        first, second: truth values [row]: whether a network belongs to the first or the second arm.
        within: the range that the difference can have, in the column's unit.
        remark: text to show beside the estimate.
    """
    arm = np.where(first, 1, np.where(second, 2, 0))
    frame = frame.assign(_arm=arm)[arm > 0]
    frame = frame[np.isfinite(frame[column])]

    def contrast(group: pd.DataFrame) -> float:
        means = group.groupby("_arm")[column].mean()
        return means.get(1, math.nan) - means.get(2, math.nan)

    return seed_contrast(frame, column, contrast, within, remark)


def share(
    frame: pd.DataFrame, is_counted: pd.Series, null: float = math.nan, remark: str = ""
) -> Estimate:
    """Estimate the share of networks with a property.

    The interval is the exact binomial interval; that of networks that share seeds is wider
    (`gridjax.metrics.statistics.seed_intervals`). The estimate has no p.

    Args:
        frame: one row for each network, with ``run_id`` and ``seed``.
        is_counted: truth values [row]: whether a network has the property.
        null: the share under the null hypothesis, shown with the estimate.
        remark: text to show beside the estimate.
    """
    if len(frame) == 0:
        return undefined_estimate("no network")
    is_counted = is_counted.astype(bool)
    k, n = int(is_counted.sum()), len(frame)
    most = 100 * seed_share_interval(is_counted, frame["seed"], 2 * LEVEL - 1).high
    counted = f"{k} of {n} networks: at most {most:.1f} % (one-sided 95 %)."
    n_seeds = frame["seed"].nunique()
    if k == 0 and n_seeds < n:
        alike = 100 * upper_bound(0, n_seeds, LEVEL)
        counted += f" At most {alike:.1f} % if the networks of one seed are always alike."
    remark = f"{counted} {remark}".strip()
    rows = frame[["run_id", "seed"]].assign(is_counted=is_counted)
    interval = seed_share_interval(is_counted, frame["seed"], LEVEL)
    return Estimate(*interval, n=n, rows=rows, null=null, remark=remark)
