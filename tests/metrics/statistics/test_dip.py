"""The dip: against linear programmes over every mode, closed forms and the uniform."""

import numpy as np
import pytest
from oracles import statistics as oracle

from gridjax.errors import GridjaxError
from gridjax.metrics.statistics.dip import dip, dip_test

SAMPLES = {
    "normal": lambda rng, n: rng.normal(size=n),
    "tied": lambda rng, n: np.round(1.5 * rng.normal(size=n)),
    "two modes": lambda rng, n: np.concatenate([rng.normal(size=n), rng.normal(4, 1, n // 2)]),
    "heavy tails": lambda rng, n: rng.standard_cauchy(n),
    "integers": lambda rng, n: rng.choice([0, 1, 5, 6], n),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", SAMPLES)
def test_dip_is_the_distance_to_the_closest_of_one_mode(kind):
    rng = np.random.default_rng(len(kind))
    for n in (2, 3, 5, 9, 14, 25):
        for _ in range(4):
            x = SAMPLES[kind](rng, n)
            assert dip(x) == pytest.approx(oracle.dip(x.tolist()), abs=1e-8)


def test_known_dips():
    assert dip(np.arange(7.0)) == pytest.approx(1 / 14)
    assert dip([3, 3, 3]) == dip([2.5]) == 0
    # halves far apart: a quarter, the most there is
    assert dip([0] * 10 + [1] * 10) == pytest.approx(0.25)
    assert dip(np.r_[np.linspace(0, 1e-6, 500), np.linspace(1, 1 + 1e-6, 500)]) == pytest.approx(
        0.25, abs=0.002
    )
    # a third in the lesser mode: half of it
    assert dip([0] * 10 + [1] * 20) == pytest.approx(1 / 6)


def test_dip_ignores_order_direction_place_and_scale():
    rng = np.random.default_rng(3)
    x = SAMPLES["two modes"](rng, 60)
    for other in (rng.permutation(x), -x, 7e-300 * x, 2e307 * x, 8 * x + 1024):
        assert dip(other) == pytest.approx(dip(x), abs=1e-9)


def test_dip_of_values_next_to_each_other():
    for x in ([0, 5e-324, 1e-300, 1e300, 1.7e308, -1.7e308], np.nextafter(1, [0, 2, 1])):
        assert 1 / (2 * len(x)) <= dip(x) <= 1 / 4
    assert dip([0, 5e-324, 1e-323, 1.7e308, -1.7e308]) == pytest.approx(0.1)
    # a step of the last digit apart is a step
    assert dip(np.nextafter(1, [0, 0, 2, 2])) == pytest.approx(1 / 4)


def test_p_of_one_and_of_two_modes():
    rng = np.random.default_rng(4)
    one, two = rng.normal(size=80), np.r_[rng.normal(size=80), rng.normal(6, 1, 60)]
    assert dip_test(one, n_draws=300, seed=1).p > 0.3
    found = dip_test(two, n_draws=300, seed=1)
    assert found == (dip(two), 1 / 301)


@pytest.mark.slow
def test_p_is_uniform_for_uniform_samples():
    from scipy.stats import kstest

    rng = np.random.default_rng(5)
    p = [dip_test(rng.exponential() * rng.random(30) - 5, n_draws=999).p for _ in range(400)]
    # the null's own 999 draws move p by up to .03; one in a thousand such samples is rejected
    assert kstest(p, "uniform").statistic < 1.95 / np.sqrt(400) + 0.03
    x = rng.random(30)
    assert dip_test(x, n_draws=999, seed=6).p != dip_test(x, n_draws=999).p


@pytest.mark.parametrize("x", [[], [1, np.nan], [np.inf, 1], [[1, 2]]])
def test_samples_must_be_numbers(x):
    with pytest.raises(GridjaxError, match="x "):
        dip(x)
