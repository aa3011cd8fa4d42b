"""Parts of a session: the samples and the spikes in windows of time that an option chooses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from gridjax.errors import Place
from gridjax.io.source_location import Problems
from gridjax.recordings.input_options import InputOptions, window_text
from gridjax.recordings.session import RawSession

_FEWEST = 3
"""Smallest number of samples of a session."""
_MOST_LISTED = 4

Windows = Sequence[tuple[float | None, float | None]]
"""First and last second of each window; None for an open end."""


def within(
    raw: RawSession,
    windows: Windows,
    with_counts: Sequence[str],
    options: InputOptions,
    remarks: list[str],
    problems: Problems,
) -> RawSession:
    """Return the samples, spikes and frames of activity of a session in windows of time.

    Both ends of a window belong to it. Times that are NaN are kept, because later checks count
    them. Adds a problem for a window of --time without a sample, and if there are almost no samples
    in all windows.

    Args:
        raw: the session, in seconds.
        windows: the windows.
        with_counts: cells with one count for each sample in place of spike times.
        options: the options; ``part`` names those that chose the windows.
        remarks: list of remarks; gets one line about what is kept.
        problems: list of problems.
    """
    times, n = raw.times, len(raw.times)
    known = times[np.isfinite(times)]
    if len(raw.positions) != n or not len(known):
        return raw  # later checks refuse it
    first, last = float(known.min()), float(known.max())
    closed = [
        (-math.inf if start is None else start, math.inf if stop is None else stop)
        for start, stop in windows
    ]
    empty = [
        window
        for window, ends in zip(windows, closed, strict=True)
        if not _inside(known, [ends]).any()
    ]
    is_kept = _inside(times, closed)
    clock = f"the path has {n:,} samples from {first:.10g} to {last:.10g} s"
    fix = "give times within it, in seconds of its clock; --describe prints more about it"
    if options.windows_s is not None and empty:
        listed = ", ".join(window_text(*window) for window in empty)
        problems.add(f"no sample in {listed}: {clock}", Place(raw.path), fix)
        return raw
    if is_kept.sum() < _FEWEST:
        what = f"{is_kept.sum()} samples in {options.part}: {clock}"
        problems.add(what, Place(raw.path), fix)
        return raw
    part, lines = raw.with_samples(is_kept | np.isnan(times)), raw.spike_lines
    kept = {
        cell: is_kept | np.isnan(times) if cell in with_counts else _kept(train, closed)
        for cell, train in raw.spikes.items()
    }
    spikes = {cell: train[kept[cell]] for cell, train in raw.spikes.items()}
    if lines is not None:
        lines = {cell: each[kept[cell]] for cell, each in lines.items() if cell in kept}
    part = replace(part, spikes=spikes, spike_lines=lines)
    told = [f"{is_kept.sum():,} of {n:,} samples"]
    if raw.activity_times is not None and raw.activity is not None:
        frames = _kept(raw.activity_times, closed)
        activity, activity_times = raw.activity[frames], raw.activity_times[frames]
        part = replace(part, activity=activity, activity_times=activity_times)
        told.append(f"{frames.sum():,} of {len(frames):,} frames of activity")
    elif raw.spikes:
        counts = [_n_spikes(each, with_counts) for each in (part, raw)]
        told.append(f"{counts[0]:,} of {counts[1]:,} spikes")
    joined = _joined([(max(low, first), min(high, last)) for low, high in closed])
    length = sum(high - low for low, high in joined)
    remarks.append(
        f"{options.part}{_rows(windows, joined, empty, options)}: {length:,.6g} of"
        f" {last - first:,.6g} s, {' and '.join(told)} kept"
    )
    return part


def _inside(
    times: Float[np.ndarray, " time"], windows: Sequence[tuple[float, float]]
) -> Bool[np.ndarray, " time"]:
    """Return a mask of the times in any of the windows; NaN is in none."""
    inside = np.zeros(len(times), bool)
    for low, high in windows:
        inside |= (times >= low) & (times <= high)
    return inside


def _kept(
    times: Float[np.ndarray, " time"], windows: Sequence[tuple[float, float]]
) -> Bool[np.ndarray, " time"]:
    return _inside(times, windows) | np.isnan(times)


def _joined(windows: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return windows in order, those that overlap or touch as one; without those of no length."""
    joined: list[tuple[float, float]] = []
    for low, high in sorted(window for window in windows if window[0] <= window[1]):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return joined


def _n_spikes(raw: RawSession, with_counts: Sequence[str]) -> int:
    return sum(
        int(train.sum()) if cell in with_counts else int((~np.isnan(train)).sum())
        for cell, train in raw.spikes.items()
    )


def _rows(
    windows: Windows,
    joined: Sequence[tuple[float, float]],
    empty: Windows,
    options: InputOptions,
) -> str:
    """Return the rows that --epoch chose, and their times, as text; empty with --time."""
    if options.windows_s is not None:
        return ""
    listed = ", ".join(f"{low:.10g} to {high:.10g}" for low, high in joined[:_MOST_LISTED])
    listed += ", ..." * (len(joined) > _MOST_LISTED)
    outside = f", {len(empty):,} of them without samples" if empty else ""
    n = len(windows)
    return f" ({n:,} row{'s' * (n != 1)}{outside}: {listed} s)"
