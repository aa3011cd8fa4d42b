"""Paths and spikes that are probably not what they are taken for: corrected, or told in a line."""

import numpy as np
import pytest

import gridjax as gj
from gridjax.errors import GridjaxError
from gridjax.recordings.checks.path_cleaning import (
    longest_rest,
    placeholders,
    too_fast,
    wrong_frames,
)
from gridjax.recordings.session import arena_shape

from .sessions import read, recording, refused, save_npz

PATH, TIMES, SPIKES = recording(seconds=120)
RNG = np.random.default_rng(4)


def session_of(folder, positions=PATH, times=TIMES, spikes=SPIKES, **options):
    return read(save_npz(folder / "a.npz", positions, times, spikes), **options)


def with_runs(longest):
    """Return a mask of 20 runs of frames, each of at most that length, a second apart or more."""
    lost = np.zeros(len(PATH), bool)
    for start in range(100, 2100, 100):
        lost[start : start + RNG.integers(1, longest)] = True
    return lost


def test_runs_at_places_that_are_not_exactly_the_same_count_as_lost():
    """A reflection of 0.05 to 2.5 s; the path is inside of a box of 1 m."""
    lost = with_runs(50)
    seen = np.where(lost[:, None], [-0.8, -0.9] + 0.01 * RNG.normal(size=PATH.shape), PATH)
    np.testing.assert_array_equal(wrong_frames(seen, TIMES), lost)
    # one coordinate is right
    flat = np.where(lost[:, None], PATH * (0, 1) - (1, 0), PATH)
    np.testing.assert_array_equal(wrong_frames(flat, TIMES), lost)


def test_jumps_that_were_smoothed_lead_to_the_run_and_back():
    lost = with_runs(40)
    seen = np.where(lost[:, None], -2.0, PATH)
    kernel = np.array([0.25, 0.5, 0.25])
    smooth = np.stack([np.convolve(each, kernel, "same") for each in seen.T], axis=1)
    wrong = wrong_frames(smooth[2:-2], TIMES[2:-2])
    assert wrong[lost[2:-2]].all()
    near = np.convolve(lost, np.ones(5), "same")[2:-2] > 0
    assert not wrong[~near].any()


def test_a_fast_animal_that_turns_back_is_tracked():
    there = np.linspace(0, 12, 12)[:, None] * (1, 0)  # 12 m/s in 20 m
    path = np.concatenate([there, there[::-1]] * 20)
    assert too_fast(path, np.arange(len(path)) * 0.09).mean() > 0.9
    assert not wrong_frames(path, np.arange(len(path)) * 0.09).any()


def test_a_placeholder_may_be_most_of_a_file():
    lost = RNG.random(len(PATH)) < 0.6
    (found,) = placeholders(np.where(lost[:, None], -0.3, PATH))
    assert tuple(found) == (-0.3, -0.3)


def test_jumps_that_remain_are_told(tmp_path):
    moved = PATH.copy()
    moved[900:1100] += (3, 2)  # 10 s: no short run
    session = session_of(tmp_path, moved)
    assert session.n_lost == 0
    assert session.remarks[0].startswith("2 steps faster than 5 m/s, the first to 45 s:")


def test_a_tracker_that_stands_still_is_told(tmp_path):
    still = PATH.copy()
    still[600:1900] = still[600]
    assert longest_rest(still, TIMES) == (TIMES[600], TIMES[1899])
    session = session_of(tmp_path, still)
    assert session.remarks[1].startswith("the position is the same from 30 to 94.95 s: if the")
    still[1000] = np.nan
    assert longest_rest(still, TIMES) == (TIMES[1001], TIMES[1899])


def test_units_that_are_probably_others_are_told(tmp_path):
    assert not session_of(tmp_path).remarks
    pixels = session_of(tmp_path, np.round(420 * PATH), units="cm")
    assert "x and y are whole numbers, read in cm: if they are pixels" in pixels.remarks[0]
    assert "m/s: if this is too fast for the animal, give other" in pixels.remarks[1]
    assert not session_of(tmp_path, np.round(1000 * PATH), units="mm").remarks
    session = session_of(tmp_path, times=TIMES / 50, spikes={"a": SPIKES["grid"] / 50})
    assert "m/s: if this is too fast for the animal, give other" in session.remarks[-1]


