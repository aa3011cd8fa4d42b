"""Grid scores of the same maps by gridjax and by a plain SciPy scorer, in one run.

`python -m benchmarks.gridscore [--bins 20 44] [--nan zero mask] [--json FILE]` prints, per number
of bins: compile time, milliseconds a map (medians of repeats), their ratio, and by how much the
scores differ. The plain scorer is the published one: convolve2d and rotate, one map at a time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import jax
import numpy as np
import scipy.ndimage
import scipy.signal

from gridjax.measure.chunks import chunk_size
from gridjax.measure.gridscore import grid_score

ANGLES = (30, 45, 60, 90, 120, 135, 150)


def plain_score_60(rate_map: np.ndarray, masks: np.ndarray) -> float:
    """The min-max score of one map, as published: NaN is rate 0."""
    rate = np.nan_to_num(rate_map)
    ones = np.ones_like(rate)

    def correlate(a, b):
        return scipy.signal.convolve2d(b, np.rot90(a, 2), mode="full")

    n = correlate(ones, ones)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_1, mean_2 = correlate(rate, ones) / n, correlate(ones, rate) / n
        std_1 = np.sqrt(correlate(rate**2, ones) / n - mean_1**2)
        std_2 = np.sqrt(correlate(ones, rate**2) / n - mean_2**2)
        sac = np.nan_to_num((correlate(rate, rate) / n - mean_1 * mean_2) / (std_1 * std_2))
    rotated = [scipy.ndimage.rotate(sac, angle, reshape=False) for angle in ANGLES]
    scores = []
    for mask in masks:
        mean = np.sum(sac * mask) / mask.sum()
        centred = (sac - mean) * mask
        variance = np.sum(centred**2) / mask.sum() + 1e-5
        r30, _, r60, r90, r120, _, r150 = (
            np.sum(centred * (other - mean) * mask) / mask.sum() / variance for other in rotated
        )
        scores.append(min(r60, r120) - max(r30, r90, r150))
    return max(scores)


def ring_masks(n: int) -> np.ndarray:
    """The study's ten rings, [10, 2n-1, 2n-1]."""
    lag = np.arange(-n + 1, n)
    radius = np.hypot(lag[:, None], lag)
    return np.stack(
        [(radius <= edge * n) * (radius > 0.2 * n) * 1.0 for edge in np.linspace(0.4, 1, 10)]
    )


def sample_maps(n: int, count: int, seed: int = 0) -> np.ndarray:
    """Rectified lattices of random period, rectified smooth noise, and mostly silent units."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(n) / n, np.arange(n) / n, indexing="ij")
    maps = []
    for i in range(count):
        turn, k = rng.uniform(0, np.pi), 2 * np.pi / rng.uniform(0.2, 0.6)
        angles = turn + np.arange(3) * np.pi / 3
        waves = sum(np.cos(k * (x * np.cos(a) + y * np.sin(a)) + rng.uniform(0, 6)) for a in angles)
        smooth = scipy.ndimage.gaussian_filter(rng.normal(size=(n, n)), n / 12)
        kind = (waves, smooth / smooth.std(), smooth / smooth.std() - 2)[i % 3]
        maps.append(np.maximum(kind, 0) * rng.uniform(0.1, 10))
    return np.stack(maps).astype(np.float32)


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """Median wall-clock seconds of a call."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def compare(
    n: int, nan: Literal["zero", "mask"], chunks: int, plain_maps: int, repeats: int
) -> dict[str, float]:
    """One row: both scorers on the same maps of n x n bins."""
    maps = sample_maps(n, chunks * chunk_size(n))
    some, masks = maps[:plain_maps].astype(float), ring_masks(n)
    first = median_seconds(lambda: grid_score(maps[:1], nan=nan), 1)
    ours = median_seconds(lambda: grid_score(maps, nan=nan), repeats)
    plain: list[float] = []

    def run_plain():
        plain[:] = [plain_score_60(one, masks) for one in some]

    plain_ms = median_seconds(run_plain, 3) / len(some) * 1e3
    ours_ms = ours / len(maps) * 1e3
    scores = np.asarray(grid_score(some, nan=nan).score_60)
    return {
        "bins": n,
        "maps": len(maps),
        "compile_s": first,
        "gridjax_ms_per_map": ours_ms,
        "plain_ms_per_map": plain_ms,
        "ratio": plain_ms / ours_ms,
        "maps_per_s": 1e3 / ours_ms,
        "largest_score_difference": float(np.abs(scores - plain).max()),
    }


def main() -> None:
    """Print the table; write it with the machine's description where --json asks for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bins", type=int, nargs="+", default=[20, 32, 44])
    parser.add_argument("--nan", nargs="+", choices=["zero", "mask"], default=["zero", "mask"])
    parser.add_argument("--chunks", type=int, default=16, help="chunks of maps for gridjax")
    parser.add_argument("--plain-maps", type=int, default=24, help="of these, for SciPy")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--json", type=Path, help="write the results to this file")
    options = parser.parse_args()
    device = jax.devices()[0]
    machine = {
        "device": f"{device.platform} {device.device_kind}",
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("jax", "jaxlib", "numpy", "scipy")},
    }
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    rows = []
    for nan in options.nan:
        for n in options.bins:
            row = compare(n, nan, options.chunks, options.plain_maps, options.repeats)
            rows.append({"nan": nan, **row})
            print(
                f"nan={nan:4} {n:3} bins: compile {row['compile_s']:.2f} s, "
                f"gridjax {row['gridjax_ms_per_map']:.4f} ms a map, "
                f"plain SciPy {row['plain_ms_per_map']:.2f} ms, ratio {row['ratio']:.0f}, "
                f"scores differ by {row['largest_score_difference']:.1e}"
            )
    if options.json:
        options.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
