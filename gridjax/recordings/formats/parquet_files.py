"""Sessions in Parquet tables: the path in NAME.parquet, the spikes in NAME.spikes.parquet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gridjax.io.csv_reader import Columns, Kind, columns_named
from gridjax.recordings.formats.csv_files import (
    HEADERS,
    PATH_KINDS,
    SPIKE_KINDS,
    say_columns,
    table_session,
    table_spikes,
)
from gridjax.recordings.formats.reading import GUIDE, Reading
from gridjax.recordings.session import RawSession, Spikes

SPIKES_PARQUET = ".spikes.parquet"
_PAGE = f"{GUIDE}#parquet"


def parquet_session(reading: Reading) -> RawSession | None:
    """Return the session of NAME.parquet and NAME.spikes.parquet; None after a problem."""
    samples = _columns(reading, PATH_KINDS)
    spikes_path = str(Path(reading.path).with_suffix("")) + SPIKES_PARQUET
    if reading.may_lack_spikes:
        spikes = Spikes({}, reading.path)
    elif not Path(spikes_path).exists():
        fix = f"write this file, with the columns t and cell, or give --spikes ({GUIDE}#spikes)"
        reading.refuse(f"has no spikes: {spikes_path} does not exist", fix)
        return None
    else:
        spikes = parquet_spikes(replace(reading, path=spikes_path))
    return None if samples is None or spikes is None else table_session(reading, samples, spikes)


def parquet_spikes(reading: Reading) -> Spikes | None:
    """Return the spikes of a table with the columns t and cell; None after a problem."""
    columns = _columns(reading, SPIKE_KINDS)
    return None if columns is None else table_spikes(reading, columns)


def _columns(reading: Reading, kinds: Mapping[str, Kind]) -> Columns | None:
    """Return the columns of a table; their line numbers are the numbers of the rows, from 1."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(reading.path)
        names = list(file.schema_arrow.names)
        places, units = columns_named(names, kinds, HEADERS)
        needed = [names[place] for place in places.values()]
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
        if kinds[name] is float:
            numbers[name] = _numbers(reading, names[place], column, pa)
        else:
            texts[name] = _texts(reading, names[place], column, pa)
    if reading.problems.found:
        return None
    columns = Columns(numbers, texts, np.arange(1, 1 + len(table)), units)
    say_columns(reading, reading.path, columns)
    return columns


def _numbers(reading: Reading, name: str, column: Any, pa: Any) -> np.ndarray:
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        fix = f"write numbers, times in seconds ({_PAGE})"
        reading.refuse(f"the column {name} is {kind}", fix)
        return np.empty(0)
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), float)


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
