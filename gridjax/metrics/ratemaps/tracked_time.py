"""Tracked time: the clock of a session without its gaps.

A gap is a time without a known position that is longer than 5.5 median steps: a pause of the
recording, or a run of samples whose position is lost. Spikes are shifted in tracked time, because a
shift through a long pause would move spikes out of the session.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

# Longest duration of one sample, and longest loss of the position that is not a gap, in median
# steps. The half keeps rounding errors of the times from deciding about a loss of five samples.
LONGEST_STEP = 5.5
_FEWEST_FRAMES = 20
FRAMES_FIX = (
    "if the times of the path are numbers of frames, give --time-units samples --rate FPS with"
    " spikes in frames too, or frames / FPS as times with spikes in seconds"
)


class TrackedTime(NamedTuple):
    """The tracked time of a session, sample by sample."""

    times_s: Float[np.ndarray, " sample"]
    """Increasing times of the samples, seconds."""
    clock_s: Float[np.ndarray, " sample"]
    """Tracked time before each sample, seconds."""
    durations_s: Float[np.ndarray, " sample"]
    """Tracked time of each sample, seconds; 0 for samples in a gap."""
    gaps_s: Float[np.ndarray, " gap"]
    """Length of each gap, seconds."""

    @property
    def total_s(self) -> float:
        """The tracked time of the session, seconds."""
        return float(self.clock_s[-1] + self.durations_s[-1])

    @property
    def end_s(self) -> float:
        """End of the last sample on the clock of ``times_s``; the last sample has a median step."""
        return float(self.times_s[-1] + _median_step(self.times_s))

    def samples_at(self, clock_s: Float[np.ndarray, " spike"]) -> Int[np.ndarray, " spike"]:
        """Return the sample at each tracked time from 0 to ``total_s``."""
        # samples in a gap begin at the same tracked time as the next tracked sample
        return np.searchsorted(self.clock_s, clock_s, side="right") - 1


class TrackedSpikes(NamedTuple):
    """The spikes of one unit in tracked time, and the number of its other spikes."""

    clock_s: Float[np.ndarray, " spike"]
    """Tracked time of each spike, seconds."""
    samples: Int[np.ndarray, " spike"]
    """Sample in which each spike falls."""
    n_outside: int
    """Spikes before the first sample or after the last one; spikes at NaN count here too."""
    n_in_gaps: int
    """Spikes in gaps."""


def tracked_time(
    times_s: Float[np.ndarray, " sample"], known: Bool[np.ndarray, " sample"]
) -> TrackedTime:
    """Return the tracked time of a session.

    A sample lasts until the next one. The last sample, and one before a gap, last a median step.

    Args:
        times_s: increasing times of at least two samples, seconds.
        known: whether the position of each sample is known.
    """
    typical = _median_step(times_s)
    steps = np.append(np.diff(times_s), typical)
    is_pause = steps > LONGEST_STEP * typical
    durations = np.where(is_pause, typical, steps)
    lost_s = _lost_time(durations, known)
    in_gap = lost_s > LONGEST_STEP * typical
    pauses = (steps - durations)[is_pause]
    starts = in_gap & ~np.append(False, in_gap[:-1])
    durations = np.where(in_gap, 0.0, durations)
    cut = np.cumsum(steps - durations)
    clock = times_s - times_s[0] - np.append(0.0, cut[:-1])
    return TrackedTime(times_s, clock, durations, np.append(pauses, lost_s[starts]))


def tracked_spikes(train_s: Float[np.ndarray, " spike"], tracked: TrackedTime) -> TrackedSpikes:
    """Return the spikes at tracked times.

    Args:
        train_s: spike times on the clock of ``tracked.times_s``, seconds.
        tracked: the tracked time of the session.
    """
    times = tracked.times_s
    inside = (train_s >= times[0]) & (train_s <= tracked.end_s)
    train = train_s[inside]
    samples = np.searchsorted(times, train, side="right") - 1
    since = train - times[samples]
    durations = tracked.durations_s[samples]
    counts = (since <= durations) & (durations > 0)
    samples, since = samples[counts], since[counts]
    n_outside, n_in_gaps = int((~inside).sum()), int((~counts).sum())
    return TrackedSpikes(tracked.clock_s[samples] + since, samples, n_outside, n_in_gaps)


def are_frame_numbers(times_s: Float[np.ndarray, " sample"]) -> bool:
    """Return whether increasing times may be numbers of frames: whole, and mostly one apart."""
    if len(times_s) < _FEWEST_FRAMES or not (times_s == np.floor(times_s)).all():
        return False
    return bool(_median_step(times_s) == 1)


def _median_step(times_s: Float[np.ndarray, " sample"]) -> float:
    return float(np.median(np.diff(times_s)))


def _lost_time(
    durations: Float[np.ndarray, " sample"], known: Bool[np.ndarray, " sample"]
) -> Float[np.ndarray, " sample"]:
    """Return, for each sample, the duration of the run of lost samples that it is in; else 0."""
    run = np.cumsum(np.append(True, known[1:] != known[:-1])) - 1
    of_run = np.bincount(run, np.where(known, 0.0, durations))
    return of_run[run]
