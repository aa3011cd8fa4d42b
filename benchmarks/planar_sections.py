"""Published scores of volumes, from planar sections of an autocorrelogram.

The sections pass through the centre of the autocorrelogram, at altitudes of 72 and 56 degrees and
azimuths of 22, 52, ..., 352 degrees. Each has a hexagonal and a square gridness, and each score is
a sum of two medians of gridness over sections. The azimuths are those of a lattice whose hexagonal
layers are horizontal and turned by one angle; the scores are not maxima over rotations.

Sources: Grieves et al. 2021; Gong and Yu 2021.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import map_coordinates, rotate
from scipy.signal import correlate, find_peaks

SCORES = ("fcc", "hcp", "columns")
AZIMUTHS = np.deg2rad(np.arange(22, 360, 30))
ALTITUDES = np.deg2rad([72, 56])
BINS = 51
"""Bins along each side of a section."""
REACH = 0.3
"""Largest radius of the ring, widths of the autocorrelogram."""


def autocorrelogram(volume: np.ndarray) -> np.ndarray:
    """Return the correlogram [2n - 1, 2n - 1, 2n - 1], 0 where it is negative."""
    values = (volume - volume.mean()) / volume.std()
    return np.maximum(correlate(values, values, method="fft") / values.size, 0)


def section(correlogram: np.ndarray, azimuth: float, altitude: float) -> np.ndarray:
    """Return a section [BINS, BINS] through the centre."""
    half = (len(correlogram) - 1) / 2
    across = np.linspace(-1, 1, BINS)
    u, v = np.meshgrid(across, across, indexing="ij")
    x, z = np.cos(altitude) * u, np.sin(altitude) * u
    cos, sin = np.cos(azimuth), np.sin(azimuth)
    places = np.stack([cos * x + sin * v, cos * v - sin * x, z])
    found = map_coordinates(correlogram, half * (places + 1), order=1, cval=0)
    return np.where(np.abs(places).max(axis=0) <= 1, found, 0)


def ring(plane: np.ndarray, reach: int) -> tuple[int, int] | None:
    """Return the inner and outer radius, in bins, of the ring around the first peak."""
    step = np.arange(BINS) - BINS // 2
    radius = np.hypot(step[:, None], step)
    mean = [plane[BINS // 2, BINS // 2]]
    mean += [plane[(radius > r - 1) & (radius <= r)].mean() for r in range(1, reach)]
    both = np.concatenate([mean[:0:-1], mean])
    peaks, found = find_peaks(both, width=3, rel_height=0.75)
    middle = len(peaks) // 2
    if len(peaks) < 3 or len(peaks) % 2 == 0:
        return None
    edges = found["left_bases"][middle + 1], found["right_bases"][middle + 1]
    inner, outer = (int(edge - peaks[middle]) for edge in edges)
    return inner, outer


def gridness(plane: np.ndarray, inner: int, outer: int) -> tuple[float, float]:
    """Return the hexagonal and the square gridness of the ring."""
    step = np.arange(BINS) - BINS // 2
    radius = np.hypot(step[:, None], step)
    image = np.where((radius > inner) & (radius <= outer), plane, 0)
    cut = slice(BINS // 2 - outer, BINS // 2 + outer + 1)
    image = image[cut, cut]

    def turned(angle):
        return np.corrcoef(image.ravel(), rotate(image, angle, reshape=False).ravel())[0, 1]

    return tuple(
        min(turned(2 * a), turned(4 * a)) - max(turned(a), turned(3 * a), turned(5 * a))
        for a in (30, 45)
    )


def planar_scores(volume: np.ndarray) -> dict[str, float]:
    """Return the scores of FCC, HCP and columns of a map [n, n, n]."""
    correlogram = autocorrelogram(volume)
    found = np.zeros((len(AZIMUTHS), 2, 2))
    for i, azimuth in enumerate(AZIMUTHS):
        for j, altitude in enumerate(ALTITUDES):
            plane = np.maximum(section(correlogram, azimuth, altitude), 0)
            edges = ring(plane, min(int(len(correlogram) * REACH), BINS // 2))
            if edges is not None and edges[1] > edges[0]:
                found[i, j] = np.nan_to_num(gridness(plane, *edges))
    hexagonal, square = found[:, 0, 0], found[:, 1, 1]
    one, other = slice(3, None, 4), slice(1, None, 4)
    return {
        "fcc": float(np.median(hexagonal[one]) + np.median(square[other])),
        "hcp": float(np.median(hexagonal[other]) + np.median(square[one])),
        "columns": float(np.median(hexagonal[::2]) + np.median(square[::2])),
    }
