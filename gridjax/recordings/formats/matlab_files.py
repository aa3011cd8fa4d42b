"""MATLAB files as plain Python values: version 5 by SciPy, version 7.3 (HDF5) by h5py."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from gridjax.recordings.formats import matlab_variables
from gridjax.recordings.formats.reading import GUIDE, Reading
from gridjax.recordings.map_set import MapSet
from gridjax.recordings.session import RawSession, Spikes

_HDF5 = b"\x89HDF\r\n\x1a\n"
_HDF5_PLACES = (0, 512)
"""Possible positions of the HDF5 signature, bytes; MATLAB writes 512 bytes before it."""
_DEEPEST = 20
_FIX = f"save the variables again in MATLAB with save -v7 or -v7.3 ({GUIDE}#matlab)"


def matlab_file(reading: Reading) -> MapSet | RawSession | None:
    """Return the maps or the session of a .mat file; None after a problem."""
    variables = _variables(reading)
    return None if variables is None else matlab_variables.maps_or_session(reading, variables)


def matlab_spikes(reading: Reading) -> Spikes | None:
    """Return the spikes of a .mat file; None after a problem."""
    variables = _variables(reading)
    return None if variables is None else matlab_variables.spikes(reading, variables)


def _variables(reading: Reading) -> dict[str, Any] | None:
    """Return variables by name: arrays, texts, dicts (structs), lists (cells, arrays of structs).

    Arrays have the shapes that they have in MATLAB. If the file cannot be read, add a problem and
    return None.
    """
    try:
        with Path(reading.path).open("rb") as file:
            start = file.read(max(_HDF5_PLACES) + len(_HDF5))
        if any(start[at:].startswith(_HDF5) for at in _HDF5_PLACES):
            h5py = reading.library("h5py", "MATLAB files of version 7.3")
            if h5py is None:
                return None
            with h5py.File(reading.path, "r") as file:
                return {
                    name: _of_hdf5(h5py, file, item, 0)
                    for name, item in file.items()
                    if not name.startswith("#")
                }
        return _load_v5(reading.path)
    except Exception as error:  # SciPy and h5py raise many kinds for damaged files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        reading.refuse(f"cannot be read as a MATLAB file: {reason}", _FIX)
        return None


def _load_v5(path: str) -> dict[str, Any]:
    """Return the variables of a version 5 file, with logical arrays as booleans.

    SciPy reads logical arrays as booleans only with ``mat_dtype``, but then drops imaginary parts.
    For this reason, complex variables are read without it.
    """
    from scipy.io import loadmat

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        loaded = loadmat(path, mat_dtype=True)
    if any(issubclass(each.category, np.exceptions.ComplexWarning) for each in caught):
        stored = loadmat(path, mat_dtype=False)
        loaded |= {name: value for name, value in stored.items() if _is_complex(value)}
    return {name: _of_v5(value, 0) for name, value in loaded.items() if name[:2] != "__"}


def _is_complex(value: Any, depth: int = 0) -> bool:
    """Return whether a value or a part of it is complex."""
    if depth > _DEEPEST or not isinstance(value, np.ndarray):
        return False
    parts = [value[name] for name in value.dtype.names or ()] or [value]
    inner = [each for part in parts if part.dtype == object for each in part.ravel()]
    return value.dtype.kind == "c" or any(_is_complex(each, depth + 1) for each in inner)


def _of_v5(value: Any, depth: int) -> Any:
    """Return a value of ``scipy.io.loadmat`` as a plain value; None for objects and functions."""
    if depth > _DEEPEST or not isinstance(value, np.ndarray):
        return None
    names = value.dtype.names
    if type(value) is not np.ndarray and names is not None:  # MatlabOpaque and MatlabFunction
        return None
    if names is not None:
        structs = [
            {name: _of_v5(struct[name], depth + 1) for name in names}
            for struct in value.flatten(order="F")
        ]
        return structs[0] if len(structs) == 1 else structs
    if value.dtype == object:
        return [_of_v5(each, depth + 1) for each in value.flatten(order="F")]
    if value.dtype.kind == "U":
        return "".join(value.ravel().tolist())
    return value


def _of_hdf5(h5py: Any, file: Any, item: Any, depth: int) -> Any:
    """Return an item of a version 7.3 file as a plain value; None for objects and functions."""
    if depth > _DEEPEST:
        return None
    if isinstance(item, h5py.Group):
        return _struct(h5py, file, item, depth)
    kind = item.attrs.get("MATLAB_class", b"")
    kind = kind.decode() if isinstance(kind, bytes) else str(kind)
    if "MATLAB_object_decode" in item.attrs:
        return None
    if item.attrs.get("MATLAB_empty"):
        return [] if kind == "cell" else "" if kind == "char" else np.empty(tuple(item[()]))
    content = item[()]
    if item.dtype == h5py.ref_dtype:
        # the axes are reversed in HDF5, so that the flat order is the column-major order of MATLAB
        return [_of_hdf5(h5py, file, file[ref], depth + 1) for ref in np.ravel(content)]
    if kind == "char":
        return "".join(map(chr, np.ravel(content).tolist()))
    array = np.asarray(content).T
    return array.astype(bool) if kind == "logical" else array


def _struct(h5py: Any, file: Any, group: Any, depth: int) -> Any:
    """Return a struct as a dict, and an array of structs as a list of dicts."""

    def is_array(item: Any) -> bool:
        is_cell = "MATLAB_class" in item.attrs
        return isinstance(item, h5py.Dataset) and item.dtype == h5py.ref_dtype and not is_cell

    fields = {name: _of_hdf5(h5py, file, item, depth + 1) for name, item in group.items()}
    arrays = [name for name, item in group.items() if is_array(item)]
    if not arrays or len(arrays) < len(fields):
        return fields
    n_structs = min(len(fields[name]) for name in arrays)
    return [{name: fields[name][at] for name in arrays} for at in range(n_structs)]
