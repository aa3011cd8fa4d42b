"""NetCDF files, read with xarray: tracks of the package movement, and rate maps (tuning curves)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gridjax.errors import GridjaxError
from gridjax.io.unit_names import length_unit
from gridjax.metrics.map_labels import map_labels
from gridjax.recordings.formats.reading import GUIDE, Reading, is_number
from gridjax.recordings.formats.tracks import Point, Tracks, track_session
from gridjax.recordings.map_set import MapSet, map_set
from gridjax.recordings.session import RawSession

_HDF5 = b"\x89HDF"
_FIX = f"give a dataset of movement, saved with to_netcdf ({GUIDE}#trackers)"
_MAPS_FIX = f"give maps [..., x, y] of square bins ({GUIDE}#maps-of-xarray-and-pynapple)"


def netcdf_file(reading: Reading) -> MapSet | RawSession | None:
    """Return the maps, or the session of a body part, in a dataset; None after a problem."""
    dataset = _dataset(reading)
    if dataset is None:
        return None
    if "position" in dataset and {"time", "space"} <= set(dataset["position"].dims):
        return _movement(reading, dataset)
    wanted = reading.options.series
    fitting = {
        str(name): array
        for name, array in dataset.data_vars.items()
        if array.ndim >= 2 and wanted in (None, str(name)) and is_number(array)
    }
    if len(fitting) == 1:
        ((name, array),) = fitting.items()
        return _maps(reading, name, array)
    names = ", ".join(map(str, dataset.data_vars)) or "nothing"
    if fitting:
        reading.refuse(f"holds {names}", f"choose the maps, --series NAME; {_MAPS_FIX}")
    else:
        missing = "" if wanted is None else f" named {wanted}"
        reading.refuse(
            f"holds {names}: neither maps{missing} nor a track", f"{_MAPS_FIX}; or {_FIX}"
        )
    return None


def _maps(reading: Reading, name: str, array: Any) -> MapSet | None:
    """Return rate maps over the axes named x and y, or else over the last two axes."""
    dims, options = [str(dim) for dim in array.dims], reading.options
    remarks = []
    if {"x", "y"} <= set(dims):
        if options.axes == "yx":
            remarks.append("--axes not used: the file names the axes x and y")
    else:
        sides = dims[-2:] if options.axes == "xy" else dims[:-3:-1]
        array = array.transpose(*dims[:-2], *sides)
        remarks.append(f"axes {sides[0]} and {sides[1]} read as x and y")
    try:
        labels = map_labels(array)
    except GridjaxError as error:
        for problem in error.problems:
            reading.refuse(f"{name}: {problem.message}", f"{problem.fix}; {_MAPS_FIX}")
        return None
    if labels is None:
        return None
    cells = None
    if len(labels.leading) == 1 and labels.leading[0] in labels.coords:
        cells = [str(each) for each in labels.coords[labels.leading[0]][1]]
    reading = replace(reading, options=replace(reading.options, axes="xy"))
    found = map_set(reading, name, labels.values, cells, remarks, is_named=True)
    side_cm = None if labels.bin_m is None else 100 * labels.bin_m
    return None if found is None else replace(found, bin_cm=side_cm)


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
    unit = str(position.attrs.get("space_unit", "px"))
    time_unit = str(dataset.attrs.get("time_unit", ""))
    if not {"x", "y"} <= set(space):
        reading.refuse(f"its positions have the coordinates {', '.join(space)}", _FIX)
        return None
    if time_unit not in ("seconds", "frames"):
        what = f"its time_unit is {time_unit!r}"
        reading.refuse(what, f"set the attribute time_unit to seconds or frames ({_FIX})")
        return None
    if length_unit(unit) is None and reading.options.units is None:
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
    tracks = Tracks(points, clock, time_unit == "seconds", length_unit(unit) or "px")
    return track_session(reading, tracks)
