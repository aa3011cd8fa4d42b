"""Correlations of maps in two environments against loops over shifts; compact fields."""

import jax
import numpy as np
import pytest

from gridjax.metrics.remapping.map_correlation import has_compact_field, map_correlation

N, MOST = 12, 4


def correlation_at(first, second, dx, dy):
    """Correlation of first(p) and second(p + d) over the bins visited in both; None if too few."""
    pairs = [
        (first[x, y], second[x + dx, y + dy])
        for x in range(N)
        for y in range(N)
        if 0 <= x + dx < N and 0 <= y + dy < N
    ]
    a, b = np.array([pair for pair in pairs if np.isfinite(pair).all()], np.float64).T
    limits = (1e-3 * np.nanvar(first), 1e-3 * np.nanvar(second))
    if len(a) < 20 or a.var() <= limits[0] or b.var() <= limits[1]:
        return -np.inf
    return np.corrcoef(a, b)[0, 1]


def maps_of(seed):
    random = np.random.default_rng(seed)
    first, second = random.gamma(0.5, size=(2, 3, N, N)).astype(np.float32)
    second[1, 2:, 1:] = 0.6 * first[1, :-2, :-1] - 0.3  # the same map, moved and scaled
    second *= 1e-4
    first[2, 5:, :] = 0  # silent in most windows
    for maps, missing in ((first, 0.1), (second, 0.2)):
        maps[random.random(maps.shape) < missing] = np.nan
    return first, second


@pytest.fixture(scope="module")
def found():
    return [(maps_of(seed), jax.jit(map_correlation)(*maps_of(seed))) for seed in range(2)]


def test_correlations_agree_with_loops_over_shifts(found):
    lags = range(-MOST, MOST + 1)
    for (first, second), ours in found:
        for unit in range(len(first)):
            expected = np.array(
                [[correlation_at(first[unit], second[unit], x, y) for y in lags] for x in lags]
            )
            assert ours.correlation[unit] == pytest.approx(expected[MOST, MOST], abs=1e-5)
            assert ours.correlation_shifted[unit] == pytest.approx(expected.max(), abs=1e-4)
            dx, dy = np.asarray(ours.shift[unit], int)
            assert expected[dx + MOST, dy + MOST] == pytest.approx(expected.max(), abs=1e-4)


def test_a_moved_map_is_found_at_its_shift(found):
    for _, ours in found:
        assert ours.correlation_shifted[1] == pytest.approx(1, abs=1e-3)
        np.testing.assert_array_equal(ours.shift[1], [2, 1])


def test_maps_that_do_not_vary_have_no_correlation():
    random = np.random.default_rng(0).random((1, N, N)).astype(np.float32)
    for pair in (np.zeros_like(random), np.full_like(random, np.nan)):
        ours = map_correlation(pair, random)
        assert all(np.isnan(value).all() for value in ours)


def test_a_compact_field_is_one_place():
    x, y = np.meshgrid(np.arange(20), np.arange(20), indexing="ij")

    def bump(*centre, width=2.5):
        return np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * width**2))

    two = bump(3, 3) + bump(15, 15)
    weak = bump(3, 3) + 0.3 * bump(15, 15)
    maps = np.stack([bump(4, 16), two, weak, bump(9, 9, width=9), np.full((20, 20), np.nan)])
    maps[0, 10] = np.nan
    np.testing.assert_array_equal(
        has_compact_field(maps.astype(np.float32)), [True, False, True, False, False]
    )
