"""Figure of each network's grid scores against its position error."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gridjax import plotting
from gridjax.plotting import FigureResult
from gridjax.report.figures.baselines import Chance, chance_errors, largest_drawn_cm
from gridjax.report.run_data import NetworkRecord, RunData, codes_of, column, label, only
from gridjax.run.evaluation.evaluation import NULL_PERCENTILE
from gridjax.sweep.settings.evaluation_sizes import T_STUDY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME, TITLE = "errors", "Position error against grid score"
_BY_CHANCE = 1 - NULL_PERCENTILE / 100


class _Column(NamedTuple):
    """One column of panels: errors at one length of trajectories."""

    error: str
    """name of a column of the networks' rows; its values are in cm"""
    title: str
    chance: Chance | None
    """chance errors, cm; None if they differ between networks"""


def draw(data: RunData) -> FigureResult:
    """Draw the highest score and the share of units above the null against position errors."""
    finished = data.finished
    if not finished:
        return FigureResult(NAME, TITLE, None, "No network has finished yet without diverging.")
    columns = _columns(finished)
    figure = plotting.new_figure(4.9)
    panels = figure.subplots(2, len(columns), sharex=True, sharey="row", squeeze=False)
    for (above, below), panel in zip(panels.T, columns, strict=True):
        above.set_title(panel.title, pad=15 if panel.chance else 6)
        _points(above, finished, panel.error, "score_60_by_neuron_max")
        _points(below, finished, panel.error, "share_above_null_99")
        below.axhline(_BY_CHANCE, color=plotting.GREY, lw=0.8, ls=":")
        below.set_xlabel("position error (cm)")
        for axes in (above, below):
            _chance(axes, panel.chance, named=axes is above)
    _scales(panels, finished, columns)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, handletextpad=0.2)
    return FigureResult(NAME, TITLE, figure, _caption(data, columns), _alt(data))


def _columns(finished: list[NetworkRecord]) -> list[_Column]:
    trained = only(finished, "sequence_length")
    columns = [_Column("pos_decoding_err_T50", f"T = {T_STUDY}", chance_errors(finished, T_STUDY))]
    if trained == T_STUDY:
        return columns
    name, chance = "trained length, differs", None
    if trained is not None:
        name, chance = f"T = {trained}, as trained", chance_errors(finished, int(trained))
    return [_Column("pos_decoding_err", name, chance), *columns]


def _points(axes: Axes, finished: list[NetworkRecord], error: str, score: str) -> None:
    for code in codes_of(finished):
        group = [record for record in finished if record.code == code]
        axes.scatter(
            np.minimum(column(group, error), largest_drawn_cm(finished)),
            column(group, score),
            s=22 if len(finished) < 200 else 8,
            c=plotting.colour(code),
            marker=plotting.marker(code),
            alpha=0.75,
            linewidths=0.4 if len(finished) < 200 else 0,
            edgecolors="white",
            label=f"{label(code)}, n = {len(group)}",
            rasterized=len(finished) > plotting.MANY,
            zorder=3,
        )


def _chance(axes: Axes, chance: Chance | None, named: bool) -> None:
    if chance is None:
        return
    # The error of the start is the smaller one, so its label goes to the left of its line.
    sides = (("centre", "left", 2), ("start", "right", -2))
    for value, (name, side, offset) in zip(chance, sides, strict=True):
        axes.axvline(value, color=plotting.GREY, lw=0.8, ls=(0, (4, 2)))
        if named:
            axes.annotate(
                f"{name} {value:.0f} cm",
                xy=(value, 1),
                xycoords=("data", "axes fraction"),
                xytext=(offset, 2),
                textcoords="offset points",
                ha=side,
                fontsize=plotting.SMALL,
                color=plotting.GREY,
            )


def _scales(panels: np.ndarray, finished: list[NetworkRecord], columns: list[_Column]) -> None:
    from matplotlib.ticker import FuncFormatter

    values = [column(finished, panel.error) for panel in columns]
    values += [np.array(panel.chance) for panel in columns if panel.chance]
    errors = np.concatenate(values)
    errors = errors[np.isfinite(errors) & (errors > 0)]
    first = panels[0, 0]
    first.set_xscale("log")
    if len(errors):
        most_cm = 1.4 * largest_drawn_cm(finished)
        first.set_xlim(min(errors.min() / 1.4, most_cm / 2), min(errors.max() * 3, most_cm))
    plotting.log_ticks(first.xaxis)
    first.set_ylabel("highest score60 of its units")
    below = panels[1, 0]
    below.set_ylabel(f"units above their null's {NULL_PERCENTILE} %")
    below.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
    shares = column(finished, "share_above_null_99")
    highest = np.nanmax(shares) if np.isfinite(shares).any() else 0
    below.set_ylim(-0.04 * max(highest, 0.05), 1.1 * max(highest, 0.05))
    if not np.isfinite(shares).any():
        for axes in panels[1]:
            text = "no null without a place code"
            axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center")


def _caption(data: RunData, columns: list[_Column]) -> str:
    finished = data.finished
    without = [
        label(code)
        for code in codes_of(finished)
        if not np.isfinite(column(data.of(code), "share_above_null_99")).any()
    ]
    text = (
        f"Each point is a network ({plotting.counted(len(finished), 'network')}). Horizontal:"
        f" mean position error ({' and '.join(panel.title for panel in columns)}; logarithmic)."
        " Vertical: highest score60 of its units (above), and share of its units above the"
        f" {NULL_PERCENTILE}th percentile of random readouts of its own target code (below;"
        f" dotted: the {100 * _BY_CHANCE:.0f} % that random readouts have by definition). The"
        " highest of many scores is high for noise too. A network far to the right has not learned"
        " to path-integrate, so its units are no evidence about path integration."
    )
    most_cm = largest_drawn_cm(finished)
    if any((column(finished, panel.error) > most_cm).any() for panel in columns):
        text += f" Errors above {most_cm / 100:g} m are drawn there, at the right edge."
    if any(panel.chance for panel in columns):
        text += (
            " Dashed: errors of answers that need no network, always the centre of the box or"
            " always the start of the trajectory."
        )
    else:
        text += " Errors of these answers differ between the networks and are not drawn."
    if without:
        text += f" Not shown below, because they have no null: {plotting.listed(without)}."
    return text


def _alt(data: RunData) -> str:
    parts = []
    for code in codes_of(data.finished):
        error = np.median(column(data.of(code), "pos_decoding_err"))
        best = np.median(column(data.of(code), "score_60_by_neuron_max"))
        parts.append(f"{label(code)} {error:.1f} cm and {best:.2f}")
    return f"Scatter of networks; median error and median highest score60: {', '.join(parts)}."
