"""Spikes: found where they are, not where the response is smooth, and rarely by chance."""

import numpy as np
import pytest

from gridjax.errors import GridjaxError
from gridjax.metrics.statistics.lack_of_fit import lack_of_fit

WIDTHS = np.arange(8, 21) / 100


def smooth(widths):
    return 0.3 - 20 * (widths - 0.15) ** 2


def test_residuals_against_polyfit():
    table = np.random.default_rng(1).normal(size=(5, 9))
    levels = np.array([1, 2, 4, 5, 9, 10, 12, 15, 20.0])
    for degree in (1, 3):
        found = lack_of_fit(table, levels, degree=degree, n_draws=200)
        mean = table.mean(axis=0)
        expected = mean - np.polyval(np.polyfit(levels, mean, degree), levels)
        np.testing.assert_allclose(found.residual, expected, atol=1e-12)
        assert found.statistic == np.abs(found.standardised).max()
        assert found.p == found.level_p.min()
        assert found.p == found.level_p[np.argmax(np.abs(found.standardised))]


def test_standardised_residuals_have_unit_variance():
    rng = np.random.default_rng(2)
    tables = smooth(WIDTHS) + 0.1 * rng.normal(size=(300, 20, 13)) + rng.normal(size=(300, 20, 1))
    found = np.array([lack_of_fit(t, WIDTHS, n_draws=1).standardised for t in tables])
    # each level's, from 300: a standard deviation's own is 4 %
    np.testing.assert_allclose(found.std(axis=0), 1, atol=0.17)
    np.testing.assert_allclose(found.std(), 1, atol=0.04)


def test_a_spike_is_found_where_it_is_and_large_seeds_do_not_hide_it():
    rng = np.random.default_rng(3)
    table = smooth(WIDTHS) + 0.05 * rng.normal(size=(16, 13))
    without = lack_of_fit(table, WIDTHS, n_draws=2000)
    assert without.p > 0.05
    table[:, 4] += 0.08
    found = lack_of_fit(table, WIDTHS, n_draws=2000)
    assert np.flatnonzero(found.level_p < 0.05).tolist() == [4]
    assert found.standardised[4] > 4
    # what seeds add to all levels, and their own smooth curves, are no noise
    curves = rng.normal(size=(16, 1)) * 50 + rng.normal(size=(16, 1)) * 300 * (WIDTHS - 0.1) ** 2
    moved = lack_of_fit(table + curves - curves.mean(axis=0), WIDTHS, n_draws=2000)
    np.testing.assert_allclose(moved.standardised, found.standardised, rtol=1e-6)
    assert moved.p == found.p


def test_dips_count_as_spikes_do_and_draws_depend_on_their_seed():
    rng = np.random.default_rng(4)
    table = rng.normal(size=(12, 13))
    up, down = (lack_of_fit(sign * table, WIDTHS, n_draws=500, seed=6) for sign in (1, -1))
    np.testing.assert_allclose(up.residual, -down.residual)
    np.testing.assert_array_equal(up.level_p, down.level_p)
    other = lack_of_fit(table, WIDTHS, n_draws=500, seed=7)
    assert not np.array_equal(up.level_p, other.level_p)


def test_degree_decides_what_is_smooth():
    cubic = 400 * (WIDTHS - 0.14) ** 3 + 0.001 * np.random.default_rng(5).normal(size=(10, 13))
    assert lack_of_fit(cubic, WIDTHS, degree=2, n_draws=999).p < 0.01
    assert lack_of_fit(cubic, WIDTHS, degree=3, n_draws=999).p > 0.05


def test_a_smooth_response_without_noise_has_no_spike():
    found = lack_of_fit(np.tile(7 + 3 * WIDTHS, (4, 1)), WIDTHS, n_draws=20)
    assert found.p == 1
    np.testing.assert_array_equal(found.standardised, 0)


@pytest.mark.parametrize(
    ("table", "levels"),
    [
        (np.ones((4, 13)), WIDTHS[:-1]),
        (np.ones((1, 13)), WIDTHS),
        (np.ones((4, 3)), WIDTHS[:3]),
        (np.ones((4, 4)), [1, 2, 2, 3]),
        (np.full((4, 13), np.nan), WIDTHS),
    ],
)
def test_tables_and_levels_must_fit(table, levels):
    with pytest.raises(GridjaxError, match="table"):
        lack_of_fit(table, levels)


def nulls(kind, rng, n):
    """Responses [seed, level] whose mean is smooth."""
    if kind == "one noisy level":
        return smooth(WIDTHS) + rng.normal(size=(n, 13)) * np.where(WIDTHS == 0.12, 0.3, 0.05)
    shares = np.where(rng.random((n, 13)) < 0.6, 0, rng.beta(1, 6, (n, 13)))
    return shares + rng.normal(size=(n, 1))


@pytest.mark.parametrize("kind", ["one noisy level", "shares"])
def test_lack_of_fit_holds_its_level(kind):
    rng = np.random.default_rng(6)
    p = [lack_of_fit(nulls(kind, rng, 12), WIDTHS, n_draws=199).p for _ in range(500)]
    # four standard deviations of 500 at .05; a test that permutes levels rejects .25
    assert np.mean(np.array(p) <= 0.05) < 0.09
    # and it is no test that never rejects
    assert 0.1 < np.mean(np.array(p) <= 0.4) < 0.5
