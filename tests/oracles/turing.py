"""Turing theory the slow way: maxima by search, spectra by sums, modes by enumeration.

R3_MODES_CM are the most frequent grid periods of the study's 51 networks by place-cell width
(No Free Lunch from Deep Learning in Neuroscience, 2022), cm by m.
"""

import itertools
import math

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import jv

R3_MODES_CM = {
    0.08: 72.8, 0.09: 83.4, 0.10: 87.8, 0.11: 93.8, 0.12: 107.4, 0.13: 105.8, 0.14: 117.9,
    0.15: 129.9, 0.16: 137.4, 0.17: 138.2, 0.18: 141.2, 0.19: 144.1, 0.20: 152.4,
}  # fmt: skip


def radial_transform(profile, k, dimensions, reach):
    """The Fourier transform of a radial profile at a wavenumber, by quadrature over its radius."""
    r = np.linspace(1e-9, reach, 20_001)
    kernel = {
        1: 2 * np.cos(k * r),
        2: 2 * np.pi * r * jv(0, k * r),
        3: 4 * np.pi * r * np.sin(k * r) / max(k, 1e-9),
    }[dimensions]
    return np.trapezoid(profile(r) * kernel, r)


def surround_transform(k, sigma, ratio, dimensions, weight_ratio):
    """That of rho exp(-r^2 / 2 sigma^2) - exp(-r^2 / 2 (s sigma)^2)."""

    def profile(r):
        return weight_ratio * np.exp(-((r / sigma) ** 2) / 2) - np.exp(
            -((r / (ratio * sigma)) ** 2) / 2
        )

    return radial_transform(profile, k, dimensions, 12 * ratio * sigma)


def largest_transform(sigma, ratio, dimensions, weight_ratio):
    """The wavenumber at which that is largest, by search."""

    def negative(k):
        return -surround_transform(k, sigma, ratio, dimensions, weight_ratio)

    found = minimize_scalar(negative, bounds=(0, 6 / sigma), options={"xatol": 1e-6 / sigma},
                            method="bounded")  # fmt: skip
    return found.x


def lengths_by_enumeration(most, dimensions):
    """How many wave vectors of whole numbers there are of each length, squared, up to ``most``."""
    axis = range(-math.ceil(most), math.ceil(most) + 1)
    squared = [sum(n**2 for n in v) for v in itertools.product(axis, repeat=dimensions)]
    return {s: squared.count(s) for s in set(squared) if 0 < s <= most**2}


def triad_lengths(most, most_spread):
    """The mean lengths of all triads of wave vectors, by three loops."""
    axis = range(-math.ceil(most * (1 + most_spread)), math.ceil(most * (1 + most_spread)) + 1)
    vectors = [v for v in itertools.product(axis, repeat=2) if v != (0, 0)]
    found = set()
    for a, b in itertools.product(vectors, vectors):
        lengths = [math.hypot(*v) for v in (a, b, (a[0] + b[0], a[1] + b[1]))]
        if min(lengths) and max(lengths) <= min(lengths) * (1 + most_spread):
            found.add(round(sum(lengths) / 3, 9))
    return sorted(length for length in found if length <= most)


def slow_radial_power(rate, step, n_rings):
    """Radial power of one map [n, n]: every wave vector of the plane, one sum each."""
    known = np.isfinite(rate)
    values = np.where(known, rate - rate[known].mean(), 0.0)
    n = len(rate)
    places = (np.arange(n) + 0.5) / n
    total, weight = np.zeros(n_rings), np.zeros(n_rings)
    for i, j in itertools.product(range(-n_rings, n_rings + 1), repeat=2):
        phase = 2 * np.pi * step * (i * places[:, None] + j * places)
        power = abs((values * np.exp(-1j * phase)).sum()) ** 2 / n**4
        length = math.hypot(i, j)
        for ring in (int(length), int(length) + 1):
            share = 1 - abs(length - ring)
            if ring < n_rings and share > 0 and max(abs(i), abs(j)) < n_rings:
                total[ring] += share * power
                weight[ring] += share
    return total / weight / (values**2).mean()


def plane_wave(n, cycles, direction, phase):
    """cos of a wave over n x n bins, its wavelength in boxes 1 / cycles."""
    x = (np.arange(n) + 0.5) / n
    along = x[:, None] * np.cos(direction) + x * np.sin(direction)
    return np.cos(2 * np.pi * cycles * along + phase)


def wrapped_covariance(n, box_width_m, power):
    """The covariance of n x n places in a box that wraps around, of a code without disorder.

    ``power`` of a wave by its wavenumber (rad/m); the mean is left out; variance 1 at every place.
    """
    k = 2 * np.pi * np.fft.fftfreq(n, box_width_m / n)
    spectrum = np.array(power(np.hypot(k[:, None], k)), np.float64)
    spectrum[0, 0] = 0.0
    by_shift = np.fft.ifft2(spectrum).real
    shift = (np.arange(n)[:, None] - np.arange(n)) % n
    whole = by_shift[shift[:, None, :, None], shift[None, :, None, :]]
    return whole.reshape(n**2, n**2) / by_shift[0, 0]
