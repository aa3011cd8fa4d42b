"""Figure of the position error after each move, including moves beyond the trained length."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from gridjax import plotting
from gridjax.plotting import FigureResult
from gridjax.report.figures.baselines import (
    ChanceCurves,
    chance_curves,
    end_axis,
    largest_drawn_cm,
)
from gridjax.report.run_data import NetworkRecord, RunData, codes_of, label
from gridjax.sweep.settings.evaluation_sizes import FEWEST_PATHS, MOST_PATHS, T_STUDY, TIMES_TRAINED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME, TITLE = "drift", "Position error over time"
MOST_LINES = 200
"""Largest number of networks of a target code that are drawn as lines.

Of more networks, only the quantiles are drawn.
"""
MOST_MARKS = 3
"""Largest number of trained lengths in a panel that are all marked.

Of more lengths, only the range is drawn.
"""
_MOST_POINTS = 5000
_MIDDLE, _MOST = (25, 75), (5, 95)
_TRAINED = {"color": plotting.GREY, "lw": 0.9, "zorder": 0}
_TRAINED_RANGE = {"color": "#ececec", "lw": 0, "zorder": 0}
_STUDY = {"color": plotting.GREY, "lw": 0.9, "ls": (0, (1, 1.5)), "zorder": 0}
_START = {"color": plotting.GREY, "lw": 0.9, "ls": (0, (4, 2))}
_CENTRE = {"color": plotting.GREY, "lw": 0.9, "ls": (0, (6, 1.5, 1, 1.5))}


def draw(data: RunData) -> FigureResult:
    """Draw one panel for each target code: its networks, their median and their spread."""
    records = [record for record in data.finished if _is_measured(record)]
    if not records:
        return FigureResult(NAME, TITLE, None, "No position error over time has been measured yet.")
    codes = codes_of(records)
    groups = {code: [record for record in records if record.code == code] for code in codes}
    n_columns = len(codes) if len(codes) <= 3 else 2 if len(codes) == 4 else 3
    n_rows = -(-len(codes) // n_columns)
    figure = plotting.new_figure(0.9 + 2.0 * n_rows)
    panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False).ravel()
    chance = chance_curves(records, max(len(record.drift["move"]) for record in records))
    for axes, (code, group) in zip(panels, groups.items(), strict=False):
        axes.set_title(label(code), color=plotting.colour(code))
        networks = plotting.counted(len(group), "network")
        axes.set_title(networks, loc="right", fontsize=plotting.SMALL, weight="normal")
        _networks(axes, group)
        _marks(axes, group)
        _chance(axes, chance)
    most_cm = largest_drawn_cm(records)
    _scales(panels, len(codes), n_columns, most_cm)
    _legend(figure, groups, chance)
    caption = _caption(groups, chance) + _beyond(records, most_cm)
    return FigureResult(NAME, TITLE, figure, caption, _alt(groups))


def errors_by_move(records: list[NetworkRecord]) -> Float[np.ndarray, "network move"]:
    """Return the networks' errors (cm) after each move; NaN after the last move of a network."""
    runs = [record.drift["pos_decoding_err"] for record in records]
    errors = np.full((len(runs), max(map(len, runs))), np.nan)
    for row, run in zip(errors, runs, strict=True):
        row[: len(run)] = run
    return errors


def quantiles(
    errors: Float[np.ndarray, "network move"], percent: tuple[float, ...]
) -> Float[np.ndarray, "percent move"]:
    """Return percentiles over networks; NaN at moves for which fewer than half have a value."""
    is_frequent = np.isfinite(errors).sum(axis=0) >= len(errors) / 2
    with warnings.catch_warnings():  # columns of NaN alone are expected
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.where(is_frequent, np.nanpercentile(errors, percent, axis=0), np.nan)


def _is_measured(record: NetworkRecord) -> bool:
    return bool(np.isfinite(record.drift["pos_decoding_err"]).any())


def _networks(axes: Axes, records: list[NetworkRecord]) -> None:
    colour = plotting.colour(records[0].code)
    errors = errors_by_move(records)
    errors = np.where(errors > 0, errors, np.nan)  # a logarithmic axis cannot show 0
    moves = np.arange(1, errors.shape[1] + 1)
    if len(records) <= MOST_LINES:
        axes.plot(
            moves, errors.T, color=colour, lw=0.5, alpha=0.45, rasterized=errors.size > _MOST_POINTS
        )
    else:
        axes.fill_between(moves, *quantiles(errors, _MOST), color=colour, alpha=0.12, lw=0)
    if len(records) > 1:
        axes.fill_between(moves, *quantiles(errors, _MIDDLE), color=colour, alpha=0.25, lw=0)
    axes.plot(moves, quantiles(errors, (50,))[0], color=colour, lw=1.8, zorder=3)


