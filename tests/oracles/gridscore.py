"""Grid scores the slow way: the published scorer of the benchmarks, and what it does not have.

`masked_autocorrelogram` is a direct loop over lags; `adaptive_masks` are rings by their definition.
"""

from __future__ import annotations

import numpy as np

from benchmarks.plainscore import (
    published_autocorrelogram,
    ring_masks,
    rotational_correlations,
    scores,
)

__all__ = [
    "adaptive_masks",
    "masked_autocorrelogram",
    "published_autocorrelogram",
    "ring_masks",
    "rotational_correlations",
    "scores",
]


def masked_autocorrelogram(rate_map: np.ndarray) -> np.ndarray:
    """Pearson autocorrelogram [2n-1, 2n-1] over the pairs of bins that were both visited.

    0 where too few pairs overlap (fewer than 20, or than half of what the geometry offers where
    that is less, or than 2) and where either side's variance is lost in rounding.
    """
    rate = np.asarray(rate_map, np.float64)
    n = len(rate)
    out = np.zeros((2 * n - 1, 2 * n - 1))
    for dx in range(-n + 1, n):
        for dy in range(-n + 1, n):
            here = rate[max(0, -dx) : n - max(0, dx), max(0, -dy) : n - max(0, dy)]
            there = rate[max(0, dx) : n + min(0, dx), max(0, dy) : n + min(0, dy)]
            both = np.isfinite(here) & np.isfinite(there)
            if both.sum() < max(2, min(20, both.size / 2)):
                continue
            a, b = here[both], there[both]
            lost = any(s.var() <= 1e-13 * np.mean(s**2) for s in (a, b))
            if not lost:
                out[dx + n - 1, dy + n - 1] = np.mean((a - a.mean()) * (b - b.mean())) / (
                    a.std() * b.std()
                )
    return out


def adaptive_masks(sac: np.ndarray) -> np.ndarray:
    """Ten rings [10, 2n-1, 2n-1] outside the central field of one autocorrelogram.

    The field ends at the first radius whose annulus, of one bin, has a mean below 0.2 or below
    its neighbours'. Outer radii are ten, rounded, from 0.2 n beyond that to n.
    """
    n = (len(sac) + 1) // 2
    lag = np.arange(-n + 1, n)
    radius = np.sqrt(lag[:, None] ** 2 + lag[None, :] ** 2)
    mean = [1.0] + [sac[(radius > k - 1) & (radius <= k)].mean() for k in range(1, n + 1)] + [2.0]
    ends = [
        k
        for k in range(1, n + 1)
        if mean[k] < 0.2 or (mean[k] < mean[k - 1] and mean[k] <= mean[k + 1])
    ]
    inner = min(max(ends[0] - 1, 1), int(0.7 * n))
    first = inner + 0.2 * n
    outer = [np.round(first + share * (n - first)) for share in np.linspace(0, 1, 10)]
    return np.stack([(radius > inner) & (radius <= edge) for edge in outer])
