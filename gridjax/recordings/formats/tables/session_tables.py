"""Sessions in tables: a path, and beside it a table of spikes, or one of activity.

The path is in NAME.csv, and the cells are in NAME.spikes.csv (a row for each spike) or in
NAME.activity.csv (a column for each cell); so too with .parquet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gridjax.errors import Place
from gridjax.io.csv_reader import Clock, Columns, Further, Kind, columns_named
from gridjax.io.source_location import Problems
from gridjax.recordings.formats.named_arrays import check_cell
from gridjax.recordings.formats.reading import GUIDE, Reading
from gridjax.recordings.formats.tables.activity_columns import activity_columns, chosen_by, left_out
from gridjax.recordings.formats.tables.row_groups import (
    refuse_mixed_cells,
    told_sessions,
    told_sessions_of_spikes,
)
from gridjax.recordings.session import Activity, RawSession, Spikes

SPIKES, ACTIVITY = ".spikes", ".activity"
"""Ends of the names of tables of cells, before the ending of the format."""
HEADERS = {
    "t": ("time", "times", "timestamp", "timestamps", "time_stamp", "spike_times", "spike_time"),
    "x": ("pos_x", "x_pos", "position_x", "x_position", "posx", "x_coord", "x_coordinate"),
    "y": ("pos_y", "y_pos", "position_y", "y_position", "posy", "y_coord", "y_coordinate"),
    "cell": (
        *("unit", "neuron", "cluster", "spike_cells", "spike_clusters"),
        *("cell_id", "unit_id", "neuron_id", "cluster_id"),
    ),
}
"""Usual headers of columns, in lower case, with _ for spaces."""
PATH_KINDS: dict[str, Kind] = {"t": Clock, "x": float, "y": float}
SPIKE_KINDS: dict[str, Kind] = {"t": Clock, "cell": str}
"""Columns of a path and of spikes."""


class TableFormat(NamedTuple):
    """The reader of a format of tables."""

    ending: str
    header: Callable[[Reading], Sequence[str]]
    """Function to the names of the columns; empty if the file cannot be read."""
    columns: Callable[[Reading, Mapping[str, Kind], Further], Columns | None]
    """Function to the columns of given kinds, and to further ones; None after a problem."""


def table_session(reading: Reading, table: TableFormat) -> RawSession | None:
    """Return the session of a path in a table; add problems and return None if there are any.

    The cells are in a table beside it, or, as activity, in columns of the same table. Neither is
    needed if ``--spikes`` gives another file.
    """
    stem = str(Path(reading.path).with_suffix(""))
    spikes, activity = (f"{stem}{kind}{table.ending}" for kind in (SPIKES, ACTIVITY))
    beside = [path for path in (spikes, activity) if Path(path).exists()]
    header = table.header(reading)
    places, _ = columns_named(header, PATH_KINDS, HEADERS)
    own = activity_columns(header, set(places.values()), is_of_activity=False)
    cells: Spikes | None = Spikes({}, reading.path)
    remarks: tuple[str, ...] = ()
    if reading.may_lack_spikes or len(places) < len(PATH_KINDS):
        own = []
    elif len(beside) == 2:
        what = f"has spikes and activity: {spikes} and {activity}"
        reading.refuse(what, f"give one of them with --spikes ({GUIDE}#activity)")
        own, cells = [], None
    elif beside:
        cells = table_cells(replace(reading, path=beside[0]), table)
        if own:
            remarks = (f"{len(own):,} columns of activity not used: {beside[0]} gives the cells",)
        own = []
    elif not own:
        fix = (
            f"write this file, with the columns t,cell; or {activity}, with a column for each cell;"
            f" or columns activity_NAME; or give --spikes ({GUIDE}#spikes)"
        )
        reading.refuse(f"has no spikes: {spikes} does not exist", fix)
        cells = None
    samples = table.columns(reading, PATH_KINDS, chosen_by(reading, own))
    if samples is None or cells is None:
        return None
    sessions = told_sessions(reading, header, table.columns)
    path, among = reading.path, cells.activity
    if own:
        values = np.stack(list(samples.further.values()), axis=1)
        among = Activity(None, values, tuple(samples.further))
        remarks = left_out(header, {*places.values(), *(at for _, at in own)})
    return RawSession(
        path,
        np.stack([samples.numbers["x"], samples.numbers["y"]], axis=1),
        samples.numbers["t"],
        cells.trains,
        cells.path,
        samples.lines,
        cells.lines,
        activity=None if among is None else among.values,
        activity_cells=() if among is None else among.cells,
        activity_times=None if among is None else among.times,
        units={(path, name): unit for name, unit in samples.units.items()} | dict(cells.units),
        remarks=(*sessions, *remarks, *cells.remarks),
    )


def table_cells(reading: Reading, table: TableFormat) -> Spikes | None:
    """Return the spikes or the activity in a table; add problems and return None if there are any.

    A table with the columns t and cell holds spikes. One whose name ends in .activity, or whose
    columns have names of cells, holds activity.
    """
    is_of_activity = reading.path.endswith(ACTIVITY + table.ending)
    header = table.header(reading)
    places, _ = columns_named(header, SPIKE_KINDS, HEADERS)
    clock = {"t": places["t"]} if "t" in places else {}
    own = activity_columns(header, set(clock.values()), is_of_activity)
    is_of_spikes = len(places) == len(SPIKE_KINDS) or reading.path.endswith(SPIKES + table.ending)
    if not is_of_activity and (is_of_spikes or not own):
        columns = table.columns(reading, SPIKE_KINDS, lambda header, used: {})
        if columns is None:
            return None
        refuse_mixed_cells(reading, header, table.columns)
        spikes = _spikes(reading, columns)
        told = told_sessions_of_spikes(reading, header, table.columns)
        return None if spikes is None else spikes._replace(remarks=tuple(told))
    if not own:
        fix = f"give a column for each cell, and its name in the first line ({GUIDE}#activity)"
        reading.refuse("has no columns of cells", fix)
        return None
    kinds: dict[str, Kind] = {"t": Clock} if clock else {}
    columns = table.columns(reading, kinds, chosen_by(reading, own))
    if columns is None:
        return None
    remarks = left_out(header, {*clock.values(), *(at for _, at in own)})
    if not clock:
        remarks += ("activity without a column t: one row for each sample of the path",)
    values = np.stack(list(columns.further.values()), axis=1)
    path = reading.path
    return Spikes(
        {},
        path,
        units={(path, name): unit for name, unit in columns.units.items()},
        remarks=remarks,
        activity=Activity(columns.numbers.get("t"), values, tuple(columns.further)),
    )


def _spikes(reading: Reading, columns: Columns) -> Spikes | None:
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


def say_columns(reading: Reading, columns: Columns) -> None:
    """Add the columns of a table to what was found."""
    names = [*columns.numbers, *columns.texts]
    units = [f"{name} ({unit})" if (unit := columns.units.get(name)) else name for name in names]
    n = len(columns.further)
    units += [f"{n:,} of activity"] if n else []
    reading.say(
        f"{Path(reading.path).name}: columns {', '.join(units)}, {len(columns.lines):,} rows"
    )
