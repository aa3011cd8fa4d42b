"""File formats of sessions: arrays with fixed names, or two CSV files with fixed columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gridjax.errors import GridjaxError, Place
from gridjax.io.csv_reader import read_columns
from gridjax.io.source_location import Problems
from gridjax.io.text import flaw, shown
from gridjax.metrics.arguments import check_array
from gridjax.recordings.session import RawSession

SPIKES_CSV = ".spikes.csv"
SESSION_ARRAYS = (
    "a session holds positions [sample, 2] (or x and y), times [sample] and either spike_times with"
    " spike_cells, one array of spike times a cell, spikes_NAME, or activity [sample, cell]"
)
_OTHER_NAMES = {
    **dict.fromkeys(("t", "time", "timestamps"), "times"),
    **dict.fromkeys(("pos", "position", "xy"), "positions"),
    **dict.fromkeys(("spike_clusters", "spike_units"), "spike_cells"),
}
"""Usual names of other tools, and the name here."""
_HEADERS = {
    "t": ("time", "times", "timestamp", "timestamps", "spike_times", "spike_time"),
    "x": ("pos_x", "x_pos", "position_x"),
    "y": ("pos_y", "y_pos", "position_y"),
    "cell": ("unit", "neuron", "cluster", "spike_cells", "spike_clusters"),
}
"""Usual headers of columns in CSV files, in lower case."""
_BOOLEANS = "give spike times in seconds, or one count or boolean for each sample of the path"


def with_own_names(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays of a session under the names of this module.

    Arrays [n, 1] and [1, n] become [n], positions [2, n] become [n, 2], and x and y become
    positions. Arrays that cannot be meant so stay as they are.
    """
    own: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        other = _OTHER_NAMES.get(name, name)
        own[name if other in arrays else other] = array
    for name, array in own.items():
        is_flat = name in ("times", "x", "y", "spike_times", "spike_cells")
        is_flat = is_flat or name.startswith("spikes_")
        if is_flat and array.ndim == 2 and 1 in array.shape:
            own[name] = array.reshape(-1)
    if "positions" not in own and {"x", "y"} <= own.keys() and _are_coordinates(own["x"], own["y"]):
        own["positions"] = np.stack([own.pop("x"), own.pop("y")], axis=1)
    positions, n_samples = own.get("positions"), own.get("times", np.empty(0)).size
    if positions is not None and positions.shape == (2, n_samples) and n_samples != 2:
        own["positions"] = positions.T
    return own


def _are_coordinates(x: np.ndarray, y: np.ndarray) -> bool:
    return x.ndim == 1 and x.shape == y.shape and {x.dtype.kind, y.dtype.kind} <= set("iuf")


