"""Epochs and trials of NWB files: rows of tables of time intervals, by tags and labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridjax.recordings.formats.nwb.nwb_series import (
    PAGE,
    chosen_series,
    listed,
    series_of,
)
from gridjax.recordings.formats.reading import Reading

_CLOCK = ("start_time", "stop_time", "timeseries")
Rows = list[tuple[float, float]]
"""Start and stop of rows, seconds."""


def epoch_windows(
    reading: Reading, file: Any
) -> tuple[tuple[tuple[float, float], ...] | None, list[str]]:
    """Return the start and stop of the rows that --epoch names, and remarks.

    The first is None without --epoch, and after a problem: no row has the name, or rows of several
    columns have it.
    """
    named, n_epochs = _named_rows(reading, file), 0 if file.epochs is None else len(file.epochs)
    options = reading.options
    if options.epochs is None:
        if n_epochs < 2 or options.windows_s is not None:
            return None, []
        names = [name for name in named if name.startswith("epochs/")]
        choice = f"--epoch chooses from {listed(names)}" if names else "--time START:STOP chooses"
        what = f"{n_epochs:,} epochs not used: all tracked time of the positions is scored as one"
        return None, [f"{what} session; {choice}"]
    if not named:
        fix = f"choose parts by their times, --time START:STOP ({PAGE})"
        reading.refuse("has no epochs or trials with tags or labels", fix)
        return None, []
    chosen: Rows = []
    unknown = 0
    for name in options.epochs:
        found = chosen_series(reading, named, name, "--epoch", "epochs or trials")
        rows = [] if found is None else found[1]
        known = [(start, stop) for start, stop in rows if start <= stop]  # false for NaN
        unknown += len(rows) - len(known)
        chosen += known
    if reading.problems.found:
        return None, []
    if not chosen:
        what = f"no row of --epoch {listed(options.epochs)} has a start before its stop"
        reading.refuse(what, f"choose parts by their times, --time START:STOP ({PAGE})")
        return None, []
    told = f"{unknown:,} row{'s' * (unknown != 1)} of --epoch without start and stop left out"
    return tuple(chosen), [told] if unknown else []


def _named_rows(reading: Reading, file: Any) -> dict[str, Rows]:
    """Return the rows of each tag and label, by table/column/text, such as epochs/tags/run.

    All columns of texts count. The table of invalid times is left out. The tables are added to what
    was found.
    """
    named: dict[str, Rows] = {}
    for path, table in series_of(file, "TimeIntervals").items():
        if table.name == "invalid_times":
            continue
        starts, stops = (np.asarray(table[name].data[:], float) for name in _CLOCK[:2])
        own: dict[str, Rows] = {}
        for column in table.colnames:
            texts = None if column in _CLOCK else _texts(table[column])
            for at, row in enumerate(texts or ()):
                for text in dict.fromkeys(filter(None, row)):
                    rows = own.setdefault(f"{path}/{column}/{text}", [])
                    rows.append((float(starts[at]), float(stops[at])))
        names = ", ".join(f"{name} ({len(rows):,})" for name, rows in list(own.items())[:12])
        reading.say(f"{path}: {len(starts):,} time intervals" + f", {names}" * bool(names))
        named |= own
    return named


def _texts(column: Any) -> list[list[str]] | None:
    """Return the texts of each row of a column; None for a column of anything else."""
    is_ragged = type(column).__name__ == "VectorIndex"
    data = column.target.data if is_ragged else column.data
    if is_ragged and type(column.target).__name__ != "VectorData":
        return None
    values = np.asarray(data[:])
    if values.ndim != 1 or not all(isinstance(value, str) for value in values.tolist()):
        return None
    if not is_ragged:
        return [[value] for value in values.tolist()]
    ends = np.asarray(column.data[:], int).tolist()
    starts = [0, *ends[:-1]]
    return [values[start:end].tolist() for start, end in zip(starts, ends, strict=True)]
