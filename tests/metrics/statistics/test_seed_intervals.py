"""Intervals over seeds: the rule of reports and studies."""

import math

import numpy as np
import pytest

from gridjax.errors import GridjaxError
from gridjax.metrics.statistics.intervals import mean_interval, share_interval
from gridjax.metrics.statistics.seed_intervals import (
    FEWEST_SEEDS,
    seed_interval,
    seed_intervals,
    seed_share_interval,
)

VALUES = np.random.default_rng(0).beta(1, 4, (30, 3))
SEEDS = np.arange(30) % 10


def test_seeds_are_the_clusters_of_a_bootstrap_t():
    found = seed_interval(VALUES[:, 0], SEEDS, within=(0, 1))
    assert found == mean_interval(VALUES[:, 0], SEEDS, within=(0, 1))
    assert found.low < found.value < found.high


def test_columns_do_not_depend_on_each_other():
    together = seed_intervals(VALUES, SEEDS)
    assert together == [seed_interval(column, SEEDS) for column in VALUES.T]


def test_seven_seeds_have_a_mean_and_no_interval():
    few = SEEDS < FEWEST_SEEDS - 1
    found = seed_interval(VALUES[few, 0], SEEDS[few])
    assert found.value == pytest.approx(VALUES[few, 0].mean())
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    eight = SEEDS < FEWEST_SEEDS
    assert math.isfinite(seed_interval(VALUES[eight, 0], SEEDS[eight]).low)


def test_equal_seeds_have_no_interval():
    found = seed_intervals(np.stack([np.full(30, 0.25), VALUES[:, 0]], axis=1), SEEDS)
    assert found[0].value == pytest.approx(0.25)
    assert math.isnan(found[0].low)
    assert math.isnan(found[0].high)
    assert math.isfinite(found[1].low)


def test_missing_values_are_refused():
    with pytest.raises(GridjaxError, match="NaN"):
        seed_interval(np.where(SEEDS == 3, np.nan, VALUES[:, 0]), SEEDS)


def test_networks_of_one_seed_that_are_alike_count_once():
    of_seeds = np.arange(40) < 6
    alike = seed_share_interval(np.repeat(of_seeds, 3), np.repeat(np.arange(40), 3))
    once = share_interval(6, 40)
    assert alike.value == once.value
    # the variance of 40 seeds, and Student's t of 39 and 119 degrees of freedom
    assert alike == pytest.approx(once, rel=0.05)
    assert alike.low < once.low
    assert alike.high > once.high


def test_networks_of_different_seeds_or_of_one_outcome_are_independent():
    counted = np.arange(40) < 6
    assert seed_share_interval(counted, np.arange(40)) == share_interval(6, 40)
    seeds = np.arange(40) // 2
    for same in (np.zeros(40, bool), np.ones(40, bool)):
        assert seed_share_interval(same, seeds) == share_interval(int(same.sum()), 40)
    # seeds that differ less than by chance do not count as more networks than there are
    even = np.arange(40) % 2 == 0
    assert seed_share_interval(even, seeds) == share_interval(20, 40)


def test_the_interval_of_alike_networks_covers_the_share():
    rng, seeds = np.random.default_rng(1), np.repeat(np.arange(32), 3)
    missed = {"seeds": 0, "independent": 0}
    for _ in range(400):
        of_seed = rng.random(32) < 0.15
        counted = np.where(rng.random(96) < 0.7, np.repeat(of_seed, 3), rng.random(96) < 0.15)
        one = seed_share_interval(counted, seeds)
        other = share_interval(int(counted.sum()), 96)
        missed["seeds"] += not one.low <= 0.15 <= one.high
        missed["independent"] += not other.low <= 0.15 <= other.high
    assert missed["seeds"] <= 0.07 * 400
    assert missed["independent"] > 0.07 * 400
