"""Rate maps of recordings against scipy, by hand, and from a cell whose lattice is known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import ratemaps as oracle
from scipy.ndimage import gaussian_filter

from gridjax.errors import GridjaxError
from gridjax.measure.gridscore import grid_score
from gridjax.measure.lattice import lattice
from gridjax.measure.nulls import p_values
from gridjax.measure.recordings import rate_map, shift_scores
from gridjax.measure.visits import visits

BOX = ((-0.5, 0.5), (-0.5, 0.5))


def random_path(rng, seconds, dt=0.05, box=1.0):
    """A smooth random walk in the box, reflected at its walls."""
    n = int(seconds / dt)
    turns = np.cumsum(rng.normal(0, 0.35, n))
    steps = 0.2 * dt * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    folded = np.mod(np.cumsum(steps, axis=0), 2 * box)
    return np.minimum(folded, 2 * box - folded) - box / 2, np.arange(n) * dt


def spikes_from(rng, rates, times):
    dt = times[1] - times[0]
    counts = rng.poisson(rates * dt)
    return np.sort(np.repeat(times, counts) + rng.uniform(0, dt, counts.sum()))


def test_activity_maps_are_scipys():
    rng = np.random.default_rng(0)
    positions, activity = rng.uniform(-0.5, 0.5, (900, 2)), rng.normal(size=(900, 3))
    positions[(positions > 0.25).all(axis=1)] *= -1
    found = rate_map(jnp.asarray(positions), activity=activity, n_bins=12, extent_m=BOX)
    expected, counts = oracle.rate_maps(np.asarray(positions, np.float32), activity, 12, 1.0, 1.0)
    np.testing.assert_allclose(found.maps, expected, rtol=1e-12)
    np.testing.assert_array_equal(found.occupancy, counts)
    assert np.isnan(found.maps).any()


def test_spikes_by_hand():
    positions = np.array([[0.1, 0.1], [0.1, 0.1], [0.3, 0.1], [0.3, 0.3]])
    found = rate_map(
        positions,
        times_s=[0.0, 0.5, 1.0, 1.5],
        spikes=[[0.1, 0.6, 0.7, 1.2], [], [2.0]],
        n_bins=2,
        extent_m=((0, 0.4), (0, 0.4)),
        smoothing_cm=0,
        min_speed_cm_s=0,
    )
    np.testing.assert_allclose(found.occupancy, [[1.0, 0], [0.5, 0.5]])
    np.testing.assert_allclose(found.maps[0], [[3.0, np.nan], [2.0, 0.0]])
    np.testing.assert_allclose(found.maps[1:], [[[0, np.nan], [0, 0]], [[0, np.nan], [0, 2]]])
    assert found.arena.width_m == pytest.approx(0.4)


def test_smoothing_is_scipys_of_counts_and_time_apart():
    rng = np.random.default_rng(1)
    path, times = random_path(rng, 120)
    train = np.sort(rng.uniform(0, 119, 300))
    rough, smooth = (
        rate_map(
            path,
            times_s=times,
            spikes=[train],
            n_bins=20,
            extent_m=BOX,
            smoothing_cm=width,
            min_speed_cm_s=0,
        )
        for width in (0, 5)
    )
    spent = rough.occupancy
    counts = np.nan_to_num(rough.maps[0]) * spent
    # 5 cm are a bin
    apart = [gaussian_filter(part, 1.0, mode="constant", truncate=4) for part in (counts, spent)]
    expected = np.where(spent > 0, apart[0] / apart[1], np.nan)
    np.testing.assert_allclose(smooth.maps[0], expected, rtol=1e-9, atol=1e-12)
    assert np.isnan(smooth.maps).any()


def test_slow_samples_gaps_and_lost_positions_do_not_count():
    times = np.concatenate([np.arange(0, 10, 0.1), np.arange(20, 30, 0.1)])
    x = np.where(times < 5, 0.1, np.where(times < 20, (times - 5) * 0.05 + 0.1, 0.5))
    path = np.stack([x, np.linspace(0, 0.6, len(times)) * 1e-3], axis=1)
    path[60:65] = np.nan
    seen = visits(path, times, n_bins=4, min_speed_cm_s=2.5, extent_m=((0, 0.6), (0, 0.6)))
    counted = seen.bins < 16
    assert not counted[:45].any()
    assert counted[52:60].all()
    assert not counted[60:65].any()
    assert seen.durations.max() == pytest.approx(0.5)


def test_the_arena_is_inferred_square_and_in_the_units_given():
    rng = np.random.default_rng(2)
    positions = rng.uniform((10, 20), (130, 79.9), (4000, 2))
    positions[:2] = (10, 20), (130, 79.9)
    found = rate_map(positions, activity=np.ones((4000, 1)), units="cm", bin_cm=5)
    assert found.maps.shape == (1, 24, 24)
    np.testing.assert_allclose(found.arena.low_m, (0.10, -0.1005), atol=1e-9)
    # 1.2 by 0.6 m: a quarter of the square on either side was never visited
    assert np.isnan(found.maps[0, :, :6]).all()
    assert np.isnan(found.maps[0, :, 18:]).all()
    assert np.isfinite(found.maps[0, :, 6:18]).mean() > 0.99
    assert found.occupancy.sum() == 4000


def test_a_grid_cell_is_recovered_and_its_shuffles_are_not():
    rng = np.random.default_rng(3)
    period, turn = 0.45, 0.3
    path, times = random_path(rng, 900)
    k = 4 * np.pi / np.sqrt(3) / period
    waves = sum(
        np.cos(k * (path @ (np.cos(a), np.sin(a))))
        for a in turn + np.pi / 6 + np.arange(3) * np.pi / 3
    )
    train = spikes_from(rng, 4 * np.maximum(waves, 0), times)
    found = rate_map(path, times_s=times, spikes=[train], n_bins=20, extent_m=BOX)
    measured = lattice(found.maps[0], found.arena.width_m)
    assert measured.period_spectrum_cm == pytest.approx(45, rel=0.03)
    assert measured.orientation_spectrum_rad == pytest.approx(turn, abs=0.05)

    seen = visits(path, times, n_bins=20, min_speed_cm_s=2.5, extent_m=BOX)

    def score(maps):
        return grid_score(maps).score_60

    observed = score(found.maps[0])
    shuffled = shift_scores(jax.random.key(0), seen, train, 59, score)
    assert shuffled.shape == (59,)
    assert p_values(observed, shuffled) < 0.05
    assert observed > shuffled.max() + 0.2


PATH = np.random.default_rng(4).uniform(0, 1, (50, 2))
TIMES = np.arange(50) * 0.1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "spikes or activity"),
        ({"spikes": [[1.0]], "activity": np.ones((50, 1))}, "spikes or activity"),
        ({"spikes": [[1.0]]}, "times"),
        ({"spikes": [[1.0, 77.0]], "times_s": TIMES}, "unit 0: 1 of 2 spikes.* 77 s"),
        ({"spikes": [["a"]], "times_s": TIMES}, "spikes of unit 0"),
        ({"spikes": [[1.0]], "times_s": TIMES[::-1]}, "do not increase: sample 1"),
        ({"spikes": [[1.0]], "times_s": TIMES[:9]}, "9 times for 50"),
        ({"activity": np.ones((49, 1))}, "49 samples"),
        ({"activity": np.ones(50)}, "activity"),
        ({"activity": np.ones((50, 1), complex)}, "complex"),
        ({"activity": np.ones((50, 1)), "units": "inch"}, "inch"),
        ({"activity": np.ones((50, 1)), "units": "cm"}, "0.0"),
        ({"activity": np.ones((50, 1)), "bin_cm": 0}, "bin_cm is 0"),
        ({"activity": np.ones((50, 1)), "n_bins": 0}, "n_bins is 0"),
        ({"activity": np.ones((50, 1)), "min_speed_cm_s": 2.0}, "speed filter needs times"),
    ],
)
def test_bad_input_is_refused(given, words):
    with pytest.raises(GridjaxError, match=words):
        rate_map(PATH, **given)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (np.ones((0, 2)), r"\(0, 2\)"),
        (np.ones((5, 3)), r"\(5, 3\)"),
        (np.full((5, 2), np.nan), "no position"),
        (100 * PATH, "'m' or 'cm'"),
        ([["x", "y"]], "positions"),
    ],
)
def test_bad_positions_are_refused(path, words):
    with pytest.raises(GridjaxError, match=words):
        rate_map(path, activity=np.ones((len(path), 1)))
