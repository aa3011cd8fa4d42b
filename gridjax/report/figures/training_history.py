"""Figure: loss and position error during training, one line a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridjax import plotting
from gridjax.plotting import Drawn
from gridjax.report.figures.baselines import chance_errors
from gridjax.report.run_data import Member, Reported, codes_of, label, only

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME, TITLE = "history", "Training"
MOST_LINES = 60
_PANELS = {
    "loss_excess": "cross-entropy above\nthe targets' entropy (nats)",
    "loss": "loss (in units of its target)",
    "pos_decoding_err": "position error (cm)",
}


def draw(data: Reported) -> Drawn:
    """Draw the excess loss, the loss of codes without one, and the position error."""
    trained = [member for member in data.members if (member.history["step"] > 0).any()]
    if not trained:
        return Drawn(NAME, TITLE, None, "No network has a training history yet.")
    with_excess = [m for m in trained if np.isfinite(m.history["loss_excess"]).any()]
    shown = {
        "loss_excess": with_excess,
        "loss": [member for member in trained if member not in with_excess],
        "pos_decoding_err": trained,
    }
    shown = {name: members for name, members in shown.items() if members}
    figure = plotting.new_figure(2.9)
    panels = figure.subplots(1, len(shown), squeeze=False, sharex=True)[0]
    for axes, (name, members) in zip(panels, shown.items(), strict=True):
        for code in codes_of(members):
            _lines(axes, [member for member in members if member.code == code], name)
        squared = name == "loss" and codes_of(members) == ["cartesian"]
        what = "squared error (m²)" if squared else _PANELS[name]
        axes.set(xscale="log", yscale="log", xlabel="gradient step", ylabel=what)
        plotting.log_ticks(axes.yaxis)
    _chance(panels[-1], trained)
    handles, labels = panels[-1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return Drawn(NAME, TITLE, figure, _caption(data), _alt(trained))


def _lines(axes: Axes, members: list[Member], name: str) -> None:
    """Draw the networks of one target code, and their median where most have a measurement."""
    code = members[0].code
    chosen = np.linspace(0, len(members) - 1, min(len(members), MOST_LINES)).round().astype(int)
    for member in (members[index] for index in chosen):
        step, values = _after_start(member, name)
        axes.plot(
            step,
            values,
            color=plotting.colour(code),
            lw=0.5,
            alpha=0.45,
            rasterized=len(members) > MOST_LINES,
            zorder=1,
        )
        if member.diverged:
            axes.plot(step[-1:], values[-1:], "x", color=plotting.colour(code), ms=5)
    steps, medians = _medians(members, name)
    text = f"{label(code)}, n = {len(members)}"
    axes.plot(steps, medians, color=plotting.colour(code), lw=1.8, label=text, zorder=3)


def _after_start(member: Member, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return steps and values that a logarithmic axis can show."""
    step, values = member.history["step"], member.history[name]
    return step[step > 0], np.where(values > 0, values, np.nan)[step > 0]


def _medians(members: list[Member], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the median over networks at the steps that at least half of them measured."""
    pairs = [_after_start(member, name) for member in members]
    steps, where = np.unique(np.concatenate([step for step, _ in pairs]), return_inverse=True)
    counts = np.bincount(where, minlength=len(steps))
    values = np.concatenate([value for _, value in pairs])[np.argsort(where, kind="stable")]
    by_step = np.split(values, np.cumsum(counts)[:-1])
    often = counts >= len(members) / 2
    return steps[often], np.array([np.median(one) for one in by_step])[often]


def _chance(axes: Axes, members: list[Member]) -> None:
    trained = only(members, "sequence_length")
    chance = None if trained is None else chance_errors(members, int(trained))
    if chance is not None:
        text = "answering the start"
        axes.axhline(chance.start_cm, color=plotting.GREY, lw=0.9, ls=(0, (4, 2)), label=text)


def _caption(data: Reported) -> str:
    n_diverged = len(data.members) - len(data.finished)
    drawn = f"thin: each network, at most {MOST_LINES} of each code; thick: median over networks"
    text = (
        "Loss and position error on fresh trajectories during training, both axes logarithmic"
        f" (step 0 left out); {drawn}. {plotting.counted(len(data.members), 'network')}. Losses of"
        " different target codes are not comparable, position errors are. Dashed: the error of"
        " answering the start of the path at the trained length."
    )
    if n_diverged:
        text += (
            f" {plotting.counted(n_diverged, 'network')} diverged: the line ends at a cross, at the"
            " last finite measurement."
        )
    return text


def _alt(trained: list[Member]) -> str:
    parts = []
    for code in codes_of(trained):
        last = [m.history["pos_decoding_err"][-1] for m in trained if m.code == code]
        parts.append(f"{label(code)} {np.median(last):.1f} cm")
    return f"Training curves. Median position error at the end: {', '.join(parts)}."
