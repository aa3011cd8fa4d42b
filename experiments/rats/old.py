"""Synthetic cells on a real rat's path: what a recording of ten minutes does to grid scores.

The path is one of Sargolini et al. (2006), 600 s in a box of 1 m, as the package ratinabox ships it
(pip install '.[rats]'). Grid cells of known period and orientation spike along it, and so do cells
that are none: place cells, cells with scattered fields, head-direction cells, and cells that fire
anywhere. Each is scored from these spikes, from as many seconds spread evenly over the box, and
from its firing rate itself. Writes sessions that `gridjax score` reads, and a figure.

    python experiments/rats.py runs/rats
"""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import qmc

import gridjax as gj
from gridjax.study.figures import style
from gridjax.study.recorded import Session
from gridjax.study.scored import table
from gridjax.study.scoreoptions import Options
from gridjax.study.scoring import score_inputs
from gridjax.study.sessions import MapSet

SEED = 0
N_GRID, N_OTHER = 16, 6  # grid cells; cells of every other kind
SHUFFLES = 1000
PEAK_HZ, NOISE_HZ = 12.0, 2.0
BOX_M, N_BINS = 1.0, 40
SECONDS = (75, 150, 300, 600)
COLOURS = {"grid": "#d55e00", "place": "#0072b2", "scattered": "#009e73"}
COLOURS |= {"head-direction": "#cc79a7", "noise": style.GREY}
MARKERS = dict(zip(COLOURS, "o^sDv", strict=True))

Rate = Callable[[Any, Any], Any]  # positions [..., 2] in metres, headings [...] -> spikes a second


class Cell(NamedTuple):
    """A synthetic cell; period (cm) and orientation (rad) are NaN but for grid cells."""

    name: str
    kind: str
    rate: Rate
    period_cm: float = np.nan
    orientation_rad: float = np.nan


def rat_path() -> tuple[np.ndarray, np.ndarray]:
    """Return positions [sample, 2] in metres and times in seconds of the real path."""
    package = find_spec("ratinabox")
    if package is None or not package.submodule_search_locations:
        sys.exit("the rat's path comes with ratinabox: pip install '.[rats]'")
    file = Path(package.submodule_search_locations[0]) / "data" / "sargolini.npz"
    with np.load(file, allow_pickle=False) as data:
        return data["pos"], data["t"]


def grid_cell(rng: np.random.Generator, index: int) -> Cell:
    """Three plane waves, squared so that fields are narrow and silence between them is real."""
    period, turn = np.linspace(0.3, 0.6, N_GRID)[index], rng.uniform(0, np.pi / 3)
    origin, angles = rng.uniform(0, BOX_M, 2), turn + np.pi / 6 + np.arange(3) * np.pi / 3
    waves = 4 * np.pi / np.sqrt(3) / period * np.stack([np.cos(angles), np.sin(angles)])

    def rate(positions, headings):
        total = np.cos((positions - origin) @ waves).sum(-1)
        return PEAK_HZ * ((total + 1.5) / 4.5) ** 2

    return Cell(f"grid{index}", "grid", rate, 100 * period, turn)


def field_cell(rng: np.random.Generator, name: str, kind: str, n_fields: int) -> Cell:
    """Gaussian fields anywhere."""
    centres, width = rng.uniform(0, BOX_M, (n_fields, 2)), rng.uniform(0.06, 0.1)

    def rate(positions, headings):
        squared = ((positions[..., None, :] - centres) ** 2).sum(-1)
        return PEAK_HZ * np.exp(-squared / (2 * width**2)).max(-1)

    return Cell(name, kind, rate)


def cells(rng: np.random.Generator) -> list[Cell]:
    """Draw all cells."""
    others = []
    for i in range(N_OTHER):
        preferred = rng.uniform(0, 2 * np.pi)
        others += [
            field_cell(rng, f"place{i}", "place", 1),
            field_cell(rng, f"scattered{i}", "scattered", int(rng.integers(4, 9))),
            Cell(
                f"direction{i}",
                "head-direction",
                lambda _, h, at=preferred: PEAK_HZ * np.exp(4 * (np.cos(h - at) - 1)),
            ),
            Cell(f"noise{i}", "noise", lambda _, h: np.full(np.shape(h), NOISE_HZ)),
        ]
    return [grid_cell(rng, i) for i in range(N_GRID)] + others


