"""Tracks of DeepLabCut and Lightning Pose: CSV files with three or four header rows, and HDF5.

The HDF5 files are tables of pandas. They store the names of the columns in a pickle. h5py reads the
files, and ``pickled_text`` decodes the names without unpickling.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from gridjax.errors import Place
from gridjax.io.csv_reader import MISSING
from gridjax.recordings.formats.pickled_text import plain_value
from gridjax.recordings.formats.reading import GUIDE, Reading
from gridjax.recordings.formats.tracks import Tracks, points_of, track_session
from gridjax.recordings.session import RawSession

_PAGE = f"{GUIDE}#trackers"
_HEADS = (["scorer", "bodyparts", "coords"], ["scorer", "individuals", "bodyparts", "coords"])
_FIX = f"give the CSV or HDF5 file of DeepLabCut as it was written ({_PAGE})"


def is_deeplabcut(path: str) -> bool:
    """Return whether a CSV file begins like a file of DeepLabCut."""
    try:
        with Path(path).open(encoding="utf-8-sig") as file:
            return file.readline(100).startswith("scorer,")
    except (OSError, UnicodeDecodeError):
        return False


def deeplabcut_csv(reading: Reading) -> RawSession | None:
    """Return the session of a body part in a CSV file; None after a problem."""
    try:
        with Path(reading.path).open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reading.refuse(f"cannot be read: {error}", _FIX)
        return None
    n_heads = next((at + 1 for at, row in enumerate(rows[:4]) if row[:1] == ["coords"]), 0)
    heads = rows[:n_heads]
    if [row[0] for row in heads] not in _HEADS or len({len(row) for row in heads}) > 1:
        reading.refuse("its first rows are not scorer, bodyparts, coords", _FIX)
        return None
    table = np.full((len(rows) - n_heads, len(heads[0])), np.nan)
    for at, row in enumerate(rows[n_heads:]):
        line = n_heads + at + 1
        if len(row) != table.shape[1]:
            what = f"{len(row)} fields instead of {table.shape[1]}"
            reading.problems.add(what, Place(reading.path, line), _FIX)
            return None
        for column, text in enumerate(row):
            try:
                table[at, column] = np.nan if text.strip().lower() in MISSING else float(text)
            except ValueError:
                what = f"{'the frame' if column == 0 else 'a coordinate'} is {text[:40]!r}"
                reading.problems.add(what, Place(reading.path, line), _FIX)
                return None
    names = list(zip(*(row[1:] for row in heads), strict=True))
    points = points_of(reading, names, table[:, 1:])
    return None if points is None else track_session(reading, Tracks(points, table[:, 0], False))


def deeplabcut_hdf5(reading: Reading) -> RawSession | None:
    """Return the session of a body part in an HDF5 file; None after a problem."""
    h5py = reading.library("h5py", "HDF5 files of DeepLabCut")
    if h5py is None:
        return None
    try:
        with h5py.File(reading.path, "r") as file:
            if "df_with_missing/table" not in file:
                names = ", ".join(list(file)[:8]) or "nothing"
                reading.refuse(f"holds {names}, and no table df_with_missing", _FIX)
                return None
            table = file["df_with_missing/table"]
            if set(table.dtype.names) != {"index", "values_block_0"}:
                reading.refuse(f"its table has the columns {', '.join(table.dtype.names)}", _FIX)
                return None
            kept = bytes(table.attrs["values_block_0_kind"])
            content = table[()]
    except Exception as error:  # h5py raises many kinds for damaged files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        reading.refuse(f"cannot be read by h5py: {reason}", _FIX)
        return None
    names, values = plain_value(kept), content["values_block_0"]
    if not _are_names(names, values) or content["index"].dtype.kind not in "iu":
        reading.refuse("its columns are not coordinates of body parts", _FIX)
        return None
    points = points_of(reading, names, values.astype(float))  # pyright: ignore[reportArgumentType]
    clock = content["index"].astype(float)
    return None if points is None else track_session(reading, Tracks(points, clock, False))


def _are_names(names: object, values: np.ndarray) -> bool:
    """Return whether names are one tuple of three or four texts for each column."""
    if not isinstance(names, list) or values.ndim != 2 or values.shape[1] != len(names):
        return False
    return all(
        isinstance(name, tuple)
        and len(name) in (3, 4)
        and all(isinstance(part, str) for part in name)
        for name in names
    )
