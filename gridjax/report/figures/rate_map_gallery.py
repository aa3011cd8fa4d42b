"""Figure of rate maps: the best units and typical units of each target code."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from gridjax import plotting
from gridjax.io.numbers import number
from gridjax.plotting import COLOUR_MAP, UNVISITED, FigureResult
from gridjax.report.figures.unit_selection import Row, Unit, choose, kept_maps
from gridjax.report.run_data import NetworkRecord, RunData, label, only
from gridjax.run.results.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME, TITLE = "gallery", "Rate maps"
_SIDE, _PITCH, _LABELS, _HEADER = 0.68, 0.755, 0.29, 0.36  # inches
_LEFT, _TOP = 0.33, 0.34
_SECOND_LINE = 0.1  # inches
_LONGEST = 15
"""Largest number of characters below a map; a longer name of a network takes two lines."""


def draw(data: RunData, run: Run) -> FigureResult:
    """Draw three rows for each target code: its best units, median units and random units."""
    keep = run.manifest["settings"]["keep_maps"]
    load = lru_cache(maxsize=64)(partial(kept_maps, run))
    blocks = {code: choose(data.of(code), load, keep) for code in data.codes}
    blocks = {code: rows for code, rows in blocks.items() if rows}
    if not blocks:
        reason = "No rate maps were kept (gridjax sweep --keep-maps best:32 or all keeps them)."
        if not data.finished:
            reason = "No finished network has rate maps yet."
        return FigureResult(NAME, TITLE, None, reason)
    side_m = only(data.finished, "box_width_in_m")
    n_rows = sum(map(len, blocks.values()))
    every = (unit for rows in blocks.values() for row in rows for unit in row.units)
    has_two_lines = any("\n" in _network(unit, side_m is None) for unit in every)
    labels = _LABELS + (_SECOND_LINE if has_two_lines else 0)
    height = _TOP + len(blocks) * _HEADER + n_rows * (_SIDE + labels)
    figure = plotting.new_figure(height, layout=None)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    _legend(axes, height - _TOP / 2, side_m)
    top = height - _TOP
    for code, rows in blocks.items():
        headline = f"{label(code)}: {_population(data.of(code))}"
        axes.text(
            0.06, top - 0.2, headline, color=plotting.colour(code), weight="bold", va="center"
        )
        top -= _HEADER
        for row in rows:
            _draw_row(axes, row, top, say_box=side_m is None)
            top -= _SIDE + labels
    axes.set(xlim=(0, plotting.WIDTH_IN), ylim=(0, height))
    return FigureResult(NAME, TITLE, figure, _caption(blocks, keep), _alt(blocks), _table(blocks))


def _draw_row(axes: Axes, row: Row, top: float, say_box: bool) -> None:
    axes.text(
        _LEFT - 0.08,
        top - _SIDE / 2,
        row.name.replace(" of ", "\nof "),
        rotation=90,
        ha="right",
        va="center",
        fontsize=plotting.SMALL,
        linespacing=1.1,
    )
    for column, (unit, rates) in enumerate(zip(row.units, row.maps, strict=True)):
        left = _LEFT + column * _PITCH
        plotting.draw_map(axes, rates, (left, left + _SIDE, top - _SIDE, top))
        middle = left + _SIDE / 2
        axes.text(
            middle,
            top - _SIDE - 0.035,
            f"{_score(unit)} · {_period(unit)}",
            ha="center",
            va="top",
            fontsize=6.5,
        )
        axes.text(
            middle,
            top - _SIDE - 0.145,
            _network(unit, say_box),
            ha="center",
            va="top",
            fontsize=6,
            linespacing=1.1,
            color=plotting.GREY,
        )


def _legend(axes: Axes, middle: float, side_m: float | None) -> None:
    """Draw the legend: colours, labels and a scale bar."""
    ramp = np.linspace(0, 1, 64)[None]
    axes.imshow(
        ramp, extent=(0.62, 1.42, middle - 0.05, middle + 0.05), cmap=COLOUR_MAP, aspect="auto"
    )
    small: dict[str, Any] = {"fontsize": plotting.SMALL, "va": "center"}
    axes.text(0.56, middle, "min", ha="right", **small)
    axes.text(1.48, middle, "max of each map", ha="left", **small)
    axes.fill_between(
        [2.72, 2.86], middle - 0.06, middle + 0.06, color=UNVISITED, ec=plotting.GREY, lw=0.4
    )
    axes.text(2.92, middle, "never visited", ha="left", **small)
    axes.text(4.0, middle, "below each map: score60 · period", ha="left", **small)
    if side_m is None:
        return
    length = scale_bar(side_m)
    length_in = length / side_m * _SIDE
    right = plotting.WIDTH_IN - 0.45
    axes.plot(
        [right - length_in, right], [middle, middle], color="black", lw=2, solid_capstyle="butt"
    )
    axes.text(right + 0.05, middle, f"{length:g} m", ha="left", **small)


def scale_bar(side_m: float) -> float:
    """Return the scale bar's length (m): 1, 2 or 5 times a power of ten, at most half the box."""
    power = 10.0 ** np.floor(np.log10(side_m / 2))
    return float(max(step * power for step in (1, 2, 5) if step * power <= side_m / 2))


