"""Estimates for particular designs: doses, matched or crossed networks, curves, populations."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from gridjax.metrics.statistics.intervals import statistic_interval
from gridjax.metrics.statistics.lack_of_fit import lack_of_fit
from gridjax.metrics.statistics.seed_intervals import FEWEST_SEEDS
from gridjax.metrics.statistics.variance_components import components, share_interval, slopes
from gridjax.studies.estimates import (
    ANY,
    Estimate,
    drop_degenerate_bounds,
    seed_contrast,
    undefined_estimate,
)

if TYPE_CHECKING:
    import pandas as pd

FEWEST_DOSES, FEWEST_LEVELS, FEWEST_NETWORKS = 3, 5, 10
ALPHA = 0.05


def slope(
    frame: pd.DataFrame, column: str, dose: str, within: tuple[float, float] = ANY
) -> Estimate:
    """Estimate the mean over seeds of the slope of a column over a dose; its null is 0.

    The interval is from resampled seeds; the test flips the signs of the seeds' slopes. Seeds with
    fewer than three doses are omitted.

    Args:
        frame: one row for each network, with ``run_id`` and ``seed``.
        column: the column of the response; rows in which it or the dose is NaN are omitted.
        dose: the column of the doses.
        within: the range that the slope can have.
    """
    frame = frame.dropna(subset=[column, dose])

    def of_seed(group: pd.DataFrame) -> float:
        if group[dose].nunique() < FEWEST_DOSES:
            return math.nan
        return float(slopes(group[column].to_numpy()[None], group[dose].to_numpy())[0])

    return seed_contrast(frame, column, of_seed, within)


def max_departure(frame: pd.DataFrame, column: str, level: str) -> Estimate:
    """Return the family-wise p of the largest departure of a level from a parabola.

    The parabola is fitted to all levels. The value of the estimate is the p. If p is above .05, the
    data do not decide whether a level departs from the curve; the estimate then has no interval.
    Source: gridjax.metrics.statistics.lack_of_fit.

    Args:
        frame: one row for each network, with ``run_id`` and ``seed``; seeds that do not have all
            levels are omitted.
        column: the column of the response.
        level: the column of the levels.
    """
    table = frame.pivot_table(index="seed", columns=level, values=column).dropna()
    if len(table) < FEWEST_SEEDS or table.shape[1] < FEWEST_LEVELS:
        return undefined_estimate(
            f"at least {FEWEST_SEEDS} seeds with {FEWEST_LEVELS} levels each are needed"
        )
    fit = lack_of_fit(table.to_numpy(), table.columns.to_numpy())
    worst = float(table.columns.to_numpy()[np.abs(fit.standardised).argmax()])
    remark = f"The largest departure is at {worst:g}, {fit.statistic:.2f} standard errors."
    rows = frame[frame["seed"].isin(list(table.index))][["run_id", "seed", level, column]]
    bound = fit.p if fit.p < ALPHA else math.nan
    return Estimate(fit.p, bound, bound, len(rows), rows, fit.p, remark=remark)


def variance_share(frame: pd.DataFrame, column: str, factors: Sequence[str]) -> Estimate:
    """Estimate the first factor's share of the variance of a column in a crossed design.

    The estimate has no p. The interval is that of the F distribution
    (`gridjax.metrics.variance_share_interval`). With fewer than eight levels of the first factor
    there is no interval, and a claim about the share is not answerable. The null is an equal share
    for each factor of the variance that the single factors explain.

    Args:
        frame: one row for each network; one network for each combination of the factors' levels.
        column: the column of the response.
        factors: the columns of the factors, at least two.
    """
    levels = [frame[name].nunique() for name in factors]
    if len(frame) != math.prod(levels) or min(levels) < 2:
        return undefined_estimate("the crossed design is not complete")
    frame = frame.sort_values(list(factors))
    values = frame[column].to_numpy().reshape(levels)
    if np.ptp(values) == 0:
        return undefined_estimate("all networks of the crossed design have the same value")
    parts = components(values)
    share = float(parts.factors[0])
    low, high, unanswerable = math.nan, math.nan, ""
    if levels[0] < FEWEST_SEEDS:
        few = f"the crossed design has {levels[0]} levels of {factors[0]}"
        unanswerable = f"{few}: at least {FEWEST_SEEDS} are needed"
    else:
        low, high = share_interval(values)
        low, high = min(low, share), max(high, share)  # the interval is of a simpler model
    named = zip(factors, parts.factors, strict=True)
    shares = ", ".join(f"{name} {100 * part:.0f} %" for name, part in named)
    remark = f"Of the variance: {shares}, interaction {100 * parts.interaction:.0f} %."
    rows = frame[["run_id", *factors, column]]
    return Estimate(
        share,
        low,
        high,
        n=len(rows),
        rows=rows,
        null=float(parts.factors.mean()),
        remark=remark,
        unanswerable=unanswerable,
    )


def resampled_statistic(
    rows: pd.DataFrame,
    statistic: Callable[[Int[np.ndarray, " n"]], float],
    null: float,
    columns: Sequence[str],
) -> Estimate:
    """Estimate a statistic of a population of networks.

    The interval is from resampled seeds. The estimate has no p.

    Args:
        rows: one row for each network, with ``run_id`` and ``seed``.
        statistic: a function that takes positions of rows and returns a number.
        null: the value under the null hypothesis, shown with the estimate.
        columns: the columns that the statistic reads; the rows of the estimate contain them.
    """
    if len(rows) < FEWEST_NETWORKS:
        return undefined_estimate(f"{len(rows)} networks: at least {FEWEST_NETWORKS} are needed")
    positions, seeds = np.arange(len(rows)), rows["seed"].to_numpy()
    interval = statistic_interval(lambda some: statistic(some.astype(int)), positions, seeds)
    interval, remark = drop_degenerate_bounds(interval)
    used = rows[["run_id", "seed", *columns]]
    return Estimate(*interval, n=len(rows), rows=used, null=null, remark=remark)


def variance_between(groups: np.ndarray, values: Float[np.ndarray, " n"]) -> float:
    """Return the share of the variance of values that is between groups (epsilon squared).

    The share is corrected for the number of groups: its mean is about 0 if the groups do not
    differ, and it can be negative. It is 0 if all values are equal, or if each is a group.

    Args:
        groups: the label of the group of each value [n].
        values: numbers [n].

    Source: Kelley 1935, PNAS 21.
    """
    labels, index = np.unique(groups.astype(str), return_inverse=True)
    n, n_groups = len(values), len(labels)
    total = float(np.var(values)) if n else 0.0
    if total == 0 or n == n_groups:
        return 0.0
    means = np.bincount(index, values) / np.bincount(index)
    within = float(np.mean(np.square(values - means[index])))
    return 1 - (n - 1) / (n - n_groups) * within / total


def matched_difference(
    frame: pd.DataFrame,
    column: str,
    first: pd.Series,
    second: pd.Series,
    on: str,
    caliper: float,
    within: tuple[float, float] = ANY,
) -> Estimate:
    """Estimate the mean difference between matched networks of two arms; its null is 0.

    Each network is matched with at most one network of the other arm: of all ways to make the most
    pairs, the one with the least sum of distances. Pairs are not equal in ``on``: from each
    difference is subtracted what the distance in ``on`` explains, by the slope of ``column`` over
    ``on`` among the matched networks within arms. The interval is from resampled seeds of the
    first arm, with this slope fixed. The test flips the signs of these seeds' mean differences. The
    rows of the estimate contain networks of both arms; their column ``match`` is the run_id of the
    other network.

    Args:
        frame: one row for each network, with ``run_id`` and ``seed``.
        column: the column whose difference is estimated.
        first, second: truth values [row]: whether a network belongs to the first or the second arm.
        on: the column whose distance decides the matches.
        caliper: the largest allowed distance in ``on``; networks without a match are omitted.
        within: the range that the difference can have, in the column's unit.
    """
    import pandas as pd
    from scipy.optimize import linear_sum_assignment

    frame = frame.dropna(subset=[on, column])
    ours, theirs = frame[first[frame.index]], frame[second[frame.index]]
    distances = np.abs(np.subtract.outer(ours[on].to_numpy(), theirs[on].to_numpy()))
    # a pair beyond the caliper costs more than all allowed pairs together
    costs = np.where(distances <= caliper, distances, 1 + caliper * (1 + min(distances.shape)))
    of_ours, of_theirs = linear_sum_assignment(costs)
    allowed = distances[of_ours, of_theirs] <= caliper
    pairs, others = ours.iloc[of_ours[allowed]], theirs.iloc[of_theirs[allowed]]
    pairs = pairs.assign(match=others["run_id"].to_numpy())
    apart = pairs[on] - others[on].to_numpy()
    slope_of_on = _slope_within((pairs, others), column, on)
    pairs["gap"] = pairs[column] - others[column].to_numpy() - slope_of_on * apart
    others = others.assign(match=pairs["run_id"].to_numpy())
    remark = f"{len(pairs)} pairs of networks."
    if len(pairs):
        explained = slope_of_on * apart.mean()
        remark += (
            f" Their mean difference of {on} is {apart.mean():.2g}, which explains"
            f" {explained:.2g} (subtracted)."
        )
    estimate = seed_contrast(pairs, "gap", lambda of_seed: of_seed["gap"].mean(), within, remark)
    if not estimate.n:
        return estimate
    rows = pd.concat([pairs, others])[["run_id", "seed", on, column, "match"]]
    return replace(estimate, n=len(rows), rows=rows)


def _slope_within(arms: Sequence[pd.DataFrame], column: str, on: str) -> float:
    """Return the slope of a column over another among networks within arms; 0 if on is constant."""
    x, y = (np.concatenate([arm[name] - arm[name].mean() for arm in arms]) for name in (on, column))
    squares = float(x @ x)
    return float(x @ y) / squares if squares > 0 else 0.0
