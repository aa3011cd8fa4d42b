"""What people bring to be scored: rate maps, or sessions of an animal's path with its spikes.

Everything is checked before anything is scored, and all that is wrong is said at once. Nothing is
unpickled and nothing guessed: arrays and columns have exact names.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float

from gridjax.errors import GridjaxError, Place
from gridjax.measure import chunks
from gridjax.measure.visits import numbers
from gridjax.study.csvfile import read_columns
from gridjax.study.located import Problems
from gridjax.study.recorded import Raw, Session, checked_session

Units = Literal["m", "cm"]
SPIKES_CSV = ".spikes.csv"
_SESSION_ARRAYS = (
    "a session holds positions [sample, 2], times [sample] and either spike_times with spike_cells"
    " or one array of spike times a cell, spikes_NAME"
)
_UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True)
class MapSet:
    """Rate maps of one file."""

    name: str
    cells: tuple[str, ...]
    """Their places in the file's array: 3, or 2,0 where it has two leading axes."""
    maps: Float[np.ndarray, "cell n n"]


def read_inputs(names: Sequence[str | Path], units: Units) -> list[MapSet | Session]:
    """Read maps and sessions from files; patterns such as ``rat*/*.npz`` stand for what they match.

    units: of the positions of all sessions.

    Raises GridjaxError with everything that is wrong with any of the files.
    """
    problems = Problems()
    chunks.one_of("units", units, ("m", "cm"))
    read = [_read(path, units, problems) for path in _expanded(names, problems)]
    problems.raise_any()
    return [each for each in read if each is not None]


def _expanded(names: Sequence[str | Path], problems: Problems) -> list[str]:
    paths: dict[str, None] = {}
    for name in map(str, names):
        matches = _matches(Path(name))
        if not matches:
            problems.add("no such file", Place(name), "name .npy, .npz or .csv files that exist")
        paths.update(dict.fromkeys(matches))
    # a pattern such as *.csv matches the spikes of its sessions too
    return [
        path
        for path in paths
        if not (path.endswith(SPIKES_CSV) and path.removesuffix(SPIKES_CSV) + ".csv" in paths)
    ]


def _matches(pattern: Path) -> list[str]:
    try:
        if pattern.exists():
            return [str(pattern)]
        found = Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))
        return sorted(map(str, found))
    except (ValueError, OSError):
        return []


def _read(path: str, units: Units, problems: Problems) -> MapSet | Session | None:
    ending = Path(path).suffix.lower()
    if Path(path).is_dir():
        problems.add("is a folder", Place(path), f"name its files: {Path(path) / '*.npz'}")
    elif path.endswith(SPIKES_CSV):
        problems.add(
            "holds the spikes of a session, not its path",
            Place(path),
            f"give {path.removesuffix(SPIKES_CSV)}.csv; its spikes are found beside it",
        )
    elif ending == ".csv":
        raw = _csv_session(path, problems)
        return None if raw is None else checked_session(raw, units, problems)
    elif ending in (".npy", ".npz"):
        arrays = _arrays(path, problems)
        return None if arrays is None else _from_arrays(path, arrays, units, problems)
    else:
        problems.add(
            f"is of no known kind ({ending or 'no ending'})",
            Place(path),
            "give maps or a session as .npy or .npz, or a session as .csv",
        )
    return None


def _arrays(path: str, problems: Problems) -> dict[str, np.ndarray] | None:
    """Return the arrays of a file by name; that of a .npy file has none."""
    found, name = {}, ""
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"": loaded}
        with loaded:
            for name in loaded.files:
                found[name] = loaded[name]
    except _UNREADABLE as error:
        what = f"{name}: " if name else ""
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if "pickle" in reason:
            reason = "it holds Python objects, which are never unpickled"
        problems.add(
            f"{what}cannot be read: {reason}",
            Place(path),
            "save plain arrays of numbers with numpy.save or numpy.savez",
        )
        return None
    return found


