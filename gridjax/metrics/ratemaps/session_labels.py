"""Paths, spikes and activity of pynapple and xarray, as the arrays that functions receive.

Neither package is imported: objects are known by the names of their classes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from gridjax.metrics.arguments import invalid_argument
from gridjax.metrics.map_labels import is_data_array

_SPACE, _TIME = "x and y", "time"


class SessionArrays(NamedTuple):
    """Arrays of a session; arguments that have no labels are unchanged."""

    positions: Any
    times_s: Any
    spikes: Any
    activity: Any
    units: list[Any] | None
    """Names of the units; None if the session has no labels."""


def session_arrays(positions: Any, times_s: Any, spikes: Any, activity: Any) -> SessionArrays:
    """Return the arrays of a session whose parts may be objects of pynapple or xarray.

    Raises GridjaxError for objects of another kind, and for clocks that differ.
    """
    given = (positions, spikes, activity)
    is_labelled = any(_kind(each) for each in given)
    own_path, own_times = path(positions, times_s)
    units: list[Any] = []
    if spikes is not None:
        spikes, units = trains(spikes)
    if activity is not None:
        activity, units = _activity(activity, own_times)
    return SessionArrays(own_path, own_times, spikes, activity, units if is_labelled else None)


def path(positions: Any, times_s: Any) -> tuple[Any, Any]:
    """Return positions [sample, 2] and their times of a TsdFrame or a DataArray.

    Columns and coordinates named x and y are chosen, also those of a DataFrame of pandas, whose
    times are in another argument. Other positions are returned unchanged.
    """
    kind = _kind(positions)
    if _is_frame(positions):
        names = [str(name).lower() for name in positions.columns]
        return _two(positions.to_numpy(dtype=float, na_value=np.nan), names), times_s
    if kind == "TsdFrame":
        if times_s is not None:
            raise invalid_argument("positions have times of their own", "leave times_s out")
        names = [str(name) for name in positions.columns]
        return _two(np.asarray(positions.values), names), np.asarray(positions.t)
    if kind == "DataArray":
        if _TIME not in positions.dims or positions.ndim != 2:
            what = f"positions have the axes {', '.join(map(str, positions.dims))}"
            raise invalid_argument(what, "give the axes time and space; choose one point with sel")
        (space,) = (dim for dim in positions.dims if dim != _TIME)
        ordered = positions.transpose(_TIME, space)
        names = [str(each) for each in ordered[space].values]
        if times_s is None and _TIME in ordered.coords:
            times_s = ordered[_TIME].values
            if times_s.dtype.kind != "f":
                fix = "give times_s in seconds, such as frames / fps"
                raise invalid_argument(f"the coordinate time is {times_s.dtype}", fix)
        return _two(ordered.values, names), times_s
    if kind:
        raise invalid_argument(
            f"positions are a {kind}", "give a TsdFrame with the columns x and y"
        )
    return positions, times_s


def trains(spikes: Any) -> tuple[Any, list[Any]]:
    """Return spike times of each unit, and the names of the units, of a TsGroup, a Ts or a list."""
    kind = _kind(spikes)
    if kind == "TsGroup":
        names = list(spikes.keys())
        return [np.asarray(spikes[name].t) for name in names], names
    if kind == "Ts":
        return [np.asarray(spikes.t)], [0]
    if kind:
        raise invalid_argument(f"spikes are a {kind}", "give a TsGroup, a Ts or a list of arrays")
    if isinstance(spikes, list | tuple):
        spikes = [np.asarray(each.t) if _kind(each) == "Ts" else each for each in spikes]
        return spikes, list(range(len(spikes)))
    return spikes, []


def train(spikes_s: Any) -> Any:
    """Return the spike times of one unit of a Ts; anything else is returned unchanged."""
    kind = _kind(spikes_s)
    if kind and kind != "Ts":
        raise invalid_argument(f"spikes are a {kind}", "give the spikes of one unit, such as a Ts")
    return np.asarray(spikes_s.t) if kind else spikes_s


def signal(activity: Any, times_s: Any) -> Any:
    """Return activity [sample] of a Tsd or a DataArray; anything else is returned unchanged."""
    kind = _kind(activity)
    if kind == "Tsd":
        _check_clock(np.asarray(activity.t), times_s)
    elif kind == "DataArray" and _TIME in activity.coords:
        _check_clock(activity[_TIME].values, times_s)
    elif kind and kind != "DataArray":
        raise invalid_argument(f"activity is a {kind}", "give the activity of one unit, a Tsd")
    return np.asarray(activity.values) if kind else activity


def _activity(activity: Any, times_s: Any) -> tuple[Any, list[Any]]:
    """Return activity [sample, unit] and the names of the units."""
    kind = _kind(activity)
    if kind in ("Tsd", "TsdFrame"):
        values = np.asarray(activity.values)
        values = values.reshape(len(values), -1)
        names = list(activity.columns) if kind == "TsdFrame" else [0]
        _check_clock(np.asarray(activity.t), times_s)
        return values, names
    if kind == "DataArray":
        if _TIME not in activity.dims or activity.ndim != 2:
            what = f"activity has the axes {', '.join(map(str, activity.dims))}"
            raise invalid_argument(what, "give the axes time and unit")
        (unit,) = (dim for dim in activity.dims if dim != _TIME)
        if _TIME in activity.coords:
            _check_clock(activity[_TIME].values, times_s)
        return activity.transpose(_TIME, unit).values, list(activity[unit].values)
    if kind:
        raise invalid_argument(f"activity is a {kind}", "give a TsdFrame or an array")
    shape = np.shape(activity)
    return activity, list(range(shape[1])) if len(shape) == 2 else []


def _check_clock(times: Any, times_s: Any) -> None:
    """Raise GridjaxError if activity has other times than positions that have times."""
    if times_s is None:
        return
    expected = np.asarray(times_s)
    if times.shape != expected.shape or not np.allclose(times, expected, rtol=0, atol=1e-6):
        fix = "give both at the same times: position.interpolate(activity) in pynapple"
        raise invalid_argument("activity has other times than positions", fix)


def _two(values: Float[np.ndarray, "sample column"], names: list[str]) -> np.ndarray:
    if {"x", "y"} <= set(names):
        return values[:, [names.index("x"), names.index("y")]]
    if values.shape[1] == 2:
        return values
    what = f"positions have the columns {', '.join(names)}"
    raise invalid_argument(what, f"name two of them {_SPACE}")


def _is_frame(value: Any) -> bool:
    """Return whether a value is a DataFrame of pandas."""
    kind = type(value)
    return kind.__name__ == "DataFrame" and kind.__module__.partition(".")[0] == "pandas"


def _kind(value: Any) -> str | None:
    """Return the name of the class of an object of pynapple or xarray; None for other values."""
    if is_data_array(value):
        return "DataArray"
    kind = type(value)
    return kind.__name__ if kind.__module__.partition(".")[0] in ("pynapple", "xarray") else None
