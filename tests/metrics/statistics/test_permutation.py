"""Permutation tests: against every arrangement, and how often they reject a true null."""

import numpy as np
import pytest
from oracles import statistics as oracle

from gridjax.errors import GridjaxError
from gridjax.metrics.statistics.permutation import sign_flip


@pytest.mark.parametrize("n", [1, 2, 6, 11])
def test_sign_flip_counts_every_choice_of_signs(n):
    rng = np.random.default_rng(n)
    for differences in (rng.normal(0.4, 1, n), rng.integers(-2, 4, n) / 10):
        assert sign_flip(differences, 2048) == pytest.approx(oracle.sign_flip(list(differences)))


def test_sign_flip_by_draws_agrees_with_all():
    differences = np.random.default_rng(2).normal(0.45, 1, 14)
    exact = sign_flip(differences)
    assert exact == pytest.approx(oracle.sign_flip(list(differences)))
    drawn = sign_flip(differences, n_draws=16_000, seed=3)
    assert drawn != exact
    assert drawn == pytest.approx(exact, abs=4 * np.sqrt(exact / 16_000))
    assert drawn != sign_flip(differences, n_draws=16_000, seed=4)


def test_sign_flip_by_draws_is_never_zero():
    assert sign_flip(np.full(70, 0.3), n_draws=99) == 0.01
    assert sign_flip(-np.full(70, 0.3), n_draws=99) == 0.01


def test_equal_pairs_tell_nothing():
    assert sign_flip(np.zeros(4)) == 1
    # pairs without a difference change nothing
    assert sign_flip([0.1, 0.2, 0.4, 0, 0]) == sign_flip([0.1, 0.2, 0.4]) == 2 / 8


@pytest.mark.parametrize("differences", [[], [0.1, np.nan], [[0.1]], ["a"]])
def test_differences_must_be_numbers(differences):
    with pytest.raises(GridjaxError, match="differences"):
        sign_flip(differences)


def test_sign_flip_holds_its_level():
    rng = np.random.default_rng(5)
    p = np.array([sign_flip(rng.laplace(size=9)) for _ in range(2000)])
    for level in (0.05, 0.2, 0.5):
        # four standard deviations of a share of 2,000
        assert abs((p <= level).mean() - level) < 4 * np.sqrt(level * (1 - level) / 2000)
