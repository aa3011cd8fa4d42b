"""Autocorrelograms against the direct loop over lags, on maps that punish careless arithmetic."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import gridscore as oracle
from oracles.hard_maps import maps_of_many_kinds, with_holes

from gridjax.metrics.gridscore import dft_correlation, fft_correlation
from gridjax.metrics.gridscore.autocorrelogram import autocorrelogram

# float32 results near 1 resolve 6e-8; the transforms may blur up to 5e-6 of it.
TOLERANCE = 1e-5


def test_masked_equals_the_loop_over_lags():
    maps = with_holes(maps_of_many_kinds(13))
    expected = np.stack([oracle.masked_autocorrelogram(one) for one in maps])
    np.testing.assert_allclose(autocorrelogram(maps, nan="mask"), expected, atol=TOLERANCE)
    assert np.ptp(expected, axis=(1, 2)).min() > 0.5  # none of them is trivial


@pytest.mark.parametrize("nan", ["mask", "zero"])
def test_finite_maps_equal_the_published_autocorrelogram(nan):
    maps = maps_of_many_kinds(13)
    expected = np.stack([oracle.published_autocorrelogram(one) for one in maps])
    np.testing.assert_allclose(autocorrelogram(maps, nan=nan), expected, atol=TOLERANCE)


def test_zero_counts_unvisited_bins_as_rate_0():
    maps = with_holes(maps_of_many_kinds(13))
    filled = np.nan_to_num(maps)
    np.testing.assert_array_equal(
        autocorrelogram(maps, nan="zero"), autocorrelogram(filled, nan="zero")
    )
    assert np.abs(autocorrelogram(maps, "zero") - autocorrelogram(maps, "mask")).max() > 0.1


@pytest.mark.parametrize("n", [20, pytest.param(32, marks=pytest.mark.slow), 44])
def test_published_reference(reference, n):
    expected = reference[f"sac_first4_{n}"]
    actual = autocorrelogram(reference[f"maps_{n}"][:4], nan="zero")
    np.testing.assert_allclose(actual, expected, atol=TOLERANCE)


def test_lags_of_too_few_visited_pairs_are_0():
    rate = np.random.default_rng(3).normal(size=(13, 13))
    rate[:, 5:] = np.nan
    expected = oracle.masked_autocorrelogram(rate)
    actual = autocorrelogram(rate)
    np.testing.assert_allclose(actual, expected, atol=TOLERANCE)
    lags = np.abs(np.arange(-12, 13))
    pairs = np.clip(13 - lags, 0, None)[:, None] * np.clip(5 - lags, 0, None)
    offered = np.outer(13 - lags, 13 - lags)
    too_few = pairs < np.minimum(20, offered / 2)
    assert np.all(actual[too_few] == 0)
    assert np.all(actual[~too_few & (pairs > 2)] != 0)


def test_point_symmetric_with_1_in_the_middle():
    sac = autocorrelogram(with_holes(maps_of_many_kinds(13)))
    np.testing.assert_array_equal(sac, sac[:, ::-1, ::-1])
    np.testing.assert_allclose(sac[:, 12, 12], 1.0, atol=1e-6)


@pytest.mark.slow
def test_large_maps_equal_pearson_at_single_lags():
    n = 256
    rng = np.random.default_rng(0)
    maps = with_holes(np.stack([rng.normal(size=(n, n)), maps_of_many_kinds(n)[1]]))
    sac = autocorrelogram(maps)
    for rate, one in zip(maps, sac, strict=True):
        for dx, dy in [(0, 1), (3, 200), (100, 17), (250, 2), (120, 120)]:
            a, b = rate[: n - dx, : n - dy], rate[dx:, dy:]
            both = np.isfinite(a) & np.isfinite(b)
            assert one[n - 1 + dx, n - 1 + dy] == pytest.approx(
                np.corrcoef(a[both], b[both])[0, 1], abs=TOLERANCE
            )


@pytest.mark.parametrize("at_once", [dft_correlation.AT_ONCE, 2 * 81])
def test_direct_sums_equal_a_loop(monkeypatch, at_once):
    monkeypatch.setattr(dft_correlation, "AT_ONCE", at_once)
    rng = np.random.default_rng(5)
    f, g = rng.normal(size=(2, 9, 9))
    with jax.enable_x64(True):
        plus, minus = dft_correlation.direct(jnp.asarray(f.T), jnp.asarray(g.T))
    for dx in range(9):
        for dy in range(9):
            expected = np.sum(f[: 9 - dx, : 9 - dy] * g[dx:, dy:])
            assert plus[dx, dy, 0] == pytest.approx(expected, abs=1e-12)
            expected = np.sum(f[: 9 - dx, dy:] * g[dx:, : 9 - dy])
            assert minus[dx, dy, 0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("nan", ["mask", "zero"])
def test_fast_transforms_and_products_give_the_same(monkeypatch, nan):
    maps = with_holes(maps_of_many_kinds(13))
    expected = autocorrelogram(maps, nan)
    assert dft_correlation.basis(13).forward is not None
    monkeypatch.setattr(fft_correlation, "FFT_FROM", {"cpu": 13})
    dft_correlation.basis.cache_clear()
    assert dft_correlation.basis(13).forward is None
    found = autocorrelogram(maps, nan)
    dft_correlation.basis.cache_clear()
    np.testing.assert_allclose(found, expected, atol=TOLERANCE)


def test_fast_transforms_are_in_use_for_large_maps_on_a_cpu_alone():
    use = {n: fft_correlation.is_faster(n, "cpu") for n in (20, 44, 64, 128, 160, 256)}
    assert use == {20: False, 44: False, 64: False, 128: False, 160: True, 256: True}
    assert not fft_correlation.is_faster(256, "gpu")
    assert dft_correlation.basis(256).forward is None
    assert dft_correlation.basis(256, platform="gpu").forward is not None
