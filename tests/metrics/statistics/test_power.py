"""How many networks: against simulated experiments of that many, and published numbers."""

import math

import numpy as np
import pytest
from scipy import stats

from gridjax.errors import GridjaxError
from gridjax.metrics.statistics.intervals import Interval
from gridjax.metrics.statistics.power import needed_to_decide, networks_needed, shares_needed


def test_published_sample_sizes():
    # Cohen (1988): d = .5, two-sided .05, power .8: 64 in each of two groups, 34 pairs
    assert networks_needed(2.0, 1.0, paired=False) == 64
    assert networks_needed(2.0, -1.0) == 34
    # d = .8 and .2: 26 and 394 a group
    assert networks_needed(1.0, 0.8, paired=False) == 26
    assert networks_needed(1.0, 0.2, paired=False) == 394
    # SCIENCE, R5: about 16 (sd / difference)^2 a width
    assert networks_needed(7, 4.75, paired=False) == pytest.approx(16 * (7 / 4.75) ** 2, abs=1.5)


@pytest.mark.parametrize("paired", [True, False])
def test_power_of_that_many_is_enough_and_of_one_fewer_not(paired):
    """Against the power from the noncentral distributions of scipy.stats."""
    for sd, difference, power, alpha in [(3, 2, 0.9, 0.01), (1, 0.3, 0.7, 0.1), (1, 5, 0.8, 0.05)]:
        n = networks_needed(sd, difference, power, alpha, paired)
        arms = 1 if paired else 2

        def reached(n, arms=arms, alpha=alpha, effect=difference / sd):
            freedom = arms * (n - 1)
            t = stats.t.ppf(1 - alpha / 2, freedom)
            shifted = stats.nct(freedom, effect * math.sqrt(n / arms))
            return shifted.sf(t) + shifted.cdf(-t)

        assert reached(n) >= power
        assert n == 2 or reached(n - 1) < power


def test_power_by_simulation():
    n = int(networks_needed(1.0, 0.6, power=0.85))
    samples = np.random.default_rng(1).normal(0.6, 1.0, (4000, n))
    found = (stats.ttest_1samp(samples, 0, axis=1).pvalue < 0.05).mean()
    assert found == pytest.approx(0.85, abs=0.03)


def test_small_and_no_differences():
    assert networks_needed(1, 0) == math.inf
    many = networks_needed(1, 1e-5)
    assert many == pytest.approx(7.849e10, rel=1e-3)
    # the normal and the t formula meet
    assert networks_needed(1, 3e-3) == pytest.approx(many / 300**2, rel=1e-5)


def test_shares():
    # a yes/no count of networks in R5 needs about 140
    assert shares_needed(0.05, 0.15) == 141
    assert shares_needed(0.15, 0.05) == 141
    assert shares_needed(0.3, 0.3) == math.inf
    n = int(shares_needed(0.2, 0.5, power=0.9, alpha=0.01))
    rng = np.random.default_rng(2)
    first, second = rng.binomial(n, 0.2, 20_000) / n, rng.binomial(n, 0.5, 20_000) / n
    mean = (first + second) / 2
    found = np.abs(first - second) > stats.norm.ppf(0.995) * np.sqrt(2 * mean * (1 - mean) / n)
    assert found.mean() == pytest.approx(0.9, abs=0.02)


def test_needed_to_decide():
    # half the way must be (1.96 + .84) / 1.96 of the new half-width
    interval = Interval(0.10, 0.04, 0.19)
    factor = ((1.959964 + 0.841621) / 1.959964) ** 2
    assert needed_to_decide(interval, 0.13, 20) == math.ceil(20 * factor * 9)
    assert needed_to_decide(interval, 0.08, 20) == math.ceil(20 * factor * 9)
    assert needed_to_decide(interval, 0.5, 20) == 3
    assert needed_to_decide(interval, 0.13, 20, power=0.5) == 180
    assert needed_to_decide(interval, 0.13, 20, level=0.6) > math.ceil(20 * factor * 9)


def test_needed_to_decide_by_simulation():
    n = int(needed_to_decide(Interval(0.0, -0.5, 0.5), 0.2, 16, power=0.7))
    means = np.random.default_rng(3).normal(0, 0.5 / 1.96 * 4 / math.sqrt(n), 20_000)
    outside = means + 0.5 * 4 / math.sqrt(n) < 0.2
    assert outside.mean() == pytest.approx(0.7, abs=0.015)


def test_what_cannot_be_decided():
    assert needed_to_decide(Interval(0.1, 0.0, 0.2), 0.1, 8) == math.inf
    assert needed_to_decide(Interval(0.1, 0.0, math.inf), 0.3, 8) == math.inf
    assert math.isnan(needed_to_decide(Interval(0.1, math.nan, math.nan), 0.3, 8))
    assert math.isnan(needed_to_decide(Interval(0.1, 0.1, 0.1), 0.3, 8))


@pytest.mark.parametrize(
    "call",
    [
        lambda: networks_needed(0, 1),
        lambda: networks_needed(math.nan, 1),
        lambda: networks_needed(1, math.nan),
        lambda: networks_needed(1, 1, power=1),
        lambda: networks_needed(1, 1, alpha=0),
        lambda: shares_needed(-0.1, 0.5),
        lambda: needed_to_decide(Interval(0, -1, 1), math.nan, 8),
        lambda: needed_to_decide(Interval(0, -1, 1), 2, 0),
    ],
)
def test_bad_arguments(call):
    with pytest.raises(GridjaxError, match=" is "):
        call()
