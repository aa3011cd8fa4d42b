"""Lattices the obvious way: ideal maps, a slow least-squares fit, the published period."""

import numpy as np
from scipy.ndimage import gaussian_filter, maximum_filter
from scipy.optimize import least_squares
from scipy.signal import correlate


def ideal_map(n, box, period, turn, phase, ellipticity=1.0, folds=3):
    """A rectified sum of plane waves: hexagonal with 3, square with 2, stripes with 1 of them.

    `turn` is the direction of the lattice's axes; it is stretched along x and squeezed along y.
    """
    centres = (np.arange(n) + 0.5) / n * box - box / 2
    x, y = np.meshgrid(
        centres / np.sqrt(ellipticity), centres * np.sqrt(ellipticity), indexing="ij"
    )
    k = 2 * np.pi / period * (2 / np.sqrt(3) if folds == 3 else 1)
    angles = turn + np.pi / 6 + np.pi * np.arange(folds) / folds
    waves = sum(
        np.cos(k * ((x - phase[0]) * np.cos(a) + (y - phase[1]) * np.sin(a))) for a in angles
    )
    return np.maximum(waves, 0)


def fields_map(n, box, period, turn, phase):
    """Gaussian fields, of width .17 periods, at the corners of a hexagonal lattice."""
    centres = (np.arange(n) + 0.5) / n * box - box / 2
    reach = int(2 * box / period) + 2
    i, j = (g.ravel() for g in np.mgrid[-reach : reach + 1, -reach : reach + 1])
    corner = period * (i * np.exp(1j * turn) + j * np.exp(1j * (turn + np.pi / 3)))
    x, y = (
        np.exp(-(((centres[:, None] - at) / (0.17 * period)) ** 2) / 2)
        for at in (corner.real + phase[0], corner.imag + phase[1])
    )
    return x @ y.T


def noisy(rng, rate, noise=0.5):
    """The map with independent noise in every bin, as a share of the map's own deviation."""
    return rate + noise * rate.std() * rng.normal(size=rate.shape)


def smoothed_noise(rng, n, width_bins, rectified):
    """A cut from a field of smoothed Gaussian noise."""
    margin = int(4 * width_bins) + 1
    field = gaussian_filter(rng.normal(size=(n + 2 * margin,) * 2), width_bins)
    field = field[margin:-margin, margin:-margin]
    return np.maximum(field, 0) if rectified else field


def isotropic_fields(rng, n, waves, count):
    """Gaussian fields of one wavelength, ``waves`` of it in the box: sums of 120 plane waves."""
    at = (np.arange(n) + 0.5) / n
    turn, phase = rng.uniform(0, 2 * np.pi, (2, count, 120, 1, 1))
    along = np.cos(turn) * at[:, None] + np.sin(turn) * at
    return np.sqrt(2 / 120) * np.cos(2 * np.pi * waves * along + phase).sum(1)


def fitted_period(rate, period, turn):
    """Mean length, in bins, of three lattice vectors fitted by scipy, starting from the truth."""
    n = len(rate)
    x, y = np.meshgrid(np.arange(n) - (n - 1) / 2, np.arange(n) - (n - 1) / 2, indexing="ij")
    known = np.isfinite(rate)
    x, y, target = x[known], y[known], rate[known] - rate[known].mean()
    k = 2 / np.sqrt(3) / period
    angles = turn + np.pi / 6 + np.array([0, np.pi / 3])
    start = k * np.stack([np.cos(angles), np.sin(angles)], axis=1).ravel()

    def residual(flat):
        k1, k2 = flat[:2], flat[2:]
        phases = [2 * np.pi * (k[0] * x + k[1] * y) for k in (k1, k2, k2 - k1)]
        waves = np.stack([np.ones_like(x), *map(np.cos, phases), *map(np.sin, phases)], axis=1)
        return target - waves @ np.linalg.lstsq(waves, target, rcond=None)[0]

    k1, k2 = least_squares(residual, start, x_scale=k / 100, xtol=1e-12).x.reshape(2, 2)
    v1, v2 = np.linalg.inv(np.stack([k1, k2])).T
    return np.mean([np.linalg.norm(v) for v in (v1, v2, v1 + v2)])


def published_period(rate):
    """Mean distance of the six local maxima nearest the centre of the raw correlation, in bins."""
    rate = np.nan_to_num(np.asarray(rate, np.float64))
    raw = correlate(rate, rate, mode="full", method="direct")
    others = np.ones((3, 3), bool)
    others[1, 1] = False
    peak = raw > maximum_filter(raw, footprint=others)
    peak[[0, -1]] = peak[:, [0, -1]] = False
    distance = np.sort(np.hypot(*(np.argwhere(peak) - (len(rate) - 1)).T))
    distance = distance[distance > 0][:6]
    return distance.mean() if len(distance) else np.nan
