"""NetCDF files by xarray: tracks of the package movement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gridjax.recordings.formats.nwb_files import UNITS
from gridjax.recordings.formats.reading import GUIDE, Reading
from gridjax.recordings.formats.tracks import Point, Tracks, track_session
from gridjax.recordings.session import RawSession

_HDF5 = b"\x89HDF"
_FIX = f"give a dataset of movement, saved with to_netcdf ({GUIDE}#trackers)"


def netcdf_file(reading: Reading) -> RawSession | None:
    """Return the session of a body part of a movement dataset; None after a problem."""
    dataset = _dataset(reading)
    if dataset is None:
        return None
    if "position" in dataset and {"time", "space"} <= set(dataset["position"].dims):
        return _movement(reading, dataset)
    names = ", ".join(map(str, dataset.data_vars)) or "nothing"
    reading.refuse(f"holds {names}, and no position with the axes time and space", _FIX)
    return None


def _dataset(reading: Reading) -> Any | None:
    """Return the dataset of a file in memory; add a problem and return None if there is none."""
    import xarray

    try:
        with Path(reading.path).open("rb") as file:
            is_hdf5 = file.read(len(_HDF5)) == _HDF5
        if is_hdf5 and reading.library("h5netcdf", "NetCDF files") is None:
            return None
        engine = "h5netcdf" if is_hdf5 else "scipy"
        with xarray.open_dataset(reading.path, engine=engine, decode_times=False) as dataset:
            loaded = dataset.load()
    except Exception as error:  # xarray and its engines raise many kinds for damaged files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        reading.refuse(f"cannot be read by xarray: {reason}", _FIX)
        return None
    for name, array in loaded.data_vars.items():
        reading.note(str(name), array, f"axes {', '.join(map(str, array.dims))}")
    return loaded


def _movement(reading: Reading, dataset: Any) -> RawSession | None:
    position = dataset["position"]
    space = [str(each) for each in dataset["space"].values]
    unit = str(position.attrs.get("space_unit", "px")).lower()
    time_unit = str(dataset.attrs.get("time_unit", ""))
    if not {"x", "y"} <= set(space):
        reading.refuse(f"its positions have the coordinates {', '.join(space)}", _FIX)
        return None
    if time_unit not in ("seconds", "frames"):
        what = f"its time_unit is {time_unit!r}"
        reading.refuse(what, f"set the attribute time_unit to seconds or frames ({_FIX})")
        return None
    if unit not in UNITS and reading.options.units is None:
        reading.refuse(f"its space_unit is {unit!r}", "give --units m, cm, mm or px")
        return None
    confidence = dataset.get("confidence")
    dims = [dim for dim in ("individuals", "keypoints") if dim in position.dims]
    others = set(position.dims) - {"time", "space", *dims}
    if others:
        reading.refuse(f"its positions have the axes {', '.join(map(str, others))}", _FIX)
        return None
    names = {dim: [str(each) for each in dataset[dim].values] for dim in dims}
    points = {}
    for index in np.ndindex(*(len(names[dim]) for dim in dims)):
        at = dict(zip(dims, index, strict=True))
        label = [names[dim][i] for dim, i in at.items()]
        if len(dims) == 2 and len(names["individuals"]) == 1:
            label = label[1:]
        path = position.isel(at).sel(space=["x", "y"]).transpose("time", "space").values
        likelihood = None
        if confidence is not None:
            likelihood = np.asarray(confidence.isel(at).values, float)
            likelihood = None if np.isnan(likelihood).all() else likelihood
        points["/".join(label) or "position"] = Point(np.asarray(path, float), likelihood)
    clock = np.asarray(dataset["time"].values, float)
    tracks = Tracks(points, clock, time_unit == "seconds", UNITS.get(unit, "px"))
    return track_session(reading, tracks)
