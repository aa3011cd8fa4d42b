"""Names, shapes and times of the arrays of a session in other programs, as gridjax has them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gridjax.io.dates import array_in_seconds

_OTHER_NAMES = {
    **dict.fromkeys(("t", "ts", "time", "timestamp", "timestamps", "post"), "times"),
    **dict.fromkeys(("pos", "position", "xy"), "positions"),
    **dict.fromkeys(("posx", "pos_x", "x_pos", "position_x"), "x"),
    **dict.fromkeys(("posy", "pos_y", "y_pos", "position_y"), "y"),
    **dict.fromkeys(("spike_clusters", "spike_units"), "spike_cells"),
    "spiketimes": "spike_times",
}
"""Name of an array in other programs -> its name in gridjax."""


def own_name(name: str) -> str | None:
    """Return the name in gridjax of an array of a session; None for an unknown name."""
    other = _OTHER_NAMES.get(name, name)
    own = {*_OTHER_NAMES.values(), "activity"}
    return other if other in own or other.startswith("spikes_") else None


def of_one_meaning(names: Iterable[str]) -> dict[str, list[str]]:
    """Return arrays that mean the same, by their name in gridjax, if none has this name itself."""
    names, meant = list(names), {}
    for name in names:
        own = own_name(name) or own_name(name.lower())
        if own is not None and own not in names:
            meant.setdefault(own, []).append(name)
    return {own: others for own, others in meant.items() if len(others) > 1}


def with_own_names(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays of a session by their names in gridjax.

    Arrays [n, 1] and [1, n] become [n], positions [2, n] and [3, n] become [n, 2] and [n, 3], and x
    and y become positions. Arrays of other shapes are not changed.
    """
    own: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        other = own_name(name) or own_name(name.lower()) or name
        own[name if other in arrays else other] = array
    for name, array in own.items():
        is_flat = name in ("times", "x", "y", "spike_times", "spike_cells")
        is_flat = is_flat or name.startswith("spikes_")
        if is_flat and array.ndim == 2 and 1 in array.shape:
            own[name] = array.reshape(-1)
    if "positions" not in own and {"x", "y"} <= own.keys() and _are_coordinates(own["x"], own["y"]):
        own["positions"] = np.stack([own.pop("x"), own.pop("y")], axis=1)
    positions = own.get("positions")
    if positions is not None and positions.ndim == 2:
        n_axes, n = positions.shape
        n_times = own["times"].size if "times" in own else n
        if n_axes in (2, 3) and n > 3 and n == n_times:
            own["positions"] = positions.T
    return own


def without_dates(
    arrays: dict[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return the arrays with dates and durations in seconds, and the unit of "times" and "spikes".

    Spikes of which only some are dates are not changed.
    """
    own, units = dict(arrays), {}
    spikes = [name for name in own if name == "spike_times" or name.startswith("spikes_")]
    for what, names in (("times", ["times"]), ("spikes", spikes)):
        kinds = {own[name].dtype.kind for name in names if name in own}
        if kinds in ({"m"}, {"M"}):
            for name in names:
                own[name], units[what] = array_in_seconds(own[name])
    return own, units


def _are_coordinates(x: np.ndarray, y: np.ndarray) -> bool:
    return x.ndim == 1 and x.shape == y.shape and {x.dtype.kind, y.dtype.kind} <= set("iuf")
