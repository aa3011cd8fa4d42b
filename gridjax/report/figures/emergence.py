"""Figure of grid scores and position errors along training: when in training grids appear."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float

from gridjax import plotting
from gridjax.metrics.statistics.seed_intervals import FEWEST_SEEDS
from gridjax.plotting import FigureResult
from gridjax.report.figures.baselines import chance_errors
from gridjax.report.figures.score_survival import seed_band
from gridjax.report.run_data import NetworkRecord, RunData, codes_of, label, only, seeds_of
from gridjax.run.evaluation.evaluation import NULL_PERCENTILE
from gridjax.run.evaluation.network_metrics import THRESHOLDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME, TITLE = "emergence", "Grid scores along training"
MOST_LINES = 60
"""Largest number of networks of a target code that are drawn as single lines."""
_LEAST = THRESHOLDS[0]
_BY_CHANCE = 1 - NULL_PERCENTILE / 100
_GRIDS, _BEST, _ERROR = "grids", "best", "error"


class _Panel(NamedTuple):
    """One quantity against the training step."""

    name: str
    what: str
    """label of its axis"""
    within: tuple[float, float]
    """range of possible means"""


_PANELS = (
    _Panel(_GRIDS, "share of grid units", (0, 1)),
    _Panel(_BEST, "highest score60 of the units", (-math.inf, math.inf)),
    _Panel(_ERROR, "position error (cm)", (0, math.inf)),
)


def draw(data: RunData) -> FigureResult:
    """Draw the share of grid units, the highest score and the position error along training."""
    records = [record for record in data.records if len(record.emergence["step"])]
    if not records:
        reason = (
            "The networks were evaluated at the end of their training alone. The setting"
            " evaluation.along_training evaluates them along it too."
        )
        return FigureResult(NAME, TITLE, None, reason)
    figure = plotting.new_figure(2.9)
    panels = figure.subplots(1, len(_PANELS), sharex=True)
    start = _place_of_step_0(records)
    for axes, panel in zip(panels, _PANELS, strict=True):
        for code in codes_of(records):
            _one_code(axes, [record for record in records if record.code == code], panel, start)
        axes.set_ylabel(panel.what)
    _scales(panels, start)
    _references(panels, records)
    entries = {}
    for axes in panels[::-1]:
        handles, labels = axes.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=4)
    return FigureResult(NAME, TITLE, figure, _caption(records), _alt(records))


def share_of_grids(record: NetworkRecord) -> Float[np.ndarray, " evaluation"]:
    """Return the share of units whose score60 lies above both thresholds, at each evaluation.

    The thresholds are the 99th percentile of the null, and .3. All units above the higher one are
    above both, so the share is the smaller of the two shares.
    """
    rows = record.emergence
    return np.minimum(rows[f"share_above_{_LEAST}"], rows["share_above_null_99"])


def groups_of(records: list[NetworkRecord]) -> list[list[NetworkRecord]]:
    """Return the networks that did not diverge, in groups that were evaluated at equal steps."""
    groups: dict[tuple[float, ...], list[NetworkRecord]] = {}
    for record in records:
        if not record.diverged:
            groups.setdefault(tuple(record.emergence["step"]), []).append(record)
    return list(groups.values())


def _values(record: NetworkRecord, name: str) -> Float[np.ndarray, " evaluation"]:
    if name == _GRIDS:
        return share_of_grids(record)
    column = "score_60_by_neuron_max" if name == _BEST else "pos_decoding_err"
    return record.emergence[column]


def _place_of_step_0(records: list[NetworkRecord]) -> float:
    """Return the place of step 0 on the logarithmic axis: half a decade before the next step."""
    steps = np.concatenate([record.emergence["step"] for record in records])
    return float(min(steps[steps > 0], default=1)) / math.sqrt(10)


def _one_code(axes: Axes, records: list[NetworkRecord], panel: _Panel, start: float) -> None:
    """Draw the networks of one target code, their mean and its interval."""
    code = records[0].code
    colour = plotting.colour(code)
    chosen = np.linspace(0, len(records) - 1, min(len(records), MOST_LINES)).round().astype(int)
    for record in (records[index] for index in chosen):
        step, values = np.maximum(record.emergence["step"], start), _values(record, panel.name)
        many = len(records) > MOST_LINES // 2
        axes.plot(step, values, color=colour, lw=0.5, alpha=0.45, rasterized=many, zorder=1)
        if record.diverged:
            axes.plot(step[-1:], values[-1:], "x", color=colour, ms=5)
    text = f"{label(code)}, n = {len(records)}"
    for group in groups_of(records):
        step = np.maximum(group[0].emergence["step"], start)
        values = np.array([_values(record, panel.name) for record in group])
        low, high = seed_band(values, seeds_of(group), panel.within)
        axes.fill_between(step, low, high, color=colour, alpha=0.2, lw=0, zorder=2)
        axes.plot(step, values.mean(axis=0), ".-", color=colour, lw=1.8, label=text, zorder=3)


def _scales(panels: np.ndarray, start: float) -> None:
    """Set the axes; steps are logarithmic, with step 0 left of a gap."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

    grids, error = panels[0], panels[-1]
    grids.set_xscale("log")
    last = max(line.get_xdata().max() for line in grids.lines)
    grids.set_xlim(start / 1.25, last * 1.25)
    gap, wide = start * 10**0.25, 1.12
    powers = LogLocator().tick_values(start, last)
    steps = [step for step in powers if gap * wide < step <= last]
    names = {start: "0"} | {step: f"{step:,.0f}" for step in steps}
    for axes in panels:
        axes.xaxis.set_major_locator(FixedLocator(list(names)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: names.get(step, "")))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("gradient step")
        axes.plot(
            [gap / wide, gap * wide],
            [0, 0],
            transform=axes.get_xaxis_transform(),
            color="white",
            lw=3,
            clip_on=False,
            zorder=2.6,  # above the axis, below the lines
        )
    grids.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
    highest = max(0.05, grids.dataLim.y1)
    grids.set_ylim(-0.04 * highest, 1.05 * highest)
    error.set_yscale("log")
    plotting.log_ticks(error.yaxis)


