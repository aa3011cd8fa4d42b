"""Slopes and variance components: against least squares, textbook ANOVA, and drawn designs."""

import numpy as np
import pytest
from oracles import statistics as oracle
from scipy.stats import f

from gridjax.errors import GridjaxError
from gridjax.metrics.statistics.variance_components import components, share_interval, slopes


def test_slopes_of_each_seed_skip_what_is_missing():
    rng = np.random.default_rng(1)
    doses = np.array([0.0, 0.5, 0.7, 2.0, 3.5])
    table = rng.normal(size=(40, 5)) + rng.normal(size=(40, 1)) * doses
    table[rng.random((40, 5)) < 0.45] = np.nan
    expected = [oracle.slope(row, doses) for row in table]
    found = slopes(table, doses)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert 0 < np.isnan(found).sum() < 20


def test_slopes_need_two_distinct_doses():
    found = slopes([[1, 2, np.nan], [1, np.nan, 3], [np.nan] * 3], [0.1, 0.1, 0.3])
    np.testing.assert_allclose(found, [np.nan, 10, np.nan])
    np.testing.assert_allclose(slopes([[5, 3, 1]], [1e6, 1e6 + 1, 1e6 + 2]), [-2])


@pytest.mark.parametrize(
    ("table", "doses"),
    [(np.ones((3, 2)), [1, 2, 3]), ([[1, 2]], [1, np.nan]), ([[1, np.inf]], [1, 2]), ([1], [1])],
)
def test_slopes_need_a_table_and_its_doses(table, doses):
    with pytest.raises(GridjaxError, match=r"doses|table"):
        slopes(table, doses)


def design(rng, shape, sd, sd_pair=0.0, sd_rest=1.0):
    """A crossed design: each factor's own effects, those of the first two together, the rest."""
    table = sd_rest * rng.normal(size=shape)
    for axis, size in enumerate(sd):
        effects = size * rng.normal(size=shape[axis])
        table += effects.reshape([-1 if a == axis else 1 for a in range(len(shape))])
    pair = [n if axis < 2 else 1 for axis, n in enumerate(shape)]
    return table + sd_pair * rng.normal(size=pair)


def test_components_against_textbook_mean_squares():
    rng = np.random.default_rng(2)
    truncated = 0
    for _ in range(20):
        table = 3 + design(rng, (5, 4, 3), (1.5, 0.5, 0.2), sd_pair=0.8)
        raw = oracle.anova_three(table)
        single = np.maximum([raw["a"], raw["b"], raw["c"]], 0)
        rest = max(raw["ab"] + raw["ac"] + raw["bc"] + raw["abc"], 0)
        found = components(table)
        assert found.total == pytest.approx(single.sum() + rest)
        np.testing.assert_allclose(found.factors, single / found.total, atol=1e-12)
        assert found.interaction == pytest.approx(rest / found.total)
        assert found.factors.sum() + found.interaction == pytest.approx(1)
        truncated += min(raw.values()) < 0
    assert truncated > 0


@pytest.mark.parametrize("k", [2, 4])
def test_components_of_drawn_designs_are_right_on_average(k):
    rng = np.random.default_rng(k)
    sd = np.array([2.0, 1.0, 1.5, 1.2])[:k]
    found = [
        components(design(rng, (9, 8, 7, 6)[:k], sd, sd_pair=0.7, sd_rest=0.5)) for _ in range(400)
    ]
    variance = np.array([c.factors * c.total for c in found])
    # an estimate from 6-9 levels errs by about half of itself, 400 of them by 2.5 %
    np.testing.assert_allclose(variance.mean(axis=0), sd**2, rtol=0.11)
    rest = np.mean([c.interaction * c.total for c in found])
    assert rest == pytest.approx(0.7**2 + 0.5**2, rel=0.05)


def test_one_factor_alone():
    effects = np.array([1.0, 4.0, 6.0])
    found = components(np.broadcast_to(effects[None, :, None], (4, 3, 2)))
    np.testing.assert_allclose(found.factors, [0, 1, 0], atol=1e-12)
    assert found.interaction == pytest.approx(0, abs=1e-12)
    assert found.total == pytest.approx(effects.var(ddof=1))


def test_where_nothing_varies_there_are_no_shares():
    found = components(np.full((3, 3, 2), 0.1))
    assert np.isnan(found.factors).all()
    assert np.isnan(found.interaction)
    assert found.total == 0


def test_the_interval_of_a_share_has_the_shares_that_an_f_test_does_not_reject():
    """The oracle tests each share, from one-way sums of squares written as loops."""
    table = np.random.default_rng(6).normal(size=(9, 2, 2)) + np.arange(9)[:, None, None] / 5
    groups = [[float(value) for value in one.ravel()] for one in table]
    mean = sum(map(sum, groups)) / 36
    between = sum(4 * (sum(one) / 4 - mean) ** 2 for one in groups) / 8
    within = sum((value - sum(one) / 4) ** 2 for one in groups for value in one) / 27
    shares = np.linspace(0, 0.999, 2000)
    statistic = between / within / (1 + 4 * shares / (1 - shares))
    p = f.cdf(statistic, 8, 27)
    kept = shares[(p > 0.05) & (p < 0.95)]
    np.testing.assert_allclose(share_interval(table, 0.9), (kept[0], kept[-1]), atol=1e-3)


@pytest.mark.parametrize("share", [0.0, 0.15, 0.5, 0.85])
def test_the_interval_of_a_share_contains_it_in_19_of_20_designs(share):
    rng = np.random.default_rng(7)
    n = 2000
    tables = share**0.5 * rng.normal(size=(n, 12, 1, 1))
    tables = tables + (1 - share) ** 0.5 * rng.normal(size=(n, 12, 3, 2))
    low, high = np.transpose([share_interval(table) for table in tables])
    wanted = 0.975 if share == 0 else 0.95  # no interval begins below 0
    assert np.mean((low <= share) & (share <= high)) == pytest.approx(wanted, abs=0.015)


def test_the_interval_of_a_share_where_nothing_else_varies_and_where_nothing_does():
    table = np.zeros((4, 3, 2)) + np.arange(4.0)[:, None, None]
    assert share_interval(table) == (1, 1)
    assert np.isnan(share_interval(np.full((4, 3, 2), 0.1))).all()


@pytest.mark.parametrize("table", [np.ones(4), np.ones((3, 1)), np.full((2, 2), np.nan), [["a"]]])
def test_designs_are_crossed_and_whole(table):
    for function in (components, share_interval):
        with pytest.raises(GridjaxError, match="table"):
            function(table)
