"""Estimates for claims: a value with its interval, its test and the rows behind it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gridjax.metrics.statistics.intervals import (
    Interval,
    mean_interval,
    share_interval,
    upper_bound,
)
from gridjax.metrics.statistics.permutation import sign_flip
from gridjax.metrics.statistics.seed_intervals import FEWEST_SEEDS

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.95
ALIKE = "All of them have the same value: resampling says nothing."
ANY = (-math.inf, math.inf)
SHARES, DIFFERENCES = (0.0, 1.0), (-1.0, 1.0)
"""What a share, and a difference of shares, can be: bounds that few seeds leave open end there."""


@dataclass(frozen=True)
class Estimate:
    """One estimate; NaN where it could not be made, with the reason."""

    value: float
    low: float
    """95 % interval, from resampling seeds or exact"""
    high: float
    n: int
    """networks behind it"""
    rows: pd.DataFrame
    """those networks: ``run_id`` and the values used"""
    p: float = math.nan
    """of the claim's test, before Holm's correction; NaN where it has none"""
    null: float = math.nan
    """the value expected of the null, in the estimate's unit"""
    remark: str = ""
    """what a reader must know beside it, or why there is nothing"""


def nothing(reason: str) -> Estimate:
    """Return the estimate of what cannot be estimated, with the reason."""
    import pandas as pd

    nan = math.nan
    return Estimate(nan, nan, nan, 0, pd.DataFrame({"run_id": []}), remark=reason)


def known(interval: Interval, remark: str = "") -> tuple[Interval, str]:
    """Return an interval without bounds where values that are all alike gave it no width."""
    if interval.low < interval.high or math.isnan(interval.low):
        return interval, remark
    return Interval(interval.value, math.nan, math.nan), f"{remark} {ALIKE}".strip()


def mean_of(
    frame: pd.DataFrame,
    column: str,
    null: float = 0.0,
    within: tuple[float, float] = ANY,
    remark: str = "",
) -> Estimate:
    """Estimate the mean of a column over networks; the test is of its distance from ``null``.

    Networks of one seed share layout, weights and paths: seeds are resampled, and the sign of a
    seed's mean distance from the null is flipped.
    """
    frame = frame[np.isfinite(frame[column])]
    per_seed = frame.groupby("seed")[column].mean()
    if len(per_seed) < FEWEST_SEEDS:
        return nothing(f"{len(per_seed)} seeds with a value: at least {FEWEST_SEEDS} are needed")
    values, seeds = frame[column].to_numpy(), frame["seed"].to_numpy()
    interval = mean_interval(values, seeds, LEVEL, within=within)
    interval, remark = known(interval, remark)
    p = sign_flip(per_seed.to_numpy() - null)
    rows = frame[["run_id", "seed", column]]
    return Estimate(*interval, n=len(frame), rows=rows, p=p, null=null, remark=remark)


def paired(
    frame: pd.DataFrame,
    column: str,
    contrast: Callable[[pd.DataFrame], float],
    within: tuple[float, float] = ANY,
    remark: str = "",
) -> Estimate:
    """Estimate the mean over seeds of a contrast between the networks of one seed; 0 is its null.

    ``contrast`` takes the networks of one seed and returns a number, NaN where an arm is missing.
    """
    values = {seed: float(contrast(group)) for seed, group in frame.groupby("seed")}
    used = {seed: value for seed, value in values.items() if math.isfinite(value)}
    if len(used) < FEWEST_SEEDS:
        return nothing(f"{len(used)} seeds have every arm: at least {FEWEST_SEEDS} are needed")
    differences = np.array(list(used.values()))
    rows = frame[frame["seed"].isin(list(used))][["run_id", "seed", column]]
    interval = mean_interval(differences, None, LEVEL, within=within)
    interval, remark = known(interval, remark)
    p = sign_flip(differences)
    return Estimate(*interval, n=len(rows), rows=rows, p=p, null=0.0, remark=remark)


def difference(
    frame: pd.DataFrame,
    column: str,
    first: pd.Series | np.ndarray,
    second: pd.Series | np.ndarray,
    within: tuple[float, float] = ANY,
    remark: str = "",
) -> Estimate:
    """Estimate the difference of two arms' means within seeds, the first minus the second.

    The arms are given as truth values over the rows.
    """
    arm = np.where(first, 1, np.where(second, 2, 0))
    frame = frame.assign(_arm=arm)[arm > 0]
    frame = frame[np.isfinite(frame[column])]

    def contrast(group: pd.DataFrame) -> float:
        means = group.groupby("_arm")[column].mean()
        return means.get(1, math.nan) - means.get(2, math.nan)

    return paired(frame, column, contrast, within, remark)


def share_of(
    frame: pd.DataFrame, is_so: pd.Series, null: float = math.nan, remark: str = ""
) -> Estimate:
    """Estimate the share of networks of which something is so; the interval is exact (binomial)."""
    if len(frame) == 0:
        return nothing("no network")
    is_so = is_so.astype(bool)
    most = 100 * upper_bound(int(is_so.sum()), len(frame), LEVEL)
    counted = f"{is_so.sum()} of {len(frame)} networks: at most {most:.1f} % (one-sided 95 %)."
    remark = f"{counted} {remark}".strip()
    interval: Interval = share_interval(int(is_so.sum()), len(frame), LEVEL)
    rows = frame[["run_id", "seed"]].assign(is_so=is_so)
    return Estimate(*interval, n=len(frame), rows=rows, null=null, remark=remark)
