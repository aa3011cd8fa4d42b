"""Figure of the rate maps of recorded cells and their autocorrelograms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from gridjax import plotting
from gridjax.io.numbers import number
from gridjax.plotting import COLOUR_MAP, UNVISITED, FigureResult
from gridjax.recordings.cell_scores import InputScores

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PER_ROW, ROWS = 4, 3
"""Number of cells in a row, and number of rows for the best cells and for the typical cells."""
CORRELATION_MAP = "RdBu_r"
_SIDE, _GAP, _LABELS, _HEADER = 0.81, 0.04, 0.46, 0.28  # inches
_LEFT, _TOP = 0.08, 0.36
_PITCH = (plotting.WIDTH_IN - _LEFT) / PER_ROW
_LONGEST_NAME = 32
LEAST_P = 1e-6
"""Smallest printed p-value; smaller values appear as "<1e-06"."""


class Cell(NamedTuple):
    """Rate map of one cell, and its row of the table."""

    rates: Float[np.ndarray, "n n"]
    values: dict[str, Any]
    """Values of the row by column."""


def draw(scored: Sequence[InputScores], name: str, nan: Literal["mask", "zero"]) -> FigureResult:
    """Return the figure of the cells with the highest scores and the cells around the median.

    Args:
        scored: scores of the inputs.
        name: name of the figure's files without ending.
        nan: treatment of bins without visits, as in ``grid_score``.
    """
    cells = [
        Cell(rates, {column: values[i] for column, values in one.columns.items()})
        for one in scored
        for i, rates in enumerate(one.maps)
    ]
    blocks = select(cells)
    n_rows = sum(-(-len(block) // PER_ROW) for block in blocks.values())
    height = _TOP + len(blocks) * _HEADER + n_rows * (_SIDE + _LABELS)
    figure = plotting.new_figure(height, layout=None)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    _legend(axes, height - _TOP / 2)
    top = height - _TOP
    for title, block in blocks.items():
        axes.text(_LEFT, top - _HEADER / 2, title, weight="bold", va="center")
        top -= _HEADER
        for start in range(0, len(block), PER_ROW):
            for column, cell in enumerate(block[start : start + PER_ROW]):
                _draw_cell(axes, cell, _LEFT + column * _PITCH, top - _SIDE, nan, len(scored) > 1)
            top -= _SIDE + _LABELS
    axes.set(xlim=(0, plotting.WIDTH_IN), ylim=(0, height))
    return FigureResult(name, "Cells", figure, "")


def select(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    """Return the cells of each block of the figure, by the title of the block.

    The blocks are the best cells and the typical cells, or all cells if there are few.
    """
    room = PER_ROW * ROWS
    best = sorted(cells, key=lambda cell: -cell.values["score_60"])
    if len(best) <= 2 * room:
        return {f"all {plotting.counted(len(best), 'cell')}, best score first": best}
    middle = (len(best) - room) // 2
    of = f"of {len(best):,} cells"
    return {
        f"best {room} {of}": best[:room],
        f"typical: the {room} around the median score {of}": best[middle : middle + room],
    }


def _draw_cell(axes: Axes, cell: Cell, left: float, bottom: float, nan, say_input: bool) -> None:
    from matplotlib import colormaps

    from gridjax.metrics.gridscore.autocorrelogram import autocorrelogram

    rates = cell.rates
    known = rates[np.isfinite(rates)]
    # Rates are scaled to 1, because imshow fails for some ranges of float64. The figure shows no
    # numbers of rates.
    largest = np.abs(known).max(initial=0.0) or 1.0
    rates, known = rates / largest, known / largest
    low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    style: dict[str, Any] = {"origin": "lower", "interpolation": "nearest"}
    axes.imshow(
        np.ma.masked_invalid(rates.T),
        extent=(left, left + _SIDE, bottom, bottom + _SIDE),
        cmap=colormaps[COLOUR_MAP].with_extremes(bad=UNVISITED),
        vmin=low,
        vmax=high if high > low else low + 1,
        **style,
    )
    beside = left + _SIDE + _GAP
    axes.imshow(
        np.asarray(autocorrelogram(rates, nan)).T,
        extent=(beside, beside + _SIDE, bottom, bottom + _SIDE),
        cmap=CORRELATION_MAP,
        vmin=-1,
        vmax=1,
        **style,
    )
    _draw_peaks(axes, cell, beside, bottom)
    for line, (text, colour) in enumerate(_labels(cell, say_input)):
        axes.text(
            left,
            bottom - 0.035 - 0.115 * line,
            text,
            va="top",
            fontsize=6.5,
            color=colour,
            parse_math=False,
        )


def _draw_peaks(axes: Axes, cell: Cell, left: float, bottom: float) -> None:
    """Mark the six peaks of the measured lattice nearest to the centre of the autocorrelogram."""
    period, turn = cell.values["period_bins"], cell.values["orientation_rad"]
    if not np.isfinite(period):
        return
    at = period * np.exp(1j * (turn + np.arange(6) * np.pi / 3))
    n_lags = 2 * len(cell.rates) - 1
    x, y = (_SIDE * (0.5 + part / n_lags) for part in (at.real, at.imag))
    axes.scatter(left + x, bottom + y, s=7, facecolors="none", edgecolors="black", linewidths=0.6)


def _labels(cell: Cell, say_input: bool) -> list[tuple[str, str]]:
    values = cell.values
    name = f"cell {values['cell']}"
    if say_input:
        name = f"{values['input']}: {values['cell']}"
    if len(name) > _LONGEST_NAME:
        name = f"…{name[1 - _LONGEST_NAME :]}"
    period = "no lattice"
    if np.isfinite(values["period_cm"]):
        period = f"{values['period_cm']:.1f} cm"
    elif np.isfinite(values["period_bins"]):
        period = f"{values['period_bins']:.1f} bins"
    p_value = f" · p {p_text(values['p_value'])}" if np.isfinite(values["p_value"]) else ""
    return [
        (name, plotting.GREY),
        (f"score60 {number(values['score_60'])}{p_value}", "black"),
        (period, "black"),
    ]


def _legend(axes: Axes, middle: float) -> None:
    """Draw the legend of colours and marks."""
    small: dict[str, Any] = {"fontsize": plotting.SMALL, "va": "center"}
    ramp = np.linspace(0, 1, 64)[None]
    low, high = middle - 0.05, middle + 0.05
    for left, colours, ends in (
        (0.30, COLOUR_MAP, ("min", "max of each map")),
        (3.30, CORRELATION_MAP, ("−1", "1, autocorrelation")),
    ):
        axes.imshow(ramp, extent=(left, left + 0.6, low, high), cmap=colours, aspect="auto")
        axes.text(left - 0.05, middle, ends[0], ha="right", **small)
        axes.text(left + 0.65, middle, ends[1], ha="left", **small)
    axes.fill_between([2.02, 2.14], low, high, color=UNVISITED, ec=plotting.GREY, lw=0.4)
    axes.text(2.19, middle, "never visited", ha="left", **small)
    axes.scatter(5.32, middle, s=9, facecolors="none", edgecolors="black", linewidths=0.6)
    axes.text(5.42, middle, "peaks of the measured lattice", ha="left", **small)


def p_text(p: float) -> str:
    """Return a p-value as text: at most two digits; "<1e-06" below LEAST_P; a dash for NaN."""
    if math.isnan(p):
        return "–"
    if p < LEAST_P:
        return f"<{LEAST_P:g}"
    return f"{p:.2f}" if p >= 0.0995 else f"{p:.1g}" if p < 0.001 else f"{p:.2g}"
