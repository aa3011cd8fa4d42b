"""Figure of loss and position error during training, one line for each network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridjax import plotting
from gridjax.plotting import FigureResult
from gridjax.report.figures.baselines import chance_errors, end_axis, largest_drawn_cm
from gridjax.report.run_data import NetworkRecord, RunData, codes_of, label, only
from gridjax.spec.fields.state_objective_fields import has_state_objective

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

NAME, TITLE = "history", "Training"
MOST_LINES = 60
"""Largest number of networks of a target code that are drawn as single lines."""
_PANELS = {
    "loss_excess": "cross-entropy above\nthe targets' entropy (nats)",
    "loss": "loss (unit depends on the loss)",
    "state_objective_value": "objective on states",
    "pos_decoding_err": "position error (cm)",
}
_IN_CM = ("pos_decoding_err",)


def draw(data: RunData) -> FigureResult:
    """Draw the excess loss or loss, the objective on states, and the position error.

    A panel has the networks with such values. Networks without outputs have an objective alone.
    """
    trained = [record for record in data.records if (record.history["step"] > 0).any()]
    if not trained:
        return FigureResult(NAME, TITLE, None, "No network has a training history yet.")
    with_excess = [m for m in trained if np.isfinite(m.history["loss_excess"]).any()]
    with_outputs = [record for record in trained if record.spec.has_outputs]
    shown = {
        "loss_excess": with_excess,
        "loss": [record for record in with_outputs if record not in with_excess],
        "state_objective_value": [record for record in trained if has_state_objective(record.spec)],
        "pos_decoding_err": with_outputs,
    }
    shown = {name: records for name, records in shown.items() if records}
    figure = plotting.new_figure(2.9)
    panels = figure.subplots(1, len(shown), squeeze=False, sharex=True)[0]
    medians: dict[str, Line2D] = {}
    for axes, (name, records) in zip(panels, shown.items(), strict=True):
        squared = name == "loss" and codes_of(records) == ["cartesian"]
        what = "squared error (m²)" if squared else _PANELS[name]
        axes.set(xscale="log", yscale=_scale(records, name), xlabel="gradient step", ylabel=what)
        for code in codes_of(records):
            some = [record for record in records if record.code == code]
            medians[code] = _lines(axes, some, name)
        if name in _IN_CM:
            end_axis(axes, largest_drawn_cm(records))
        if axes.get_yscale() == "log":
            plotting.log_ticks(axes.yaxis)
    handles = list(medians.values())
    if "pos_decoding_err" in shown:
        handles += _chance(panels[-1], with_outputs)
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return FigureResult(NAME, TITLE, figure, _caption(data, shown), _alt(shown))


def _scale(records: list[NetworkRecord], name: str) -> str:
    """Return the scale of a panel: an objective on states can be negative; all else is not."""
    values = np.concatenate([record.history[name] for record in records])
    is_signed = name == "state_objective_value" and (values <= 0).any()
    return "linear" if is_signed else "log"


def _lines(axes: Axes, records: list[NetworkRecord], name: str) -> Line2D:
    """Draw the networks of one target code, and their median, whose line is returned.

    The median is drawn at steps where at least half of the networks have a value.
    """
    code, is_log = records[0].code, axes.get_yscale() == "log"
    chosen = np.linspace(0, len(records) - 1, min(len(records), MOST_LINES)).round().astype(int)
    for record in (records[index] for index in chosen):
        step, values = _after_start(record, name, is_log)
        axes.plot(
            step,
            values,
            color=plotting.colour(code),
            lw=0.5,
            alpha=0.45,
            rasterized=len(records) > MOST_LINES,
            zorder=1,
        )
        if record.diverged:
            axes.plot(step[-1:], values[-1:], "x", color=plotting.colour(code), ms=5)
    steps, medians = _medians(records, name, is_log)
    text = f"{label(code)}, n = {len(records)}"
    (line,) = axes.plot(steps, medians, color=plotting.colour(code), lw=1.8, label=text, zorder=3)
    return line


def _after_start(record: NetworkRecord, name: str, is_log: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return steps and values without step 0; values that a logarithmic axis lacks are NaN."""
    step, values = record.history["step"], record.history[name]
    if is_log:
        values = np.where(values > 0, values, np.nan)
    return step[step > 0], values[step > 0]


def _medians(
    records: list[NetworkRecord], name: str, is_log: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the median over networks at the steps where at least half of them have a value."""
    pairs = [_after_start(record, name, is_log) for record in records]
    steps, where = np.unique(np.concatenate([step for step, _ in pairs]), return_inverse=True)
    counts = np.bincount(where, minlength=len(steps))
    values = np.concatenate([value for _, value in pairs])[np.argsort(where, kind="stable")]
    by_step = np.split(values, np.cumsum(counts)[:-1])
    is_frequent = counts >= len(records) / 2
    return steps[is_frequent], np.array([np.median(one) for one in by_step])[is_frequent]


def _chance(axes: Axes, records: list[NetworkRecord]) -> list[Line2D]:
    """Draw the error of answering the start, if it is the same for all networks."""
    trained = only(records, "sequence_length")
    chance = None if trained is None else chance_errors(records, int(trained))
    if chance is None:
        return []
    text = "answering the start"
    return [axes.axhline(chance.start_cm, color=plotting.GREY, lw=0.9, ls=(0, (4, 2)), label=text)]


def _caption(data: RunData, shown: dict[str, list[NetworkRecord]]) -> str:
    n_diverged = len(data.records) - len(data.finished)
    what = {"loss_excess": "loss", "loss": "loss", "state_objective_value": "objective on states"}
    counts = {}
    for name, records in shown.items():
        kind = what.get(name, "position error")
        counts[kind] = counts.get(kind, 0) + len(records)
    names = [f"{kind} of {plotting.counted(n, 'network')}" for kind, n in counts.items()]
    text = (
        f"{plotting.listed(names).capitalize()} on fresh trajectories during training; logarithmic"
        " axes (an objective with negative values has a linear one),"
        f" without step 0. Thin: each network, at most {MOST_LINES} of each code;"
        " thick: median over networks."
    )
    if "loss" in counts:
        text += " Losses of different target codes cannot be compared, position errors can."
    if "state_objective_value" in shown:
        text += " Objectives of different kinds or numbers cannot be compared."
    if "pos_decoding_err" in shown:
        text += (
            " Dashed: error of always answering the start of the trajectory, at the trained length."
        )
        most_cm = largest_drawn_cm(shown["pos_decoding_err"])
        if any((m.history["pos_decoding_err"] > most_cm).any() for m in shown["pos_decoding_err"]):
            text += f" Position errors above {most_cm / 100:g} m are outside of the panel."
    if n_diverged:
        lines = "its line ends" if n_diverged == 1 else "their lines end"
        text += (
            f" {plotting.counted(n_diverged, 'network')} diverged: {lines} with a cross at the last"
            " finite value."
        )
    return text


def _alt(shown: dict[str, list[NetworkRecord]]) -> str:
    name, records = next(reversed(shown.items()))
    parts = []
    for code in codes_of(records):
        last = np.median([m.history[name][-1] for m in records if m.code == code])
        parts.append(
            f"{label(code)} {last:.3g}" if name not in _IN_CM else f"{label(code)} {last:.1f} cm"
        )
    what = "position error" if name in _IN_CM else "objective on states"
    return f"Training curves. Median {what} at the end: {', '.join(parts)}."
