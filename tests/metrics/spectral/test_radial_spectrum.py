"""Radial spectra against sums over every wave vector, and on maps whose spectrum is known."""

import numpy as np
import pytest
from oracles import turing as oracle

from gridjax.errors import GridjaxError
from gridjax.metrics.spectral import radial_spectrum
from gridjax.metrics.spectral.radial_spectrum import (
    mean_power,
    peak_cycles,
    peak_wavenumber,
    radial_power,
    spectral_period,
)


def relu_maps(rng, n_maps, n):
    """Sparse maps: silent over most of the box."""
    waves = [
        oracle.plane_wave(n, rng.uniform(1, 5), *rng.uniform(0, 2 * np.pi, 2))
        for _ in range(6 * n_maps)
    ]
    return np.maximum(np.array(waves).reshape(n_maps, 6, n, n).sum(axis=1) - 1.5, 0)


def test_power_is_the_sum_over_wave_vectors():
    rng = np.random.default_rng(2)
    maps = relu_maps(rng, 3, 17)
    maps[1, rng.random((17, 17)) < 0.2] = np.nan
    found = radial_power(maps, 1.3, most_cycles=4.0)
    assert found.power.shape == (3, 17)
    for rate, power in zip(maps, found.power, strict=True):
        wanted = oracle.slow_radial_power(rate, radial_spectrum.STEP, 17)
        np.testing.assert_allclose(power, wanted, atol=2e-6 * wanted.max())
    np.testing.assert_allclose(found.wavenumber, 2 * np.pi * found.cycles / 1.3)


@pytest.mark.parametrize("cycles", [2.0, 2.8, 3.5, 6.1])
def test_a_plane_wave_peaks_at_its_wavenumber(cycles):
    rng = np.random.default_rng(3)
    maps = np.array(
        [oracle.plane_wave(44, cycles, *rng.uniform(0, 2 * np.pi, 2)) for _ in range(60)]
    )
    found = peak_cycles(radial_power(maps, 2.2))
    assert found.shape == (60,)
    # What the docstring says of averages over directions, and single waves' interference.
    assert found.mean() == pytest.approx(cycles - 0.04 * 2 / cycles, abs=0.02)
    np.testing.assert_allclose(found, cycles, atol=0.13)
    tapered = peak_cycles(radial_power(maps, 2.2, "hann"))
    np.testing.assert_allclose(tapered, cycles, atol=0.2)
    wavenumbers = peak_wavenumber(radial_power(maps, 2.2))
    np.testing.assert_allclose(wavenumbers, 2 * np.pi * found / 2.2)


def test_the_integral_over_all_waves_is_1_and_noise_is_white():
    rng = np.random.default_rng(4)
    maps = rng.normal(size=(200, 24, 24))
    found = radial_power(maps, 1.0, most_cycles=12.0)
    white = found.power.mean(axis=0)[8:] * 24**2
    # From two cycles on a ring has 6 independent waves or more, of 200 maps: 3 %; three times that.
    np.testing.assert_allclose(white, 1, atol=0.1)
    wave = radial_power(oracle.plane_wave(24, 3.0, 0.4, 0.1), 1.0, most_cycles=12.0)
    whole = (wave.power * 2 * np.pi * wave.cycles).sum() * radial_spectrum.STEP
    assert whole == pytest.approx(1, abs=0.02)


def test_a_taper_keeps_long_waves_out_of_short_ones():
    long_wave = oracle.plane_wave(44, 1.3, 0.0, 0.7)
    far = [radial_power(long_wave, 1.0, window).power[32:].mean() for window in ("none", "hann")]
    assert far[1] < 0.02 * far[0]


def test_neither_scale_nor_offset_nor_batch_nor_bins_matter():
    rng = np.random.default_rng(5)
    maps = relu_maps(rng, 130, 20)
    power = radial_power(maps, 2.2).power
    np.testing.assert_allclose(radial_power(3e150 * maps, 2.2).power, power, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(radial_power(maps + 7.0, 2.2).power, power, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(radial_power(maps[129], 2.2).power, power[129], rtol=1e-4, atol=1e-7)
    assert radial_power(maps.reshape(2, 65, 20, 20), 2.2).power.shape == (2, 65, len(power[0]))
    coarse, fine = (radial_power(oracle.plane_wave(n, 2.3, 1.0, 0.4), 2.2) for n in (26, 104))
    np.testing.assert_array_equal(coarse.cycles, fine.cycles)
    assert peak_cycles(coarse) == pytest.approx(peak_cycles(fine), abs=5e-3)


def test_maps_without_variance_have_no_spectrum():
    maps = np.zeros((3, 12, 12))
    maps[1] = 0.1  # no float has it exactly
    maps[2] = np.nan
    found = radial_power(maps, 1.0)
    assert np.isnan(found.power).all()
    assert np.isnan(peak_cycles(found)).all()
    assert radial_power(maps[:0], 1.0).power.shape == (0, len(found.cycles))


def test_the_mean_power_is_over_the_maps_that_vary():
    maps = np.random.default_rng(0).random((3, 12, 12))
    both = radial_power(maps[:2], 1.0)
    flat = radial_power(np.stack([maps[0], np.ones((12, 12)), maps[1]]), 1.0)
    np.testing.assert_allclose(mean_power(flat), both.power.mean(axis=0), rtol=1e-6)
    assert np.isnan(mean_power(radial_power(np.ones((2, 12, 12)), 1.0))).all()


def test_the_mean_and_its_leak_are_no_peak():
    power = np.array([9.0, 8.0, 1.0, 2.0, 1.5, 0.5])
    rings = radial_spectrum.RadialPower(np.arange(6) / 4, np.arange(6.0), power)
    # The parabola through 1, 2, 1.5: vertex a sixth of a ring beyond its middle
    assert peak_cycles(rings) == pytest.approx((3 + 1 / 6) / 4)
    falling = rings._replace(power=power[0] - np.arange(6.0))
    assert peak_cycles(falling) == 0.5


def test_bad_arguments_are_refused():
    maps = np.ones((12, 12))
    for call, said in (
        (lambda: radial_power(maps, 0.0), "box_width_m"),
        (lambda: radial_power(maps, 1.0, "box"), "window"),  # type: ignore[arg-type]
        (lambda: radial_power(maps, 1.0, most_cycles=7.0), "most_cycles"),
        (lambda: radial_power(maps[:4], 1.0), "shape"),
    ):
        with pytest.raises(GridjaxError, match=said):
            call()


def test_the_spectral_period_is_that_of_the_hexagonal_lattice_of_the_peak():
    box_m, period_m, n = 2.2, 0.5, 64
    x = np.stack(np.meshgrid(*2 * [(np.arange(n) + 0.5) / n * box_m], indexing="ij"))
    angles = np.deg2rad([10, 70, 130])
    waves = 4 * np.pi / (np.sqrt(3) * period_m) * np.c_[np.cos(angles), np.sin(angles)]
    lattice = np.cos(np.einsum("wd,dxy->wxy", waves, x)).sum(axis=0)
    ramp = x[0]
    found = spectral_period(radial_power(np.stack([lattice, ramp, np.ones((n, n))]), box_m))
    assert found[0] == pytest.approx(period_m, rel=0.02)
    assert np.isnan(found[1:]).all()  # most power at the longest waves; no power at all
