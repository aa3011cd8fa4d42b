"""Reader of the maps of measured place cells: a .npy array [Np, n, n] of rates over the box."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from gridjax.errors import GridjaxError, Problem
from gridjax.io.npy_errors import NOT_NPY
from gridjax.io.source_location import Problems, SourcedValue
from gridjax.io.text import show
from gridjax.spec.place_maps import PlaceMaps

_LARGEST = 1 << 30
_REAL = f"give real numbers, at most {_LARGEST} bytes"
_UNREAD = PlaceMaps("")
"""Placeholder for maps that could not be read; it prevents a second error about them."""


def read_place_maps_at(item: SourcedValue, problems: Problems) -> SourcedValue:
    """Read the maps that a sweep file names; add errors to ``problems``, with their place.

    A relative path is searched in the folder of the sweep file, then in the current folder.
    """
    if isinstance(item.value, PlaceMaps):
        return item
    if not isinstance(item.value, str):
        problems.add(
            f"place_maps: {show(item.plain())} is not a file name",
            item.place,
            "give the path of a .npy file",
        )
        return replace(item, value=_UNREAD)
    beside = Path(item.place.file).parent / item.value
    path = Path(item.value)
    with suppress(OSError, ValueError):  # the text cannot be a file name
        path = beside if beside.is_file() else path
    try:
        return replace(item, value=read_maps(path))
    except GridjaxError as error:
        problems.add_error(error, item.place)
        return replace(item, value=_UNREAD)


def read_maps(path: Path) -> PlaceMaps:
    """Read maps of measured place cells.

    Raises GridjaxError unless the file contains an array [Np, n, n] of finite rates of at least 0,
    and at least one cell fires in every bin.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise _refused(path, "is not a regular file", "give a .npy file")
        if size > 2 * _LARGEST:
            raise _refused(path, f"is longer than {2 * _LARGEST} bytes", "give a smaller array")
        with path.open("rb") as file:
            maps = np.lib.format.read_array(file, allow_pickle=False)
    except (OSError, MemoryError, *NOT_NPY) as error:
        said = str(getattr(error, "strerror", None) or error).splitlines()
        reason = ascii(said[0])[1:-1][:200] if said else type(error).__name__
        raise _refused(path, f"cannot be read: {reason}", "give a .npy file") from None
    if maps.ndim != 3 or maps.shape[1] != maps.shape[2] or maps.shape[1] < 2 or not len(maps):
        shape = list(maps.shape)
        raise _refused(path, f"has shape {shape}", "give an array [Np, n, n]: cell, x, y")
    if maps.dtype.kind not in "fiu" or maps.nbytes > _LARGEST:
        raise _refused(path, f"holds {maps.dtype} of {maps.nbytes} bytes", _REAL)
    with np.errstate(over="ignore"):
        single = maps.astype(np.float32)
    if not np.isfinite(single).all():
        raise _refused(
            path,
            "has values that are not finite",
            "give a rate in every bin, also in bins that were never visited",
        )
    if (single < 0).any():
        raise _refused(path, "has negative rates", "give rates of at least 0")
    if not single.any(axis=0).all():
        x, y = np.argwhere(~single.any(axis=0))[0]
        fix = "smooth the maps or add a baseline, so that in every bin at least one cell fires"
        raise _refused(path, f"has no cell that fires in bin {x}, {y}", fix)
    return PlaceMaps.of(single)


def _refused(path: Path, what: str, fix: str) -> GridjaxError:
    return GridjaxError(Problem(f"place_maps: {show(str(path))} {what}", fix=fix))
