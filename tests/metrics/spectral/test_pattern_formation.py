"""Pattern dynamics: its covariance and fixed points, and what non-negative rates select."""

import numpy as np
import pytest
from oracles import turing as oracle

from gridjax.errors import GridjaxError
from gridjax.metrics.gridscore.grid_score import grid_score
from gridjax.metrics.lattice.lattice import lattice
from gridjax.metrics.spectral import pattern_formation, turing

SIGMA, SIDE, N = 0.08, 2.2, 24


def dos(k):
    return turing.surround_power(k, SIGMA, 2.0)


def gaussian(k):
    return turing.gaussian_power(k, SIGMA)


@pytest.fixture(scope="module")
def wrapped():
    return oracle.wrapped_covariance(N, SIDE, dos)


@pytest.fixture(scope="module")
def hexagons(wrapped):
    return pattern_formation.grow(wrapped, 32, 500, seed=3)


def test_the_covariance_is_that_of_the_definition():
    rng = np.random.default_rng(0)
    code = rng.gamma(1.0, 1e-9, size=(9, 30)) * (1 + np.arange(9))[:, None]
    centred = code - code.mean(axis=0)
    plain = pattern_formation.covariance(code, equal_variance=False)
    np.testing.assert_allclose(plain * code.max() ** 2, centred @ centred.T, rtol=1e-10, atol=1e-30)
    even = pattern_formation.covariance(code)
    np.testing.assert_allclose(np.diag(even), 1)
    deviation = np.sqrt(np.diag(plain))
    np.testing.assert_allclose(even, plain / np.outer(deviation, deviation), atol=1e-12)


def test_waves_of_a_box_that_wraps_around_have_the_power_given(wrapped):
    """Every wave is an eigenvector, its eigenvalue the power at its wavenumber."""
    x = np.arange(N) / N
    shares = []
    for mode in ((1, 0), (3, 2), (4, -1)):
        wave = np.cos(2 * np.pi * (mode[0] * x[:, None] + mode[1] * x) + 0.3).ravel()
        grown = wrapped @ wave
        shares.append(grown @ wave / (wave @ wave) / dos(2 * np.pi * np.hypot(*mode) / SIDE))
        np.testing.assert_allclose(grown, wave * (grown @ wave) / (wave @ wave), atol=1e-8)
    assert shares == pytest.approx([shares[0]] * 3)
    np.testing.assert_allclose(np.diag(wrapped), 1)
    np.testing.assert_allclose(wrapped.sum(axis=1), 0, atol=1e-10)


def test_linear_growth_ends_in_the_strongest_eigenvector():
    rng = np.random.default_rng(1)
    code = rng.normal(size=(64, 9)) * np.arange(1, 10)
    sigma = pattern_formation.covariance(code, equal_variance=False)
    strongest = np.linalg.eigh(sigma)[1][:, -1]
    found = pattern_formation.grow(sigma, 5, 2000, nonnegative=False).reshape(5, -1)
    np.testing.assert_allclose(np.abs(found @ strongest), 1, atol=1e-4)


def test_nonnegative_growth_ends_where_projection_changes_nothing(wrapped):
    found = pattern_formation.grow(wrapped, 8, 2000, seed=2).reshape(8, -1)
    assert (found >= 0).all()
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    driven = np.maximum(found @ wrapped, 0)
    driven /= np.linalg.norm(driven, axis=1, keepdims=True)
    assert np.abs((driven * found).sum(axis=1) - 1).max() < 0.01


def test_a_seed_decides_the_patterns(wrapped):
    one, same, other = (pattern_formation.grow(wrapped, 3, 20, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0.01


def test_nonnegative_rates_on_dos_grow_hexagons_of_the_period_of_theory(hexagons):
    scores = np.asarray(grid_score(hexagons).score_60)
    assert (scores > 0.8).mean() > 0.75
    periods = np.asarray(lattice(hexagons, SIDE).period_cm)
    expected = 100 * turing.hexagonal_period(turing.dos_wavenumber(SIGMA, 2.0))
    assert np.isfinite(periods).mean() > 0.5
    # modes of the box are discrete: a wave is up to 4 % from k* here
    assert np.nanmedian(periods) == pytest.approx(expected, rel=0.04)


def test_linear_growth_on_dos_grows_waves_of_that_length_but_few_hexagons(wrapped, hexagons):
    from gridjax.metrics.spectral.radial_spectrum import peak_cycles, radial_power

    linear = pattern_formation.grow(wrapped, 32, 500, nonnegative=False, seed=3)
    expected = turing.cycles_per_box(turing.dos_wavenumber(SIGMA, 2.0), SIDE)
    assert np.median(peak_cycles(radial_power(linear, SIDE))) == pytest.approx(expected, rel=0.06)
    scores = np.asarray(grid_score(linear).score_60)
    assert (scores > 0.8).mean() < 0.2


def test_gaussian_codes_grow_no_lattice_and_their_lowest_mode_wins():
    sigma = oracle.wrapped_covariance(N, SIDE, gaussian)
    rates = pattern_formation.grow(sigma, 16, 500, seed=4)
    assert np.asarray(grid_score(rates).score_60).max() < 0.3
    assert np.isnan(np.asarray(lattice(rates, SIDE).period_cm)).all()
    linear = pattern_formation.grow(sigma, 16, 2500, nonnegative=False, seed=4)
    power = np.abs(np.fft.fft2(linear)) ** 2
    lowest = power[:, [0, 0, 1, -1], [1, -1, 0, 0]].sum(axis=1)
    assert (lowest / power.sum(axis=(1, 2)) > 0.95).all()


def test_what_is_no_covariance_of_a_square_is_refused():
    with pytest.raises(GridjaxError, match="shape"):
        pattern_formation.grow(np.eye(5))
    with pytest.raises(GridjaxError, match="does not vary"):
        pattern_formation.covariance(np.ones((9, 4)))
    with pytest.raises(GridjaxError, match="not finite"):
        pattern_formation.covariance(np.full((9, 4), np.nan))
