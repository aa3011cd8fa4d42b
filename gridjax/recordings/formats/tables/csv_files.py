"""Sessions in CSV files: see ``session_tables``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gridjax.io.csv_reader import Columns, Further, Kind, read_columns, read_header
from gridjax.recordings.formats.reading import Reading
from gridjax.recordings.formats.tables.session_tables import (
    HEADERS,
    TableFormat,
    say_columns,
    table_cells,
    table_session,
)
from gridjax.recordings.session import RawSession, Spikes


def csv_session(reading: Reading) -> RawSession | None:
    """Return the session of NAME.csv and the table of cells beside it; None after a problem."""
    return table_session(reading, CSV._replace(ending=Path(reading.path).suffix))


def csv_spikes(reading: Reading) -> Spikes | None:
    """Return the spikes or the activity of a table; None after a problem."""
    return table_cells(reading, CSV._replace(ending=Path(reading.path).suffix))


def _columns(reading: Reading, kinds: Mapping[str, Kind], further: Further) -> Columns | None:
    columns = read_columns(reading.path, kinds, reading.problems, HEADERS, further)
    if columns is not None:
        say_columns(reading, columns)
    return columns


CSV = TableFormat(".csv", lambda reading: read_header(reading.path), _columns)