def _score(unit: Unit) -> str:
    return number(unit.score)


def _period(unit: Unit) -> str:
    return f"{unit.period_cm:.0f} cm" if np.isfinite(unit.period_cm) else "none"


def _network(unit: Unit, say_box: bool) -> str:
    spec, width_cm = unit.record.spec, unit.record.width_cm
    width = [f"σ {width_cm:.4g}"] if np.isfinite(width_cm) else []
    box = [f"{spec.box_width_in_m:g} m"] if say_box else []
    seed = f"seed {spec.seed}"
    name = ", ".join([*width, seed, *box])
    return name if len(name) <= _LONGEST else f"{', '.join([*width, *box])}\n{seed}"


def _population(records: list[NetworkRecord]) -> str:
    scores = np.concatenate([record.score for record in records])
    active = np.concatenate([record.is_active for record in records])
    networks = plotting.counted(len(records), "network")
    text = f"{networks}, {len(scores):,} units"
    if not active.any():
        return f"{text}, all inactive"
    if not active.all():
        text += f" ({len(scores) - active.sum():,} inactive)"
    return f"{text}, median score60 {number(float(np.median(scores[active])))}"


def _caption(blocks: dict[str, list[Row]], keep: str) -> str:
    text = (
        "Mean activity of single units over the box, x to the right and y up; one block for each"
        " target code, each row ordered by score60. Best: the highest scores, with few units of"
        " each network; median: the units nearest the median score of active units (whose map"
        " varies); random: units chosen at random, inactive ones included. Below each map: its"
        " score60, its lattice period (none without a significant hexagonal lattice), and its"
        " network by the width σ of the place fields in cm and the seed. Colours run from the"
        " lowest to the highest rate of each map, so weak maps look as strong as others. The best"
        " maps of any large population look good; the survival curves show how many units score as"
        " high, and how many random readouts do."
    )
    if any("of kept" in row.name for rows in blocks.values() for row in rows):
        text += (
            f" Only the maps of the best units were kept ({keep} in each network), so the median"
            " and random rows show kept maps, which are better than typical ones; --keep-maps all"
            " of gridjax sweep keeps every map."
        )
    return text


def _alt(blocks: dict[str, list[Row]]) -> str:
    parts = []
    for code, rows in blocks.items():
        scores = ", ".join(
            f"{row.name} {_score(row.units[0])} to {_score(row.units[-1])}" for row in rows
        )
        parts.append(f"{label(code)}: score60 {scores}")
    return f"Rate maps. {'; '.join(parts)}."


def _table(blocks: dict[str, list[Row]]) -> tuple[tuple[str, ...], ...]:
    def lines() -> Iterable[tuple[str, ...]]:
        yield ("target code", "row", "run_id", "unit", "score60", "period")
        for code, rows in blocks.items():
            for row in rows:
                for unit in row.units:
                    where = (label(code), row.name, unit.record.run_id, str(unit.unit))
                    yield (*where, _score(unit), _period(unit))

    return tuple(lines())
