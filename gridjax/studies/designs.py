"""Estimates of particular designs: doses, matched or crossed networks, curves, populations."""

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
from gridjax.metrics.statistics.variance_components import components, slopes
from gridjax.studies.estimates import ANY, Estimate, known, nothing, paired

if TYPE_CHECKING:
    import pandas as pd

FEWEST_DOSES, FEWEST_LEVELS, FEWEST_NETWORKS = 3, 5, 10
ALPHA = 0.05


def slope(
    frame: pd.DataFrame, column: str, dose: str, within: tuple[float, float] = ANY
) -> Estimate:
    """Estimate the slope of a column over a dose within seeds of at least three doses."""
    frame = frame.dropna(subset=[column, dose])

    def of_seed(group: pd.DataFrame) -> float:
        if group[dose].nunique() < FEWEST_DOSES:
            return math.nan
        return float(slopes(group[column].to_numpy()[None], group[dose].to_numpy())[0])

    return paired(frame, column, of_seed, within)


def stands_out(frame: pd.DataFrame, column: str, level: str) -> Estimate:
    """Return the family-wise p that some level stands out of a parabola through all of them.

    Of the seeds that have every level. The value is the p; as one above .05 shows nothing, neither
    that a level stands out nor that none does, it then has no interval.
    """
    table = frame.pivot_table(index="seed", columns=level, values=column).dropna()
    if len(table) < FEWEST_SEEDS or table.shape[1] < FEWEST_LEVELS:
        return nothing(f"at least {FEWEST_SEEDS} seeds with {FEWEST_LEVELS} levels each are needed")
    found = lack_of_fit(table.to_numpy(), table.columns.to_numpy())
    worst = float(table.columns.to_numpy()[np.abs(found.standardised).argmax()])
    remark = f"The largest departure is at {worst:g}, {found.statistic:.2f} standard errors."
    rows = frame[frame["seed"].isin(list(table.index))][["run_id", "seed", level, column]]
    bound = found.p if found.p < ALPHA else math.nan
    return Estimate(found.p, bound, bound, len(rows), rows, found.p, remark=remark)


def carried(frame: pd.DataFrame, column: str, factors: Sequence[str]) -> Estimate:
    """Estimate the share of a column's variance that the first of some crossed factors carries.

    Each combination of the factors' levels is one network. The interval resamples levels of the
    first factor, of which it needs four; with fewer everything from 0 to 1 is possible.
    """
    levels = [frame[name].nunique() for name in factors]
    if len(frame) != math.prod(levels) or min(levels) < 2:
        return nothing("the crossed design is not complete")
    frame = frame.sort_values(list(factors))
    values = frame[column].to_numpy().reshape(levels)
    if np.ptp(values) == 0:
        return nothing("all networks of the crossed design have the same value")
    found = components(values)

    def of_first(some: Float[np.ndarray, " n"]) -> float:
        if np.ptp(some) == 0:
            return 0.0
        return float(components(some.reshape(-1, *levels[1:])).factors[0])

    low, high = 0.0, 1.0
    if levels[0] >= 4:
        clusters = np.repeat(np.arange(levels[0]), math.prod(levels[1:]))
        _, low, high = statistic_interval(of_first, values.ravel(), clusters)
    parts = zip(factors, found.factors, strict=True)
    shares = ", ".join(f"{name} {100 * part:.0f} %" for name, part in parts)
    remark = f"Of the variance: {shares}, interaction {100 * found.interaction:.0f} %."
    rows = frame[["run_id", *factors, column]]
    value = float(found.factors[0])
    return Estimate(value, low, high, len(rows), rows, null=1 / len(factors), remark=remark)


def resampled(
    rows: pd.DataFrame,
    statistic: Callable[[Int[np.ndarray, " n"]], float],
    null: float,
    columns: Sequence[str],
) -> Estimate:
    """Estimate a statistic of a population; the interval resamples its networks.

    ``statistic`` takes positions of rows; ``columns`` are those that it reads.
    """
    if len(rows) < FEWEST_NETWORKS:
        return nothing(f"{len(rows)} networks: at least {FEWEST_NETWORKS} are needed")
    interval = statistic_interval(lambda some: statistic(some.astype(int)), np.arange(len(rows)))
    interval, remark = known(interval)
    used = rows[["run_id", *columns]]
    return Estimate(*interval, n=len(rows), rows=used, null=null, remark=remark)


def variance_between(groups: np.ndarray, values: Float[np.ndarray, " n"]) -> float:
    """Return the share of the variance of values that lies between groups (eta squared)."""
    total = np.var(values)
    if total == 0:
        return 0.0
    _, index = np.unique(groups.astype(str), return_inverse=True)
    means = np.bincount(index, values) / np.bincount(index)
    return float(np.var(means[index]) / total)


def matched(
    frame: pd.DataFrame,
    column: str,
    first: pd.Series,
    second: pd.Series,
    on: str,
    caliper: float,
    within: tuple[float, float] = ANY,
) -> Estimate:
    """Estimate the difference of networks from those of another arm that are alike in ``on``.

    Each is compared with the nearest, no further than ``caliper``; seeds are the first arm's. Both
    are among the rows; ``nearest`` is the run_id that one is compared with. No interval where the
    nearest are fewer than FEWEST_SEEDS networks: every seed's difference holds the same ones then.
    """
    import pandas as pd

    frame = frame.dropna(subset=[on, column])
    ours, theirs = frame[first[frame.index]], frame[second[frame.index]]
    apart = {at: (theirs[on] - value).abs() for at, value in ours[on].items()}
    nearest = {at: one.idxmin() for at, one in apart.items() if (one <= caliper).any()}
    others = theirs.loc[list(nearest.values())]
    pairs = ours.loc[list(nearest)].assign(nearest=others["run_id"].to_numpy())
    pairs["gap"] = pairs[column] - others[column].to_numpy()
    others = others.drop_duplicates("run_id").assign(nearest="")
    remark = f"{len(pairs)} networks, of which the nearest are {len(others)} others."
    estimate = paired(pairs, "gap", lambda of_seed: of_seed["gap"].mean(), within, remark)
    if not estimate.n:
        return estimate
    rows = pd.concat([pairs, others])[["run_id", "seed", on, column, "nearest"]]
    estimate = replace(estimate, n=len(rows), rows=rows)
    if len(others) >= FEWEST_SEEDS:
        return estimate
    remark += f" Fewer than {FEWEST_SEEDS} give no interval: all differences hold the same ones."
    return replace(estimate, low=math.nan, high=math.nan, p=math.nan, remark=remark)
