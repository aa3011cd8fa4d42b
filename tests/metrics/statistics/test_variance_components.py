"""Slopes and variance components: against least squares, textbook ANOVA, and drawn designs."""

import numpy as np
import pytest
from oracles import statistics as oracle

from gridjax.errors import GridjaxError
from gridjax.metrics.statistics.variance_components import components, slopes


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


@pytest.mark.parametrize("table", [np.ones(4), np.ones((3, 1)), np.full((2, 2), np.nan), [["a"]]])
def test_designs_are_crossed_and_whole(table):
    with pytest.raises(GridjaxError, match="table"):
        components(table)
