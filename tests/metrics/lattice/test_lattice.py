"""Lattices of known period, orientation and ellipticity; and maps that hold none."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import lattice as oracle
from scipy.stats import binom

from gridjax.errors import GridjaxError
from gridjax.metrics.lattice.lattice import lattice

BOX = 2.2
SIXTH = np.pi / 3


def ideal(n, lowest, highest, count, seed=0, noise=0.5):
    """Noisy lattices, half of them waves, half Gaussian fields: maps, periods (m), orientations."""
    rng = np.random.default_rng(seed)
    periods, turns = rng.uniform(lowest, highest, count), rng.uniform(0, SIXTH, count)
    kinds = (oracle.ideal_map, oracle.fields_map)
    maps = [
        oracle.noisy(rng, kinds[i % 2](n, BOX, periods[i], turns[i], rng.uniform(-1, 1, 2)), noise)
        for i in range(count)
    ]
    return np.array(maps, np.float32), periods, turns


def apart(a, b):
    """Angles between hexagonal lattices."""
    return np.abs((a - b + SIXTH / 2) % SIXTH - SIXTH / 2)


@pytest.mark.parametrize("n", [20, pytest.param(32, marks=pytest.mark.slow), 44])
@pytest.mark.parametrize(("lowest", "highest"), [(0.3, 0.6), (0.6, 1.0), (1.0, 1.4)])
def test_periods_of_noisy_lattices(n, lowest, highest):
    maps, periods, turns = ideal(n, lowest, highest, 48)
    found = lattice(maps, BOX)
    # power: clean lattices are lattices
    assert (found.p_value < 0.05).mean() >= 0.95
    for period, turn in (
        (found.period_cm, found.orientation_rad),
        (found.period_spectrum_cm, found.orientation_spectrum_rad),
    ):
        error = period / (100 * periods) - 1
        assert np.isfinite(error).mean() >= 0.95
        assert np.nanmedian(np.abs(error)) < 0.03
        # no bias: the published estimator's is 2 to 8 % here
        assert abs(np.nanmedian(error)) < 0.01
        assert np.nanmedian(apart(turn, turns)) < np.deg2rad(1)


def test_the_wave_fit_is_the_least_squares_fit():
    maps, periods, turns = ideal(20, 0.5, 1.3, 8, seed=1)
    maps[::2, 3:7, 5:12] = np.nan
    found = lattice(maps, BOX)
    expected = [
        oracle.fitted_period(rate, period * 20 / BOX, turn)
        for rate, period, turn in zip(maps.astype(float), periods, turns, strict=True)
    ]
    np.testing.assert_allclose(found.period_spectrum_cm, np.array(expected) * BOX * 5, rtol=1e-3)


@pytest.mark.slow
def test_large_maps_are_averaged_over_blocks_of_bins_first():
    maps, periods, _ = ideal(65, 0.4, 1.2, 24, seed=2)
    found = lattice(maps, BOX)
    for period in (found.period_cm, found.period_spectrum_cm):
        assert np.nanmedian(np.abs(period / (100 * periods) - 1)) < 0.03


@pytest.mark.parametrize("stretch", [1.0, 1.15])
def test_ellipticity(stretch):
    rng = np.random.default_rng(4)
    maps = np.array(
        [
            oracle.noisy(
                rng,
                oracle.ideal_map(
                    44, BOX, period, rng.uniform(0, SIXTH), rng.uniform(-1, 1, 2), stretch
                ),
            )
            for period in np.linspace(0.5, 1.0, 16)
        ]
    )
    found = lattice(maps, BOX)
    for ellipticity in (found.ellipticity, found.ellipticity_spectrum):
        assert abs(np.nanmedian(ellipticity) - stretch) < 0.02


def test_unvisited_bins_are_unknown():
    maps, periods, _ = ideal(44, 0.5, 1.2, 16, seed=5)
    maps[np.random.default_rng(0).random(maps.shape) < 0.4] = np.nan
    maps[:, :10, :10] = np.nan
    found = lattice(maps, BOX)
    for period in (found.period_cm, found.period_spectrum_cm):
        assert np.nanmedian(np.abs(period / (100 * periods) - 1)) < 0.03


def other_maps():
    rng = np.random.default_rng(6)
    n, at = 20, rng.uniform(-1, 1, 2)
    x, y = np.mgrid[:n, :n]
    return {
        "square": oracle.ideal_map(n, BOX, 0.6, 0.3, at, folds=2),
        "stripes": oracle.ideal_map(n, BOX, 0.6, 0.3, at, folds=1),
        "one field": np.exp(-((x - 6) ** 2 + (y - 12) ** 2) / 12),
        "ramp": x + 0.5 * y,
        "constant": np.full((n, n), 3.0),
        "dead": np.zeros((n, n)),
        "never visited": np.full((n, n), np.nan),
        "one bin": np.where((x == 4) & (y == 7), 1.0, np.nan),
    }


@pytest.mark.parametrize("kind", other_maps())
def test_no_lattice_to_speak_of(kind):
    found = lattice(other_maps()[kind], BOX)
    assert found.p_value > 0.05
    assert np.isnan([found.period_cm, found.period_spectrum_cm, found.ellipticity]).all()


@pytest.mark.slow
@pytest.mark.parametrize("rectified", [False, True])
@pytest.mark.parametrize("width", [0.5, 1.0, 3.0])
def test_false_positives_on_noise(width, rectified):
    rng = np.random.default_rng(7)
    maps = np.array([oracle.smoothed_noise(rng, 20, width, rectified) for _ in range(400)])
    significant = (lattice(maps, BOX).p_value < 0.05).sum()
    # the test is conservative for wide noise; above the nominal level only chance may take it
    assert significant <= binom.ppf(0.999, 400, 0.05)


@pytest.mark.parametrize("cut", [-0.5, 0.5, 1.0, 1.5])
@pytest.mark.parametrize("waves", [2.5, pytest.param(4.0, marks=pytest.mark.slow)])
def test_false_positives_where_low_rates_are_cut_off(waves, cut):
    """Fields of one wavelength: as strongly coupled as waves can be."""
    rng = np.random.default_rng(8)
    maps = np.maximum(oracle.isotropic_fields(rng, 20, waves, 400) - cut, 0.0)
    p_values = lattice(maps[maps.any((1, 2))], BOX).p_value
    for level, most in ((0.05, 0.08), (0.01, 0.03)):  # without the skewness .1 to .25 at .05
        assert (p_values < level).sum() <= binom.ppf(0.999, 400, most)


@pytest.mark.parametrize("n", [20, 45])
@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_constant_maps_have_no_lattice_at_any_level(n, rate):
    maps = np.full((3, n, n), rate)
    maps[1, :5] = maps[2] = np.nan
    found = lattice(maps, BOX, significance=1.0)
    np.testing.assert_array_equal(found.p_value, 1)
    assert np.isnan(found._replace(p_value=found.period_cm)).all()


def test_a_level_of_one_gives_the_best_fit_whatever_it_is_worth():
    rng = np.random.default_rng(8)
    maps = np.array([oracle.smoothed_noise(rng, 20, 2.0, True) for _ in range(20)])
    assert np.isfinite(lattice(maps, BOX, significance=1.0).period_spectrum_cm).mean() > 0.9


def test_neither_batch_nor_scale_nor_offset_matter():
    maps, *_ = ideal(20, 0.4, 1.2, 5, seed=9)
    alone = lattice(maps[2], BOX)
    among = lattice(np.concatenate([maps] * 40), BOX)
    for a, b in zip(alone, among, strict=True):
        np.testing.assert_array_equal(a, b[102])
    for scale, offset in ((1e-12, 0.0), (1e12, 0.0), (2.0, 5.0)):
        moved = lattice(scale * maps[2].astype(np.float64) + offset, BOX)
        np.testing.assert_allclose(moved, alone, rtol=1e-3, atol=1e-3)


def test_axes_units_and_shapes():
    maps, periods, turns = ideal(20, 0.5, 0.9, 6, seed=10, noise=0.1)
    found = lattice(jnp.asarray(maps).reshape(2, 3, 20, 20), BOX)
    assert isinstance(found.period_cm, jax.Array)
    assert found.period_cm.shape == (2, 3)
    # the first axis is x: a quarter turn of the map turns the lattice by as much
    turned = lattice(np.rot90(maps, axes=(1, 2)), BOX)
    assert apart(turned.orientation_rad, turns + np.pi / 2).max() < np.deg2rad(2)
    mirrored = lattice(np.swapaxes(maps, 1, 2), BOX)
    assert apart(mirrored.orientation_rad, np.pi / 2 - turns).max() < np.deg2rad(2)
    np.testing.assert_allclose(lattice(maps, 2 * BOX).period_cm / (200 * periods), 1, atol=0.03)


@pytest.mark.slow
def test_the_published_period_reads_low_and_ours_does_not(reference):
    expected = reference["period_bins_20"]
    found = [oracle.published_period(rate) for rate in reference["maps_20"]]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    maps, periods, _ = ideal(44, 1.1, 1.4, 16, seed=12, noise=0.1)
    published = np.array([oracle.published_period(rate) for rate in maps]) * BOX / 44 / periods - 1
    assert -0.10 < np.median(published) < -0.02
    assert abs(np.nanmedian(lattice(maps, BOX).period_cm / 100 / periods - 1)) < 0.01


@pytest.mark.parametrize("width", [0.0, -1.0, float("nan"), float("inf"), "a", None, [1.0]])
def test_a_box_needs_a_width(width):
    with pytest.raises(GridjaxError, match="box_width_m"):
        lattice(np.ones((20, 20)), width)


@pytest.mark.parametrize("level", [-0.1, 1.1, float("nan"), "a", None])
def test_a_level_is_a_probability(level):
    with pytest.raises(GridjaxError, match="significance"):
        lattice(np.ones((20, 20)), BOX, significance=level)
