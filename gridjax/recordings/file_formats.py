"""File formats of the inputs of gridjax score, recognised by file name and content."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from gridjax.recordings.formats.deeplabcut_files import (
    deeplabcut_csv,
    deeplabcut_hdf5,
    is_deeplabcut,
)
from gridjax.recordings.formats.matlab_files import matlab_file, matlab_spikes
from gridjax.recordings.formats.netcdf_files import netcdf_file
from gridjax.recordings.formats.numpy_files import numpy_file, numpy_spikes
from gridjax.recordings.formats.nwb.nwb_files import nwb_session, nwb_spikes
from gridjax.recordings.formats.pynapple_files import (
    is_pynapple,
    pynapple_session,
    pynapple_spikes,
)
from gridjax.recordings.formats.reading import GUIDE, Reading
from gridjax.recordings.formats.sorter_folders import (
    is_sorter_folder,
    sorter_session,
    sorter_spikes,
)
from gridjax.recordings.formats.tables.csv_files import csv_session, csv_spikes
from gridjax.recordings.formats.tables.parquet_files import parquet_session, parquet_spikes
from gridjax.recordings.formats.tables.session_tables import ACTIVITY, SPIKES
from gridjax.recordings.map_set import MapSet
from gridjax.recordings.session import RawSession, Spikes

_TRACKS = frozenset(("bodypart", "likelihood", "fps", "start_s"))


class Format(NamedTuple):
    """A file format: its name, and the functions that read inputs and spikes."""

    name: str
    read: Callable[[Reading], MapSet | RawSession | None]
    spikes: Callable[[Reading], Spikes | None] | None = None
    """Reader of the spikes for --spikes; None if the format has no spikes."""
    options: frozenset[str] = frozenset()
    """Fields of InputOptions that this format uses and some other formats do not use."""


NUMPY = Format("NumPy file", numpy_file, numpy_spikes)
CSV = Format("CSV table", csv_session, csv_spikes)
DEEPLABCUT = Format("CSV table of DeepLabCut", deeplabcut_csv, options=_TRACKS)
PYNAPPLE = Format("file of pynapple", pynapple_session, pynapple_spikes)
SORTER = Format("folder of Kilosort or phy", sorter_session, sorter_spikes)
FORMATS = {
    ".npy": NUMPY._replace(spikes=None),
    ".npz": NUMPY,
    ".csv": CSV,
    ".tsv": CSV,
    ".mat": Format("MATLAB file", matlab_file, matlab_spikes),
    ".nwb": Format(
        "NWB file", nwb_session, nwb_spikes, frozenset(("series", "activity", "epochs"))
    ),
    ".h5": Format("HDF5 file of DeepLabCut", deeplabcut_hdf5, options=_TRACKS),
    ".parquet": Format("Parquet table", parquet_session, parquet_spikes),
    ".nc": Format("NetCDF file", netcdf_file, options=_TRACKS | {"series"}),
}
"""Ending of a file name -> format."""
_PICKLES = (".pkl", ".pickle", ".p", ".joblib")


def path_of_spikes(path: str) -> str | None:
    """Return the file of the path beside which a table of cells is; None for any other file."""
    for cells in (SPIKES, ACTIVITY):
        for ending in (".csv", ".tsv", ".parquet"):
            if path.endswith(cells + ending):
                return path.removesuffix(cells + ending) + ending
    return None


def format_of(reading: Reading) -> Format | None:
    """Return the format of a file; add a problem and return None if it is unknown."""
    path = reading.path
    ending = Path(path).suffix.lower()
    is_spikes = path == reading.options.spikes
    if is_sorter_folder(path):
        return SORTER
    if Path(path).is_dir():
        reading.refuse("is a folder", f"give its files: {Path(path) / '*.npz'}")
    elif not Path(path).is_file():
        reading.refuse("is not a regular file", "save it as a regular file")
    elif (of_path := path_of_spikes(path)) and not is_spikes:
        fix = f"give {of_path}; the cells are read from beside it"
        reading.refuse("holds the cells of a session, not its path", fix)
    elif ending in _PICKLES:
        fix = f"save its arrays with numpy.savez ({GUIDE}#pickled-archives)"
        reading.refuse("is a pickle: Python objects are never unpickled", fix)
    elif ending == ".csv" and is_deeplabcut(path):
        return DEEPLABCUT
    elif ending == ".npz" and is_pynapple(path):
        return PYNAPPLE
    elif ending in FORMATS:
        return FORMATS[ending]
    else:
        what = f"has an unknown file type ({ending or 'no ending'})"
        reading.refuse(what, f"give one of {endings()} ({GUIDE})")
    return None


def endings() -> str:
    """Return the endings of the files that are read, as text."""
    *most, last = FORMATS
    return f"{', '.join(most)} or {last}"
