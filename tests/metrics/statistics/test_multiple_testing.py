"""Adjusted p-values: against loops, and how often something is found where nothing is."""

import numpy as np
import pytest
from oracles import statistics as oracle

from gridjax.errors import GridjaxError
from gridjax.metrics.statistics.multiple_testing import benjamini_hochberg, holm


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_against_loops(n):
    rng = np.random.default_rng(n)
    for p in (rng.random(n) ** 3, np.round(rng.random(n), 1)):
        np.testing.assert_allclose(holm(p), oracle.holm(list(p)))
        np.testing.assert_allclose(benjamini_hochberg(p), oracle.benjamini_hochberg(list(p)))


def test_by_hand():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.2]), [0.04, 0.09, 0.09, 0.2])
    found = benjamini_hochberg([0.01, 0.04, 0.03, 0.2])
    np.testing.assert_allclose(found, [0.04, 0.16 / 3, 0.16 / 3, 0.2])


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_nan_stays_and_does_not_count(adjust):
    p = np.array([0.01, np.nan, 0.03, 0.2, np.nan])
    expected = np.full(5, np.nan)
    expected[[0, 2, 3]] = adjust([0.01, 0.03, 0.2])
    np.testing.assert_array_equal(adjust(p), expected)
    assert expected[0] == pytest.approx(0.03)
    assert np.isnan(adjust([np.nan, np.nan])).all()
    assert adjust(np.array([])).shape == (0,)


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
@pytest.mark.parametrize("p", [[-0.1, 0.5], [1.2], [[0.1]], ["a"]])
def test_only_chances(adjust, p):
    with pytest.raises(GridjaxError, match=r"^p"):
        adjust(p)


def test_holm_finds_something_among_nothing_as_rarely_as_it_says():
    rng = np.random.default_rng(3)
    found = np.mean([holm(rng.random(15)).min() <= 0.1 for _ in range(3000)])
    assert abs(found - (1 - (1 - 0.1 / 15) ** 15)) < 4 * np.sqrt(0.09 / 3000)
