"""The isotropic null of a volume: its spectrum, its values and how often it errs."""

import numpy as np
import pytest

import gridjax as gj
from benchmarks.volume_maps import narrow_band_fields
from gridjax.metrics.volume import isotropic_volumes, spectrum
from gridjax.metrics.volume.grid_score_3d import _p_of_low
from gridjax.metrics.volume.null_measures import _ring_power
from gridjax.metrics.volume.volumes import standardised

RECTIFICATIONS = (-np.inf, 0.0, 1.0)


def null_of(volumes):
    """The power of each volume, and fields [map, draw, n, n, n] of its null."""
    n = volumes.values.shape[-1]
    power = _ring_power(volumes.values, spectrum.rings(n))
    parts = isotropic_volumes.components(n, 5, 0)
    amplitude = isotropic_volumes.fitted_amplitudes(power, volumes, parts)
    mixtures = np.asarray(isotropic_volumes.mixtures(amplitude, parts))
    fields = [
        isotropic_volumes.by_rank(one.reshape(-1, n, n, n), *rest)
        for one, *rest in zip(mixtures, volumes.values, volumes.known, strict=True)
    ]
    return np.asarray(power), fields


@pytest.mark.slow
@pytest.mark.parametrize("least", RECTIFICATIONS)
def test_fields_of_the_null_have_the_values_and_the_radial_spectrum_of_the_map(least):
    """Rates of a narrow band of waves, of any sign or rectified; a part of the box is unknown."""
    maps = narrow_band_fields(14, 2.5, 0.4, least, np.random.default_rng(3))
    maps[1::2, :, 11:] = np.nan
    volumes = standardised(maps)
    power, fields = null_of(volumes)
    errors = []
    for index, drawn in enumerate(fields):
        values, known = volumes.values[index], volumes.known[index]
        assert (drawn[:, ~known] == 0).all()
        ranked = np.sort(drawn[:, known], axis=1)
        np.testing.assert_array_equal(ranked, np.sort(values[known])[None].repeat(len(drawn), 0))
        mean = np.asarray(spectrum.ring_power(drawn, spectrum.rings(14))).mean(axis=0)
        errors.append((mean - power[index]) / power[index].max())
    # long waves of rectified maps are harmonics alone, which the null has at their mean: with some
    # three independent waves in ring 2 the mean over eight maps has an error of 0.15 or less
    assert np.abs(np.mean(errors, axis=0)).max() < 0.15


def test_lags_of_the_same_distances_have_the_same_correlation():
    """24 bins: frequencies times their number are not all whole numbers there."""
    n, ring, rng = 24, 16, np.random.default_rng(2)
    table, rings, side = isotropic_volumes.lags(n), spectrum.rings(n), 2 * n
    power = isotropic_volumes._ring_weight(rings.low, rings.share, ring)
    field = np.fft.irfftn(power.reshape(side, side, n + 1), (side,) * 3, (0, 1, 2))
    classes = table.of.reshape(side, side, side)
    lags = [tuple(lag) for lag in rng.integers(1 - n, n, (200, 3))]
    found = [table.correlation[ring, classes[lag]] for lag in lags]
    np.testing.assert_allclose(found, [field[lag] / field[0, 0, 0] for lag in lags], atol=1e-6)


@pytest.mark.bits  # without the compiler's optimizations the score takes twice as long
def test_rectified_random_fields_have_no_local_order():
    """Their fields lie where they were before; with a Gaussian null all eight are called local."""
    maps = narrow_band_fields(16, 3.5, 0.5, 1.0, np.random.default_rng(1))
    found = gj.grid_score_3d(maps)
    assert (found.lattice == "local").sum() <= 1
    assert np.median(found.spacing_p_value) > 0.1


def test_random_fields_with_too_few_fields_count_as_even():
    """As in p_values, a missing null score counts as at least as extreme."""
    values = np.array([[1.0, 2.0, np.nan, 0.5, 3.0], [np.nan, 1.0, 1.0, 1.0, 1.0]])
    np.testing.assert_allclose(_p_of_low(values), [3 / 5, np.nan])
