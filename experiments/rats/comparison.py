"""Scores of every cell from its rate, and from spikes along an even and a real path."""

from typing import Any, NamedTuple

import numpy as np

import gridjax as gj

from .cells import BOX_M, KINDS, Cell, cells, spatial_rates
from .paths import even_path, first_seconds, heading, rat_path, session

SEED = 0
SHUFFLES = 1000
SECONDS = (75, 150, 300, 600)


class Result(NamedTuple):
    """Tables with one row a cell, and the cells and sessions behind them."""

    population: list[Cell]
    real: Any
    even: Any
    ideal: Any
    by_seconds: dict[int, Any]
    sessions: tuple[gj.Session, gj.Session]


def run(shuffles: int = SHUFFLES) -> Result:
    """Score all cells from the real path, from the even one, and from their rates."""
    rng = np.random.default_rng(SEED)
    positions, times = rat_path()
    population = cells(rng)
    real = session("rat", population, rng, positions, times, heading(positions, times))
    spread, headings = even_path(len(times), rng)
    even = session("even", population, rng, spread, times, headings)

    spatial = [cell for cell in population if cell.kind in ("grid", "place", "scattered")]
    ideal = gj.MapSet("ideal", tuple(cell.name for cell in spatial), spatial_rates(spatial))

    def score(what, **options):
        return gj.score_table(gj.score_inputs([what], gj.ScoreOptions(**options))).set_index(
            "cell", drop=False
        )

    return Result(
        population,
        score(real, shuffles=shuffles),
        score(even, min_speed_cm_s=0.0),
        score(ideal, width_cm=100 * BOX_M),
        {seconds: score(first_seconds(real, seconds)) for seconds in SECONDS},
        (real, even),
    )


def turned(found, true) -> np.ndarray:
    """Return the angle between lattices, in degrees, 0 to 30."""
    difference = np.mod(np.asarray(found) - np.asarray(true) + np.pi / 6, np.pi / 3) - np.pi / 6
    return np.degrees(np.abs(difference))


def report(result: Result) -> list[str]:
    """Return the results as lines of text."""
    grid = [cell for cell in result.population if cell.kind == "grid"]
    names = [cell.name for cell in grid]
    true = np.array([cell.period_cm for cell in grid])
    axes = np.array([cell.orientation_rad for cell in grid])
    lines = []
    for label, rows in (("rate", result.ideal), ("even", result.even), ("real", result.real)):
        rows = rows.loc[names]
        period = 100 * np.abs(rows["period_cm"].to_numpy(float) / true - 1)
        angle = turned(rows["orientation_rad"].to_numpy(float), axes)
        lines.append(
            f"grid cells, {label}: median score60 {rows['score_60'].median():.2f}"
            f" ({rows['score_60'].min():.2f} to {rows['score_60'].max():.2f}), lattice in"
            f" {np.isfinite(period).sum()} of {len(period)}; error of the period: median"
            f" {np.nanmedian(period):.1f} %, worst {np.nanmax(period):.1f} %; of the axes: median"
            f" {np.nanmedian(angle):.1f} degrees, worst {np.nanmax(angle):.1f}"
        )
    for label, which in (("grid", names), ("other", result.real.index.difference(names))):
        change = (result.real["score_60"] - result.even["score_60"]).loc[which]
        lines.append(
            f"{label} cells, score60 on the real path less that on the even one: median"
            f" {change.median():+.2f}, from {change.min():+.2f} to {change.max():+.2f}"
        )
    for seconds, rows in result.by_seconds.items():
        rows = rows.loc[names]
        lines.append(
            f"first {seconds} s: median score60 {rows['score_60'].median():.2f}, lattice in"
            f" {rows['period_cm'].notna().sum()} of {len(rows)}, visited"
            f" {100 * rows['visited'].iloc[0]:.0f} % of bins"
        )
    for kind in KINDS:
        rows = result.real.loc[[cell.name for cell in result.population if cell.kind == kind]]
        lines.append(
            f"{kind}: score60 {rows['score_60'].min():.2f} to {rows['score_60'].max():.2f};"
            f" chance p < .05 in {(rows['p_value'] < 0.05).sum()}, < .01 in"
            f" {(rows['p_value'] < 0.01).sum()}, lattice in {rows['period_cm'].notna().sum()} of"
            f" {len(rows)}; 95 % of shuffles below {rows['shuffle_95'].median():.2f} (median cell)"
        )
    return lines
