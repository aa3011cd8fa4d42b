"""Intervals of means over seeds, for reports and studies."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gridjax.metrics.statistics.intervals import Interval, mean_intervals

FEWEST_SEEDS = 8
"""Smallest number of seeds for an interval; with fewer seeds its coverage is not known."""


def seed_interval(
    values: Any,
    seeds: Any,
    level: float = 0.95,
    within: tuple[float, float] = (-math.inf, math.inf),
) -> Interval:
    """Return the mean of values [network] and its bootstrap-t interval over seeds [network].

    Args:
        values: [network], any unit.
        seeds: [network], seed of each network.
        level: coverage of the interval, between 0 and 1.
        within: the range of possible means, such as (0, 1) for a share; bounds do not exceed it.

    Bounds are NaN with fewer than FEWEST_SEEDS seeds. They are also NaN if all seeds have the same
    mean: a bootstrap of equal values gives an interval of width 0, which is not evidence.

    Raises GridjaxError as ``mean_interval``.
    """
    return seed_intervals(np.asarray(values)[:, None], seeds, level, within)[0]


def seed_intervals(
    values: Any,
    seeds: Any,
    level: float = 0.95,
    within: tuple[float, float] = (-math.inf, math.inf),
) -> list[Interval]:
    """Return ``seed_interval`` of each column of values [network, column]."""
    if len(set(np.asarray(seeds).tolist())) < FEWEST_SEEDS:
        means = np.asarray(values, np.float64).mean(axis=0)
        return [Interval(float(mean), math.nan, math.nan) for mean in means]
    intervals = mean_intervals(values, seeds, level, within=within)
    return [
        interval if interval.low < interval.high else Interval(interval.value, math.nan, math.nan)
        for interval in intervals
    ]
