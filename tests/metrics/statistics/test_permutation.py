"""Permutation tests: against every arrangement, and how often they reject a true null."""

import numpy as np
import pytest
from oracles import statistics as oracle

from gridjax.errors import GridjaxError
from gridjax.metrics.statistics.permutation import sign_flip, within_blocks


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


def second_arm(table):
    return table[:, 1].mean()


def largest_arm(table):
    return np.abs(table.mean(axis=0) - table.mean()).max()


@pytest.mark.parametrize("statistic", [second_arm, largest_arm])
def test_within_blocks_against_every_arrangement(statistic):
    table = np.random.default_rng(6).normal(size=(4, 3)) + np.array([0, 0.7, 0])
    exact = oracle.within_blocks(table.tolist(), statistic)
    found = within_blocks(table, statistic, n_draws=5000, seed=2)
    assert 0.01 < exact < 0.9
    assert found == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 5000))


def test_what_blocks_do_does_not_matter():
    rng = np.random.default_rng(7)
    table = rng.normal(size=(8, 4)) + np.array([0, 2, 0, 0])
    blocks = 100 * rng.normal(size=(8, 1))

    def contrast(table):
        return table[:, 1].sum() - table[:, 0].sum()

    assert within_blocks(table, contrast, 500) == within_blocks(table + blocks, contrast, 500) < 0.1


def test_ties_count_and_large_is_extreme():
    assert within_blocks(np.ones((3, 2)), second_arm, 50) == 1
    table = np.tile([0.0, 1.0], (12, 1))
    assert within_blocks(table, second_arm, 199) == 1 / 200
    assert within_blocks(table, lambda t: -second_arm(t), 199) == 1
    assert np.isnan(within_blocks(table, lambda t: np.nan, 9))
    # a null that is NaN counts as large
    given = iter([1.0] + [np.nan, 0.0] * 5)
    assert within_blocks(table, lambda t: next(given), 10) == 6 / 11


@pytest.mark.parametrize("table", [np.ones(3), np.ones((0, 3)), [[1, np.nan]]])
def test_tables_must_be_whole(table):
    with pytest.raises(GridjaxError, match="table"):
        within_blocks(table, second_arm)


def test_the_maximum_over_arms_controls_the_family():
    rng = np.random.default_rng(8)
    p = np.array(
        [
            within_blocks(rng.exponential(size=(6, 5)) + 9 * rng.normal(size=(6, 1)), largest, 99)
            for largest in [lambda t: t.mean(axis=0).max()] * 400
        ]
    )
    for level in (0.05, 0.3):
        assert abs((p <= level).mean() - level) < 4 * np.sqrt(level * (1 - level) / 400)
