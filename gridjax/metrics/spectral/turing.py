"""Theory of the lattice that a place code selects: spectra, wavenumbers and periods.

Targets whose spatial power peaks at a wavenumber k* let patterns of that wavelength grow first, as
in a Turing instability; targets whose power falls from the longest wave on select none. Widths in
metres, wavenumbers in rad/m unless in cycles per box.

A field of d dimensions with centre exp(-r^2 / (2 sigma^2)) and surround of width s sigma, weighted
rho to 1, has the transform rho exp(-sigma^2 k^2 / 2) - s^d exp(-s^2 sigma^2 k^2 / 2), which is
largest at k*^2 = 2 ln(s^(d+2) / rho) / ((s^2 - 1) sigma^2). Two cases have names:

- *balanced*, rho = s^d: no field has a mean, k*^2 = 4 ln s / ((s^2 - 1) sigma^2) in every
  dimension. Softmaxes normalise centre and surround alike, so Difference of Softmaxes (DoS) is this
  case.
- *equal weights* in one dimension, rho = d = 1: k*^2 = 6 ln s / ((s^2 - 1) sigma^2), the formula
  printed in No Free Lunch from Deep Learning in Neuroscience (2022).

Where rho < s^d the transform is negative at k = 0 and k* is the maximum of the transform, not of
its square: the *power* at k = 0, (s^d - rho)^2, may be (with equal weights in two dimensions is)
larger; the longest waves of the box then grow first.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Float

from gridjax.errors import GridjaxError, Problem

DIMENSIONS = (1, 2, 3)
ENOUGH_CYCLES = 2.5
"""Wavelengths (cycles of k*) that a box must hold for a credible lattice."""
NEIGHBOURS = {1: 2 * math.pi, 2: 4 * math.pi / math.sqrt(3), 3: math.pi * math.sqrt(6)}
"""Distance of the nearest fields of a lattice times its wavenumber; see ``lattice_period``."""


def peak_wavenumber(
    sigma_m: float, ratio: float, dimensions: int = 2, weight_ratio: float | None = None
) -> float:
    """Return k* (rad/m), where the transform of a centre-surround field is largest.

    ``sigma_m`` is the centre's width, ``ratio`` s the surround's over it (standard deviations),
    ``weight_ratio`` rho = alpha_E / alpha_I; balanced, rho = s^d, when omitted. NaN from
    rho = s^(d+2) on, where the surround is too weak and the transform falls from k = 0.

    Raises GridjaxError unless sigma > 0, s > 1, rho > 0 and d is 1, 2 or 3.
    """
    rho = _weights(sigma_m, ratio, dimensions, weight_ratio)
    log = (dimensions + 2) * math.log(ratio) - math.log(rho)
    return math.sqrt(2 * log / (ratio**2 - 1)) / sigma_m if log > 0 else math.nan


def dos_wavenumber(sigma_m: float, ratio: float) -> float:
    """Return k* (rad/m) of Difference-of-Softmaxes targets, in any dimension.

    k*^2 = 4 ln s / ((s^2 - 1) sigma^2): with global normalisation centre and surround are balanced.
    """
    return peak_wavenumber(sigma_m, ratio)


def gaussian_power(wavenumber: Any, sigma_m: float) -> Float[np.ndarray, "..."]:
    """Return the power of Gaussian fields at wavenumbers (rad/m), 1 at k = 0, falling from there.

    exp(-sigma^2 k^2): of one Fourier mode, in any dimension; multiply by k^(d-1) for a density of
    |k|.
    """
    return np.exp(-np.square(sigma_m * np.asarray(wavenumber, np.float64)))


def surround_power(
    wavenumber: Any,
    sigma_m: float,
    ratio: float,
    dimensions: int = 2,
    weight_ratio: float | None = None,
) -> Float[np.ndarray, "..."]:
    """Return the power of centre-surround fields at wavenumbers (rad/m).

    (exp(-sigma^2 k^2 / 2) - (s^d / rho) exp(-s^2 sigma^2 k^2 / 2))^2 of one Fourier mode, in units
    of the centre's own power at k = 0; arguments and errors as of ``peak_wavenumber``.
    """
    rho = _weights(sigma_m, ratio, dimensions, weight_ratio)
    squared = np.square(sigma_m * np.asarray(wavenumber, np.float64)) / 2
    return np.square(np.exp(-squared) - ratio**dimensions / rho * np.exp(-(ratio**2) * squared))


def cycles_per_box(wavenumber: float, box_width_m: float) -> float:
    """Return n* = k L / (2 pi), the wavelengths of a wavenumber (rad/m) along the side of a box."""
    return wavenumber * box_width_m / (2 * math.pi)


def lattice_period(wavenumber: float, dimensions: int) -> float:
    """Return the distance (m) of nearest fields of the lattice whose waves have this wavenumber.

    - One dimension: 2 pi / k, the wavelength.
    - Two: 4 pi / (sqrt 3 k), hexagonal; three waves at 60 degrees.
    - Three: sqrt 6 pi / k = 7.70 / k. Body-centred cubic (waves along the twelve <110>, the
      largest set of triads that sum to zero) and face-centred cubic (along the eight <111>, none)
      have their nearest fields at the same distance. Theory of the quadratic and cubic terms
      prefers the former near the onset (Alexander and McTague 1978, PRL 41:702); whether networks
      do is not known, and hexagonal close packing, which has waves of several lengths, has no place
      in this formula. Planes of fields are 2 pi / k apart in every dimension.

    Raises GridjaxError for other dimensions.
    """
    _check_dimensions(dimensions)
    return NEIGHBOURS[dimensions] / wavenumber


def hexagonal_period(wavenumber: float) -> float:
    """Return the period (m) of the hexagonal lattice of a wavenumber (rad/m)."""
    return lattice_period(wavenumber, 2)


def _weights(sigma_m: float, ratio: float, dimensions: int, weight_ratio: float | None) -> float:
    """Return rho; raise GridjaxError with everything that is no width, ratio or dimension."""
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
