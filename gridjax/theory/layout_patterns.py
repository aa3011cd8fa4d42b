"""Patterns that grow on the target code of one layout, on a line, in a square or in a cube."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from gridjax.metrics.spectral import pattern_formation
from gridjax.spec.fields.distributions import mean
from gridjax.spec.network import NetworkSpec
from gridjax.spec.records.target_code_info import PEAK
from gridjax.spec.registry import ENCODINGS
from gridjax.theory.code_covariance import CodeCovariance, code_correlation, expected_product
from gridjax.theory.growth_options import N_PLACES, N_STEPS, N_UNITS, Growth, check_drawable
from gridjax.theory.prediction import N_BINS, predict_spec
from gridjax.theory.wavenumber import surround_ratio


class LayoutPatterns(NamedTuple):
    """Patterns grown on the code of one layout, and the spectrum of its place cells."""

    spec: NetworkSpec
    growth: Growth
    """Options with which they grew."""
    linear: Float[np.ndarray, "unit ..."]
    """Patterns of units without a lower limit on their rates."""
    nonnegative: Float[np.ndarray, "unit ..."]
    """Patterns of units with rates of at least 0."""
    cycles: Float[np.ndarray, " ring"] = np.zeros(0)
    """|n| of each ring, cycles per box; empty except in a square with walls."""
    power: Float[np.ndarray, " ring"] = np.zeros(0)
    """Mean radial power of the cells; see gridjax.metrics.spectral.radial_spectrum."""


def layout_centres(spec: NetworkSpec, dimensions: int = 2) -> Float[np.ndarray, "cell dimension"]:
    """Return the centres of a layout's place cells, uniform in the box, metres.

    In two dimensions they are those of the network in training. In one and three dimensions they
    are drawn from the same random stream.
    """
    from jax import random

    from gridjax.prng import Stream, stream
    from gridjax.task.code_maps import layout_of

    if dimensions == 2:
        return np.asarray(layout_of(spec).code.centres[:, 0], np.float64)
    key = stream(spec.traced.layout_seed, Stream.LAYOUT)
    half = spec.box_width_in_m / 2
    centres = random.uniform(key, (spec.Np, dimensions), minval=-half, maxval=half)
    return np.asarray(centres, np.float64)


def layout_correlation(
    spec: NetworkSpec, dimensions: int, n: int, periodic: bool = False
) -> CodeCovariance:
    """Return the correlation between n^d places of the box under the target code of a layout.

    Errors are those of ``code_correlation``.
    """
    sigma = mean(spec.place_cell_rf)
    has_surround = ENCODINGS.info(spec.place_field_values).spectrum == PEAK
    surround = surround_ratio(spec) * sigma if has_surround else None
    centres = layout_centres(spec, dimensions)
    return code_correlation(centres, spec.box_width_in_m, n, sigma, surround, periodic)


def code_covariance(
    spec: NetworkSpec, n: int = N_PLACES[2], equal_variance: bool = True
) -> Float[np.ndarray, "position position"]:
    """Return the covariance of n x n bins of the square box under a network's target code.

    Args:
        equal_variance: whether to return the correlation between bins in place of the covariance.

    Errors are those of ``pattern_formation.covariance``.
    """
    from gridjax.task.code_maps import code_over_box

    return pattern_formation.covariance(code_over_box(spec, n), equal_variance)


def layout_patterns(
    spec: NetworkSpec,
    dimensions: int = 2,
    growth: Growth | None = None,
    n_units: int | None = None,
    n: int | None = None,
) -> LayoutPatterns:
    """Return patterns grown on the layout of a network.

    Args:
        dimensions: dimensions of the box: 1, 2 or 3.
        growth: options of the dynamics.
        n_units: number of patterns with each dynamics; by default N_UNITS.
        n: bins along each side of the box; by default N_PLACES.

    In a square with walls the covariance is a matrix, and the spectrum of the cells is added. All
    other boxes use its factors (``code_correlation``), which give the same patterns up to the
    rounding of single precision and the interpolation of centres.

    Raises GridjaxError for place fields narrower than a bin, so wide that they do not vary over the
    box, or so few that they do not cover it.
    """
    growth = growth or Growth()
    check_drawable(spec, dimensions, n)
    n, n_units = n or N_PLACES[dimensions], n_units or N_UNITS[dimensions]
    options = {"seed": spec.seed, "saturation": growth.saturation}
    cycles = power = np.zeros(0)
    if dimensions == 2 and not (growth.periodic or growth.ideal):
        correlation = code_covariance(spec, n)
        grow = partial(pattern_formation.grow, correlation, n_units, N_STEPS, **options)
        cycles, power = _spectrum(spec)
    else:
        if growth.ideal:
            product = expected_product(predict_spec(spec, dimensions), n)
        else:
            product = layout_correlation(spec, dimensions, n, growth.periodic).product
        shape = (n,) * dimensions
        grow = partial(pattern_formation.grow_on, product, shape, n_units, N_STEPS, **options)
    grown = grow(nonnegative=False), grow(nonnegative=True)
    return LayoutPatterns(spec, growth, *grown, cycles, power)


def _spectrum(spec: NetworkSpec):
    from gridjax.metrics.spectral.radial_spectrum import mean_power, radial_power
    from gridjax.task.code_maps import code_maps, layout_of

    tuning = code_maps(spec, layout_of(spec), N_BINS).astype(np.float64)
    spectra = radial_power(tuning, spec.box_width_in_m)
    return spectra.cycles, mean_power(spectra)