def npz_session(path: str, arrays: dict[str, np.ndarray], problems: Problems) -> RawSession | None:
    """Return the session in named arrays.

    If the arrays are invalid, add their problems to `problems` and return None.
    """
    arrays = with_own_names(arrays)
    flat = {"spike_times", "spike_cells"} & set(arrays)
    single = {name: name.removeprefix("spikes_") for name in arrays if name.startswith("spikes_")}
    # these names are spelling errors of spike_times and spike_cells, not names of cells
    mistaken = {"spikes_times", "spikes_cells"} & set(single)
    mistaken |= {name for name, cell in single.items() if flaw(cell)}
    unknown = (set(arrays) - {"positions", "times", "activity"} - flat - set(single)) | mistaken
    missing = sorted({"positions", "times"} - set(arrays))
    if "activity" in arrays:
        unknown |= flat | set(single)
    elif len(flat) == 1:
        missing += sorted({"spike_times", "spike_cells"} - flat)
    elif bool(flat) == bool(single):
        missing += [] if flat else ["spikes"]
        unknown |= flat
    if missing:
        problems.add(f"has no {', '.join(missing)}", Place(path), SESSION_ARRAYS)
    if unknown:
        names = ", ".join(map(shown, sorted(unknown)))
        problems.add(f"holds {names}, which a session cannot have", Place(path), SESSION_ARRAYS)
    if missing or unknown:
        return None
    session_problems = Problems()

    def take(name: str, rank: int) -> np.ndarray:
        try:
            return check_array(name, arrays[name], rank)
        except GridjaxError as error:
            session_problems.add_error(error, Place(path))
            return np.empty((0,) * rank)

    positions, times = take("positions", 2), take("times", 1)
    if "activity" in arrays:
        activity = take("activity", 2)
        if len(activity) != len(times) and activity.shape[1:] == times.shape:
            activity = activity.T  # [cell, sample]
        if len(activity) != len(times) and not session_problems.found:
            what = f"activity has shape {activity.shape} at {len(times)} times"
            session_problems.add(what, Place(path), "give activity [sample, cell]")
        problems.found.update(session_problems.found)
        if session_problems.found:
            return None
        return RawSession(path, positions, times, {}, path, activity=activity)
    if single:
        for name in single:
            array = arrays[name]
            if array.dtype == bool:
                if array.shape == times.shape:
                    arrays[name] = array.astype(np.int64)
                else:
                    session_problems.add(f"{name} are booleans", Place(path), _BOOLEANS)
        spikes = {cell: take(name, 1) for name, cell in single.items()}
    else:
        spikes = _by_cell(path, take("spike_times", 1), arrays["spike_cells"], session_problems)
    problems.found.update(session_problems.found)
    return None if session_problems.found else RawSession(path, positions, times, spikes, path)


def _by_cell(path: str, times: np.ndarray, cells: np.ndarray, problems: Problems):
    if cells.dtype.kind not in "iuU" or cells.ndim != 1 or len(cells) != len(times):
        problems.add(
            f"spike_cells are {cells.dtype} of shape {cells.shape}, for {len(times)} spike_times",
            Place(path),
            "give the number or the name of the cell for each spike",
        )
        return {}
    try:
        of = {str(cell): times[cells == cell] for cell in np.unique(cells)}
    except (ValueError, SystemError):  # code points beyond Unicode
        problems.add("spike_cells hold invalid text", Place(path), "name cells in Unicode")
        return {}
    for cell in of:
        check_cell(cell, Place(path), problems)
    return of


def check_cell(cell: str, place: Place, problems: Problems) -> None:
    """Add a problem if the name of a cell cannot be printed."""
    if words := flaw(cell):
        problems.add(f"the cell's name {cell!a} {words}", place, "name cells in plain text")


def csv_session(path: str, problems: Problems) -> RawSession | None:
    """Return the session of NAME.csv and NAME.spikes.csv.

    If a file is invalid, add its problems to `problems` and return None.
    """
    spikes_path = str(Path(path).with_suffix("")) + SPIKES_CSV
    samples = read_columns(path, {"t": float, "x": float, "y": float}, problems, _HEADERS)
    if not Path(spikes_path).exists():
        problems.add(
            f"has no spikes: {spikes_path} does not exist",
            Place(path),
            "write this file, with the columns t,cell",
        )
        return None
    trains = read_columns(spikes_path, {"t": float, "cell": str}, problems, _HEADERS)
    if samples is None or trains is None:
        return None
    cells = np.array(trains.texts["cell"], str)
    of: dict[str, np.ndarray] = {str(cell): cells == cell for cell in np.unique(cells)}
    session_problems = Problems()
    for cell, rows in of.items():
        check_cell(cell, Place(spikes_path, int(trains.lines[rows][0])), session_problems)
    problems.found.update(session_problems.found)
    if session_problems.found:
        return None
    return RawSession(
        path,
        np.stack([samples.numbers["x"], samples.numbers["y"]], axis=1),
        samples.numbers["t"],
        {cell: trains.numbers["t"][rows] for cell, rows in of.items()},
        spikes_path,
        samples.lines,
        {cell: trains.lines[rows] for cell, rows in of.items()},
        units={(path, name): unit for name, unit in samples.units.items()}
        | {(spikes_path, name): unit for name, unit in trains.units.items()},
    )
