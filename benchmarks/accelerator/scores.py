"""Part f: grid scores and lattices per second, and transforms by FFT and by matrix products."""

from __future__ import annotations

import statistics
import time
from typing import Any

from ..gridscore import sample_maps
from ..transforms import compare as compare_transforms
from .part import Part


def measure(part: Part) -> None:
    """Write a row for each function and number of bins, then one for each pair of transforms."""
    import jax
    import numpy as np

    from gridjax import grid_score
    from gridjax.metrics.lattice.lattice import lattice

    functions: dict[str, Any] = {
        "grid_score": lambda maps: grid_score(maps),
        "lattice": lambda maps: lattice(maps, 2.2),
    }
    for n in (44, 20):
        some = sample_maps(n, 66)
        maps = jax.device_put(np.resize(some, (66 if part.tiny else 8192, n, n)))
        for name, function in functions.items():
            before = time.perf_counter()
            jax.block_until_ready(function(maps[:64]))
            first = time.perf_counter() - before
            if part.left < 5:
                return
            jax.block_until_ready(function(maps))
            taken = []
            for _ in range(3):
                before = time.perf_counter()
                jax.block_until_ready(function(maps))
                taken.append(time.perf_counter() - before)
            seconds = statistics.median(taken)
            row = {"function": name, "bins": n, "maps": len(maps), "first_s": first}
            part.row("rows", row | {"maps_per_s": len(maps) / seconds})
    for n in (8,) if part.tiny else (20, 44, 128):
        if part.left < 5:
            return
        part.row("transforms", compare_transforms(n, repeats=5))
    scores = np.asarray(grid_score(sample_maps(44, 66)).score_60)
    part.save(score_60_of_sample_maps=[float(score) for score in scores])