def _from_arrays(
    path: str, arrays: dict[str, np.ndarray], units: Units, problems: Problems
) -> MapSet | Session | None:
    names = set(arrays)
    of_session = sorted(n for n in names if n in ("positions", "times") or n.startswith("spike"))
    if "maps" in names and of_session:
        problems.add(
            f"holds maps and also {', '.join(of_session)}",
            Place(path),
            "put maps and sessions into files of their own",
        )
    elif of_session:
        raw = _npz_session(path, arrays, problems)
        return None if raw is None else checked_session(raw, units, problems)
    elif "maps" in names or len(names) == 1:
        (name,) = names & {"maps"} or names
        return _map_set(path, name, arrays[name], problems)
    else:
        problems.add(
            f"holds {', '.join(sorted(names)) or 'nothing'}",
            Place(path),
            f"name the array of maps [..., n, n] maps; {_SESSION_ARRAYS}",
        )
    return None


def _map_set(path: str, name: str, array: np.ndarray, problems: Problems) -> MapSet | None:
    try:
        maps = np.asarray(chunks.as_maps(array))
    except GridjaxError as error:
        problems.add_error(error, Place(f"{path}: {name}" if name else path))
        return None
    if maps.size == 0:
        problems.add(f"maps have shape {maps.shape}", Place(path), "give at least one map")
        return None
    cells = tuple(",".join(map(str, index)) or "0" for index in np.ndindex(maps.shape[:-2]))
    return MapSet(path, cells, maps.reshape(-1, *maps.shape[-2:]).astype(np.float64))


def _npz_session(path: str, arrays: dict[str, np.ndarray], problems: Problems) -> Raw | None:
    flat = {"spike_times", "spike_cells"} & set(arrays)
    single = {name: name.removeprefix("spikes_") for name in arrays if name.startswith("spikes_")}
    # one letter away from spike_times and spike_cells, and no cells
    mistaken = {"spikes_times", "spikes_cells"} & set(single)
    unknown = (set(arrays) - {"positions", "times"} - flat - set(single)) | mistaken
    missing = sorted({"positions", "times"} - set(arrays))
    if len(flat) == 1:
        missing += sorted({"spike_times", "spike_cells"} - flat)
    elif bool(flat) == bool(single):
        missing += [] if flat else ["spikes"]
        unknown |= flat
    if missing:
        problems.add(f"has no {', '.join(missing)}", Place(path), _SESSION_ARRAYS)
    if unknown:
        names = ", ".join(sorted(unknown))
        problems.add(f"holds {names}, which cannot be used", Place(path), _SESSION_ARRAYS)
    if missing or unknown:
        return None
    found = Problems()

    def take(name: str, rank: int) -> np.ndarray:
        try:
            return numbers(name, arrays[name], rank)
        except GridjaxError as error:
            found.add_error(error, Place(path))
            return np.empty((0,) * rank)

    positions, times = take("positions", 2), take("times", 1)
    if single:
        spikes = {cell: take(name, 1) for name, cell in single.items()}
    else:
        spikes = _by_cell(path, take("spike_times", 1), arrays["spike_cells"], found)
    problems.found.update(found.found)
    return None if found.found else Raw(path, positions, times, spikes, path)


def _by_cell(path: str, times: np.ndarray, cells: np.ndarray, problems: Problems):
    if cells.dtype.kind not in "iuU" or cells.ndim != 1 or len(cells) != len(times):
        problems.add(
            f"spike_cells are {cells.dtype} of shape {cells.shape}, for {len(times)} spike_times",
            Place(path),
            "give the whole number or the name of a cell for each spike",
        )
        return {}
    return {str(cell): times[cells == cell] for cell in np.unique(cells)}


def _csv_session(path: str, problems: Problems) -> Raw | None:
    spikes_path = str(Path(path).with_suffix("")) + SPIKES_CSV
    samples = read_columns(path, {"t": float, "x": float, "y": float}, problems)
    if not Path(spikes_path).exists():
        problems.add(
            f"has no spikes: there is no {spikes_path}",
            Place(path),
            "put them beside it, with the columns t,cell",
        )
        return None
    trains = read_columns(spikes_path, {"t": float, "cell": str}, problems)
    if samples is None or trains is None:
        return None
    cells = np.array(trains.texts["cell"], str)
    of: dict[str, np.ndarray] = {str(cell): cells == cell for cell in np.unique(cells)}
    return Raw(
        path,
        np.stack([samples.numbers["x"], samples.numbers["y"]], axis=1),
        samples.numbers["t"],
        {cell: trains.numbers["t"][rows] for cell, rows in of.items()},
        spikes_path,
        samples.lines,
        {cell: trains.lines[rows] for cell, rows in of.items()},
    )
