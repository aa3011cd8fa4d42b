"""Positions at the times of activity with a clock of its own."""

import numpy as np
import pytest

from gridjax.errors import GridjaxError
from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.options import ScoreOptions
from gridjax.recordings.output import table
from gridjax.recordings.readers import read_inputs
from gridjax.recordings.score import score_inputs

from .sessions import recording

PATH, TIMES, SPIKES = recording(seconds=120)
RNG = np.random.default_rng(0)


def read(folder, positions, times, frames, activity, **options):
    np.savez(folder / "path.npz", positions=positions, times=times)
    np.savez(folder / "activity.npz", times=frames, activity=activity)
    given = InputOptions(spikes=str(folder / "activity.npz"), **options)
    (session,) = read_inputs([folder / "path.npz"], given)
    return session


def slow_position(at, times, positions):
    """The position at one time, by looking at every sample."""
    for sample, time in enumerate(times):
        if time == at:
            return positions[sample]
        if time > at:
            step = time - times[sample - 1]
            if step > 5.5 * np.median(np.diff(times)):
                return np.full(2, np.nan)
            share = (at - times[sample - 1]) / step
            return (1 - share) * positions[sample - 1] + share * positions[sample]
    return np.full(2, np.nan)


def test_positions_are_interpolated_between_known_samples(tmp_path):
    positions, times = PATH.copy(), np.where(TIMES >= 60, TIMES + 30, TIMES)
    positions[200:230] = np.nan
    frames = np.sort(np.append(RNG.uniform(0, 149, 700), times[[0, 5, 199, 230, -1]]))
    session = read(tmp_path, positions, times, frames, RNG.normal(size=(len(frames), 2)))
    expected = [slow_position(at, times, positions) for at in frames]
    np.testing.assert_allclose(session.positions_m, expected, atol=1e-12)
    assert np.isnan(session.positions_m).any()
    assert "positions are interpolated at the times of the activity" in session.remarks


def test_frames_outside_the_path_are_left_out_and_counted(tmp_path):
    frames = np.arange(-5, 125, 0.1)
    activity = RNG.normal(size=(len(frames), 2))
    session = read(tmp_path, PATH, TIMES, frames, activity)
    inside = (frames >= 0) & (frames <= TIMES[-1])
    np.testing.assert_array_equal(session.activity, activity[inside])
    words = f"{(~inside).sum():,} of {len(frames):,} frames of activity left out: outside the path"
    assert words in session.remarks


def test_the_unit_of_times_holds_for_activity(tmp_path):
    frames, activity = TIMES[::3], RNG.normal(size=(len(TIMES[::3]), 2))
    for times in (TIMES, 1000 * TIMES):
        session = read(tmp_path, PATH, times, 1000 * frames, activity, time_units="ms")
        np.testing.assert_allclose(session.times_s, frames)
        np.testing.assert_allclose(session.positions_m, PATH[::3])


def test_other_clocks_are_refused(tmp_path):
    frames = TIMES.copy()
    for change, words in (
        (frames + 100, "are outside the path from 0 to 119.95 s"),
        (frames[::-1], "times of activity do not increase: frame 1 is at 119.9 s"),
        (np.where(frames == 1, np.nan, frames), "frame 20 is at nan s"),
        (frames[:9], "activity has shape (2400, 1) at 9 times"),
    ):
        with pytest.raises(GridjaxError) as caught:
            read(tmp_path, PATH, TIMES, change, np.ones((len(TIMES), 1)))
        assert words in str(caught.value)


def test_activity_on_its_own_clock_is_scored_with_shifts(tmp_path):
    k = 4 * np.pi / np.sqrt(3) / 0.45
    waves = sum(np.cos(k * (PATH @ (np.cos(a), np.sin(a)))) for a in np.arange(3) * np.pi / 3)
    frames = np.arange(0, TIMES[-1], 0.025)
    values = np.stack([np.interp(frames, TIMES, waves), RNG.normal(size=len(frames))], axis=1)
    options = ScoreOptions(n_bins=20, shuffles=19)
    found = table(score_inputs([read(tmp_path, PATH, TIMES, frames, values)], options))
    assert found["score_60"][0] > 1
    assert found["p_value"][0] == 1 / 20
    assert found["score_60"][1] < found["score_60"][0] - 0.5
    assert (found["null"] == "time shifts").all()
