"""Checks of a session: units, clock, path and spikes; remarks count the data left out.

The place of a problem is the file, and in text files also the line.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from gridjax.errors import Place
from gridjax.io.source_location import Problems
from gridjax.metrics.ratemaps.occupancy import (
    LARGEST_ARENA_M,
    LATEST_S,
    NARROWEST_ARENA_M,
    SMALLEST_ARENA_M,
)
from gridjax.metrics.ratemaps.spike_counts import is_counts
from gridjax.metrics.ratemaps.tracked_time import FRAMES_FIX, are_frame_numbers
from gridjax.recordings.checks.activity_clock import on_activity_clock, without_unknown
from gridjax.recordings.checks.dated_times import without_dates
from gridjax.recordings.checks.known_positions import question_units, tracked_positions
from gridjax.recordings.checks.spike_checks import check_whole, checked_spikes
from gridjax.recordings.checks.spike_units import in_seconds, with_spike_times
from gridjax.recordings.checks.stated_units import with_stated_units
from gridjax.recordings.checks.time_windows import within
from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.session import RawSession, Session

_DISTANT = 5
"""Distance of tracks of several animals, in median steps of one of them."""


def checked_session(
    raw: RawSession, options: InputOptions, problems: Problems, path_only: bool = False
) -> Session | None:
    """Return the checked session of a file.

    If the session is invalid, add its problems to `problems` and return None.

    Args:
        raw: the session as read from the file, in the units of ``options``.
        options: the meaning of its numbers.
        problems: list of the problems of all files.
        path_only: whether the session may have no cell.
    """
    own = Problems()
    remarks = list(raw.remarks)
    raw = with_stated_units(raw, options, own)
    raw = _with_known_times(raw, remarks)
    raw = without_dates(raw, remarks, own)
    is_given = options.units is not None or raw.unit is not None
    options = with_units_of(raw, options, remarks, own)
    question_units(raw.positions, options, is_given, remarks)
    raw, with_counts = in_seconds(raw, options, remarks)
    windows = options.windows_s or raw.windows_s
    if windows is not None:
        check_whole(with_spike_times(raw, with_counts, []), own)
        raw = within(raw, windows, with_counts, options, remarks, own)
    raw = with_spike_times(raw, with_counts, remarks)
    raw = _checked_clock(raw, remarks, own)
    if own.found:
        problems.found.update(own.found)
        return None
    if raw.time_unit is None and options.time_units is None and are_frame_numbers(raw.times):
        remarks.append(f"times of the path are whole numbers, one apart, read in s: {FRAMES_FIX}")
    positions = tracked_positions(raw, options, remarks)
    raw, positions = on_activity_clock(raw, positions, remarks, own)
    raw, positions = without_unknown(raw, positions, remarks, own)
    _check_arena(raw, positions, options, own)
    has_no_spikes = own.found or path_only or raw.activity is not None
    spikes = {} if has_no_spikes else checked_spikes(raw, remarks, own)
    problems.found.update(own.found)
    if own.found:
        return None
    cells = sorted(spikes, key=lambda cell: (not cell.isdecimal(), len(cell), cell))
    trains = tuple(spikes[cell] for cell in cells)
    if raw.activity is not None:
        cells = list(raw.activity_cells)
    return Session(
        raw.path,
        tuple(cells),
        positions,
        raw.times,
        trains,
        extent_m=options.extent_m,
        activity=raw.activity,
        remarks=tuple(remarks),
    )


def with_units_of(
    raw: RawSession, options: InputOptions, remarks: list[str], problems: Problems
) -> InputOptions:
    """Return options with the unit of positions: from --units, else from the file, else metres.

    Adds a problem if the file states pixels and their size is not given.
    """
    if options.units is not None:
        if raw.unit is not None and raw.unit != options.units:
            remarks.append(f"the file states positions in {raw.unit}; read in {options.units}")
        return options
    if raw.unit == "px":
        fix = "give --units px --px-per-cm N; or --units cm, m or mm if they are calibrated"
        problems.add("positions are in pixels", Place(raw.path), fix)
        return options
    if raw.unit is not None:
        remarks.append(f"positions in {raw.unit}, as the file states")
    return replace(options, units=raw.unit or "m")  # pyright: ignore[reportArgumentType]


def _with_known_times(raw: RawSession, remarks: list[str]) -> RawSession:
    """Return the session without the samples that have no time (NaN), if these are fewer than half.

    Counts of spikes and activity lose the same samples.
    """
    n, unknown = len(raw.times), np.isnan(raw.times)
    rows = [raw.positions]
    if raw.activity is not None and raw.activity_times is None:
        rows.append(raw.activity)
    if not unknown.any() or 2 * unknown.sum() >= n or any(len(each) != n for each in rows):
        return raw
    remarks.append(
        f"{_count(unknown, 'sample')} without time left out, the first is sample"
        f" {np.flatnonzero(unknown)[0]}"
    )
    is_table = raw.spike_lines is not None
    spikes = {
        cell: train[~unknown] if not is_table and is_counts(train, n) else train
        for cell, train in raw.spikes.items()
    }
    return replace(raw.with_samples(~unknown), spikes=spikes)


def _checked_clock(raw: RawSession, remarks: list[str], problems: Problems) -> RawSession:
    """Return the session without repeated samples; add a problem for any other wrong clock."""

    def place(sample: int) -> Place:
        return Place(raw.path, None if raw.lines is None else int(raw.lines[sample]))

    positions, times = raw.positions, raw.times
    n = len(positions)
    if positions.ndim != 2 or positions.shape[1] != 2 or n < 2 or len(times) != n:
        what = f"has {n} positions of shape {positions.shape[1:]} at {len(times)} times"
        fix = "give x and y for each time, and at least two samples"
        problems.add(what, Place(raw.path), fix)
        return raw
    is_own_clock = raw.activity_times is not None
    if raw.activity is not None and not is_own_clock and len(raw.activity) != n:
        what = f"{len(raw.activity):,} rows of activity for {n:,} samples of the path"
        problems.add(what, Place(raw.spikes_path), "give the time of each row, in a column t")
        return raw
    wrong = np.flatnonzero(~(np.abs(times) <= LATEST_S))
    if len(wrong):
        what = f"times: sample {wrong[0]} is {times[wrong[0]]:g}"
        fix = "give the time of every sample in seconds, or its unit: --time-units ms, us or ns"
        problems.add(what, place(wrong[0]), fix)
        return raw
    back = np.flatnonzero(np.diff(times) < 0)
    if len(back):
        at = back[0] + 1
        more = f", the first of {len(back)} such samples" if len(back) > 1 else ""
        problems.add(
            f"times go back by {times[at - 1] - times[at]:.6g} s at sample {at}, from"
            f" {times[at - 1]:.10g} s to {times[at]:.10g} s{more}",
            place(at),
            "sort the samples by time; give recordings with different clocks as separate files",
        )
        return raw
    repeated = np.append(False, np.diff(times) == 0)
    if not repeated.any():
        return raw
    if n - repeated.sum() < 2:
        problems.add("all samples are at one time", Place(raw.path), "give the time of each sample")
        return raw
    if _are_several_tracks(positions, repeated):
        problems.add(
            f"{_count(repeated, 'sample')} of {n:,} have the time of the sample before, and a"
            " distant position: tracks of several animals or body parts",
            place(np.flatnonzero(repeated)[0]),
            "give the path of one of them",
        )
        return raw
    first = np.flatnonzero(repeated)[0]
    remarks.append(
        f"{_count(repeated, 'sample')} with the time of the sample before left out, the first at"
        f" {times[first]:.10g} s"
        + (": the clock is coarse; was it saved as float32?" if 10 * repeated.sum() > n else "")
    )
    return raw.with_samples(~repeated)


def _are_several_tracks(
    positions: Float[np.ndarray, "sample 2"], repeated: Bool[np.ndarray, " sample"]
) -> bool:
    """Return whether a path has several tracks in turn, as in tables of several animals.

    Of a single track, samples at the time of the one before are at most a step away.
    """
    steps = np.hypot(*np.diff(positions, axis=0).T)
    apart, along = steps[repeated[1:]], np.hypot(*np.diff(positions[~repeated], axis=0).T)
    apart, along = apart[np.isfinite(apart)], along[np.isfinite(along)]
    if 3 * repeated.sum() < len(repeated) or not len(apart) or not len(along):
        return False
    return bool(np.median(apart) > _DISTANT * np.median(along))


def _check_arena(
    raw: RawSession,
    positions: Float[np.ndarray, "sample 2"],
    options: InputOptions,
    problems: Problems,
) -> None:
    known = positions[np.isfinite(positions).all(axis=1)]
    if len(known) < 3:
        what = f"{len(known)} of {len(positions)} positions are known"
        problems.add(what, Place(raw.path), "give at least three positions")
        return
    with np.errstate(over="ignore"):
        width, height = np.ptp(known, axis=0)
    if not SMALLEST_ARENA_M <= max(width, height) <= LARGEST_ARENA_M:
        problems.add(
            f"positions span {width:.4g} by {height:.4g} m, read in {options.units}: not an arena",
            Place(raw.path),
            "give their unit: --units m, cm or mm, or --units px --px-per-cm N (one unit for all"
            f" inputs of a call); arenas are {SMALLEST_ARENA_M:g} to {LARGEST_ARENA_M:g} m",
        )
    elif min(width, height) < NARROWEST_ARENA_M:
        problems.add(
            f"positions span {width:.4g} by {height:.4g} m: a line instead of an arena",
            Place(raw.path),
            f"give the path of an animal in an open arena, at least {NARROWEST_ARENA_M:g} m wide",
        )


def _count(mask: Bool[np.ndarray, " sample"], what: str) -> str:
    n = int(mask.sum())
    return f"{n:,} {what}{'s' * (n != 1)}"
