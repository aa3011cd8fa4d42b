"""Distance of the nearest fields in patterns of a cube, in wavelengths of k*, by class.

`python -m benchmarks.volume_periods [--layouts 8]` grows patterns of rates of at least 0 on drawn
layouts of the study volume's size desk (2,048 place cells of 13 cm, s = 1.25, a cube of 1.65 m with
walls, 16 bins a side, no limit on rates; two patterns on each layout) and scores them and ideal
lattices of waves of k* with `gj.grid_score_3d`. It prints the median over layouts of the measured
period, divided by the wavelength of k*. The study compares lattices with waves of one length.
"""

from __future__ import annotations

import argparse
import math
import time

import numpy as np

import gridjax as gj
from gridjax.metrics import dos_wavenumber

WIDTH_M, RATIO, BOX_M, N_CELLS, N_BINS = 0.13, 1.25, 1.65, 2048, 16
SEED = 41_000
"""Seed of the first layout: none of the study's networks has it."""
WAVELENGTH_M = 2 * math.pi / dos_wavenumber(WIDTH_M, RATIO)
WAVES = {
    "bcc": [(1, 1, 0), (1, -1, 0), (1, 0, 1), (1, 0, -1), (0, 1, 1), (0, 1, -1)],
    "fcc": [(1, 1, 1), (1, 1, -1), (1, -1, 1), (-1, 1, 1)],
    "columns": [(1, 0, 0), (0.5, 0.75**0.5, 0), (-0.5, 0.75**0.5, 0)],
}
N_IDEAL = 4


def ideal(waves: list[tuple[float, ...]], seed: int) -> np.ndarray:
    """Return one rectified sum of waves of k* in a random orientation, with a random offset."""
    random = np.random.default_rng(seed)
    turn = np.linalg.qr(random.normal(size=(3, 3)))[0]
    vectors = np.array(waves, float) @ turn.T
    vectors *= 2 * math.pi / WAVELENGTH_M / np.linalg.norm(vectors, axis=1, keepdims=True)
    axis = (np.arange(N_BINS) + 0.5) / N_BINS * BOX_M
    places = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    return np.maximum(np.cos((places + random.uniform(0, BOX_M, 3)) @ vectors.T).sum(-1), 0)


def grown(seed: int) -> np.ndarray:
    """Return two patterns [2, n, n, n] on one layout."""
    code = "difference_of_gaussians"
    spec = gj.place_code_spec(WIDTH_M, RATIO, BOX_M, code=code, n_cells=N_CELLS, seed=seed)
    growth = gj.Growth(False, False, math.inf)
    return np.asarray(gj.layout_patterns(spec, 3, growth, 2, N_BINS).nonnegative)


def report(name: str, groups: list[np.ndarray]) -> None:
    """Print the classes of all patterns, and the median over groups of their periods by class."""
    scores = gj.grid_score_3d(np.concatenate(groups))
    classes, ratios = np.asarray(scores.lattice), scores.period * BOX_M / N_BINS / WAVELENGTH_M
    group = np.repeat(np.arange(len(groups)), [len(each) for each in groups])
    for one in np.unique(classes):
        own = classes == one
        values = [np.median(ratios[own & (group == g)]) for g in np.unique(group[own])]
        spread = f"{np.min(values):.3f} to {np.max(values):.3f}"
        print(f"{name:10s} {one:9s} {own.sum():3d} patterns, {np.median(values):.3f} ({spread})")


def main() -> None:
    """Print the periods of ideal lattices and of patterns on layouts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layouts", type=int, default=8)
    arguments = parser.parse_args()
    start = time.time()
    for name, waves in WAVES.items():
        report(f"ideal {name}", [ideal(waves, seed)[None] for seed in range(N_IDEAL)])
    layouts = range(SEED, SEED + arguments.layouts)
    report("grown", [grown(seed) for seed in layouts])
    print(f"{time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
