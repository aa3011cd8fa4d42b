"""Tracked time: gaps are cut out of the clock, and change neither maps nor shuffles."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridjax.metrics.ratemaps.occupancy import visits
from gridjax.metrics.ratemaps.rate_map import rate_map
from gridjax.metrics.ratemaps.time_shifts import shift_scores
from gridjax.metrics.ratemaps.tracked_time import tracked_spikes, tracked_time

RNG = np.random.default_rng(0)
DT, N = 0.02, 3000
PATH = np.cumsum(RNG.normal(0, 0.01, (N, 2)), axis=0)
TIMES = np.arange(N) * DT
TRAIN = np.sort(RNG.uniform(0, N * DT, 400))


def by_loop(train, times, known):
    """Tracked time of each spike in a gap-free session, or None, one sample after the other."""
    typical = np.median(np.diff(times))
    runs, start = [], 0
    for i in range(1, len(times) + 1):
        if i == len(times) or known[i] != known[start]:
            runs.append((start, i))
            start = i
    ends = np.append(times[1:], times[-1] + typical)
    last = np.where(ends - times > 5.5 * typical, times + typical, ends)
    long = {
        i
        for low, high in runs
        if not known[low] and sum(last[low:high] - times[low:high]) > 5.5 * typical
        for i in range(low, high)
    }
    clock, found = 0.0, []
    for i in range(len(times)):
        if i in long:
            continue
        found += [clock + t - times[i] for t in train if times[i] <= t < last[i]]
        clock += last[i] - times[i]
    return np.sort(found), clock


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 98), st.floats(0.2, 1e4)), max_size=4),
    st.lists(st.tuples(st.integers(0, 99), st.integers(1, 20)), max_size=4),
)
def test_tracked_times_are_those_of_a_loop(pauses, losses):
    times, known = np.arange(100) * 0.1, np.ones(100, bool)
    for at, seconds in pauses:
        times[at:] += seconds
    for at, length in losses:
        known[at : at + length] = False
    train = np.sort(np.random.default_rng(1).uniform(-1, times[-1] + 1, 60))
    tracked = tracked_time(times, known)
    spikes = tracked_spikes(train, tracked)
    expected, total = by_loop(train, times, known)
    np.testing.assert_allclose(np.sort(spikes.clock_s), expected, atol=1e-6)
    assert tracked.total_s == pytest.approx(total, abs=1e-6)
    assert len(spikes.clock_s) + spikes.n_outside + spikes.n_in_gaps == 60
    np.testing.assert_array_equal(tracked.samples_at(spikes.clock_s), spikes.samples)


def scores(path, times, train):
    seen = visits(path, times, n_bins=12, min_speed_cm_s=2.5)
    key = jax.random.key(0)
    return shift_scores(key, seen, train, 9, lambda maps: np.nanmax(maps, axis=(1, 2)))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(1, N - 1), st.floats(0.2, 1e5)), min_size=1, max_size=4))
def test_gaps_change_neither_maps_nor_shuffles(gaps):
    times, train = TIMES.copy(), TRAIN.copy()
    for at, seconds in gaps:
        train[TIMES[at] <= TRAIN] += seconds
        times[at:] += seconds
    whole, cut = (
        rate_map(PATH, times_s=t, spikes=[spikes], n_bins=12)
        for t, spikes in ((TIMES, TRAIN), (times, train))
    )
    np.testing.assert_allclose(cut.maps, whole.maps, rtol=1e-6)
    np.testing.assert_allclose(cut.occupancy, whole.occupancy, rtol=1e-6)
    np.testing.assert_allclose(scores(PATH, times, train), scores(PATH, TIMES, TRAIN), rtol=1e-6)


def test_lost_positions_are_a_gap_like_missing_samples():
    lost = PATH.copy()
    lost[1000:1400] = np.nan
    kept = np.isfinite(lost).all(axis=1)
    np.testing.assert_allclose(
        scores(lost, TIMES, TRAIN), scores(PATH[kept], TIMES[kept], TRAIN), rtol=1e-9
    )
    assert tracked_time(TIMES, kept).total_s == pytest.approx((N - 400) * DT)


def test_spikes_that_are_left_out_are_counted():
    times = np.where(TIMES >= 30, TIMES + 100, TIMES)
    found = rate_map(PATH, times_s=times, spikes=[[1.0, 50.0, 150.0], [-1.0, 2.0], []], n_bins=12)
    assert found.n_left_out.tolist() == [1, 1, 0]
    assert rate_map(PATH, activity=np.ones((N, 1)), n_bins=12).n_left_out is None
