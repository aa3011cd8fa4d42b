"""Sessions in arrays with fixed names, or with the usual names of other programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from gridjax.errors import GridjaxError, Place
from gridjax.io.source_location import Problems
from gridjax.io.text import flaw, shown
from gridjax.metrics.arguments import check_array
from gridjax.recordings.formats.array_names import of_one_meaning, with_own_names, without_dates
from gridjax.recordings.formats.reading import GUIDE, Reading
from gridjax.recordings.formats.usual_arrays import two_points, with_usual_forms
from gridjax.recordings.session import Activity, RawSession, Spikes

SESSION_ARRAYS = (
    "a session holds positions [sample, 2] (or x and y), times [sample] and one of these:"
    " spike_times with spike_cells, an array spikes_NAME for each cell, or activity [sample, cell]"
)
_BOOLEANS = "give spike times in seconds, or one count or boolean for each sample of the path"


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
    if _has_doubles(reading, arrays):
        return None
    arrays, units = without_dates(with_own_names(arrays))
    if pair := two_points(arrays):
        fix = "give x and y of one of them, or their means over both, as positions [sample, 2]"
        reading.refuse(f"{pair}: the paths of two LEDs?", fix)
        return None
    arrays = with_usual_forms(arrays, remarks)
    if reading.path_only:
        arrays = {name: each for name, each in arrays.items() if name in ("positions", "times")}
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
        time_unit=units.get("times"),
        spike_time_unit=units.get("spikes"),
        remarks=tuple(remarks),
    )


def named_spikes(reading: Reading, arrays: dict[str, np.ndarray]) -> Spikes | None:
    """Return the spikes of each cell in named arrays, without positions.

    Adds problems and returns None if the arrays hold no spikes.
    """
    remarks: list[str] = []
    if _has_doubles(reading, [name for name in arrays if name.lower().startswith("spike")]):
        return None
    arrays, units = without_dates(with_own_names(arrays))
    arrays = with_usual_forms(arrays, remarks)
    single = any(name.startswith("spikes_") for name in arrays)
    if {"activity", "times"} <= set(arrays):
        return _activity(reading, arrays, units.get("times"))
    if not single and not {"spike_times", "spike_cells"} <= set(arrays):
        names = _listed(sorted(arrays)) if arrays else "nothing"
        fix = f"give spike_times with spike_cells, or spikes_NAME for each cell ({GUIDE}#spikes)"
        reading.refuse(f"holds {names}, and no spikes", fix)
        return None
    own = Problems()
    trains = _spikes(reading, arrays, own, None)
    reading.problems.take(own)
    if own.found:
        return None
    unit = units.get("spikes")
    return Spikes(trains, reading.path, remarks=tuple(remarks), time_unit=unit)


def _has_doubles(reading: Reading, names: Iterable[str]) -> bool:
    """Add a problem if several arrays mean the same, such as pos and xy; return whether they do."""
    doubles = of_one_meaning(names)
    for own, others in doubles.items():
        reading.refuse(
            f"holds several arrays of {own}: {_listed(sorted(others))}",
            f"save one of them, or name the one that counts {own}",
        )
    return bool(doubles)


def _activity(
    reading: Reading, arrays: Mapping[str, np.ndarray], unit: str | None
) -> Spikes | None:
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
    if own.found:
        return None
    return Spikes({}, reading.path, activity=Activity.of(times, values), time_unit=unit)


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
