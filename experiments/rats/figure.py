"""The figure: the path, maps of one cell, and scores on the real and the even path."""

from typing import Any

import numpy as np

import gridjax as gj
from gridjax import plotting

from .cells import BOX_M, KINDS, spatial_rates
from .comparison import Result

COLOURS = dict(zip(KINDS, ("#d55e00", "#0072b2", "#009e73", "#cc79a7", plotting.GREY), strict=True))
MARKERS = dict(zip(KINDS, "o^sDv", strict=True))


def draw(result: Result) -> plotting.FigureResult:
    """Draw the path, maps of one cell, and scores on the real and the even path."""
    figure = plotting.new_figure(4.9)
    panels = figure.subplots(2, 4, gridspec_kw={"width_ratios": [1, 1, 1, 1]})
    real, even = result.sessions
    _draw_maps(panels[0], result, real, even)
    _draw_scores(panels[1], result)
    return plotting.FigureResult("rats", "Synthetic cells on a real path", figure, "")


def _draw_maps(panels, result: Result, real: gj.Session, even: gj.Session) -> None:
    shown = 8  # neither the smallest period nor the largest
    cell = result.population[shown]
    panels[0].plot(*(100 * real.positions_m.T), color=plotting.GREY, lw=0.25)
    panels[0].set_title("600 s of a rat")
    maps = list(spatial_rates([cell]))
    for path, speed in ((even, 0.0), (real, 2.5)):
        found = gj.rate_map(
            path.positions_m,
            spikes=[path.spikes_s[shown]],
            times_s=path.times_s,
            min_speed_cm_s=speed,
            extent_m=((0, BOX_M), (0, BOX_M)),
        )
        maps.append(found.maps[0])
    tables = (result.ideal, result.even, result.real)
    for panel, rates, rows, title in zip(
        panels[1:],
        maps,
        tables,
        ("a grid cell's rate", "spikes, even path", "spikes, real path"),
        strict=True,
    ):
        panel.imshow(np.ma.masked_invalid(rates.T), origin="lower", extent=(0, 100, 0, 100))
        panel.set_facecolor("#d9d9d9")
        panel.set_title(title)
        row = rows.loc[cell.name]
        panel.set_xlabel(f"score60 {row['score_60']:.2f} · {row['period_cm']:.1f} cm")
    for panel in panels:
        panel.set(aspect="equal", xlim=(0, 100), ylim=(0, 100), xticks=[0, 50, 100], yticks=[])
    panels[0].set(yticks=[0, 50, 100], xlabel="cm")


def _draw_scores(panels, result: Result) -> None:
    by_even, by_period, by_chance, by_seconds = panels
    for kind, colour in COLOURS.items():
        these = [cell for cell in result.population if cell.kind == kind]
        names = [cell.name for cell in these]
        look: dict[str, Any] = {"color": colour, "marker": MARKERS[kind], "ls": "", "ms": 3.5}
        scores = result.real.loc[names, "score_60"]
        by_even.plot(result.even.loc[names, "score_60"], scores, label=kind, **look)
        place = KINDS.index(kind) + np.linspace(-0.3, 0.3, len(names))
        by_chance.plot(place, scores, **look)
        limits = result.real.loc[names, "shuffle_95"]
        by_chance.plot(place, limits, "_", color="black", ms=4, mew=0.8)
    grid = [cell for cell in result.population if cell.kind == "grid"]
    names = [cell.name for cell in grid]
    true = [cell.period_cm for cell in grid]
    found = result.real.loc[names, "period_cm"]
    by_period.plot(true, found, "o", color=COLOURS["grid"], ms=3.5)
    seconds = list(result.by_seconds)
    scores = np.array([rows.loc[names, "score_60"] for rows in result.by_seconds.values()])
    by_seconds.plot(seconds, scores, color=COLOURS["grid"], lw=0.5, alpha=0.5)
    by_seconds.plot(seconds, np.median(scores, axis=1), color="black", marker="o", ms=3)
    for panel, limits in ((by_even, (-0.7, 1.8)), (by_period, (27, 63))):
        panel.plot(limits, limits, color=plotting.LIGHT, lw=0.8, zorder=0)
        panel.set(xlim=limits, ylim=limits)
    by_even.set(title="Scores", xlabel="score60, even path", ylabel="score60, real path")
    by_chance.set(title="Chance", ylim=(-0.7, 1.8), ylabel="score60, real path")
    by_chance.set(xticks=[], xlabel="cells")
    by_chance.text(4.5, 1.0, "– 95 % of its shuffles", ha="right", fontsize=plotting.SMALL)
    by_period.set(title="Periods", xlabel="true, cm", ylabel="found, cm")
    by_seconds.set(title="Less time", xlabel="first seconds of path", ylabel="score60, grid cells")
    by_seconds.set_xscale("log")
    by_seconds.set_xticks(seconds, [str(s) for s in seconds])
    by_seconds.minorticks_off()
    by_even.figure.legend(
        *by_even.get_legend_handles_labels(), loc="outside lower center", ncols=len(COLOURS)
    )
