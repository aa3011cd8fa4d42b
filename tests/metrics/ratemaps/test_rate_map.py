"""Rate maps of recordings against scipy, by hand, and from a cell whose lattice is known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import ratemaps as oracle
from scipy.ndimage import gaussian_filter
from scipy.stats import binom

from gridjax.errors import GridjaxError
from gridjax.metrics.gridscore.grid_score import grid_score
from gridjax.metrics.lattice.lattice import lattice
from gridjax.metrics.nulls.chance_scores import p_values
from gridjax.metrics.ratemaps.occupancy import visits
from gridjax.metrics.ratemaps.rate_map import rate_map, smoothed_rates, spike_counts
from gridjax.metrics.ratemaps.time_shifts import shift_scores

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
    np.testing.assert_allclose(seen.durations, 0.1)
    np.testing.assert_allclose(seen.tracked.gaps_s, 10.0)


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


@pytest.mark.slow
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


def shift_p_values(rate, count, draws=39):
    """p-values of cells that fire along one path at a rate of its positions, and their scores."""
    rng = np.random.default_rng(5)
    path, times = random_path(rng, 300, box=1.0)
    seen = visits(path, times, n_bins=16, min_speed_cm_s=2.5, extent_m=BOX)

    def score(maps):
        return grid_score(maps).score_60

    p = []
    for cell in range(count):
        train = spikes_from(rng, rate(rng, path), times)
        observed = score(smoothed_rates(seen, spike_counts(seen, [train]), 4.0).maps[0])
        p.append(p_values(observed, shift_scores(jax.random.key(cell), seen, train, draws, score)))
    return np.array(p)


@pytest.mark.slow
def test_time_shifts_find_nothing_in_cells_that_fire_anywhere():
    count = 60
    p = shift_p_values(lambda rng, path: np.full(len(path), 3.0), count)
    for level in (0.05, 0.5):
        low, high = binom.ppf([0.0005, 0.9995], count, level)
        assert low <= (p <= level).sum() <= high


@pytest.mark.slow
def test_time_shifts_find_clean_lattices_with_39_draws():
    def rate(rng, path):
        turn, k = rng.uniform(0, np.pi / 3), 4 * np.pi / np.sqrt(3) / rng.uniform(0.3, 0.5)
        angles = turn + np.arange(3) * np.pi / 3
        waves = np.cos(k * (path - rng.uniform(size=2)) @ [np.cos(angles), np.sin(angles)])
        return 10 * np.maximum(waves.sum(axis=1), 0)

    assert (shift_p_values(rate, 40) < 0.05).mean() >= 0.95


PATH = np.random.default_rng(4).uniform(0, 1, (50, 2))
TIMES = np.arange(50) * 0.1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "spikes or activity"),
        ({"spikes": [[1.0]], "activity": np.ones((50, 1))}, "spikes or activity"),
        ({"spikes": [[1.0]]}, "times"),
        ({"spikes": [[1.0, 77.0, 78.0]], "times_s": TIMES}, "unit 0: 2 of 3 spikes.* 77 s"),
        ({"spikes": [["a"]], "times_s": TIMES}, "spikes of unit 0"),
        ({"spikes": [[1.0]], "times_s": TIMES[::-1]}, "do not increase: sample 1"),
        ({"spikes": [[1.0]], "times_s": TIMES[:9]}, "9 times for 50"),
        ({"activity": np.ones((49, 1))}, "49 samples"),
        ({"activity": np.ones(50)}, "activity"),
        ({"activity": np.ones((50, 1), complex)}, "complex"),
        ({"activity": np.ones((50, 1)), "units": "inch"}, "inch"),
        ({"activity": np.ones((50, 1)), "units": "cm"}, "0.0"),
        ({"activity": np.ones((50, 1)), "min_speed_cm_s": 2.0}, "speed filter needs times"),
        ({"activity": np.full((50, 2), np.nan)}, "unit 0 at sample 0 is nan, one of 100 values"),
        ({"activity": np.full((50, 1), 1e300)}, "is 1e\\+300"),
        ({"spikes": 3, "times_s": TIMES}, "spikes are 3"),
        ({"spikes": "ab", "times_s": TIMES}, "spikes are of type str"),
        ({"spikes": {"a": [1.0]}, "times_s": TIMES}, "spikes are of type dict"),
        ({"spikes": [1.0, 2.0], "times_s": TIMES}, "a single number, 1.0"),
        ({"spikes": [[1.0]], "times_s": TIMES + 1e12}, "sample 0 is at 1e\\+12 s"),
        ({"spikes": [[1.0]], "times_s": np.append(TIMES[:-1], np.inf)}, "sample 49 is at inf s"),
        ({"spikes": [[1.0]], "times_s": TIMES * 1e6}, "no sample is as fast as 2.5 cm/s"),
    ],
)
def test_bad_input_is_refused(given, words):
    with pytest.raises(GridjaxError, match=words):
        rate_map(PATH, **given)


@pytest.mark.parametrize(
    ("name", "values"),
    {
        "bin_cm": (0, -1, np.nan, np.inf, "a", None, [2.5], 1e-3),
        "n_bins": (0, -3, 20.5, np.nan, "a", [20], 10**6),
        "smoothing_cm": (-1, np.nan, np.inf, "a", [4]),
        "min_speed_cm_s": (-1, np.nan, np.inf, "a", [2]),
        "extent_m": (
            "ab", 3, (0, 1), ((0, 1), (0, np.nan)), ((1, 0), (0, 1)), ((0, 1), (0, 0)),
            ((0, 0.1), (0, 0.1)), ((0, 99), (0, 99)), ((5, 6), (5, 6)), ((0, 1, 2), (0, 1, 2)),
        ),
        "units": ("inch", None, 3, ["m"]),
    }.items(),
)  # fmt: skip
def test_every_argument_says_its_name(name, values):
    for value in values:
        with pytest.raises(GridjaxError, match="bins of" if value == 1e-3 else name) as caught:
            rate_map(PATH, spikes=[[1.0]], times_s=TIMES, **{name: value})
        (problem,) = caught.value.problems
        assert problem.fix


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.complex_numbers(), st.text(max_size=3),
    st.binary(max_size=3), st.lists(st.floats(), max_size=3), st.dictionaries(st.text(), st.none()),
    st.lists(st.lists(st.floats(), min_size=2, max_size=2), min_size=50, max_size=50),
    st.lists(st.floats(), min_size=50, max_size=50).map(np.sort),
    st.floats(-10, 310).map(lambda power: TIMES * 10.0**min(power, 306)),
    st.floats(-310, 306).map(lambda power: PATH * 10.0**power),
)  # fmt: skip
ARGUMENTS = (
    "positions", "spikes", "times_s", "bin_cm", "n_bins", "smoothing_cm", "min_speed_cm_s", "units",
    "extent_m",
)  # fmt: skip


def test_a_smoothing_that_vanishes_in_metres_is_none():
    tiny, none = (
        rate_map(PATH, spikes=[[1.0, 2.0]], times_s=TIMES, smoothing_cm=cm).maps
        for cm in (5e-324, 0.0)
    )
    np.testing.assert_array_equal(tiny, none)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ARGUMENTS), ANYTHING)
def test_whatever_is_given_there_are_maps_or_one_clear_error(name, value):
    arguments = {"positions": PATH, "spikes": [[1.0, 2.0]], "times_s": TIMES} | {name: value}
    try:
        found = rate_map(**arguments)
    except GridjaxError as error:
        (problem,) = error.problems
        assert problem.fix
    else:
        visited = found.occupancy > 0
        assert visited.any()
        np.testing.assert_array_equal(
            np.isfinite(found.maps), visited[None].repeat(len(found.maps), 0)
        )


def test_masked_positions_are_lost_ones():
    lost = PATH.copy()
    lost[::3] = np.nan
    expected = rate_map(lost, activity=np.ones((50, 1)), n_bins=9)
    # and what units do there is nobody's business
    activity = np.where(np.isnan(lost[:, :1]), np.nan, 1.0)
    found = rate_map(np.ma.masked_invalid(lost), activity=activity, n_bins=9)
    np.testing.assert_array_equal(found.maps, expected.maps)
    np.testing.assert_array_equal(found.occupancy, expected.occupancy)
    assert found.occupancy.sum() == 33


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (np.ones((0, 2)), r"\(0, 2\)"),
        (np.ones((5, 3)), r"\(5, 3\)"),
        (np.full((5, 2), np.nan), "no position"),
        (100 * PATH, "'m' or 'cm'"),
        ((PATH - 0.5) * 1.7e308, "'m' or 'cm'"),
        (PATH * (1, 0.04), "a line, no arena"),
        (PATH[:, 0], "positions are float64"),
        ([["x", "y"]], "positions"),
    ],
)
def test_bad_positions_are_refused(path, words):
    with pytest.raises(GridjaxError, match=words):
        rate_map(path, activity=np.ones((len(path), 1)))
