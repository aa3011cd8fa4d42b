"""NumPy files: maps or a session in arrays with fixed names. Python objects are not unpickled."""

from __future__ import annotations

import numpy as np

from gridjax.errors import Place
from gridjax.io.npy_errors import NOT_NPZ
from gridjax.io.text import shown
from gridjax.recordings.formats.array_names import own_name
from gridjax.recordings.formats.named_arrays import (
    SESSION_ARRAYS,
    named_session,
    named_spikes,
    with_own_names,
)
from gridjax.recordings.formats.reading import GUIDE, Reading
from gridjax.recordings.map_set import MAP_NAMES, MapSet, map_set
from gridjax.recordings.session import RawSession, Spikes


def numpy_file(reading: Reading) -> MapSet | RawSession | None:
    """Return the maps or the session of a .npy or .npz file; None after a problem."""
    arrays = read_arrays(reading)
    return None if arrays is None else from_arrays(reading, arrays)


def numpy_spikes(reading: Reading) -> Spikes | None:
    """Return the spikes of a .npz file; None after a problem."""
    arrays = read_arrays(reading)
    return None if arrays is None else named_spikes(reading, arrays)


def read_arrays(reading: Reading) -> dict[str, np.ndarray] | None:
    """Return the arrays of a file by name; the array of a .npy file has the name ''.

    If the file cannot be read, add a problem and return None.
    """
    arrays, name = {}, ""
    try:
        loaded = np.load(reading.path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            arrays[""] = loaded
        else:
            with loaded:
                for name in loaded.files:
                    arrays[name] = np.asarray(loaded[name])
    except NOT_NPZ as error:
        what = f"{name}: " if name else ""
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        fix = "save plain arrays of numbers with numpy.save or numpy.savez"
        if "pickle" in reason:
            reason = "it holds Python objects, which are never unpickled"
            fix += f" ({GUIDE}#pickled-archives)"
        reading.refuse(f"{what}cannot be read: {reason}", fix)
        return None
    for name, array in arrays.items():
        reading.note(name, array)
    return _fields(arrays)


def _fields(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return arrays with the fields of structured arrays of sessions as arrays of their own."""
    plain = {}
    for name, array in arrays.items():
        fields = array.dtype.names or ()
        if any(own_name(field) for field in fields):
            plain = {field: array[field] for field in fields} | plain
        else:
            plain[name] = array
    return plain


def from_arrays(
    reading: Reading, arrays: dict[str, np.ndarray], leaves_out: bool = False
) -> MapSet | RawSession | None:
    """Return the maps or the session in named arrays; None after a problem.

    Args:
        reading: the reading of the file.
        arrays: the arrays by their name.
        leaves_out: whether arrays with other names are left out, with a remark, or refused.
    """
    usual = [name for name in arrays if name.lower() in MAP_NAMES]
    if "maps" not in arrays and len(usual) == 1:
        arrays = {("maps" if name == usual[0] else name): each for name, each in arrays.items()}
    names = set(arrays)
    own = set(with_own_names(arrays))
    of_session = sorted(n for n in own if n in ("positions", "times") or n.startswith("spike"))
    if "maps" in names and of_session:
        what = f"holds maps and also {', '.join(of_session)}"
        reading.refuse(what, "put maps and sessions into separate files")
    elif of_session:
        return named_session(reading, arrays, leaves_out)
    elif "maps" in names or len(names) == 1:
        (name,) = names & {"maps"} or names
        others = sorted(names - {name})
        remarks = [f"{', '.join(map(shown, others))} not used"] if others else []
        return map_set(reading, name, arrays[name], remarks=remarks)
    else:
        reading.problems.add(
            f"holds {', '.join(sorted(names)) or 'nothing'}",
            Place(reading.path),
            f"name the array of maps [..., n, n] 'maps'; {SESSION_ARRAYS}",
        )
    return None
