"""Intervals of means and shares over seeds, for reports and studies."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gridjax.metrics.statistics.intervals import (
    Interval,
    binomial_interval,
    mean_intervals,
    share_interval,
)

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


def seed_share_interval(is_counted: Any, seeds: Any, level: float = 0.95) -> Interval:
    """Return the share of networks with a property and its interval, for networks that share seeds.

    It is the exact binomial interval of the number of independent networks that have the same
    variance as these, at most their number. The variance is that of a share over clusters (seeds).
    If no network or every network has the property, nothing is known about the likeness of networks
    of one seed; they then count as independent.

    Args:
        is_counted: [network], truth values.
        seeds: [network], seed of each network.
        level: coverage of the interval, between 0 and 1.

    Raises GridjaxError as ``share_interval``. Source: Korn and Graubard 1998, Survey Methodology
    24.
    """
    from scipy.stats import t as student

    counted = np.asarray(is_counted, bool)
    n, k = len(counted), int(counted.sum())
    exact = share_interval(k, n, level)
    _, of = np.unique(np.asarray(seeds), return_inverse=True)
    n_seeds = int(of.max()) + 1
    if n_seeds == n or n_seeds == 1 or k in (0, n):
        return exact
    of_seeds = np.bincount(of, counted - exact.value)
    variance = n_seeds / (n_seeds - 1) * float(np.square(of_seeds).sum()) / n**2
    quantiles = student.ppf((1 + level) / 2, [n - 1, n_seeds - 1])
    ratio = exact.value * (1 - exact.value) / variance if variance > 0 else math.inf
    alike = min(float(n), ratio * float(quantiles[0] / quantiles[1]) ** 2)
    equivalent = binomial_interval(alike * exact.value, alike, level)
    return Interval(exact.value, equivalent.low, equivalent.high)
