"""Grid scores of the same maps by gridjax and by a plain SciPy scorer.

`python -m benchmarks.gridscore [--json FILE]`, or `gridjax bench gridscore`, prints for
each number of bins: compile time, milliseconds for each map (medians of repeats), their ratio, and
the difference of the scores. The plain scorer is the published one: convolve2d and rotate, one map
at a time.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from scipy.ndimage import gaussian_filter

from gridjax.metrics.gridscore.grid_score import grid_score
from gridjax.metrics.map_batches import chunk_size

from .options import Options, Say
from .plainscore import published_scores, ring_masks
from .timing import seconds_of


def sample_maps(n: int, count: int, seed: int = 0) -> np.ndarray:
    """Return maps [count, n, n]: lattices of random period, smooth noise, mostly silent units."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(n) / n, np.arange(n) / n, indexing="ij")
    maps = []
    for i in range(count):
        turn, k = rng.uniform(0, np.pi), 2 * np.pi / rng.uniform(0.2, 0.6)
        angles = turn + np.arange(3) * np.pi / 3
        waves = sum(np.cos(k * (x * np.cos(a) + y * np.sin(a)) + rng.uniform(0, 6)) for a in angles)
        smooth = gaussian_filter(rng.normal(size=(n, n)), n / 12)
        kind = (waves, smooth / smooth.std(), smooth / smooth.std() - 2)[i % 3]
        maps.append(np.maximum(kind, 0) * rng.uniform(0.1, 10))
    return np.stack(maps).astype(np.float32)


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the median wall-clock seconds of a call."""
    return statistics.median(seconds_of(work) for _ in range(repeats))


def compare(
    n: int, nan: Literal["zero", "mask"], chunks: int, plain_maps: int, repeats: int
) -> dict[str, float]:
    """Return one row: both scorers on the same maps of n x n bins."""
    maps = sample_maps(n, chunks * chunk_size(n))
    some, masks = maps[:plain_maps].astype(float), ring_masks(n)
    first = median_seconds(lambda: grid_score(maps[:1], nan=nan), 1)
    ours = median_seconds(lambda: grid_score(maps, nan=nan), repeats)
    plain: list[float] = []

    def run_plain():
        plain[:] = [published_scores(one, masks, "minmax")[0] for one in some]

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


def measure(options: Options, say: Say) -> dict[str, Any]:
    """Return a row for each treatment of NaN bins and each number of bins."""
    chunks, plain_maps = (16, 24) if options.seconds >= 1 else (2, 4)
    rows = []
    for nan in ("zero", "mask"):
        for n in options.bins:
            row = compare(n, nan, chunks, plain_maps, options.repeats)
            rows.append({"nan": nan, **row})
            say(
                f"nan={nan:4} {n:3} bins: compile {row['compile_s']:.2f} s, "
                f"gridjax {row['gridjax_ms_per_map']:.4f} ms for each map, "
                f"plain SciPy {row['plain_ms_per_map']:.2f} ms, ratio {row['ratio']:.0f}, "
                f"scores differ by {row['largest_score_difference']:.1e}"
            )
    return {"repeats": options.repeats, "rows": rows}


if __name__ == "__main__":
    from .suite import main

    main("gridscore")
