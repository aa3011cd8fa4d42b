"""Intervals of means over networks whose seeds are the unit: the rule of reports and studies."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gridjax.metrics.statistics.intervals import Interval, mean_intervals

FEWEST_SEEDS = 8
"""Seeds below which there is no interval: with fewer its coverage is not known."""


def seed_interval(
    values: Any,
    seeds: Any,
    level: float = 0.95,
    within: tuple[float, float] = (-math.inf, math.inf),
) -> Interval:
    """Return the mean of values [network] and its bootstrap-t interval over seeds [network].

    Bounds are NaN with fewer than FEWEST_SEEDS seeds, and where all seeds have the same mean:
    resampling equal values gives an interval without width, which is no evidence.

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
