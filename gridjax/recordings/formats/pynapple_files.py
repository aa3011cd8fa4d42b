"""Files of pynapple objects: positions (TsdFrame), spikes (Ts, TsGroup), activity (Tsd, TsdFrame).

The files are NumPy archives. pynapple stores metadata and names of columns in them as pickles.
gridjax unpickles nothing, so it reads the arrays itself and leaves these pickles out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gridjax.io.npy_errors import NOT_NPZ
from gridjax.recordings.formats.reading import GUIDE, Reading, is_number
from gridjax.recordings.session import Activity, RawSession, Spikes

_KINDS = ("Ts", "Tsd", "TsdFrame", "TsdTensor", "TsGroup", "IntervalSet")
_PAGE = f"{GUIDE}#pynapple"


def is_pynapple(path: str) -> bool:
    """Return whether an archive was saved by an object of pynapple."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {"type", "start", "end"} <= set(archive.files)
    except (*NOT_NPZ, AttributeError):
        return False


def pynapple_session(reading: Reading) -> RawSession | None:
    """Return the path of a TsdFrame with the two columns x and y; None after a problem."""
    arrays = _arrays(reading)
    if arrays is None:
        return None
    kind = arrays["type"]
    if kind != "TsdFrame":
        fix = f"give a TsdFrame of x and y, and this file with --spikes if it has spikes ({_PAGE})"
        reading.refuse(f"is a {kind} of pynapple, not a path", fix)
        return None
    positions, names = arrays["d"], arrays.get("columns")
    named = [] if names is None else [str(name) for name in names]
    if {"x", "y"} <= set(named):
        positions = positions[:, [named.index("x"), named.index("y")]]
    elif positions.shape[1] != 2:
        fix = f"save two columns: position[['x', 'y']].save('position.npz') ({_PAGE})"
        reading.refuse(f"has {positions.shape[1]} columns", fix)
        return None
    remarks = () if "x" in named else ("column 0 is read as x, column 1 as y",)
    if not reading.may_lack_spikes:
        fix = f"give the spikes, such as a saved TsGroup, with --spikes ({GUIDE}#spikes)"
        reading.refuse("holds a path without spikes", fix)
        return None
    return RawSession(
        reading.path, positions, arrays["t"], {}, reading.path, time_unit="s", remarks=remarks
    )


def pynapple_spikes(reading: Reading) -> Spikes | None:
    """Return the spikes of a Ts or TsGroup, or the activity of a Tsd or TsdFrame."""
    arrays = _arrays(reading)
    if arrays is None:
        return None
    kind, path = arrays["type"], reading.path
    if kind == "Ts":
        return Spikes({Path(path).stem: arrays["t"]}, path, time_unit="s")
    if kind == "TsGroup":
        index = arrays["index"]
        trains = {str(key): arrays["t"][index == key] for key in arrays["keys"]}
        return Spikes(trains, path, time_unit="s")
    if kind in ("Tsd", "TsdFrame"):
        values = np.asarray(arrays["d"], float).reshape(len(arrays["t"]), -1)
        return Spikes({}, path, activity=Activity.of(arrays["t"], values), time_unit="s")
    fix = f"give a Ts, TsGroup, Tsd or TsdFrame ({_PAGE})"
    reading.refuse(f"is a {kind} of pynapple, not spikes or activity", fix)
    return None


def _arrays(reading: Reading) -> dict[str, Any] | None:
    """Return the arrays of an object and its type; add a problem and return None if it has none."""
    found: dict[str, Any] = {}
    try:
        with np.load(reading.path, allow_pickle=False) as archive:
            found["type"] = str(archive["type"].item())
            needed = {"Ts": "t", "TsGroup": "t index keys"}.get(found["type"], "t d").split()
            for name in needed if found["type"] in _KINDS[:-1] else ():
                found[name] = archive[name]
                reading.note(name, found[name])
            try:
                found["columns"] = archive["columns"]
            except (ValueError, KeyError):
                reading.say("columns: pickled, not read")
    except NOT_NPZ as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        fix = f"save the object again with a newer version of pynapple ({_PAGE})"
        reading.refuse(f"cannot be read: {reason}", fix)
        return None
    reading.say(f"{found['type']} of pynapple")
    n = len(found.get("t", ()))
    is_valid = all(
        is_number(found[name]) and (name == "keys" or len(found[name]) == n)
        for name in ("t", "d", "index", "keys")
        if name in found
    )
    if found["type"] not in _KINDS or not is_valid:
        reading.refuse(
            f"is not a valid {found['type']} of pynapple", f"save the object again ({_PAGE})"
        )
        return None
    return found
