"""Rate maps of one file, padded to squares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gridjax.errors import GridjaxError, Place
from gridjax.metrics import map_batches
from gridjax.recordings.formats.reading import Reading, is_number

MAP_NAMES = {"maps", "ratemaps", "rate_maps", "map", "ratemap", "rate_map"}
"""Usual names of rate maps, in lower case."""


@dataclass(frozen=True)
class MapSet:
    """Rate maps of one file."""

    name: str
    """Path of the file."""
    cells: tuple[str, ...]
    """Name of each map in the file; or its index in the array, such as 3, or 2,0 for two leading
    axes."""
    maps: Float[np.ndarray, "cell n n"]
    """Rates [cell, x, y]; rectangular maps are padded with NaN on both sides to squares."""
    sides: tuple[int, int] | None = None
    """Bins along x and y before padding; None for maps that are not padded."""
    remarks: tuple[str, ...] = ()
    """One line for each item of the file that is not used or is questionable."""
    bin_cm: float | None = None
    """Side of a bin, cm; None if the file does not state it."""

    @property
    def n_x(self) -> int:
        """Bins along x before padding."""
        return self.maps.shape[-2] if self.sides is None else self.sides[0]

    @property
    def n_y(self) -> int:
        """Bins along y before padding."""
        return self.maps.shape[-1] if self.sides is None else self.sides[1]


def map_set(
    reading: Reading,
    name: str,
    array: np.ndarray,
    cells: Sequence[str] | None = None,
    remarks: Sequence[str] = (),
    is_named: bool = False,
) -> MapSet | None:
    """Return the rate maps in an array; add a problem and return None if it holds none.

    Args:
        reading: the reading of the file; its option ``axes`` names the last two axes.
        name: name of the array in the file; empty for a .npy file.
        array: [..., x, y].
        cells: name of each map in the order of the array; by default its index.
        remarks: remarks on the file.
        is_named: whether the file itself names the axes.
    """
    if reading.options.cells is not None:
        fix = "remove --cells, and select the maps in the table of scores"
        reading.refuse("holds maps, but --cells applies to sessions only", fix)
        return None
    if not is_named and has_cells_last(array):
        n_x, n_y, n_cells = array.shape
        maps = f"{n_cells} map{'s' * (n_cells != 1)} of {n_x} by {n_y} bins"
        what = f"{name or 'the array'} has shape {array.shape}: {maps}?"
        fix = (
            "give [..., x, y], the cells first: numpy.moveaxis(maps, -1, 0); if these are"
            f" rectangular maps of {n_y} by {n_cells} bins, give them with four axes, maps[None]"
        )
        reading.refuse(what, fix)
        return None
    unclear = [] if is_named or cells is not None else _unclear_axes(array)
    is_rectangle = array.ndim >= 2 and array.shape[-1] != array.shape[-2] and is_number(array)
    if reading.options.axes == "yx" and array.ndim >= 2:
        array = np.swapaxes(array, -1, -2)
    shape = array.shape[-2:]
    try:
        maps = np.asarray(map_batches.as_maps(_padded(array) if is_rectangle else array))
    except GridjaxError as error:
        place = f"{reading.path}: {name}" if name else reading.path
        reading.problems.add_error(error, Place(place))
        return None
    if maps.size == 0:
        reading.refuse(f"maps have shape {maps.shape}", "give at least one map")
        return None
    remarks = [*remarks, *unclear]
    if cells is None:
        cells = [",".join(map(str, index)) or "0" for index in np.ndindex(maps.shape[:-2])]
    maps = maps.reshape(-1, *maps.shape[-2:]).astype(np.float64)
    remarks += _infinite(maps)
    maps, told = _without_placeholder(maps)
    return MapSet(reading.path, tuple(cells), maps, (shape[0], shape[1]), (*remarks, *told))


def _infinite(maps: Float[np.ndarray, "cell n n"]) -> list[str]:
    """Return one line if bins are infinite, such as spikes divided by no time in the bin."""
    counts = np.isinf(maps).sum(axis=(1, 2))
    n_bins, n_maps = int(counts.sum()), int((counts > 0).sum())
    if n_bins == 0:
        return []
    bins = f"{n_bins:,} bin{'s' * (n_bins != 1)} of {n_maps} map{'s' * (n_maps != 1)}"
    return [f"{bins} infinite, read as unvisited"]


def _without_placeholder(
    maps: Float[np.ndarray, "cell n n"],
) -> tuple[Float[np.ndarray, "cell n n"], list[str]]:
    """Return maps whose unvisited bins are NaN in place of a negative number, and one line.

    The number, such as -1, is the only negative one and stands in the same bins of all maps.
    """
    with np.errstate(invalid="ignore"):
        negative = maps < 0
    values = np.unique(maps[negative])
    if len(values) != 1 or negative.sum() < 2 or not (negative == negative[0]).all():
        return maps, []
    n = int(negative[0].sum())
    line = f"{n:,} bins are {values[0]:g} in all maps, the only negative number: read as unvisited"
    return np.where(negative, np.nan, maps), [line]


def _unclear_axes(array: np.ndarray) -> list[str]:
    """Return one line if the shape does not tell whether the first or last axis is the cells."""
    if array.ndim != 3 or min(array.shape) < map_batches.SMALLEST:
        return []
    first, second, last = array.shape
    if second == last != first:
        return []
    return [
        f"shape {array.shape}: the first axis is read as the cells, {first:,} maps of {second} by"
        f" {last} bins; if the last axis is the cells, give numpy.moveaxis(maps, -1, 0)"
    ]


def has_cells_last(array: np.ndarray) -> bool:
    """Return whether an array looks like maps [x, y, cell], with the cells on the last axis."""
    if array.ndim != 3:
        return False
    first, second, last = array.shape
    is_narrow = last < map_batches.SMALLEST <= min(first, second)
    return (first == second != last and first >= map_batches.SMALLEST) or is_narrow


def _padded(maps: np.ndarray) -> Float[np.ndarray, "... n n"]:
    """Return maps padded to squares: NaN bins are added at both ends of the shorter axis."""
    n_x, n_y = maps.shape[-2:]
    missing = [(max(n_x, n_y) - n) for n in (n_x, n_y)]
    sides = [(0, 0)] * (maps.ndim - 2) + [(n // 2, n - n // 2) for n in missing]
    return np.pad(maps.astype(np.float64), sides, constant_values=np.nan)