def _references(panels: np.ndarray, records: list[NetworkRecord]) -> None:
    """Draw the share and the error that need no training, and the lowest threshold of scores."""
    grids, best, error = panels
    text = f"{100 * _BY_CHANCE:.0f} % of the null"
    grids.axhline(_BY_CHANCE, color=plotting.GREY, lw=0.8, ls=":", label=text, zorder=0)
    best.axhline(_LEAST, color=plotting.LIGHT, lw=0.7, ls=":", zorder=0)
    trained = only(records, "sequence_length")
    chance = None if trained is None else chance_errors(records, int(trained))
    if chance is not None:
        text, dashes = "answering the start", (0, (4, 2))
        error.axhline(chance.start_cm, color=plotting.GREY, lw=0.9, ls=dashes, label=text, zorder=0)


def _caption(records: list[NetworkRecord]) -> str:
    n_diverged = sum(record.diverged for record in records)
    text = (
        f"{plotting.counted(len(records), 'network')}, evaluated along training as at its end;"
        " step 0 is the untrained network, and the axis has a gap after it. Left: share of the"
        f" units whose score60 lies above the {NULL_PERCENTILE}th percentile of random readouts of"
        f" the network's own target code and above {_LEAST:g} (dotted: the"
        f" {100 * _BY_CHANCE:.0f} % of random readouts above that percentile). Centre: highest"
        " score60 of the units; the highest of many scores is high without training too. Right:"
        " mean position error at the trained length, logarithmic (dashed: error of always answering"
        f" the start of the trajectory). Thin: each network, at most {MOST_LINES} of each code;"
        " thick: mean over networks of equal length of training, with a dot at each evaluation."
        f" {_interval_caption(records)}"
    )
    if n_diverged:
        text += (
            f" {plotting.counted(n_diverged, 'network')} diverged: its line ends with a cross at"
            " its last evaluation, and the mean is without it."
        )
    return text


def _interval_caption(records: list[NetworkRecord]) -> str:
    n_seeds = [len(set(seeds_of(group))) for code in _by_code(records) for group in groups_of(code)]
    if max(n_seeds, default=0) < FEWEST_SEEDS:
        few = f"fewer than {FEWEST_SEEDS} seeds, too few for an interval"
        return f"No interval is drawn: every mean has {few}."
    text = (
        "Shaded: 95 % interval of that mean from resampling seeds (bootstrap-t), cut off at the"
        " lowest and the highest network."
    )
    if min(n_seeds) < FEWEST_SEEDS:
        text += f" Means of fewer than {FEWEST_SEEDS} seeds have none."
    return text


def _by_code(records: list[NetworkRecord]) -> list[list[NetworkRecord]]:
    return [[one for one in records if one.code == code] for code in codes_of(records)]


def _alt(records: list[NetworkRecord]) -> str:
    parts = []
    for group in _by_code(records):
        first, last = (np.mean([share_of_grids(one)[at] for one in group]) for at in (0, -1))
        parts.append(f"{label(group[0].code)} {100 * first:.1f} to {100 * last:.1f} %")
    return f"Mean share of grid units from step 0 to the last step: {', '.join(parts)}."
