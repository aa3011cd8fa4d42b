"""Classes of patterns that grow in a cube on place codes, over seeds, as a table with intervals.

`python -m benchmarks.volume_patterns [--ideal 32] [--layouts 16] [--cycles 2.83,3.3] [--out FILE]`
grows patterns with both dynamics and several limits on rates: first on infinitely many place cells
without walls (one noise for each seed), then one pattern on each drawn layout, without and with
walls, and on Gaussian place cells. It prints the share of patterns of each class of
`gj.grid_score_3d` with its exact 95 % interval. The width of place fields follows from the number
of wavelengths of k* along the box (cycles).
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np

import gridjax as gj
from gridjax.metrics import dos_wavenumber, share_interval

CLASSES = ("bcc", "fcc", "hcp", "sc", "columns", "lamellae", "local", "none")
SEED = 41_000
"""Seed of the first layout; no threshold of the score was chosen on these layouts."""
BOX_M, RATIO = 2.2, 1.25
DENSITY = 0.75
"""Place cells in a cube of side sigma."""
N_BINS = 24
SATURATIONS = (math.inf, 2.5, 1.75, 1.5)
DYNAMICS = ("linear", "nonnegative")
IDEAL, PERIODIC, WALLS = "infinitely many cells", "layout, periodic", "layout, walls"


def settings(cycles: list[float], places: list[str]) -> list[dict[str, Any]]:
    """Return the settings of the table; Gaussian codes have the field widths of the first DoS."""
    dos = [
        {"code": "difference_of_gaussians", "cycles": n, "place": place, "saturation": limit}
        for place, limit, n in itertools.product(places, SATURATIONS, cycles)
        if place == IDEAL or limit in (math.inf, 1.75)
    ]
    gaussian = [
        {"code": "gaussian", "cycles": cycles[0], "place": place, "saturation": math.inf}
        for place in places
    ]
    return [*dos, *gaussian]


def patterns(setting: dict[str, Any], seed: int, count: int = 1) -> dict[str, np.ndarray]:
    """Return ``count`` patterns [count, n, n, n] of each dynamics on one layout."""
    # the width of the centre at which k* has this number of cycles along the box
    sigma = dos_wavenumber(1.0, RATIO) * BOX_M / (2 * math.pi * setting["cycles"])
    n_cells = round(DENSITY * (BOX_M / sigma) ** 3)
    spec = gj.place_code_spec(sigma, RATIO, BOX_M, code=setting["code"], n_cells=n_cells, seed=seed)
    place = setting["place"]
    growth = gj.Growth(place == PERIODIC, place == IDEAL, setting["saturation"])
    grown = gj.layout_patterns(spec, 3, growth, count, N_BINS)
    return {name: getattr(grown, name) for name in DYNAMICS}


def shares(lattice: np.ndarray) -> dict[str, list[float]]:
    """Return the share of each class that occurs, with its exact lower and upper bound."""
    counts = {name: int((lattice == name).sum()) for name in CLASSES}
    return {
        name: list(share_interval(count, len(lattice))) for name, count in counts.items() if count
    }


def main() -> None:
    """Print the table, and write its rows if asked."""
    parser = argparse.ArgumentParser(description="Classes of patterns that grow in a cube.")
    parser.add_argument("--ideal", type=int, default=32, help="patterns without a layout; 0: none")
    parser.add_argument("--layouts", type=int, default=16, help="layouts; 0: none")
    parser.add_argument("--cycles", default="2.83,3.3")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    places = [IDEAL] * bool(options.ideal) + [PERIODIC, WALLS] * bool(options.layouts)
    results = []
    for setting in settings([float(each) for each in options.cycles.split(",")], places):
        start = time.perf_counter()
        if setting["place"] == IDEAL:
            grown = [patterns(setting, SEED, options.ideal)]
        else:
            grown = [patterns(setting, SEED + seed) for seed in range(options.layouts)]
        print(setting, f"grown in {time.perf_counter() - start:.0f} s", flush=True)
        for name in DYNAMICS:
            scores = gj.pattern_lattices(np.concatenate([each[name] for each in grown]), BOX_M)
            found = shares(scores.lattice)
            results.append(setting | {"dynamics": name, "shares": found} | scores.to_dict())
            text = ", ".join(f"{n} {v:.2f} ({a:.2f} to {b:.2f})" for n, (v, a, b) in found.items())
            print(f"  {name:12} {text}; {time.perf_counter() - start:.0f} s", flush=True)
        if options.out:
            options.out.write_text(json.dumps(results))


if __name__ == "__main__":
    main()
