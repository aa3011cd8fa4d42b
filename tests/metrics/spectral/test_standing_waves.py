"""Power of a box's standing waves: of one wave, and of the waves of a mixture."""

import numpy as np
import pytest

from gridjax.metrics.spectral.standing_waves import standing_waves


def wave(m, n, n_bins=64):
    x = np.pi * (np.arange(n_bins) + 0.5) / n_bins
    return np.cos(m * x)[:, None] * np.cos(n * x)


def test_one_standing_wave_has_all_power_at_its_frequency():
    found = standing_waves(wave(3, 4)[None] + 5.0, 1.6)
    assert found.frequency[found.power.argmax()] == pytest.approx(5 / 3.2)
    assert np.sort(found.power)[-2] < 1e-9 * found.power.max()
    assert found.ring_frequency[found.ring_power.argmax()] == pytest.approx(5 / 3.2, abs=0.5 / 3.2)
    assert found.ring_power.max() == 1


def test_power_is_a_mean_over_maps_and_over_the_modes_of_a_ring():
    found = standing_waves(np.stack([wave(0, 2), 2 * wave(0, 2)]), 1.0)
    alone = standing_waves(wave(0, 2)[None], 1.0)
    np.testing.assert_allclose(found.power, alone.power, atol=1e-12)
    modes = np.round(alone.frequency * 2).astype(int)
    assert alone.ring_power[1] / alone.power.max() == pytest.approx(1 / np.sum(modes == 2))
