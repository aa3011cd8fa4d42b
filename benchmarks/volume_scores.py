"""Confusion matrices of the grid score of volumes, and of the published planar-section scores.

`python -m benchmarks.volume_scores [--count N] [--jitters 0,10,20,30] [--periods 2.5,3.5]` draws
synthetic maps of each class and prints how often each answer is given. Planar sections are measured
on FCC, HCP and columns in the orientation that they assume, and on all classes in random
orientations. They have no null; their threshold is the 95th percentile over random fields.
`--random N` scores random fields of a narrow band of wavelengths instead, also rectified ones, and
`--fields N` maps of local order with fields of unequal heights, and hard spheres at random places.
`--look-alikes N` scores maps that resemble columns, planes or a simple cubic lattice: one flat
field, rows of fields, and columns in a square array.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import numpy as np

from gridjax.metrics.volume.grid_score_3d import grid_score_3d

from .planar_sections import SCORES, planar_scores
from .volume_look_alikes import one_plane, rows_of_fields, square_columns
from .volume_maps import (
    CLASSES,
    LATTICE_CONSTANT,
    WAVES,
    aligned,
    narrow_band_fields,
    plane_waves,
    random_spheres,
    volume_map,
)

SEED = 71_128
"""Seed of the tables in the documentation and of the test; constants were chosen on others."""


def maps_of(
    name: str, count: int, periods: float, jitter: float, n: int = 24, seed: int = SEED, **options
) -> np.ndarray:
    """Return maps [count, n, n, n] of a class; see ``volume_map``."""
    state = [seed, CLASSES.index(name), round(100 * jitter), round(100 * periods), n]
    rng = np.random.default_rng(state)
    return np.stack([volume_map(name, n, periods, jitter, rng, **options) for _ in range(count)])


def confusion(
    make: Callable[[str], np.ndarray], names: Sequence[str] = CLASSES
) -> dict[str, dict[str, int]]:
    """Return the number of maps of each class that get each answer."""
    table = {}
    for name in names:
        found = grid_score_3d(make(name)).lattice
        table[name] = {answer: int((found == answer).sum()) for answer in CLASSES}
    return table


def lines(table: dict[str, dict[str, int]]) -> list[str]:
    """Return a table of numbers as lines of text, the true classes as rows."""
    answers = list(next(iter(table.values())))
    rows = [" " * 10 + "".join(f"{answer:>10}" for answer in answers)]
    for name, row in table.items():
        rows.append(f"{name:10}" + "".join(f"{row[answer]:>10}" for answer in answers))
    return rows


LIMITS = (
    ("any sign", -np.inf, np.inf),
    ("at least 0", 0.0, np.inf),
    ("above 1 sd", 1.0, np.inf),
    ("0 to 1.75 rms", 0.0, 1.75),
)
"""Kinds of random fields: name, least rate in standard deviations, largest in root mean squares."""


def limited(rates: np.ndarray, most: float) -> np.ndarray:
    """Return rates of which none exceeds ``most`` times their root mean square."""
    if most == np.inf:
        return rates
    for _ in range(50):  # the limit lowers the root mean square
        rates = np.minimum(rates, most * np.sqrt(np.square(rates).mean()))
    return rates


def random_fields(count: int, seed: int) -> None:
    """Print the answers on random fields of a narrow band of wavelengths, by their least rate."""
    for n, (waves, band) in product((20, 24), ((2.5, 0.3), (3.5, 0.5))):
        for name, least, most in LIMITS:
            rng = np.random.default_rng([seed, n, round(10 * waves)])
            fields = [narrow_band_fields(n, waves, band, least, rng) for _ in range(-(-count // 8))]
            fields = [limited(each, most) for each in np.concatenate(fields)[:count]]
            found = grid_score_3d(np.stack(fields), seed=seed)
            answers = {a: int((found.lattice == a).sum()) for a in CLASSES}
            order = int((found.order_p_value <= 0.05).sum())
            print(
                f"{n} bins, {waves} waves, {name}: {answers}, order p <= .05: {order}", flush=True
            )


def unequal_fields(count: int, n: int, seed: int) -> None:
    """Print the answers on local order by the heights of fields, and on hard spheres."""

    def show(text, maps):
        found = grid_score_3d(maps).lattice
        answers = {a: int((found == a).sum()) for a in CLASSES}
        print(f"{text}: {answers}", flush=True)

    for periods in (2.1, 2.5, 3.0):
        for spread in (0.0, 0.3, 0.6):
            maps = maps_of("local", count, periods, 0.1, n, seed, log_height=spread)
            show(f"local, {periods} periods, log heights of sd {spread}", maps)
        for diameter in (0.0, 0.5, 0.7):
            rng = np.random.default_rng([seed, 9, round(10 * periods), round(10 * diameter)])
            maps = [random_spheres(n, periods, diameter, rng) for _ in range(count)]
            show(f"spheres of {diameter} periods, {periods} periods", np.stack(maps))


def look_alikes(count: int, seed: int) -> None:
    """Print the answers on one flat field, shifted rows of separate fields, and square columns."""

    def show(text, maps):
        found = grid_score_3d(np.stack(maps))
        answers = {a: int((found.lattice == a).sum()) for a in CLASSES}
        print(f"{text}: {answers}", flush=True)

    for n, extent in product((16, 20, 24), (0.3, 0.5, np.inf)):
        rng = np.random.default_rng([seed, n, round(10 * min(extent, 100))])
        maps = [one_plane(n, 0.08, extent, rng) for _ in range(count)]
        show(f"one plane, {n} bins, extent {extent}", maps)
    for n, periods in product((16, 24), (2.5, 3.5)):
        rng = np.random.default_rng([seed, n, round(10 * periods)])
        maps = [rows_of_fields(n, periods, rng) for _ in range(count)]
        show(f"rows of fields, {n} bins, {periods} periods", maps)
        maps = [square_columns(n, periods, rng, jitter=0.1) for _ in range(count)]
        show(f"square columns, {n} bins, {periods} periods", maps)


def planar(count: int, periods: float, jitter: float, n: int = 24) -> dict[str, dict[str, int]]:
    """Return the answers of the planar sections: the largest score above its threshold."""
    rng = np.random.default_rng([SEED, 7, round(100 * jitter), round(100 * periods)])

    def scores(maps):
        return np.array([[planar_scores(one)[name] for name in SCORES] for one in maps])

    def answers(maps):
        found = scores(maps) - threshold
        best = np.where(found.max(axis=1) > 0, found.argmax(axis=1), len(SCORES))
        names = (*SCORES, "none")
        return {answer: int((best == i).sum()) for i, answer in enumerate(names)}

    draw = {name: maps_of(name, count, periods, jitter, n) for name in CLASSES}
    threshold = np.quantile(scores(maps_of("none", count, periods, jitter, n, SEED + 1)), 0.95, 0)
    table = {
        f"{name} *": answers(
            np.stack([aligned(name, n, periods, jitter, rng) for _ in range(count)])
        )
        for name in SCORES
    }
    return table | {name: answers(maps) for name, maps in draw.items()}


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.volume_scores")
    parser.add_argument("--count", type=int, default=200, help="maps of each class")
    parser.add_argument("--jitters", type=_numbers, default=[0, 10, 20, 30], help="percent")
    parser.add_argument("--periods", type=_numbers, default=[2.5, 3.5])
    parser.add_argument("--bins", type=int, default=24)
    parser.add_argument("--width", type=float, default=0.18, help="of a field, periods")
    parser.add_argument("--waves", action="store_true", help="sums of plane waves, not fields")
    parser.add_argument("--constants", action="store_true", help="periods are lattice constants")
    parser.add_argument("--planar", type=int, default=30, help="maps of each class; 0 for none")
    parser.add_argument("--random", type=int, default=0, help="random fields of each kind, only")
    parser.add_argument("--fields", type=int, default=0, help="maps of each kind of fields, only")
    parser.add_argument("--look-alikes", type=int, default=0, help="maps of each kind, only")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if given.random:
        return random_fields(given.random, given.seed)
    if given.fields:
        return unequal_fields(given.fields, given.bins, given.seed)
    if given.look_alikes:
        return look_alikes(given.look_alikes, given.seed)
    told = []
    for periods in given.periods:
        for jitter in [0.0] if given.waves else [percent / 100 for percent in given.jitters]:
            start = time.perf_counter(), time.process_time()

            def make(name, periods=periods, jitter=jitter):
                scale = LATTICE_CONSTANT.get(name, 1.0) if given.constants else 1.0
                if not given.waves:
                    return maps_of(
                        name, given.count, scale * periods, jitter, given.bins, given.seed,
                        width=given.width,
                    )  # fmt: skip
                rng = np.random.default_rng([given.seed, 5, CLASSES.index(name)])
                maps = [plane_waves(name, given.bins, periods, rng) for _ in range(given.count)]
                return np.stack([m + 0.5 * m.std() * rng.normal(size=m.shape) for m in maps])

            table = confusion(make, list(WAVES) if given.waves else CLASSES)
            wall, processor = time.perf_counter() - start[0], time.process_time() - start[1]
            print(f"{periods:g} periods, jitter {jitter:.0%}: {wall:.0f} s, {processor:.0f} s CPU")
            print("\n".join(lines(table)), flush=True)
            told.append({"periods": periods, "jitter": jitter, "answers": table})
            if given.planar and not given.waves and jitter in (0.0, 0.1):
                table = planar(given.planar, periods, jitter, given.bins)
                print("planar sections (* in the assumed orientation)")
                print("\n".join(lines(table)), flush=True)
                told[-1]["planar"] = table
            if given.json is not None:
                given.json.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
