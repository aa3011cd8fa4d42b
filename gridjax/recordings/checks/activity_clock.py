"""Activity: positions at its times, if it has a clock of its own, and frames without activity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from gridjax.errors import Place
from gridjax.io.source_location import Problems
from gridjax.io.text import shown
from gridjax.metrics.ratemaps.tracked_time import LONGEST_STEP
from gridjax.recordings.session import RawSession

_MOST_OUTSIDE = 0.5
"""Largest share of the frames of activity that may be outside the times of the path."""
_MOST_UNKNOWN = 0.5
"""Largest share of the frames in which the activity of a cell may be unknown."""
_MOST_CELLS = 8


def on_activity_clock(
    raw: RawSession,
    positions_m: Float[np.ndarray, "sample 2"],
    remarks: list[str],
    problems: Problems,
) -> tuple[RawSession, Float[np.ndarray, "frame 2"]]:
    """Return a session whose samples are the frames of its activity, and their positions.

    A position is interpolated linearly between the two nearest samples of the path, if both are
    known and at most LONGEST_STEP median steps apart. Otherwise it is lost (NaN). Frames before the
    first sample of the path or after the last one are left out and counted. The session and its
    positions are returned unchanged if the activity has the times of the path. Adds a problem for
    times that do not increase, or if most frames are outside the times of the path.

    Args:
        raw: the session, in seconds.
        positions_m: [sample, 2], metres; NaN where the tracking was lost.
        remarks: list of remarks.
        problems: list of problems.
    """
    frames, activity = raw.activity_times, raw.activity
    if frames is None or activity is None or np.array_equal(frames, raw.times):
        return raw, positions_m
    place = Place(raw.spikes_path)
    repeated = np.append(False, np.diff(frames) == 0)
    if repeated.any():
        n = int(repeated.sum())
        first = frames[repeated][0]
        remarks.append(
            f"{n:,} frame{'s' * (n != 1)} of activity at the time of the one before, the first at"
            f" {first:.10g} s, left out"
        )
        frames, activity = frames[~repeated], activity[~repeated]
    wrong = np.flatnonzero(~(np.diff(frames) > 0))
    if len(wrong) or len(frames) < 2:
        what = f"activity has {len(frames)} frames"
        if len(wrong):
            at = wrong[0] + 1
            what = f"times of activity do not increase: frame {at} is at {frames[at]:.10g} s"
        problems.add(what, place, "give the increasing time of each frame, at least two")
        return raw, positions_m
    start, end = raw.times[0], raw.times[-1]
    inside = (frames >= start) & (frames <= end)
    n_outside = int((~inside).sum())
    if n_outside > _MOST_OUTSIDE * len(frames) or inside.sum() < 2:
        problems.add(
            f"{n_outside:,} of {len(frames):,} frames of activity, from {frames[0]:.10g} to"
            f" {frames[-1]:.10g} s, are outside the path from {start:.10g} to {end:.10g} s",
            place,
            "give activity and path on one clock, in one unit (--time-units)",
        )
        return raw, positions_m
    if n_outside:
        remarks.append(
            f"{n_outside:,} of {len(frames):,} frames of activity left out: outside the path"
        )
    remarks.append("positions are interpolated at the times of the activity")
    frames, activity = frames[inside], activity[inside]
    return (
        replace(raw, times=frames, activity=activity, activity_times=None, lines=None),
        _interpolated(frames, raw.times, positions_m),
    )


def without_unknown(
    raw: RawSession,
    positions_m: Float[np.ndarray, "frame 2"],
    remarks: list[str],
    problems: Problems,
) -> tuple[RawSession, Float[np.ndarray, "frame 2"]]:
    """Return a session without the frames in which the activity of a cell is NaN or infinite.

    They are counted in a remark. Adds a problem if they are more than half of all frames. The
    arguments are those of ``on_activity_clock``, after it.
    """
    activity = raw.activity
    if activity is None or np.isfinite(activity).all():
        return raw, positions_m
    unknown = ~np.isfinite(activity)
    kept = np.asarray(~unknown.any(axis=1))
    n, n_unknown = len(kept), int((~kept).sum())
    if kept.sum() < 2 or n_unknown > _MOST_UNKNOWN * n:
        counts = unknown.sum(axis=0)
        worst = np.argsort(-counts, kind="stable")[:_MOST_CELLS]
        cells = [(raw.activity_cells[at], int(counts[at])) for at in worst if counts[at]]
        listed = ", ".join(f"{shown(cell)} ({count:,})" for cell, count in cells)
        problems.add(
            f"the activity of some cell is NaN or infinite in {n_unknown:,} of {n:,} frames; most"
            f" often that of {listed}",
            Place(raw.spikes_path),
            "leave such cells out: choose the others with --cells",
        )
        return raw, positions_m
    remarks.append(
        f"{n_unknown:,} of {n:,} frames in which the activity of a cell is NaN or infinite, left"
        " out for all cells"
    )
    whole = replace(raw, times=raw.times[kept], activity=activity[kept], lines=None)
    return whole, positions_m[kept]


def _interpolated(
    frames: Float[np.ndarray, " frame"],
    times: Float[np.ndarray, " sample"],
    positions: Float[np.ndarray, "sample 2"],
) -> Float[np.ndarray, "frame 2"]:
    after = np.clip(np.searchsorted(times, frames), 1, len(times) - 1)
    before = after - 1
    steps = times[after] - times[before]
    share = ((frames - times[before]) / steps)[:, None]
    found = (1 - share) * positions[before] + share * positions[after]
    # a frame at the time of a sample needs no other sample
    for sample in (before, after):
        at = frames == times[sample]
        found[at] = positions[sample[at]]
    is_gap = (steps > LONGEST_STEP * np.median(np.diff(times))) & (frames != times[after])
    found[is_gap & (frames != times[before])] = np.nan
    return found
