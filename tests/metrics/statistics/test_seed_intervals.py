"""Intervals over seeds: the rule of reports and studies."""

import math

import numpy as np
import pytest

from gridjax.errors import GridjaxError
from gridjax.metrics.statistics.intervals import mean_interval
from gridjax.metrics.statistics.seed_intervals import FEWEST_SEEDS, seed_interval, seed_intervals

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
