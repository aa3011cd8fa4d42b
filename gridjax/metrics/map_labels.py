"""Labels of rate maps: functions of maps receive an array and return results with the labels.

Maps of xarray have named axes and coordinates. xarray is imported only where such maps are given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from gridjax.metrics.arguments import invalid_argument

SQUARE_BINS = 0.02
"""Largest relative difference of the sides of square bins, and of evenly spaced bins."""
_METRES = {
    **dict.fromkeys(("m", "meter", "meters", "metre", "metres"), 1.0),
    **dict.fromkeys(("cm", "centimeter", "centimeters", "centimetre", "centimetres"), 0.01),
    **dict.fromkeys(("mm", "millimeter", "millimeters", "millimetre", "millimetres"), 0.001),
}
_SHAPES = {2: "square", 3: "cubic"}
Result = TypeVar("Result")


@dataclass(frozen=True)
class MapLabels:
    """Maps without labels, and the labels of their axes."""

    values: np.ndarray
    """[..., x, y], or [..., x, y, z] for volumes."""
    leading: tuple[str, ...]
    """Names of the axes before x."""
    sides: tuple[str, ...]
    """Names of the axes x and y, and z for volumes."""
    coords: Mapping[str, Any]
    """Coordinates of the named axes, as xarray takes them."""
    bin_m: float | None
    """Side of a bin, metres, if the coordinates of all sides have the attribute units."""

    @property
    def width_m(self) -> float | None:
        """Side of square maps, metres."""
        return None if self.bin_m is None else self.bin_m * self.values.shape[-1]

    def label(self, array: Any, *further: tuple[str, Sequence[Any] | None]) -> Any:
        """Return a result [..., further axes] with labels.

        Args:
            array: the result; None stays None.
            further: name and coordinates of each axis after the leading ones; the coordinates of
                the sides are known, and None stands for an axis without coordinates.
        """
        if array is None:
            return None
        import xarray

        dims = (*self.leading, *(name for name, _ in further))
        coords = {dim: self.coords[dim] for dim in dims if dim in self.coords}
        coords |= {name: list(values) for name, values in further if values is not None}
        return xarray.DataArray(np.asarray(array), dims=dims, coords=coords)

    def label_all(self, found: Any, **further: tuple[tuple[str, Sequence[Any] | None], ...]) -> Any:
        """Return a named tuple of results with labels; ``further`` names the axes of a field."""
        fields = {
            name: self.label(value, *further.get(name, ()))
            for name, value in found._asdict().items()
        }
        return type(found)(**fields)


def is_data_array(value: Any) -> bool:
    """Return whether a value is a DataArray of xarray; xarray is not imported."""
    return any(
        kind.__name__ == "DataArray" and kind.__module__.startswith("xarray.")
        for kind in type(value).__mro__
    )


def map_labels(maps: Any, names: tuple[str, ...] = ("x", "y")) -> MapLabels | None:
    """Return the labels of maps of xarray; None for any other maps.

    The sides are the axes with the given names, in any place, or else the last ones. Axes whose
    coordinates fall are turned round. Raises GridjaxError if coordinates belong to bins whose
    sides differ.
    """
    if not is_data_array(maps):
        return None
    dims = tuple(map(str, maps.dims))
    if len(dims) < len(names):
        given = ", ".join(names)
        raise invalid_argument(f"maps have the axes {', '.join(dims)}", f"give [..., {given}]")
    sides = names if set(names) <= set(dims) else dims[-len(names) :]
    leading = tuple(dim for dim in dims if dim not in sides)
    ordered = maps.transpose(*leading, *sides)
    for dim in sides:
        if dim in ordered.coords and ordered[dim].size > 1 and ordered[dim][0] > ordered[dim][-1]:
            ordered = ordered.isel({dim: slice(None, None, -1)})
    coords = {dim: ordered[dim] for dim in dims if dim in maps.coords}
    return MapLabels(
        ordered.values,
        leading,
        sides,
        {dim: (dim, values.values, values.attrs) for dim, values in coords.items()},
        _bin_m(coords, sides),
    )


def _bin_m(coords: Mapping[str, Any], sides: tuple[str, ...]) -> float | None:
    """Return the side of a bin, metres; None if the coordinates do not tell it."""
    found = {dim: _bin_side(coords[dim].values) for dim in sides if dim in coords}
    for dim, side in found.items():
        if side is None:
            fix = f"give maps of {_SHAPES[len(sides)]} bins, or drop their coordinates"
            raise invalid_argument(f"bins along {dim} are not evenly spaced", fix)
    known = [side for side in found.values() if side is not None]
    if len(known) < len(sides):
        return None
    names = [str(coords[dim].attrs.get("units", "")).lower() for dim in sides]
    if len(set(names)) > 1 or max(known) - min(known) > SQUARE_BINS * max(known):
        listed = " and ".join(
            f"{side:.4g} {unit}".strip() + f" along {dim}"
            for (dim, side), unit in zip(found.items(), names, strict=True)
        )
        fix = f"give maps of {_SHAPES[len(sides)]} bins"
        raise invalid_argument(f"the sides of bins are {listed}", fix)
    metres = _METRES.get(names[0])
    return None if metres is None else known[0] * metres


def _bin_side(centres: np.ndarray) -> float | None:
    """Return the distance of evenly spaced centres of bins; None if they are not so."""
    if centres.dtype.kind not in "iuf" or len(centres) < 2:
        return None
    steps = np.diff(centres.astype(float))
    side = float(np.mean(steps))
    is_even = side > 0 and bool((np.abs(steps - side) <= SQUARE_BINS * side).all())
    return side if is_even else None
