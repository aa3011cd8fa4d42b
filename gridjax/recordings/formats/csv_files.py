"""Sessions in two tables: NAME.csv with the path, and NAME.spikes.csv with the spikes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from gridjax.errors import Place
from gridjax.io.csv_reader import Columns, read_columns
from gridjax.io.source_location import Problems
from gridjax.recordings.formats.named_arrays import check_cell
from gridjax.recordings.formats.reading import GUIDE, Reading
from gridjax.recordings.session import RawSession, Spikes

SPIKES_CSV = ".spikes.csv"
HEADERS = {
    "t": ("time", "times", "timestamp", "timestamps", "spike_times", "spike_time"),
    "x": ("pos_x", "x_pos", "position_x"),
    "y": ("pos_y", "y_pos", "position_y"),
    "cell": ("unit", "neuron", "cluster", "spike_cells", "spike_clusters"),
}
"""Column -> its other accepted headers, in lower case."""
PATH_KINDS, SPIKE_KINDS = {"t": float, "x": float, "y": float}, {"t": float, "cell": str}
"""Column -> type, for the path and for the spikes."""


def csv_session(reading: Reading) -> RawSession | None:
    """Return the session of NAME.csv and NAME.spikes.csv.

    If a file is invalid, add its problems and return None. The file of spikes is not needed if
    ``--spikes`` gives another one.
    """
    spikes_path = str(Path(reading.path).with_suffix("")) + SPIKES_CSV
    samples = _columns(reading, reading.path, PATH_KINDS)
    if reading.may_lack_spikes:
        spikes = Spikes({}, reading.path)
    elif not Path(spikes_path).exists():
        fix = f"write this file, with the columns t,cell, or give --spikes ({GUIDE}#spikes)"
        reading.refuse(f"has no spikes: {spikes_path} does not exist", fix)
        return None
    else:
        spikes = csv_spikes(replace(reading, path=spikes_path))
    return None if samples is None or spikes is None else table_session(reading, samples, spikes)


def csv_spikes(reading: Reading) -> Spikes | None:
    """Return the spikes of a file with the columns t and cell; None after a problem."""
    columns = _columns(reading, reading.path, SPIKE_KINDS)
    return None if columns is None else table_spikes(reading, columns)


def table_session(reading: Reading, samples: Columns, spikes: Spikes) -> RawSession:
    """Return the session of a path in a table, and of spikes."""
    path = reading.path
    return RawSession(
        path,
        np.stack([samples.numbers["x"], samples.numbers["y"]], axis=1),
        samples.numbers["t"],
        spikes.trains,
        spikes.path,
        samples.lines,
        spikes.lines,
        units={(path, name): unit for name, unit in samples.units.items()} | dict(spikes.units),
    )


def table_spikes(reading: Reading, columns: Columns) -> Spikes | None:
    """Return the spikes of each cell in a table; add problems and return None if there are any."""
    path, cells = reading.path, np.array(columns.texts["cell"], str)
    of: dict[str, np.ndarray] = {str(cell): cells == cell for cell in np.unique(cells)}
    own = Problems()
    for cell, rows in of.items():
        check_cell(cell, Place(path, int(columns.lines[rows][0])), own)
    reading.problems.take(own)
    if own.found:
        return None
    return Spikes(
        {cell: columns.numbers["t"][rows] for cell, rows in of.items()},
        path,
        {cell: columns.lines[rows] for cell, rows in of.items()},
        {(path, name): unit for name, unit in columns.units.items()},
    )


def _columns(reading: Reading, path: str, kinds: dict) -> Columns | None:
    columns = read_columns(path, kinds, reading.problems, HEADERS)
    if columns is not None:
        say_columns(reading, path, columns)
    return columns


def say_columns(reading: Reading, path: str, columns: Columns) -> None:
    """Add the columns of a table to the content found in the file."""
    names = [*columns.numbers, *columns.texts]
    units = [f"{name} ({unit})" if (unit := columns.units.get(name)) else name for name in names]
    reading.say(f"{Path(path).name}: columns {', '.join(units)}, {len(columns.lines):,} rows")
