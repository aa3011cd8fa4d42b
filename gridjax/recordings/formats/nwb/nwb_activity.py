"""Activity of cells in NWB files: fluorescence, its changes, and deconvolved events of ROIs."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from jaxtyping import Int

from gridjax.io.text import shown
from gridjax.recordings.formats.nwb.nwb_series import (
    PAGE,
    chosen_series,
    note_series,
    series_of,
    series_times,
    series_values,
)
from gridjax.recordings.formats.reading import Reading
from gridjax.recordings.session import Activity, Spikes

_QUALITIES = ("iscell", "is_cell", "Accepted", "accepted", "roi_quality", "quality")
"""Columns of the table of ROIs that say which ROIs are cells."""
_MOST_VALUES = 6


def responses(reading: Reading, file: Any) -> dict[str, Any]:
    """Return the responses of ROIs by their path in a file, and add them to what was found."""
    found = series_of(file, "RoiResponseSeries")
    for name, series in found.items():
        note_series(reading, name, series)
    return found


def roi_activity(reading: Reading, found: dict[str, Any]) -> Spikes | None:
    """Return the activity of the series that --activity names, or of the only one.

    Cells have the ids of the table of ROIs. If there is no such series, or several could be meant,
    add a problem and return None.

    Args:
        reading: the reading of the file.
        found: the series of ``responses``.
    """
    wanted = reading.options.activity
    if not found:
        what = f"has no activity {shown(wanted or '')}: it holds no responses of ROIs"
        reading.refuse(what, f"leave --activity out, or give a file of fluorescence ({PAGE})")
        return None
    chosen = chosen_series(reading, found, wanted, "--activity", "series of activity")
    if chosen is None:
        return None
    name, series = chosen
    values = series_values(reading, name, series)
    if values is None:
        return None
    values = values[:, None] if values.ndim == 1 else values
    table, rows = series.rois.table, np.asarray(series.rois.data[:], int)
    cells = tuple(str(each) for each in np.asarray(table.id[:])[rows])
    remarks = [f"activity from {name}, in place of spikes"]
    if values.ndim == 2 and values.shape[0] == len(cells) != values.shape[1]:
        remarks.append(f"{name} is read as [ROI, frame], the reverse of what NWB says")
        values = values.T
    if values.ndim != 2 or values.shape[1] != len(cells):
        what = f"{name} has shape {values.shape} for {len(cells)} ROIs"
        reading.refuse(what, f"write data [frame, ROI] and one ROI for each column ({PAGE})")
        return None
    times = series_times(reading, name, series, len(values))
    if times is None:
        return None
    if len(times) != len(values):
        what = f"{name} has {len(values):,} frames at {len(times):,} times"
        reading.refuse(what, f"write one time for each frame ({PAGE})")
        return None
    if len(set(cells)) < len(cells):
        reading.refuse(f"{name} names an ROI twice", f"write each ROI once ({PAGE})")
        return None
    remarks += _quality(table, rows)
    activity = Activity(times, values.astype(float), cells)
    told = tuple(remarks)
    return Spikes({}, reading.path, remarks=told, activity=activity, time_unit="s")


def _quality(table: Any, rows: Int[np.ndarray, " cell"]) -> list[str]:
    """Return one line that counts the values of a column of quality, if there is one."""
    for column in _QUALITIES:
        if column in table.colnames:
            # suite2p stores the pair (is a cell, probability)
            values = [np.ravel(value)[0] for value in np.asarray(table[column].data[:])[rows]]
            is_number = np.asarray(values).dtype.kind in "iufb"
            counts = Counter(f"{value:g}" if is_number else str(value) for value in values)
            listed = ", ".join(
                f"{shown(one)} ({n:,})" for one, n in counts.most_common(_MOST_VALUES)
            )
            return [f"ROIs by {column} (counts): {listed}; all are read, --cells chooses"]
    return []
