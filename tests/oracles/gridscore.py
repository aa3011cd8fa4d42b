"""The published grid scorer with SciPy's own convolutions and rotations, one map at a time.

Slow and obvious. `published_scores` follows the scorer that Banino et al. (2018), Sorscher et al.
(2019) and Schaeffer et al. (2022) share; `masked_autocorrelogram` is a direct loop over lags.
"""

from __future__ import annotations

import numpy as np
import scipy.ndimage
import scipy.signal

ANGLES = (30, 45, 60, 90, 120, 135, 150)


def published_autocorrelogram(rate_map: np.ndarray) -> np.ndarray:
    """Pearson autocorrelogram [2n-1, 2n-1] of a map whose NaN bins count as rate 0."""
    rate = np.nan_to_num(np.asarray(rate_map, np.float64))
    ones = np.ones_like(rate)

    def correlate(a, b):
        return scipy.signal.convolve2d(b, np.rot90(a, 2), mode="full")

    n = correlate(ones, ones)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_1, mean_2 = correlate(rate, ones) / n, correlate(ones, rate) / n
        std_1 = np.sqrt(correlate(rate**2, ones) / n - mean_1**2)
        std_2 = np.sqrt(correlate(ones, rate**2) / n - mean_2**2)
        covariance = correlate(rate, rate) / n - mean_1 * mean_2
        return np.nan_to_num(covariance / (std_1 * std_2), posinf=0.0, neginf=0.0)


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


def ring_masks(n: int) -> np.ndarray:
    """Ten rings [10, 2n-1, 2n-1]: beyond 0.2 n and up to linspace(0.4, 1, 10) n."""
    lag = np.arange(-n + 1, n)
    radius = np.sqrt(lag[:, None] ** 2 + lag[None, :] ** 2)
    return np.stack([(radius <= e * n) & (radius > 0.2 * n) for e in np.linspace(0.4, 1.0, 10)])


def rotational_correlations(sac: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Correlation of an autocorrelogram with its seven rotations, in each ring: [ring, 7]."""
    rotated = [scipy.ndimage.rotate(sac, angle, reshape=False) for angle in ANGLES]
    result = np.zeros((len(masks), len(ANGLES)))
    for i, mask in enumerate(masks):
        mean = sac[mask].mean()
        centred = sac[mask] - mean
        for j, other in enumerate(rotated):
            result[i, j] = np.mean(centred * (other[mask] - mean)) / (np.mean(centred**2) + 1e-5)
    return result


def scores(correlations: np.ndarray, variant: str) -> tuple[float, float, int]:
    """score60, score90 (each the maximum over rings) and the ring of the best score60."""
    r30, r45, r60, r90, r120, r135, r150 = correlations.T
    if variant == "minmax":
        s60 = np.minimum(r60, r120) - np.maximum(np.maximum(r30, r90), r150)
    else:
        s60 = (r60 + r120) / 2 - (r30 + r90 + r150) / 3
    s90 = r90 - (r45 + r135) / 2
    return float(s60.max()), float(s90.max()), int(s60.argmax())


def published_scores(rate_map: np.ndarray, variant: str) -> tuple[float, float, int]:
    """score60, score90 and best ring of one map, as published."""
    sac = published_autocorrelogram(rate_map)
    return scores(rotational_correlations(sac, ring_masks(len(rate_map))), variant)


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
