"""Panels of patterns in figures: lines, maps, and volumes by sections and an isosurface."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from gridjax import plotting
from gridjax.io.numbers import number
from gridjax.plotting import COLOUR_MAP, UNVISITED
from gridjax.theory.isosurface import isosurface
from gridjax.theory.pattern_lattices import PatternLattices

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PER_ROW = {1: 4, 2: 8, 3: 2}
"""Patterns side by side, for each dimension."""
N_ROWS = {1: 1, 2: 1, 3: 2}
"""Rows of patterns of one dynamics."""
ROW_IN = {1: 1.16, 2: 1.16, 3: 1.3}
"""Height of a row, inches."""
_SIDE, _GAP, _LEFT = 0.72, 0.06, 0.92  # inches
_SURFACE = 1.1
_SECTIONS = ((2, "x", "y"), (1, "x", "z"), (0, "y", "z"))
_LABELS = {"fontsize": plotting.SMALL, "ha": "center", "va": "top"}


def height_in(dimensions: int) -> float:
    """Return the height of the patterns of one dynamics, inches."""
    return N_ROWS[dimensions] * ROW_IN[dimensions]


def typical(scores: Float[np.ndarray, " unit"], count: int) -> list[int]:
    """Return ``count`` units at equal steps from the highest score to the lowest."""
    order = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")
    places = np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int)
    return [int(unit) for unit in order[places]]


def draw_patterns(
    figure: Figure,
    title: str,
    maps: Float[np.ndarray, "unit ..."],
    lattices: PatternLattices,
    side_cm: float,
    top: float,
) -> None:
    """Draw the typical patterns of one dynamics with their scores, lattices and periods.

    Args:
        title: name of the dynamics.
        side_cm: side of the box, cm.
        top: upper edge of the panels, inches.
    """
    dimensions = maps.ndim - 1
    _text(figure, 0.05, top - height_in(dimensions) / 2 + 0.2, title, weight="bold", va="center")
    count = PER_ROW[dimensions] * N_ROWS[dimensions]
    for place, unit in enumerate(typical(lattices.score, count)):
        row, column = divmod(place, PER_ROW[dimensions])
        bottom = top - row * ROW_IN[dimensions] - _SIDE - 0.05
        label = _label(lattices, unit, dimensions)
        if dimensions == 1:
            _line(figure, maps[unit], side_cm, column, bottom, label)
        elif dimensions == 2:
            _square(figure, maps[unit], column, bottom, label)
        else:
            draw_volume(figure, maps[unit], column, bottom, label, row == 0)
    if dimensions == 2:
        style = {"linespacing": 1.1, "ha": "right", "va": "top", "color": plotting.GREY}
        _text(figure, _LEFT - 0.1, top - _SIDE - 0.08, "score60\nperiod", **style)


def _label(lattices: PatternLattices, unit: int, dimensions: int) -> str:
    period = lattices.period_m[unit]
    name = str(lattices.lattice[unit])
    length = f"{100 * period:.0f} cm" if np.isfinite(period) else "no lattice"
    if dimensions == 2:
        return f"{number(float(lattices.score[unit]))}\n{length}"
    if dimensions == 1:
        return f"period {length}" if np.isfinite(period) else "no period"
    if not np.isfinite(period):
        return f"{name}, p {lattices.p_value[unit]:.2g}"
    return f"{name} {length}, p {lattices.p_value[unit]:.2g}"


def _square(figure: Figure, rates, column: int, bottom: float, label: str) -> None:
    axes = _axes(figure, _LEFT + column * (_SIDE + _GAP), bottom, _SIDE, _SIDE)
    axes.imshow(rates.T, origin="lower", cmap=COLOUR_MAP, interpolation="nearest", **_limits(rates))
    axes.set_axis_off()
    axes.text(0.5, -0.04, label, transform=axes.transAxes, linespacing=1.1, **_LABELS)


def _line(figure: Figure, rates, side_cm: float, column: int, bottom: float, label: str) -> None:
    width = (plotting.WIDTH_IN - _LEFT) / PER_ROW[1] - 0.12
    axes = _axes(figure, _LEFT + column * (width + 0.12), bottom, width, _SIDE)
    places = (np.arange(len(rates)) + 0.5) * side_cm / len(rates)
    axes.plot(places, rates / np.abs(rates).max(), color="black", lw=1)
    axes.axhline(0, color=plotting.LIGHT, lw=0.6, zorder=0)
    axes.set(xlim=(0, side_cm), ylim=(-1.08, 1.08), yticks=[], xticks=[])
    axes.text(0.5, -0.04, label, transform=axes.transAxes, **_LABELS)


def draw_volume(
    figure: Figure,
    rates: Float[np.ndarray, "n n n"],
    column: int,
    bottom: float,
    label: str,
    is_first: bool,
) -> None:
    """Draw the sections through the bin of the largest rate, and an isosurface.

    Args:
        figure: a figure of plotting.WIDTH_IN.
        rates: [n, n, n]; bins that are not finite were not visited. They are grey in sections, and
            have the mean of the other bins in the isosurface.
        column: 0 or 1, the place in the row.
        bottom: lower edge of the sections, inches.
        label: text below the sections.
        is_first: whether the axes of the sections are named above them.
    """
    from matplotlib import colormaps

    colours = colormaps[COLOUR_MAP].with_extremes(bad=UNVISITED)
    masked = np.ma.masked_invalid(rates)
    rates = masked.filled(masked.mean())
    width = (plotting.WIDTH_IN - _LEFT) / PER_ROW[3]
    left = _LEFT + column * width
    at = np.unravel_index(rates.argmax(), rates.shape)
    for place, (axis, horizontal, vertical) in enumerate(_SECTIONS):
        axes = _axes(figure, left + place * (0.9 * _SIDE + _GAP), bottom, 0.9 * _SIDE, 0.9 * _SIDE)
        section = masked.take(at[axis], axis=axis)
        axes.imshow(
            section.T, origin="lower", cmap=colours, interpolation="nearest", **_limits(rates)
        )
        axes.set_axis_off()
        if is_first:
            axes.text(0.5, 1.03, f"{horizontal}{vertical}", transform=axes.transAxes,
                      **(_LABELS | {"va": "bottom", "color": plotting.GREY}))  # fmt: skip
        if place == 1:
            axes.text(0.5, -0.06, label, transform=axes.transAxes, **_LABELS)
    offset = 3 * (0.9 * _SIDE + _GAP) - 0.06
    axes = _axes(
        figure, left + offset, bottom - 0.28, _SURFACE, _SURFACE, projection="3d", zorder=-1
    )
    draw_isosurface(axes, rates)


def draw_isosurface(axes: Any, rates: Float[np.ndarray, "n n n"]) -> None:
    """Draw the surface at one standard deviation above the mean, coloured by its direction."""
    from mpl_toolkits.mplot3d.art3d import Line3DCollection, Poly3DCollection

    rates = _coarse(rates)
    triangles = isosurface(rates, float(rates.mean() + rates.std()))
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    light = 0.45 + 0.5 * np.abs(normals @ np.array([0.35, -0.5, 0.79]))
    colours = np.clip(light[:, None] * np.array([[0.20, 0.62, 0.66]]) + 0.05, 0, 1)
    surface = Poly3DCollection(triangles, facecolors=colours, edgecolors=colours, linewidths=0.1)
    surface.set_rasterized(True)
    axes.add_collection3d(surface)
    ends = (-0.5, rates.shape[0] - 0.5)
    corners = np.array(list(product(ends, repeat=3)))
    edges = [pair for pair in combinations(corners, 2) if (pair[0] != pair[1]).sum() == 1]
    axes.add_collection3d(Line3DCollection(edges, colors=plotting.LIGHT, linewidths=0.6))
    axes.set(xlim=ends, ylim=ends, zlim=ends)
    axes.set_box_aspect((1, 1, 1), zoom=1.0)
    axes.view_init(elev=22, azim=-58)
    axes.set_axis_off()


def _coarse(rates: Float[np.ndarray, "n n n"]) -> Float[np.ndarray, "m m m"]:
    """Return means over blocks of two bins of volumes of more than 40 bins a side."""
    n = rates.shape[0]
    if n <= 40 or n % 2:
        return rates
    return rates.reshape(n // 2, 2, n // 2, 2, n // 2, 2).mean(axis=(1, 3, 5))


def _limits(rates) -> dict[str, Any]:
    if rates.min() < 0:
        return {"vmin": -np.abs(rates).max(), "vmax": np.abs(rates).max()}
    return {"vmin": 0.0, "vmax": rates.max()}


def _axes(figure: Figure, left: float, bottom: float, width: float, tall: float, **options) -> Any:
    wide, height = figure.get_size_inches()
    return figure.add_axes((left / wide, bottom / height, width / wide, tall / height), **options)


def _text(figure: Figure, left: float, bottom: float, text: str, **options) -> None:
    wide, height = figure.get_size_inches()
    figure.text(left / wide, bottom / height, text, fontsize=plotting.SMALL, **options)