def _marks(axes: Axes, records: list[NetworkRecord]) -> None:
    """Mark the trained lengths, and the length at which the study measured errors."""
    trained = _trained_lengths(records)
    if len(trained) > MOST_MARKS:
        axes.axvspan(trained[0], trained[-1], **_TRAINED_RANGE)
    for length in trained if len(trained) <= MOST_MARKS else ():
        axes.axvline(length, **_TRAINED)
    axes.axvline(T_STUDY, **_STUDY)


def _trained_lengths(records: list[NetworkRecord]) -> list[int]:
    return sorted({record.spec.sequence_length for record in records})


def _chance(axes: Axes, chance: ChanceCurves | None) -> None:
    if chance is None:
        return
    moves = np.arange(1, len(chance.start_cm) + 1)
    axes.plot(moves, chance.start_cm, **_START)
    axes.plot(moves, chance.centre_cm, **_CENTRE)


def _scales(panels: np.ndarray, n_panels: int, n_columns: int, most_cm: float) -> None:
    first = panels[0]
    first.set(xscale="log", yscale="log")
    first.set_xlim(1, None)
    end_axis(first, most_cm)
    plotting.log_ticks(first.xaxis)
    plotting.log_ticks(first.yaxis)
    for axes in panels[:n_panels:n_columns]:
        axes.set_ylabel("position error (cm)")
    for axes in panels[max(0, n_panels - n_columns) : n_panels]:
        axes.set_xlabel("move")
        axes.tick_params(labelbottom=True)
    for axes in panels[n_panels:]:
        axes.remove()


def _legend(
    figure: Figure, groups: dict[str, list[NetworkRecord]], chance: ChanceCurves | None
) -> None:
    """Draw the legend of lines and bands in black, because no panel uses black."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    sizes = [len(group) for group in groups.values()]
    name = "median of the networks" if max(sizes) > 1 else "network"
    handles: list[Line2D | Patch] = [Line2D([], [], color="black", lw=1.8, label=name)]
    if max(sizes) > 1:
        handles.append(Patch(facecolor="black", alpha=0.25, label="middle half of them"))
    if any(1 < size <= MOST_LINES for size in sizes):
        handles.append(Line2D([], [], color="black", lw=0.5, alpha=0.6, label="each network"))
    if max(sizes) > MOST_LINES:
        handles.append(Patch(facecolor="black", alpha=0.12, label="90 % of them"))
    n_lengths = [len(_trained_lengths(group)) for group in groups.values()]
    if min(n_lengths) <= MOST_MARKS:
        handles.append(Line2D([], [], label="trained length", **_TRAINED))
    if max(n_lengths) > MOST_MARKS:
        handles.append(Patch(label="trained lengths", **_TRAINED_RANGE))
    handles.append(Line2D([], [], label=f"T = {T_STUDY}", **_STUDY))
    if chance is not None:
        handles.append(Line2D([], [], label="answering the start", **_START))
        handles.append(Line2D([], [], label="answering the centre", **_CENTRE))
    figure.legend(handles=handles, loc="outside lower center", ncols=4)


def _caption(groups: dict[str, list[NetworkRecord]], chance: ChanceCurves | None) -> str:
    numbers = "; ".join(
        f"{label(code)}: {plotting.counted(len(group), 'network')}"
        for code, group in groups.items()
    )
    text = (
        "Mean distance between decoded and true position after each move, on fresh trajectories of"
        f" {TIMES_TRAINED} times the trained length ({FEWEST_PATHS} to {MOST_PATHS} per network);"
        " both axes logarithmic. The median is drawn where at least half of the networks have a"
        " value. Vertical lines, solid or grey: trained lengths; dotted:"
        f" T = {T_STUDY}, at which the study measured errors. To the right of the trained length"
        " networks extrapolate. The error after the first moves shows how precisely the outputs"
        " encode a position; its growth from there is drift."
    )
    if chance is not None:
        text += (
            " Grey: errors of answers that need no network, always the start of the trajectory"
            " (dashed) or always the centre of the box (dash-dotted). A network path-integrates"
            " only where its error is below both."
        )
    else:
        text += " Errors of these answers differ between the networks and are not drawn."
    return f"{text} {numbers}."


def _beyond(records: list[NetworkRecord], most_cm: float) -> str:
    """Return a sentence about the networks whose errors leave the panels; empty without any."""
    n = sum(bool((record.drift["pos_decoding_err"] > most_cm).any()) for record in records)
    if not n:
        return ""
    lines = "leaves the panel" if n == 1 else "leave the panels"
    return f" {plotting.counted(n, 'network')} {lines} above {most_cm / 100:g} m."


def _alt(groups: dict[str, list[NetworkRecord]]) -> str:
    parts = []
    for code, records in groups.items():
        median = quantiles(errors_by_move(records), (50,))[0]
        last = int(np.flatnonzero(np.isfinite(median))[-1])
        parts.append(
            f"{label(code)} {median[0]:.1f} cm to {median[last]:.1f} cm in {last + 1} moves"
        )
    return f"Curves of position error over moves; medians, first to last move: {', '.join(parts)}."
