"""Figure of errors under perturbations: noise, lesions and kicks of the state."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gridjax import plotting
from gridjax.plotting import FigureResult
from gridjax.report.run_data import RunData, codes_of, label
from gridjax.run.results.run import Run
from gridjax.sweep.settings.perturbations import (
    DOSES,
    KICK_ALONG,
    KICK_OFF,
    KICKS,
    LESION_GRID,
    LESION_MATCHED,
    LESION_RANDOM,
    MOVES,
    NONE,
    STATE_NOISE,
    VELOCITY_NOISE,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME, TITLE = "robustness", "Errors under perturbations"
_SOLID, _DASHED, _DOTTED = "-", (0, (4, 2)), (0, (1, 1.5))
_LAST = max(MOVES)


class _Curve(NamedTuple):
    """One curve of a panel: a measure of a perturbation, over doses or over moves."""

    perturbation: str
    measure: str
    line: str | tuple[int, tuple[float, ...]]
    name: str
    dose: float | None = None
    """the one dose of a curve over moves; None: the curve is over doses, after the last move"""


class _Panel(NamedTuple):
    title: str
    x: str
    y: str
    curves: tuple[_Curve, ...]
    is_log: bool = False


def _kick_panel(perturbation: str, title: str, measure: str, part: str) -> _Panel:
    lines = zip(DOSES[perturbation], (_SOLID, _DASHED), strict=True)
    curves = tuple(_Curve(perturbation, measure, line, f"{dose:g}", dose) for dose, line in lines)
    return _Panel(title, "moves after the kick", part, curves)


_RMS, _EXPECTED, _D = "decode_err_rms_cm", "expected_cm", "diffusion_cm2_per_move"
PANELS = (
    _Panel(
        "Velocity noise",
        "noise / velocity (rms)",
        "rms error (cm)",
        (
            _Curve(VELOCITY_NOISE, _RMS, _SOLID, "network"),
            _Curve(VELOCITY_NOISE, _EXPECTED, _DOTTED, "integral of noise"),
        ),
    ),
    _Panel(
        "State noise",
        "noise / state (rms)",
        "D (cm² per move)",
        (_Curve(STATE_NOISE, _D, _SOLID, ""),),
        is_log=True,
    ),
    _Panel(
        "Lesions",
        "silenced units (share)",
        "rms error (cm)",
        (
            _Curve(LESION_RANDOM, _RMS, _SOLID, "random"),
            _Curve(LESION_GRID, _RMS, _DASHED, "most grid-like"),
            _Curve(LESION_MATCHED, _RMS, _DOTTED, "matched"),
        ),
    ),
    _kick_panel(KICK_OFF, "Kick off the manifold", "rho_perp", "part off (rho_perp)"),
    _kick_panel(KICK_ALONG, "Kick along the manifold", "rho_par", "part along (rho_par)"),
)


def draw(data: RunData, run: Run) -> FigureResult:
    """Draw a panel for each kind of perturbation; each target code has medians and a spread."""
    code_of = {record.run_id: record.code for record in data.finished}
    table = run.robustness
    table = table[table["run_id"].isin(list(code_of))]
    if table.empty:
        text = "The networks were not evaluated under perturbations (evaluation.robustness)."
        return FigureResult(NAME, TITLE, None, text)
    table = table.assign(code=table["run_id"].map(code_of), **{_EXPECTED: _expected(table)})
    figure, codes = plotting.new_figure(4.6), codes_of(data.finished)
    axes = figure.subplots(2, 3).ravel()
    for panel, one in zip(axes, PANELS, strict=False):
        _draw_panel(panel, one, table, codes)
    axes[-1].remove()
    _legend(figure, codes)
    counts = table.groupby("code")["run_id"].nunique()
    numbers = "; ".join(
        f"{label(code)}: {plotting.counted(int(counts[code]), 'network')}"
        for code in codes
        if code in counts
    )
    return FigureResult(NAME, TITLE, figure, f"{_CAPTION} {numbers}.", _alt(table, codes))


def curve(table: pd.DataFrame, one: _Curve) -> pd.DataFrame:
    """Return the median and the quartiles over networks of a curve, by dose or by move.

    A curve over doses begins with the unperturbed networks, at dose 0.
    """
    if one.dose is None:
        names = [NONE, one.perturbation]
        rows, by = table[table["perturbation"].isin(names) & (table["move"] == _LAST)], "dose"
    else:
        is_one = (table["perturbation"] == one.perturbation) & (table["dose"] == one.dose)
        rows, by = table[is_one], "move"
    found = rows.groupby(by)[one.measure].quantile(np.array([0.25, 0.5, 0.75])).unstack()
    return found.set_axis(["low", "median", "high"], axis=1)


def _expected(table: pd.DataFrame) -> pd.Series:
    """Return the error (cm) if noise of the velocity were only summed; that found without noise."""
    excess = table["excess_err_cm"].where(table["perturbation"] != NONE, 0.0)
    return (table[_RMS] ** 2 - excess * excess.abs()).clip(lower=0) ** 0.5


def _draw_panel(axes: Axes, panel: _Panel, table: pd.DataFrame, codes: list[str]) -> None:
    axes.set_title(panel.title)
    axes.set(xlabel=panel.x, ylabel=panel.y)
    names = {one.perturbation for one in panel.curves}
    if not table["perturbation"].isin(names).any():
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center")
        return
    for code in codes:
        rows = table[table["code"] == code]
        for one in panel.curves:
            found = curve(rows, one)
            if panel.is_log:
                found = found.where(found > 0)
            axes.plot(found.index, found["median"], ls=one.line, color=plotting.colour(code))
            if one.line == _SOLID:
                colour = plotting.colour(code)
                axes.fill_between(found.index, found["low"], found["high"], color=colour,
                                  alpha=0.2, lw=0)  # fmt: skip
    if panel.is_log:
        axes.set_yscale("log")
        plotting.log_ticks(axes.yaxis)
    else:
        axes.set_ylim(0, None)
    _names_of_lines(axes, panel)


def _names_of_lines(axes: Axes, panel: _Panel) -> None:
    from matplotlib.lines import Line2D

    lines = [
        Line2D([], [], color="black", ls=one.line, label=one.name)
        for one in panel.curves
        if one.name
    ]
    if lines:
        is_kick = panel.curves[0].perturbation in KICKS
        axes.legend(handles=lines, title="norm of the kick" if is_kick else None)


def _legend(figure: Figure, codes: list[str]) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=plotting.colour(code), label=label(code)) for code in codes]
    figure.legend(handles=handles, loc="outside lower center", ncols=4)


_CAPTION = (
    "Lines: medians over networks; bands: their middle half, for solid lines. Upper row, error of"
    f" the likelihood decoder after {_LAST} moves or its growth D, by dose: noise on the velocity"
    " (dotted: the error without noise plus the sum of the noise, which no integrator can avoid),"
    " noise on the state after each move, units silenced from the first move on (dotted: units"
    " matched to the most grid-like ones in rate and in norm of their readout weights). Lower row:"
    " part of one kick of the state that is left after some moves, as a share of the kick; norms of"
    " kicks are shares of the norm of the state. A network corrects errors if the part off the"
    " position manifold falls to 0 and the part along it stays near 1; a contraction loses both."
)


def _alt(table: pd.DataFrame, codes: list[str]) -> str:
    parts = []
    for code in codes:
        rows = table[table["code"] == code]
        for panel in PANELS:
            found = curve(rows, panel.curves[0])["median"]
            if len(found) > 1:
                first, last = found.dropna().iloc[[0, -1]] if found.notna().any() else (0, 0)
                parts.append(f"{label(code)}, {panel.title}: {first:.2g} to {last:.2g}")
    return f"Curves of robustness; medians at the first and last point: {'; '.join(parts)}."
