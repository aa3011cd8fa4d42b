"""Theory of the lattice that a place code selects: spectra, wavenumbers and periods.

If the spatial power of targets has its maximum at a wavenumber k*, patterns of this wavelength grow
first, as in a Turing instability. If the power decreases from the longest wave to shorter waves,
the targets select no wavelength. Widths are in metres. Wavenumbers are in rad/m or, if stated, in
cycles per box.

Consider a field of d dimensions with a centre exp(-r^2 / (2 sigma^2)) and a surround of width
s sigma, with weights rho and 1. Its Fourier transform is
rho exp(-sigma^2 k^2 / 2) - s^d exp(-s^2 sigma^2 k^2 / 2). The maximum of the transform is at
k*^2 = 2 ln(s^(d+2) / rho) / ((s^2 - 1) sigma^2). Two cases have names:

- *balanced*, rho = s^d: the mean of a field is 0, and k*^2 = 4 ln s / ((s^2 - 1) sigma^2) in every
  dimension. Difference of Softmaxes (DoS) is this case, because softmaxes normalise centre and
  surround in the same way.
- *equal weights* in one dimension, rho = d = 1: k*^2 = 6 ln s / ((s^2 - 1) sigma^2), the formula
  in No Free Lunch from Deep Learning in Neuroscience (2022).

If rho < s^d, the transform is negative at k = 0. Then k* is the maximum of the transform, but not
always of the power, its square. The power at k = 0, (s^d - rho)^2, can be larger; with equal
weights in two dimensions it is. In this case the longest waves of the box grow first.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Float

from gridjax.errors import GridjaxError, Problem

DIMENSIONS = (1, 2, 3)
ENOUGH_CYCLES = 2.5
"""Smallest number of wavelengths of k* along the box for evidence of a lattice."""
NEIGHBOURS = {1: 2 * math.pi, 2: 4 * math.pi / math.sqrt(3), 3: math.pi * math.sqrt(6)}
"""Distance between nearest fields of a lattice times its wavenumber, for each dimension; see
``lattice_period``."""


def peak_wavenumber(
    sigma_m: float, ratio: float, dimensions: int = 2, weight_ratio: float | None = None
) -> float:
    """Return k* (rad/m), the wavenumber at the maximum of a centre-surround field's transform.

    Args:
        sigma_m: standard deviation sigma of the centre, metres.
        ratio: standard deviation of the surround divided by that of the centre, s.
        dimensions: number of dimensions d of the field: 1, 2 or 3.
        weight_ratio: rho = alpha_E / alpha_I; by default s^d (balanced).

    k* is NaN for rho >= s^(d+2): the surround is too weak, and the maximum is at k = 0.

    Raises GridjaxError unless sigma > 0, s > 1, rho > 0 and d is 1, 2 or 3.
    """
    rho = _weights(sigma_m, ratio, dimensions, weight_ratio)
    log = (dimensions + 2) * math.log(ratio) - math.log(rho)
    return math.sqrt(2 * log / (ratio**2 - 1)) / sigma_m if log > 0 else math.nan


def dos_wavenumber(sigma_m: float, ratio: float) -> float:
    """Return k* (rad/m) of Difference-of-Softmaxes targets with global normalisation.

    Centre and surround are balanced: k*^2 = 4 ln s / ((s^2 - 1) sigma^2) in every dimension.
    Arguments and errors are those of ``peak_wavenumber``.
    """
    return peak_wavenumber(sigma_m, ratio)


def gaussian_power(wavenumber: Any, sigma_m: float) -> Float[np.ndarray, "..."]:
    """Return the power exp(-sigma^2 k^2) of Gaussian fields at wavenumbers k.

    Args:
        wavenumber: [...], rad/m.
        sigma_m: standard deviation of a field, metres.

    This is the power of one Fourier mode, 1 at k = 0, in any dimension d. Multiply it by k^(d-1)
    for a density over |k|.
    """
    return np.exp(-np.square(sigma_m * np.asarray(wavenumber, np.float64)))


def surround_power(
    wavenumber: Any,
    sigma_m: float,
    ratio: float,
    dimensions: int = 2,
    weight_ratio: float | None = None,
) -> Float[np.ndarray, "..."]:
    """Return the power of centre-surround fields at wavenumbers [...] (rad/m).

    The power of one Fourier mode is
    (exp(-sigma^2 k^2 / 2) - (s^d / rho) exp(-s^2 sigma^2 k^2 / 2))^2, relative to the power of the
    centre alone at k = 0. The other arguments and the errors are those of ``peak_wavenumber``.
    """
    rho = _weights(sigma_m, ratio, dimensions, weight_ratio)
    squared = np.square(sigma_m * np.asarray(wavenumber, np.float64)) / 2
    return np.square(np.exp(-squared) - ratio**dimensions / rho * np.exp(-(ratio**2) * squared))


def cycles_per_box(wavenumber: float, box_width_m: float) -> float:
    """Return n* = k L / (2 pi), the number of wavelengths along the side L (m) of a box."""
    return wavenumber * box_width_m / (2 * math.pi)


def lattice_period(wavenumber: float, dimensions: int) -> float:
    """Return the distance (m) between nearest fields of a lattice with waves of one wavenumber.

    Args:
        wavenumber: k, rad/m.
        dimensions: 1, 2 or 3.

    - One dimension: 2 pi / k, the wavelength.
    - Two dimensions: 4 pi / (sqrt 3 k), for a hexagonal lattice of three waves at 60 degrees.
    - Three dimensions: sqrt 6 pi / k = 7.70 / k, for two lattices. The body-centred cubic lattice
      has waves along the twelve <110> directions, the largest set of triads that sum to zero. The
      face-centred cubic lattice has waves along the eight <111> directions, without such triads.
      Theory of the quadratic and cubic terms predicts the body-centred lattice near the onset
      (Alexander and McTague 1978, PRL 41:702). It is not known whether networks form this lattice.
      The formula does not apply to hexagonal close packing, which has waves of several lengths.

    In every dimension the distance between planes of fields is 2 pi / k.

    Raises GridjaxError for other dimensions.
    """
    _check_dimensions(dimensions)
    return NEIGHBOURS[dimensions] / wavenumber


def hexagonal_period(wavenumber: float) -> float:
    """Return the period (m) of the hexagonal lattice of a wavenumber (rad/m)."""
    return lattice_period(wavenumber, 2)


def _weights(sigma_m: float, ratio: float, dimensions: int, weight_ratio: float | None) -> float:
    """Return rho; raise GridjaxError with all invalid arguments."""
    _check_dimensions(dimensions)
    problems = []
    if not 0 < sigma_m < math.inf:
        problems.append(Problem(f"sigma_m is {sigma_m:g}", fix="give a width above 0, metres"))
    if not 1 < ratio < math.inf:
        fix = "give a surround wider than the centre, as 2"
        problems.append(Problem(f"ratio is {ratio:g}", fix=fix))
    if weight_ratio is not None and not 0 < weight_ratio < math.inf:
        fix = "give alpha_E / alpha_I above 0"
        problems.append(Problem(f"weight_ratio is {weight_ratio:g}", fix=fix))
    if problems:
        raise GridjaxError(problems)
    return ratio**dimensions if weight_ratio is None else weight_ratio


def _check_dimensions(dimensions: int) -> None:
    if dimensions not in DIMENSIONS:
        raise GridjaxError(Problem(f"dimensions is {dimensions}", fix="give 1, 2 or 3"))