def heading(positions: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return the direction of movement, over a fifth of a second."""
    half = 5
    ahead, behind = np.roll(positions, -half, axis=0), np.roll(positions, half, axis=0)
    return np.arctan2(*(ahead - behind).T[::-1])


def session(name: str, population: list[Cell], rng, positions, times, headings) -> Session:
    """Let the cells spike at random along a path."""
    step = np.minimum(np.diff(times, append=times[-1] + 0.02), 0.1)
    trains = []
    for cell in population:
        counts = rng.poisson(cell.rate(positions, headings) * step)
        trains.append(
            np.repeat(times, counts) + np.repeat(step, counts) * rng.uniform(size=counts.sum())
        )
    names = tuple(cell.name for cell in population)
    return Session(name, names, positions, times, tuple(map(np.sort, trains)))


def even_path(n_samples: int, rng) -> tuple[np.ndarray, np.ndarray]:
    """Return positions spread evenly over the box, in no order, and headings at random."""
    positions = BOX_M * qmc.Halton(2, rng=rng).random(n_samples)
    return positions, rng.uniform(-np.pi, np.pi, n_samples)


def first_seconds(whole: Session, seconds: float) -> Session:
    """Return the beginning of a session."""
    end = whole.times_s[0] + seconds
    kept = whole.times_s <= end
    last = whole.times_s[kept][-1]
    spikes = tuple(train[train <= last] for train in whole.spikes_s)
    return Session(whole.name, whole.cells, whole.positions_m[kept], whole.times_s[kept], spikes)


def save(folder: Path, what: Session) -> Path:
    """Write a session as `gridjax score` reads it."""
    path = folder / f"{what.name}.npz"
    spikes = {
        f"spikes_{cell}": train for cell, train in zip(what.cells, what.spikes_s, strict=True)
    }
    np.savez(path, allow_pickle=False, positions=what.positions_m, times=what.times_s, **spikes)
    return path


class Result(NamedTuple):
    """Tables with one row a cell, and what was scored."""

    population: list[Cell]
    real: Any
    even: Any
    ideal: Any
    by_seconds: dict[int, Any]
    sessions: tuple[Session, Session]


def run(shuffles: int = SHUFFLES) -> Result:
    """Score all cells from the real path, from the even one, and from their rates."""
    rng = np.random.default_rng(SEED)
    positions, times = rat_path()
    population = cells(rng)
    real = session("rat", population, rng, positions, times, heading(positions, times))
    spread, headings = even_path(len(times), rng)
    even = session("even", population, rng, spread, times, headings)

    centres = (np.arange(N_BINS) + 0.5) * BOX_M / N_BINS
    bins = np.stack(np.meshgrid(centres, centres, indexing="ij"), axis=-1)
    spatial = [cell for cell in population if cell.kind in ("grid", "place", "scattered")]
    rates = np.stack([cell.rate(bins, np.zeros(bins.shape[:-1])) for cell in spatial])
    names = tuple(cell.name for cell in spatial)

    def score(what, **options):
        return table(score_inputs([what], Options(**options))).set_index("cell", drop=False)

    return Result(
        population,
        score(real, shuffles=shuffles),
        score(even, min_speed_cm_s=0.0),
        score(MapSet("ideal", names, rates), width_cm=100 * BOX_M),
        {seconds: score(first_seconds(real, seconds)) for seconds in SECONDS},
        (real, even),
    )


def turned(found, true) -> np.ndarray:
    """Return the angle between lattices, degrees: at most 30."""
    difference = np.mod(np.asarray(found) - np.asarray(true) + np.pi / 6, np.pi / 3) - np.pi / 6
    return np.degrees(np.abs(difference))


def report(result: Result) -> list[str]:
    """Return what was found, line by line."""
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
    for kind in COLOURS:
        rows = result.real.loc[[cell.name for cell in result.population if cell.kind == kind]]
        lines.append(
            f"{kind}: score60 {rows['score_60'].min():.2f} to {rows['score_60'].max():.2f};"
            f" chance p < .05 in {(rows['p_value'] < 0.05).sum()}, < .01 in"
            f" {(rows['p_value'] < 0.01).sum()}, lattice in {rows['period_cm'].notna().sum()} of"
            f" {len(rows)}; 95 % of shuffles below {rows['shuffle_95'].median():.2f} (median cell)"
        )
    return lines


def draw(result: Result) -> style.Drawn:
    """Draw the path, one cell three times, and how real scores compare with even ones."""
    figure = style.new_figure(4.9)
    panels = figure.subplots(2, 4, gridspec_kw={"width_ratios": [1, 1, 1, 1]})
    real, even = result.sessions
    _draw_maps(panels[0], result, real, even)
    _draw_scores(panels[1], result)
    return style.Drawn("rats", "Synthetic cells on a real path", figure, "")


def _draw_maps(panels, result: Result, real: Session, even: Session) -> None:
    shown = 8  # neither the smallest period nor the largest
    cell = result.population[shown]
    panels[0].plot(*(100 * real.positions_m.T), color=style.GREY, lw=0.25)
    panels[0].set_title("600 s of a rat")
    centres = (np.arange(N_BINS) + 0.5) * BOX_M / N_BINS
    bins = np.stack(np.meshgrid(centres, centres, indexing="ij"), axis=-1)
    maps = [cell.rate(bins, None)]
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
    kinds = list(COLOURS)
    for kind, colour in COLOURS.items():
        these = [cell for cell in result.population if cell.kind == kind]
        names = [cell.name for cell in these]
        look: dict[str, Any] = {"color": colour, "marker": MARKERS[kind], "ls": "", "ms": 3.5}
        scores = result.real.loc[names, "score_60"]
        by_even.plot(result.even.loc[names, "score_60"], scores, label=kind, **look)
        place = kinds.index(kind) + np.linspace(-0.3, 0.3, len(names))
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
        panel.plot(limits, limits, color=style.LIGHT, lw=0.8, zorder=0)
        panel.set(xlim=limits, ylim=limits)
    by_even.set(title="Scores", xlabel="score60, even path", ylabel="score60, real path")
    by_chance.set(title="Chance", ylim=(-0.7, 1.8), ylabel="score60, real path")
    by_chance.set(xticks=[], xlabel="cells")
    by_chance.text(4.5, 1.0, "– 95 % of its shuffles", ha="right", fontsize=style.SMALL)
    by_period.set(title="Periods", xlabel="true, cm", ylabel="found, cm")
    by_seconds.set(title="Less time", xlabel="first seconds of path", ylabel="score60, grid cells")
    by_seconds.set_xscale("log")
    by_seconds.set_xticks(seconds, [str(s) for s in seconds])
    by_seconds.minorticks_off()
    by_even.figure.legend(
        *by_even.get_legend_handles_labels(), loc="outside lower center", ncols=len(COLOURS)
    )


def main(folder: Path) -> None:
    """Run the example and write its files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    result = run()
    for each in result.sessions:
        save(folder, each)
    with style.styled():
        style.save(draw(result), folder)
    sys.stdout.write("\n".join((*report(result), f"files in {folder}")) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/rats"))
