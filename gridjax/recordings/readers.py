"""Readers of the inputs of gridjax score: rate maps, and sessions with a path and spikes.

All files are checked before scoring, and the problems of all files are reported together. Arrays
and columns have fixed names. Pickled Python objects are not loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from gridjax.errors import GridjaxError, Place
from gridjax.io.npy_errors import NOT_NPZ
from gridjax.io.source_location import Problems
from gridjax.io.text import flaw, shown
from gridjax.metrics import map_batches
from gridjax.recordings.input_options import Axes, InputOptions
from gridjax.recordings.session import Session
from gridjax.recordings.session_checks import checked_session
from gridjax.recordings.session_formats import (
    SESSION_ARRAYS,
    SPIKES_CSV,
    csv_session,
    npz_session,
    with_own_names,
)

_REAL = "iufb"
"""Kinds of dtypes of rectangular maps."""


@dataclass(frozen=True)
class MapSet:
    """Rate maps of one file."""

    name: str
    """Path of the file."""
    cells: tuple[str, ...]
    """Index of each map in the file's array, such as 3, or 2,0 for two leading axes."""
    maps: Float[np.ndarray, "cell n n"]
    """Rectangular maps are padded to squares with NaN, evenly on both sides."""
    sides: tuple[int, int] | None = None
    """Bins along x and y before padding; None for maps that are not padded."""

    @property
    def n_x(self) -> int:
        """Bins along x before padding."""
        return self.maps.shape[-2] if self.sides is None else self.sides[0]

    @property
    def n_y(self) -> int:
        """Bins along y before padding."""
        return self.maps.shape[-1] if self.sides is None else self.sides[1]


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
    options = options or InputOptions()
    options.check()
    read = [_read(path, options, problems) for path in _expanded(names, problems)]
    problems.raise_any()
    return [each for each in read if each is not None]


def _expanded(names: Sequence[str | Path], problems: Problems) -> list[str]:
    paths: dict[str, None] = {}
    for name in map(str, names):
        matches = _matches(Path(name)) if name else []
        if not matches:
            fix = "give .npy, .npz or .csv files that exist"
            problems.add("no such file", Place(shown(name)), fix)
        for path in matches:
            if words := flaw(path):
                problems.add(f"the name {words}", Place(shown(path)), "rename the file")
            else:
                paths[path] = None
    # a pattern such as *.csv also matches files of spikes, which are read together with their paths
    return [
        path
        for path in paths
        if not (path.endswith(SPIKES_CSV) and path.removesuffix(SPIKES_CSV) + ".csv" in paths)
    ]


def _matches(pattern: Path) -> list[str]:
    try:
        if pattern.exists():
            return [str(pattern)]
        matches = Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))
        return sorted(map(str, matches))
    except (ValueError, OSError):
        return []


def _read(path: str, options: InputOptions, problems: Problems) -> MapSet | Session | None:
    ending = Path(path).suffix.lower()
    if Path(path).is_dir():
        problems.add("is a folder", Place(path), f"give its files: {Path(path) / '*.npz'}")
    elif not Path(path).is_file():
        problems.add("is not a regular file", Place(path), "save it as a regular file")
    elif path.endswith(SPIKES_CSV):
        problems.add(
            "holds the spikes of a session, not its path",
            Place(path),
            f"give {path.removesuffix(SPIKES_CSV)}.csv; the spikes are read from beside it",
        )
    elif ending == ".csv":
        raw = csv_session(path, problems)
        return None if raw is None else checked_session(raw, options, problems)
    elif ending in (".npy", ".npz"):
        arrays = _arrays(path, problems)
        return None if arrays is None else _from_arrays(path, arrays, options, problems)
    else:
        problems.add(
            f"has an unknown file type ({ending or 'no ending'})",
            Place(path),
            "give maps or a session as .npy or .npz, or a session as .csv",
        )
    return None


def _arrays(path: str, problems: Problems) -> dict[str, np.ndarray] | None:
    """Return the arrays of a file by name; the array of a .npy file has the name ''.

    If the file cannot be read, add a problem to `problems` and return None.
    """
    arrays, name = {}, ""
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"": loaded}
        with loaded:
            for name in loaded.files:
                arrays[name] = np.asarray(loaded[name])
    except NOT_NPZ as error:
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
    return arrays


def _from_arrays(
    path: str, arrays: dict[str, np.ndarray], options: InputOptions, problems: Problems
) -> MapSet | Session | None:
    names = set(arrays)
    own = set(with_own_names(arrays))
    of_session = sorted(n for n in own if n in ("positions", "times") or n.startswith("spike"))
    if "maps" in names and of_session:
        problems.add(
            f"holds maps and also {', '.join(of_session)}",
            Place(path),
            "put maps and sessions into separate files",
        )
    elif of_session:
        raw = npz_session(path, arrays, problems)
        return None if raw is None else checked_session(raw, options, problems)
    elif "maps" in names or len(names) == 1:
        (name,) = names & {"maps"} or names
        return _map_set(path, name, arrays[name], options.axes, problems)
    else:
        problems.add(
            f"holds {', '.join(sorted(names)) or 'nothing'}",
            Place(path),
            f"name the array of maps [..., n, n] 'maps'; {SESSION_ARRAYS}",
        )
    return None


def _map_set(
    path: str, name: str, array: np.ndarray, axes: Axes, problems: Problems
) -> MapSet | None:
    is_rectangle = (
        array.ndim >= 2 and array.shape[-1] != array.shape[-2] and array.dtype.kind in _REAL
    )
    if axes == "yx" and array.ndim >= 2:
        array = np.swapaxes(array, -1, -2)
    shape = array.shape[-2:]
    try:
        maps = np.asarray(map_batches.as_maps(_padded(array) if is_rectangle else array))
    except GridjaxError as error:
        problems.add_error(error, Place(f"{path}: {name}" if name else path))
        return None
    if maps.size == 0:
        problems.add(f"maps have shape {maps.shape}", Place(path), "give at least one map")
        return None
    cells = tuple(",".join(map(str, index)) or "0" for index in np.ndindex(maps.shape[:-2]))
    maps = maps.reshape(-1, *maps.shape[-2:]).astype(np.float64)
    return MapSet(path, cells, maps, (shape[0], shape[1]))


def _padded(maps: np.ndarray) -> Float[np.ndarray, "... n n"]:
    """Return rectangular maps of square bins with unknown bins on both shorter sides."""
    n_x, n_y = maps.shape[-2:]
    missing = [(max(n_x, n_y) - n) for n in (n_x, n_y)]
    sides = [(0, 0)] * (maps.ndim - 2) + [(n // 2, n - n // 2) for n in missing]
    return np.pad(maps.astype(np.float64), sides, constant_values=np.nan)
