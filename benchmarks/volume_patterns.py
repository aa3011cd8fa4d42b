"""Classes of patterns that grow in a cube on place codes, over layouts, as a table with intervals.

`python -m benchmarks.volume_patterns [--layouts 16] [--cycles 2.83,3.3] [--out FILE.json]` grows
one pattern with each dynamics on each layout of DoS or Gaussian place cells, with and without walls
and limits on rates, and prints the share of patterns of each class of `gj.grid_score_3d` with its
exact 95 % interval. The width of place fields follows from the number of wavelengths of k* along
the box (cycles).
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
from gridjax.metrics.spectral.turing import dos_wavenumber

CLASSES = ("bcc", "fcc", "hcp", "sc", "columns", "lamellae", "local", "none")
SEED = 41_000
"""Seed of the first layout; no threshold of the score was chosen on these layouts."""
BOX_M, RATIO = 2.2, 1.25
DENSITY = 0.75
"""Place cells in a cube of side sigma."""
N_BINS = 24
SATURATIONS = (math.inf, 1.75)
DYNAMICS = ("linear", "nonnegative")


def settings(cycles: list[float]) -> list[dict[str, Any]]:
    """Return the settings of the table; Gaussian codes have the field widths of the first DoS."""
    dos = [
        {"code": "difference_of_gaussians", "cycles": n, "periodic": periodic, "saturation": limit}
        for n, limit, periodic in itertools.product(cycles, SATURATIONS, (True, False))
    ]
    gaussian = {"code": "gaussian", "cycles": cycles[0], "periodic": False, "saturation": math.inf}
    return [*dos[:2], gaussian, *dos[2:]]


def patterns(setting: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
    """Return one pattern [1, n, n, n] of each dynamics on one layout."""
    # the width of the centre at which k* has this number of cycles along the box
    sigma = dos_wavenumber(1.0, RATIO) * BOX_M / (2 * math.pi * setting["cycles"])
    n_cells = round(DENSITY * (BOX_M / sigma) ** 3)
    spec = gj.place_code_spec(sigma, RATIO, BOX_M, code=setting["code"], n_cells=n_cells, seed=seed)
    growth = gj.Growth(setting["periodic"], setting["saturation"])
    grown = gj.layout_patterns(spec, 3, growth, 1, N_BINS)
    return {name: getattr(grown, name) for name in DYNAMICS}


def shares(lattice: np.ndarray) -> dict[str, list[float]]:
    """Return the share of each class that occurs, with its exact lower and upper bound."""
    counts = {name: int((lattice == name).sum()) for name in CLASSES}
    return {
        name: list(gj.metrics.share_interval(count, len(lattice)))
        for name, count in counts.items()
        if count
    }


def main() -> None:
    """Print the table, and write its rows if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layouts", type=int, default=16)
    parser.add_argument("--cycles", default="2.83,3.3")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    results = []
    for setting in settings([float(each) for each in options.cycles.split(",")]):
        start = time.perf_counter()
        grown = [patterns(setting, SEED + seed) for seed in range(options.layouts)]
        print(setting, f"grown in {time.perf_counter() - start:.0f} s", flush=True)
        for name in DYNAMICS:
            maps = np.concatenate([each[name] for each in grown])
            scores = gj.pattern_lattices(maps, BOX_M)
            found = shares(scores.lattice)
            results.append(setting | {"dynamics": name, "shares": found} | scores.to_dict())
            text = ", ".join(f"{n} {v:.2f} ({a:.2f} to {b:.2f})" for n, (v, a, b) in found.items())
            print(f"  {name:12} {text}; {time.perf_counter() - start:.0f} s", flush=True)
        if options.out:
            options.out.write_text(json.dumps(results))


if __name__ == "__main__":
    main()