@pytest.mark.parametrize("rate", [24414.0625, 48828.125, 30e3, 20.0])
def test_the_guess_of_a_sampling_rate_is_the_rate(rate, tmp_path):
    spikes = {cell: np.round(rate * train) for cell, train in SPIKES.items()}
    message = refused(save_npz(tmp_path / "a.npz", PATH, TIMES, spikes))
    assert f"--time-units samples --rate {rate:.10g}" in message
    session = session_of(tmp_path, spikes=spikes, time_units="samples", rate_hz=rate)
    np.testing.assert_allclose(session.spikes_s[0], SPIKES["grid"], atol=1 / rate, rtol=0)


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (TIMES * 5 / 3, "no spike of any cell in the last 80"),  # 30 frames in a second, not 50
        (TIMES - 30, "no spike of any cell in the first 30"),
        (TIMES * 20, "all spikes lie within"),
    ],
)
def test_another_clock_of_the_path_is_told(times, words, tmp_path):
    session = session_of(tmp_path, times=times)
    assert any(each.startswith(words) for each in session.remarks)


def test_counts_for_other_samples_than_those_of_the_path_are_refused_with_their_file(tmp_path):
    counts = RNG.poisson(0.1, len(TIMES) - 1)
    message = refused(save_npz(tmp_path / "a.npz", PATH, TIMES, {"b": counts}))
    assert "a.npz: cell b: " in message
    assert f"of {len(counts):,} spikes are at exactly 0 s" in message
    assert f"one whole number for each of the {len(TIMES):,} samples" in message


@pytest.mark.parametrize("factor", [1.0, 1e3])
def test_samples_without_time_are_left_out(factor, tmp_path):
    """Such as padding at the end; with counts, and in each unit of time."""
    n = len(TIMES)
    padded = np.concatenate([np.append(factor * TIMES, np.full(50, np.nan))])
    path = np.concatenate([PATH, np.full((50, 2), np.nan)])
    counts = np.append(np.histogram(SPIKES["grid"], np.append(TIMES, 120))[0], np.zeros(50))
    options = {} if factor == 1 else {"time_units": "ms"}
    session = session_of(tmp_path, path, padded, {"a": counts}, **options)
    assert f"50 samples without time left out, the first is sample {n}" in session.remarks
    np.testing.assert_allclose(session.times_s, TIMES)
    assert len(session.spikes_s[0]) == len(SPIKES["grid"])
    times = {"a": factor * SPIKES["grid"]}
    session = session_of(tmp_path, path, padded, times, **options)
    np.testing.assert_allclose(session.spikes_s[0], SPIKES["grid"])


def test_a_box_and_a_place_beside_it_are_no_circle(tmp_path):
    path = np.concatenate([PATH, -0.4 + 0.01 * RNG.normal(size=(20, 2))])
    times = np.concatenate([TIMES, TIMES[-1] + 5 + np.arange(20)])
    assert arena_shape(session_of(tmp_path, path, times)).kind == "irregular"


def test_names_in_capitals_are_read(tmp_path):
    np.savez(tmp_path / "a.npz", X=PATH[:, 0], Y=PATH[:, 1], T=TIMES, spikes_grid=SPIKES["grid"])
    np.testing.assert_array_equal(read(tmp_path / "a.npz").positions_m, PATH)


def test_a_rate_in_each_sample_is_no_spike_times(tmp_path):
    rate = np.hypot(*PATH.T) + 0.1
    message = refused(save_npz(tmp_path / "a.npz", PATH, TIMES, {"b": rate}))
    assert "cell b: one number for each of the 2,400 samples, which do not increase" in message
    assert "give them as activity [sample, cell]" in message
    with pytest.raises(GridjaxError, match="spikes of unit 0 are one number for each position"):
        gj.rate_map(PATH, times_s=TIMES, spikes=[rate])
    # as many spikes as samples, in increasing order
    trains = [np.sort(RNG.uniform(0, 120, len(TIMES)))]
    assert gj.rate_map(PATH, times_s=TIMES, spikes=trains).n_left_out == 0


@pytest.mark.parametrize("interval", [0.2, 1.0, 16.0])
def test_spike_times_that_are_rounded_are_told(interval, tmp_path):
    spikes = {cell: interval * np.ceil(train / interval) for cell, train in SPIKES.items()}
    words = f"spike times are multiples of {interval:g} s: they are rounded"
    assert any(each.startswith(words) for each in session_of(tmp_path, spikes=spikes).remarks)
    # a clock of the path as coarse as the spikes is a slow camera or microscope
    if interval < 1:
        slow = session_of(tmp_path, PATH[::4], TIMES[::4], spikes)
        assert not any("multiples" in each for each in slow.remarks)
