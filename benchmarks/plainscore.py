"""Published grid scorer with SciPy's convolutions and rotations, one map at a time.

The form that Banino et al. (2018), Sorscher et al. (2019) and Schaeffer et al. (2022) share. It is
slow and simple. The benchmark and the tests compare gridjax with it.
"""

from __future__ import annotations

import numpy as np
import scipy.ndimage
import scipy.signal

ANGLES = (30, 45, 60, 90, 120, 135, 150)


def published_autocorrelogram(rate_map: np.ndarray) -> np.ndarray:
    """Return the Pearson autocorrelogram [2n-1, 2n-1] of a map whose NaN bins count as rate 0."""
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


def ring_masks(n: int) -> np.ndarray:
    """Return ten rings [10, 2n-1, 2n-1]: from 0.2 n to linspace(0.4, 1, 10) n."""
    lag = np.arange(-n + 1, n)
    radius = np.sqrt(lag[:, None] ** 2 + lag[None, :] ** 2)
    return np.stack([(radius <= e * n) & (radius > 0.2 * n) for e in np.linspace(0.4, 1.0, 10)])


def rotational_correlations(sac: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return the correlations [ring, 7] of an autocorrelogram with its seven rotations."""
    rotated = np.stack([scipy.ndimage.rotate(sac, angle, reshape=False) for angle in ANGLES])
    result = []
    for mask in masks:
        mean = sac[mask].mean()
        centred = sac[mask] - mean
        product = np.mean(centred * (rotated[:, mask] - mean), axis=1)
        result.append(product / (np.mean(centred**2) + 1e-5))
    return np.stack(result)


def scores(correlations: np.ndarray, variant: str) -> tuple[float, float, int]:
    """Return score60, score90 (each the maximum over rings) and the ring of the highest score60."""
    r30, r45, r60, r90, r120, r135, r150 = correlations.T
    if variant == "minmax":
        s60 = np.minimum(r60, r120) - np.maximum(np.maximum(r30, r90), r150)
    else:
        s60 = (r60 + r120) / 2 - (r30 + r90 + r150) / 3
    s90 = r90 - (r45 + r135) / 2
    return float(s60.max()), float(s90.max()), int(s60.argmax())


def published_scores(
    rate_map: np.ndarray, masks: np.ndarray, variant: str
) -> tuple[float, float, int]:
    """Return score60, score90 and the ring of one map, as published."""
    return scores(rotational_correlations(published_autocorrelogram(rate_map), masks), variant)
