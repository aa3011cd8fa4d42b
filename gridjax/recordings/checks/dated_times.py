"""Times that a file writes as dates: seconds from the first position on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gridjax.errors import Place
from gridjax.io.dates import ISO_DATES, date_of_seconds
from gridjax.io.source_location import Problems
from gridjax.metrics.ratemaps.spike_counts import is_counts
from gridjax.recordings.session import RawSession


def without_dates(raw: RawSession, remarks: list[str], problems: Problems) -> RawSession:
    """Return the session with times in seconds from its first position on, if they are dates.

    Adds a problem if the positions have dates and the cells other times, or the cells alone have
    dates. Counts of spikes, and activity with one row for each position, have no times of their
    own.

    Args:
        raw: the session with the units that its files state.
        remarks: list of remarks; gets the date of 0 s.
        problems: list of problems.
    """
    n_samples = len(raw.times)
    times_of_cells = raw.activity_times is not None or any(
        len(train) and not is_counts(train, n_samples) for train in raw.spikes.values()
    )
    path_is_dated, cells_are_dated = raw.time_unit == ISO_DATES, raw.spike_time_unit == ISO_DATES
    if times_of_cells and path_is_dated != cells_are_dated:
        names = ["numbers", "dates"]
        what = f"times of positions are {names[path_is_dated]}, times of cells are"
        fix = "write both as dates, or both in seconds on one clock"
        problems.add(f"{what} {names[cells_are_dated]}", Place(raw.spikes_path), fix)
    raw = replace(
        raw,
        time_unit="s" if path_is_dated else raw.time_unit,
        spike_time_unit="s" if cells_are_dated else raw.spike_time_unit,
    )
    known = raw.times[np.isfinite(raw.times)]
    if not path_is_dated or not len(known):
        return raw
    start = float(known[0] // 1)  # a whole second, so that the date of 0 s is exact
    remarks.append(f"times are dates: 0 s is {date_of_seconds(start)} UTC")
    spikes = raw.spikes
    if cells_are_dated:
        spikes = {cell: train - start for cell, train in spikes.items()}
    activity_times = raw.activity_times
    if activity_times is not None:
        activity_times = activity_times - start
    return replace(raw, times=raw.times - start, spikes=spikes, activity_times=activity_times)
