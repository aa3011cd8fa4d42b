"""Sessions in arrays with fixed names, or with the usual names of other programs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gridjax.errors import GridjaxError, Place
from gridjax.io.source_location import Problems
from gridjax.io.text import flaw, shown
from gridjax.metrics.arguments import check_array
from gridjax.recordings.formats.reading import GUIDE, Reading
from gridjax.recordings.formats.usual_arrays import with_usual_forms
from gridjax.recordings.session import Activity, RawSession, Spikes

SESSION_ARRAYS = (
    "a session holds positions [sample, 2] (or x and y), times [sample] and one of these:"
    " spike_times with spike_cells, an array spikes_NAME for each cell, or activity [sample, cell]"
)
_OTHER_NAMES = {
    **dict.fromkeys(("t", "ts", "time", "timestamps", "post"), "times"),
    **dict.fromkeys(("pos", "position", "xy"), "positions"),
    **dict.fromkeys(("posx", "pos_x", "x_pos"), "x"),
    **dict.fromkeys(("posy", "pos_y", "y_pos"), "y"),
    **dict.fromkeys(("spike_clusters", "spike_units"), "spike_cells"),
    "spiketimes": "spike_times",
}
"""Name of an array in other programs -> its name in gridjax."""
_BOOLEANS = "give spike times in seconds, or one count or boolean for each sample of the path"


def own_name(name: str) -> str | None:
    """Return the name in gridjax of an array of a session; None for an unknown name."""
    other = _OTHER_NAMES.get(name, name)
    own = {*_OTHER_NAMES.values(), "activity"}
    return other if other in own or other.startswith("spikes_") else None


def with_own_names(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays of a session by their names in gridjax.

    Arrays [n, 1] and [1, n] become [n], positions [2, n] become [n, 2], and x and y become
    positions. Arrays of other shapes are not changed.
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


def named_session(
    reading: Reading, arrays: dict[str, np.ndarray], leaves_out: bool = False
) -> RawSession | None:
    """Return the session in named arrays; add problems and return None if they hold none.

    Args:
        reading: the reading of the file.
        arrays: the arrays by their name.
        leaves_out: whether arrays whose names begin like spikes are left out too, in place of
            refused.
    """
    remarks: list[str] = []
    arrays = with_usual_forms(with_own_names(arrays), remarks)
    single = {name: name.removeprefix("spikes_") for name in arrays if name.startswith("spikes_")}
    # these names are spelling errors of spike_times and spike_cells, not names of cells
    mistaken = {"spikes_times", "spikes_cells"} & set(single)
    mistaken |= {name for name, cell in single.items() if flaw(cell)}
    flat = {"spike_times", "spike_cells"} & set(arrays)
    unknown = (set(arrays) - {"positions", "times", "activity"} - flat - set(single)) | mistaken
    # a name that begins like spikes may be a spelling error
    others = sorted(
        name for name in unknown - mistaken if leaves_out or not name.startswith("spike")
    )
    if others:
        remarks.append(f"{_listed(others)} not used")
        unknown -= set(others)
    missing = sorted({"positions", "times"} - set(arrays))
    if "activity" in arrays:
        unknown |= flat | set(single)
    elif len(flat) == 1:
        missing += sorted({"spike_times", "spike_cells"} - flat)
    elif bool(flat) == bool(single):
        missing += [] if flat or reading.may_lack_spikes else ["spikes"]
        unknown |= flat
    if missing:
        reading.refuse(f"has no {', '.join(missing)}", SESSION_ARRAYS)
    if unknown:
        names = ", ".join(map(shown, sorted(unknown)))
        reading.refuse(f"holds {names}, which a session cannot have", SESSION_ARRAYS)
    if missing or unknown:
        return None
    own = Problems()
    positions, times = (
        _take(reading, arrays, "positions", 2, own),
        _take(reading, arrays, "times", 1, own),
    )
    activity, spikes = None, {}
    if "activity" in arrays:
        activity = _take(reading, arrays, "activity", 2, own)
        if len(activity) != len(times) and activity.shape[1:] == times.shape:
            activity = activity.T  # [cell, sample]
        if len(activity) != len(times) and not own.found:
            what = f"activity has shape {activity.shape} at {len(times)} times"
            own.add(what, reading.place, "give activity [sample, cell]")
    else:
        spikes = _spikes(reading, arrays, own, len(times))
    reading.problems.take(own)
    if own.found:
        return None
    cells = () if activity is None else tuple(map(str, range(activity.shape[1])))
    return RawSession(
        reading.path,
        positions,
        times,
        spikes,
        reading.path,
        activity=activity,
        activity_cells=cells,
        remarks=tuple(remarks),
    )


def named_spikes(reading: Reading, arrays: dict[str, np.ndarray]) -> Spikes | None:
    """Return the spikes of each cell in named arrays, without positions.

    Adds problems and returns None if the arrays hold no spikes.
    """
    remarks: list[str] = []
    arrays = with_usual_forms(with_own_names(arrays), remarks)
    single = any(name.startswith("spikes_") for name in arrays)
    if {"activity", "times"} <= set(arrays):
        return _activity(reading, arrays)
    if not single and not {"spike_times", "spike_cells"} <= set(arrays):
        names = _listed(sorted(arrays)) if arrays else "nothing"
        fix = f"give spike_times with spike_cells, or spikes_NAME for each cell ({GUIDE}#spikes)"
        reading.refuse(f"holds {names}, and no spikes", fix)
        return None
    own = Problems()
    trains = _spikes(reading, arrays, own, None)
    reading.problems.take(own)
    return None if own.found else Spikes(trains, reading.path, remarks=tuple(remarks))


def _activity(reading: Reading, arrays: Mapping[str, np.ndarray]) -> Spikes | None:
    """Return activity [sample, cell] and its times; None after a problem."""
    own = Problems()
    times = _take(reading, arrays, "times", 1, own)
    values = _take(reading, arrays, "activity", 2, own)
    if len(values) != len(times) and values.shape[1:] == times.shape:
        values = values.T  # [cell, sample]
    if len(values) != len(times) and not own.found:
        what = f"activity has shape {values.shape} at {len(times)} times"
        own.add(what, reading.place, "give activity [sample, cell]")
    reading.problems.take(own)
    return None if own.found else Spikes({}, reading.path, activity=Activity.of(times, values))


def _take(
    reading: Reading, arrays: Mapping[str, np.ndarray], name: str, rank: int, problems: Problems
) -> np.ndarray:
    try:
        return check_array(name, arrays[name], rank)
    except GridjaxError as error:
        problems.add_error(error, reading.place)
        return np.empty((0,) * rank)


def _spikes(
    reading: Reading, arrays: dict[str, np.ndarray], problems: Problems, n_samples: int | None
) -> dict[str, np.ndarray]:
    """Return the spikes of each cell: their times, or a count for each of ``n_samples`` samples."""
    if "spike_times" in arrays and "spike_cells" in arrays:
        times = _take(reading, arrays, "spike_times", 1, problems)
        return by_cell(reading.path, times, arrays["spike_cells"], problems)
    trains = {}
    for name in (name for name in arrays if name.startswith("spikes_")):
        array = arrays[name]
        if array.dtype == bool and array.shape != (n_samples,):
            problems.add(f"{name} are booleans", reading.place, _BOOLEANS)
        counted = {name: array.astype(np.int64)} if array.dtype == bool else arrays
        trains[name.removeprefix("spikes_")] = _take(reading, counted, name, 1, problems)
    return trains


def _listed(names: list[str], most: int = 8) -> str:
    """Return the first names, and the number of the others, as text."""
    shown_names = ", ".join(map(shown, names[:most]))
    others = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{shown_names}{others}"


def by_cell(
    path: str, times: np.ndarray, cells: np.ndarray, problems: Problems
) -> dict[str, np.ndarray]:
    """Return the spike times of each cell; add a problem for invalid cells.

    Args:
        path: the file.
        times: time of each spike.
        cells: number or name of the cell of each spike.
        problems: list of problems.
    """
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
