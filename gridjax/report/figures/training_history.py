"""Figure of loss and position error during training, one line for each network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridjax import plotting
from gridjax.plotting import FigureResult
from gridjax.report.figures.baselines import chance_errors
from gridjax.report.run_data import NetworkRecord, RunData, codes_of, label, only

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME, TITLE = "history", "Training"
MOST_LINES = 60
"""Largest number of networks of a target code that are drawn as single lines."""
_PANELS = {
    "loss_excess": "cross-entropy above\nthe targets' entropy (nats)",
    "loss": "loss (unit depends on the loss)",
    "pos_decoding_err": "position error (cm)",
}


def draw(data: RunData) -> FigureResult:
    """Draw the excess loss, the loss (for networks without excess loss), and the position error."""
    trained = [record for record in data.records if (record.history["step"] > 0).any()]
    if not trained:
        return FigureResult(NAME, TITLE, None, "No network has a training history yet.")
    with_excess = [m for m in trained if np.isfinite(m.history["loss_excess"]).any()]
    shown = {
        "loss_excess": with_excess,
        "loss": [record for record in trained if record not in with_excess],
        "pos_decoding_err": trained,
    }
    shown = {name: records for name, records in shown.items() if records}
    figure = plotting.new_figure(2.9)
    panels = figure.subplots(1, len(shown), squeeze=False, sharex=True)[0]
    for axes, (name, records) in zip(panels, shown.items(), strict=True):
        for code in codes_of(records):
            _lines(axes, [record for record in records if record.code == code], name)
        squared = name == "loss" and codes_of(records) == ["cartesian"]
        what = "squared error (m²)" if squared else _PANELS[name]
        axes.set(xscale="log", yscale="log", xlabel="gradient step", ylabel=what)
        plotting.log_ticks(axes.yaxis)
    _chance(panels[-1], trained)
    handles, labels = panels[-1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return FigureResult(NAME, TITLE, figure, _caption(data), _alt(trained))


def _lines(axes: Axes, records: list[NetworkRecord], name: str) -> None:
    """Draw the networks of one target code, and their median.

    The median is drawn at steps where at least half of the networks have a value.
    """
    code = records[0].code
    chosen = np.linspace(0, len(records) - 1, min(len(records), MOST_LINES)).round().astype(int)
    for record in (records[index] for index in chosen):
        step, values = _after_start(record, name)
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
    steps, medians = _medians(records, name)
    text = f"{label(code)}, n = {len(records)}"
    axes.plot(steps, medians, color=plotting.colour(code), lw=1.8, label=text, zorder=3)


def _after_start(record: NetworkRecord, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return steps and values for logarithmic axes.

    Step 0 is omitted. Values that are not above 0 are replaced by NaN.
    """
    step, values = record.history["step"], record.history[name]
    return step[step > 0], np.where(values > 0, values, np.nan)[step > 0]


def _medians(records: list[NetworkRecord], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the median over networks at the steps where at least half of them have a value."""
    pairs = [_after_start(record, name) for record in records]
    steps, where = np.unique(np.concatenate([step for step, _ in pairs]), return_inverse=True)
    counts = np.bincount(where, minlength=len(steps))
    values = np.concatenate([value for _, value in pairs])[np.argsort(where, kind="stable")]
    by_step = np.split(values, np.cumsum(counts)[:-1])
    is_frequent = counts >= len(records) / 2
    return steps[is_frequent], np.array([np.median(one) for one in by_step])[is_frequent]


def _chance(axes: Axes, records: list[NetworkRecord]) -> None:
    trained = only(records, "sequence_length")
    chance = None if trained is None else chance_errors(records, int(trained))
    if chance is not None:
        text = "answering the start"
        axes.axhline(chance.start_cm, color=plotting.GREY, lw=0.9, ls=(0, (4, 2)), label=text)


def _caption(data: RunData) -> str:
    n_diverged = len(data.records) - len(data.finished)
    networks = plotting.counted(len(data.records), "network")
    text = (
        f"Loss and position error of {networks} on fresh trajectories during training; both axes"
        f" logarithmic, without step 0. Thin: each network, at most {MOST_LINES} of each code;"
        " thick: median over networks. Losses of different target codes cannot be compared,"
        " position errors can. Dashed: error of always answering the start of the trajectory, at"
        " the trained length."
    )
    if n_diverged:
        text += (
            f" {plotting.counted(n_diverged, 'network')} diverged: its line ends with a cross at"
            " the last finite value."
        )
    return text


def _alt(trained: list[NetworkRecord]) -> str:
    parts = []
    for code in codes_of(trained):
        last = [m.history["pos_decoding_err"][-1] for m in trained if m.code == code]
        parts.append(f"{label(code)} {np.median(last):.1f} cm")
    return f"Training curves. Median position error at the end: {', '.join(parts)}."
