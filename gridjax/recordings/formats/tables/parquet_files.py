"""Sessions in Parquet tables: see ``session_tables``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gridjax.io.csv_reader import (
    MISSING,
    Clock,
    Columns,
    Further,
    Kind,
    Label,
    columns_named,
)
from gridjax.io.dates import array_in_seconds
from gridjax.recordings.formats.reading import GUIDE, Reading
from gridjax.recordings.formats.tables.session_tables import (
    HEADERS,
    TableFormat,
    say_columns,
    table_cells,
    table_session,
)
from gridjax.recordings.session import RawSession, Spikes

_PAGE = f"{GUIDE}#parquet"


def parquet_session(reading: Reading) -> RawSession | None:
    """Return the session of NAME.parquet and the table beside it; None after a problem."""
    return table_session(reading, PARQUET)


def parquet_spikes(reading: Reading) -> Spikes | None:
    """Return the spikes or the activity of a table; None after a problem."""
    return table_cells(reading, PARQUET)


def _header(reading: Reading) -> Sequence[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.ParquetFile(reading.path).schema_arrow.names)
    except (pa.ArrowException, OSError, ValueError):
        return []


def _columns(reading: Reading, kinds: Mapping[str, Kind], further: Further) -> Columns | None:
    """Return the columns of a table; the number of a row, from 1, is in place of the line."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(reading.path)
        names = list(file.schema_arrow.names)
        places, units = columns_named(names, kinds, HEADERS)
        more = further(names, set(places.values())) if len(places) == len(kinds) else {}
        if more is None:
            return None
        needed = [names[place] for place in {*places.values(), *more.values()}]
        # one thread: threads of Arrow can outlive the command
        table = file.read(columns=needed, use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        reading.refuse(f"cannot be read by pyarrow: {reason}", f"write a Parquet table ({_PAGE})")
        return None
    if len(places) < len(kinds):
        listed = ", ".join(map(str, names[:12])) + ", ..." * (len(names) > 12)
        fix = f"name the columns {', '.join(kinds)}, each once ({_PAGE})"
        reading.refuse(f"has the columns {listed or '(none)'}", fix)
        return None
    numbers: dict[str, np.ndarray] = {}
    texts: dict[str, list[str]] = {}
    for name, place in places.items():
        column = table.column(names[place])
        if kinds[name] is Clock and _is_time(column.type, pa):
            numbers[name], units[name] = array_in_seconds(column.to_numpy())
        elif issubclass(kinds[name], float):
            numbers[name] = _numbers(reading, names[place], column, pa)
        elif kinds[name] is Label:
            texts[name] = [_label(value) for value in column.to_pylist()]
        else:
            texts[name] = _texts(reading, names[place], column, pa)
    if reading.problems.found:
        return None
    values = {
        cell: _numbers(reading, names[place], table.column(names[place]), pa)
        for cell, place in more.items()
    }
    if reading.problems.found:
        return None
    columns = Columns(numbers, texts, np.arange(1, 1 + len(table)), units, values)
    say_columns(reading, columns)
    return columns


def _is_time(kind: Any, pa: Any) -> bool:
    return pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_duration(kind)


def _numbers(reading: Reading, name: str, column: Any, pa: Any) -> np.ndarray:
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        fix = f"write numbers; times in seconds, or as timestamps ({_PAGE})"
        reading.refuse(f"the column {name} is {kind}", fix)
        return np.empty(0)
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), float)


def _label(value: Any) -> str:
    """Return a value as text, without the point of whole numbers; empty for a missing value."""
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.15g}"
    text = "" if value is None else str(value).strip()
    return "" if text.lower() in MISSING else text


def _texts(reading: Reading, name: str, column: Any, pa: Any) -> list[str]:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if not (is_text or pa.types.is_integer(kind)) or column.null_count:
        what = f"the column {name} is {kind} with {column.null_count:,} missing values"
        reading.refuse(what, f"write the number or the name of the cell of each spike ({_PAGE})")
        return []
    return [str(value) for value in column.to_pylist()]


PARQUET = TableFormat(".parquet", _header, _columns)
