"""Readers of the inputs of gridjax score: rate maps, and sessions with a path and spikes.

All files are checked before scoring, and the problems of all files are reported together. Pickled
Python objects are not loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from gridjax.errors import GridjaxError, Place, Problem
from gridjax.io.source_location import Problems
from gridjax.io.text import flaw, shown
from gridjax.recordings.formats.csv_files import SPIKES_CSV, csv_session, csv_spikes
from gridjax.recordings.formats.deeplabcut_files import (
    deeplabcut_csv,
    deeplabcut_hdf5,
    is_deeplabcut,
)
from gridjax.recordings.formats.matlab_files import matlab_file, matlab_spikes
from gridjax.recordings.formats.netcdf_files import netcdf_file
from gridjax.recordings.formats.numpy_files import numpy_file, numpy_spikes
from gridjax.recordings.formats.nwb_files import nwb_session, nwb_spikes
from gridjax.recordings.formats.parquet_files import (
    SPIKES_PARQUET,
    parquet_session,
    parquet_spikes,
)
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
from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.map_set import MapSet
from gridjax.recordings.session import RawSession, Session, Spikes
from gridjax.recordings.session_checks import checked_session
from gridjax.recordings.spike_sources import chosen_cells, with_spikes_of


class Format(NamedTuple):
    """A file format: its name, and the functions that read inputs and spikes."""

    name: str
    read: Callable[[Reading], MapSet | RawSession | None]
    spikes: Callable[[Reading], Spikes | None] | None = None
    """Reader of the spikes for --spikes; None if the format has no spikes."""


NUMPY = Format("NumPy file", numpy_file, numpy_spikes)
CSV = Format("CSV table", csv_session, csv_spikes)
DEEPLABCUT = Format("CSV table of DeepLabCut", deeplabcut_csv)
PYNAPPLE = Format("file of pynapple", pynapple_session, pynapple_spikes)
SORTER = Format("folder of Kilosort or phy", sorter_session, sorter_spikes)
FORMATS = {
    ".npy": NUMPY._replace(spikes=None),
    ".npz": NUMPY,
    ".csv": CSV,
    ".mat": Format("MATLAB file", matlab_file, matlab_spikes),
    ".nwb": Format("NWB file", nwb_session, nwb_spikes),
    ".h5": Format("HDF5 file of DeepLabCut", deeplabcut_hdf5),
    ".parquet": Format("Parquet table", parquet_session, parquet_spikes),
    ".nc": Format("NetCDF file", netcdf_file),
}
"""Format of each ending of a file's name."""
_PICKLES = (".pkl", ".pickle", ".p", ".joblib")


@dataclass(frozen=True)
class ReadFile:
    """One file: what was found in it, and the maps or the session that it gives."""

    path: str
    format: str
    """Name of its format; empty if it is unknown."""
    found: list[str]
    """One line for each array, series or table of the file."""
    result: MapSet | Session | None
    """None if there are problems."""
    problems: Problems


def read_inputs(
    names: Sequence[str | Path], options: InputOptions | None = None
) -> list[MapSet | Session]:
    """Return the maps and sessions of files, in the order of the names.

    Args:
        names: files, or patterns such as ``rat*/*.npz`` that match files.
        options: meaning of the numbers of all sessions; None for metres and seconds.

    Raises GridjaxError with the problems of all files.
    """
    problems = Problems()
    read = read_files(names, options, problems)
    for each in read:
        problems.take(each.problems)
    problems.raise_any()
    return [each.result for each in read if each.result is not None]


def read_files(
    names: Sequence[str | Path], options: InputOptions | None, problems: Problems
) -> list[ReadFile]:
    """Return what was found in each file, with the problems of each.

    Args:
        names: files or patterns, as for ``read_inputs``.
        options: meaning of the numbers, as for ``read_inputs``.
        problems: list that receives the problems of names that are no files.

    Raises GridjaxError for invalid options.
    """
    options = options or InputOptions()
    options.check()
    paths = _expanded(names, problems)
    if options.spikes is not None and len(paths) > 1:
        what = f"--spikes {shown(options.spikes)} is given with {len(paths)} inputs"
        raise GridjaxError(Problem(what, fix="give one input and its spikes in each call"))
    return [_read(path, options) for path in paths]


def _expanded(names: Sequence[str | Path], problems: Problems) -> list[str]:
    paths: dict[str, None] = {}
    for name in map(str, names):
        matches = _matches(Path(name)) if name else []
        if not matches:
            fix = f"give a file that exists, of one of these types: {_endings()}"
            problems.add("no such file", Place(shown(name)), fix)
        for path in matches:
            if words := flaw(path):
                problems.add(f"the name {words}", Place(shown(path)), "rename the file")
            else:
                paths[path] = None
    # a pattern such as *.csv also matches files of spikes, which are read together with their paths
    return [path for path in paths if _path_of_spikes(path) not in paths]


def _path_of_spikes(path: str) -> str | None:
    """Return the file of the path beside which a file of spikes is; None for any other file."""
    for ending in (SPIKES_CSV, SPIKES_PARQUET):
        if path.endswith(ending):
            return path.removesuffix(ending) + ending.removeprefix(".spikes")
    return None


def _matches(pattern: Path) -> list[str]:
    try:
        if pattern.exists():
            return [str(pattern)]
        matches = Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))
        return sorted(map(str, matches))
    except (ValueError, OSError):
        return []


def _read(path: str, options: InputOptions) -> ReadFile:
    reading = Reading(path, options)
    known = _format_of(reading)
    result = None
    if known is not None:
        result = known.read(reading)
        if isinstance(result, RawSession) and options.spikes is not None:
            result = _with_other_spikes(reading, result)
        if isinstance(result, RawSession):
            result = chosen_cells(result, options.cells, reading.problems)
        if isinstance(result, RawSession):
            result = checked_session(result, options, reading.problems)
    if reading.problems.found:
        result = None
    return ReadFile(path, known.name if known else "", reading.found, result, reading.problems)


def _with_other_spikes(reading: Reading, raw: RawSession) -> RawSession | None:
    """Return a session with the spikes of the file that --spikes names."""
    path = reading.options.spikes or ""
    other = replace(reading, path=path)
    if not path or flaw(path) or not Path(path).exists():
        reading.problems.add("no such file", Place(shown(path)), "give --spikes a file that exists")
        return None
    known = _format_of(other)
    if known is None:
        return None
    if known.spikes is None:
        other.refuse(
            f"{known.name}: holds no spikes", f"give --spikes another file ({GUIDE}#spikes)"
        )
        return None
    options = reading.options
    if options.rate_hz is not None and options.time_units != "samples" and known is not SORTER:
        other.refuse("--time-units samples and --rate belong together", "give both, or neither")
        return None
    reading.say(f"{shown(path)}: {known.name}")
    spikes = known.spikes(other)
    return None if spikes is None else with_spikes_of(raw, spikes)


def _format_of(reading: Reading) -> Format | None:
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
    elif (path_of_spikes := _path_of_spikes(path)) and not is_spikes:
        fix = f"give {path_of_spikes}; the spikes are read from beside it"
        reading.refuse("holds the spikes of a session, not its path", fix)
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
        reading.refuse(what, f"give one of {_endings()} ({GUIDE})")
    return None


def _endings() -> str:
    *most, last = FORMATS
    return f"{', '.join(most)} or {last}"
