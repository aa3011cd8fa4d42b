"""Power of the lattice test: known hexagonal maps in a box, at several distortions.

    python -m benchmarks.lattice_power [--box 3.3] [--distortions 0.1 0.15 0.2]

For each period and distortion, 128 maps of random orientation and phase are made: three plane waves
at 60 degrees, cut off at 0, on coordinates that a smooth random field shifts. The distortion is the
sd of each coordinate of this shift, as a share of the period.
"""

from __future__ import annotations

import argparse

import numpy as np

from gridjax.metrics import fit_lattice, grid_score

BOX_M, BIN_M, N_MAPS = 2.2, 0.05, 128
PERIODS_M, DISTORTIONS = (0.83, 0.98, 1.29), (0.0, 0.1, 0.2)
SHIFT_WAVES, SHIFT_CYCLES = 8, 0.7
"""Number of waves of the field of shifts, and the sd of their wavenumbers, cycles per 2.2 m."""


def shift(rng: np.random.Generator, places: np.ndarray, sd_m: float) -> np.ndarray:
    """Return a smooth random shift [2, n, n] of the coordinates ``places`` [2, n, n], metres."""
    waves = rng.normal(size=(2, SHIFT_WAVES, 2)) * 2 * np.pi * SHIFT_CYCLES / BOX_M
    phases = rng.uniform(0, 2 * np.pi, (2, SHIFT_WAVES, 1, 1))
    field = np.cos(np.einsum("cwd,dxy->cwxy", waves, places) + phases).sum(axis=1)
    return sd_m * field / field.std(axis=(1, 2), keepdims=True)


def hexagonal_map(
    rng: np.random.Generator, period_m: float, distortion: float, box_m: float
) -> np.ndarray:
    """Return one map [n, n] of rates of at least 0."""
    n_bins = round(box_m / BIN_M)
    centres = (np.arange(n_bins) + 0.5) / n_bins * box_m
    places = np.stack(np.meshgrid(centres, centres, indexing="ij"))
    moved = places + shift(rng, places, distortion * period_m)
    moved = moved - rng.uniform(0, period_m, 2)[:, None, None]
    angles = rng.uniform(0, np.pi / 3) + np.pi / 3 * np.arange(3)
    waves = 4 * np.pi / (np.sqrt(3) * period_m) * np.stack([np.cos(angles), np.sin(angles)], 1)
    return np.maximum(np.cos(np.einsum("wd,dxy->wxy", waves, moved)).sum(axis=0), 0)


def main() -> None:
    """Print the shares of maps that are found, for each period and distortion."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--box", type=float, default=BOX_M, help="side of the box, metres")
    parser.add_argument("--distortions", type=float, nargs="+", default=DISTORTIONS)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    print("period, cm  distortion  p < .05  p < .001  score60 > .3  > .8")
    for period in PERIODS_M:
        for distortion in given.distortions:
            maps = [hexagonal_map(rng, period, distortion, given.box) for _ in range(N_MAPS)]
            rates = np.array(maps, np.float32)
            p = np.asarray(fit_lattice(rates, given.box).p_value)
            score = np.asarray(grid_score(rates).score_60)
            found = (p < 0.05, p < 0.001, score > 0.3, score > 0.8)
            shares = "  ".join(f"{each.mean():8.2f}" for each in found)
            print(f"{100 * period:10.0f}  {distortion:10.2f}  {shares}")


if __name__ == "__main__":
    main()
