"""Classes of patterns that grow in a cube on place codes, over layouts, as a table with intervals.

`python -m benchmarks.volume_patterns [--layouts 16] [--cycles 2.83,3.3] [--out FILE.json]` grows
patterns on DoS and Gaussian place codes, with and without walls, for several limits on rates, and
prints for each setting the share of patterns of each class of `gj.grid_score_3d`. The share is the
mean over layouts, with the 95 % interval of `gj.metrics.mean_interval` over layouts, because the
patterns of one layout are not independent. A class without patterns has the exact upper bound of
`gj.metrics.upper_bound` for layouts. The width of place fields follows from the number of
wavelengths of k* along the box (cycles).
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
BOX_M, RATIO = 2.2, 2.0
DENSITY = 1.0
"""Place cells in a cube of side sigma."""
N_BINS, N_UNITS = 24, 2
SATURATIONS = (math.inf, 1.75)
DYNAMICS = ("linear", "nonnegative")


def settings(cycles: list[float]) -> list[dict[str, Any]]:
    """Return the settings of the table; Gaussian codes have the field widths of the first DoS."""
    dos = [
        {"code": "difference_of_gaussians", "cycles": n, "periodic": periodic, "saturation": limit}
        for limit, n, periodic in itertools.product(SATURATIONS, cycles, (False, True))
    ]
    gaussian = [
        {"code": "gaussian", "cycles": cycles[0], "periodic": periodic, "saturation": math.inf}
        for periodic in (False, True)
    ]
    return dos + gaussian


def layout_rows(setting: dict[str, Any], seed: int) -> dict[str, dict[str, list]]:
    """Return the classes, p-values and periods of the patterns of one layout, by dynamics."""
    # the width of the centre at which k* has this number of cycles along the box
    sigma = dos_wavenumber(1.0, RATIO) * BOX_M / (2 * math.pi * setting["cycles"])
    n_cells = round(DENSITY * (BOX_M / sigma) ** 3)
    spec = gj.place_code_spec(sigma, RATIO, BOX_M, code=setting["code"], n_cells=n_cells, seed=seed)
    growth = gj.Growth(setting["periodic"], setting["saturation"])
    grown = gj.layout_patterns(spec, 3, growth, N_UNITS, N_BINS)
    return {name: gj.pattern_lattices(getattr(grown, name), BOX_M).to_dict() for name in DYNAMICS}


def shares(rows: list[dict[str, list]]) -> dict[str, list[float]]:
    """Return mean, lower and upper bound of the share of each class over layouts."""
    by_layout = np.array(
        [[np.mean([name == each for each in row["lattice"]]) for name in CLASSES] for row in rows]
    )
    found = {}
    for column, name in zip(by_layout.T, CLASSES, strict=True):
        if column.any():
            interval = gj.metrics.mean_interval(column, np.arange(len(column)), within=(0.0, 1.0))
            found[name] = [interval.value, interval.low, interval.high]
    return found


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
        layouts = [layout_rows(setting, SEED + seed) for seed in range(options.layouts)]
        print(setting, f"{time.perf_counter() - start:.0f} s")
        for name in DYNAMICS:
            rows = [layout[name] for layout in layouts]
            found = shares(rows)
            results.append(setting | {"dynamics": name, "shares": found, "rows": rows})
            text = ", ".join(f"{n} {v:.2f} ({a:.2f} to {b:.2f})" for n, (v, a, b) in found.items())
            print(f"  {name:12} {text}", flush=True)
        if options.out:
            options.out.write_text(json.dumps(results))


if __name__ == "__main__":
    main()
