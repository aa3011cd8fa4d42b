"""Patterns that grow on the spatial covariance of a target code, without a network.

The dynamics are dG/dt = Sigma G - lambda G. Sigma is the covariance, and each column of G is the
rate map of a unit. Each unit has its own lambda, which keeps its norm at 1 (Oja). The linear
dynamics select the strongest waves of the box, with the amplitudes of the initial noise (stripes,
squares). Non-negative rates add a second-order term to the dynamics of the amplitudes. This term
couples waves whose vectors sum to zero. If the strongest waves form a ring, these are triads at 60
degrees, and the patterns are hexagons (Sorscher et al. 2019); for a shell of waves in a volume see
gridjax.metrics.spectral.amplitude_equations. If the power decreases from the longest wave to
shorter waves, the pattern is one field.

The theory has no walls and no disorder. The code of a random layout differs from it in two ways.
First, its variance differs between places, because of walls and gaps between centres. On the plain
covariance every unit therefore ends with one bright spot; ``equal_variance`` uses the correlation
of places instead. Second, waves end at walls, unlike in a periodic box.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from gridjax.errors import GridjaxError, Problem

Product = Callable[[Float[np.ndarray, "position unit"]], Float[np.ndarray, "position unit"]]
"""Product of a covariance with the rates of units."""

_POWER_STEPS = 50
_FLOOR = 1e-30


def covariance(
    code: Float[np.ndarray, "position cell"], equal_variance: bool = True
) -> Float[np.ndarray, "position position"]:
    """Return the covariance between places of a target code.

    The mean of each cell over the box is subtracted first.

    Args:
        code: [position, cell], targets of the cells at places of the box.
        equal_variance: whether to return the correlation between places, with 1 on the diagonal, in
            place of the covariance.

    Raises GridjaxError if targets are not finite or do not vary.
    """
    values = np.asarray(code, np.float64)
    # division by the largest target keeps the squares of very small targets
    largest = np.abs(values).max(initial=0.0)
    if np.isfinite(largest) and largest > 0:
        values = values / largest
    values = values - values.mean(axis=0)
    norms = np.linalg.norm(values, axis=1)
    if not np.isfinite(norms).all() or not norms.min(initial=np.inf) > 1e-9:
        message = "the target code does not vary over the box, or is not finite"
        raise GridjaxError(Problem(message, fix="give narrower place fields, or more place cells"))
    if equal_variance:
        values = values / norms[:, None]
    return values @ values.T


def grow(
    covariance: Float[np.ndarray, "position position"],
    n_units: int = 64,
    n_steps: int = 300,
    nonnegative: bool = True,
    seed: int = 0,
    saturation: float = math.inf,
) -> Float[np.ndarray, "unit n n"]:
    """Return patterns grown from noise on a covariance between the places of a square.

    Each step is G += (Sigma G - lambda G) / (largest eigenvalue of Sigma). Units are independent,
    with their own initial noise. The first axis of a map is x, and the sum of its squares is 1. The
    same seed gives the same maps on one machine.

    Args:
        covariance: [n^2, n^2], covariance Sigma between the places of a square, x-major.
        n_units: number of units.
        n_steps: number of steps.
        nonnegative: whether to set rates below 0 to 0 after each step.
        seed: random seed of the initial noise.
        saturation: limit on the size of rates, in root mean squares of the unit's rates, above 1.
            After each step larger rates are set to it, then the norm is restored; the rates of a
            pattern can therefore be somewhat larger. Infinity: no limit.

    Raises GridjaxError unless there are n^2 places and the saturation is above 1.
    """
    n = round(len(covariance) ** 0.5)
    if covariance.shape != (n**2, n**2) or n < 2:
        message = f"a covariance of shape {covariance.shape} is not of the places of a square"
        raise GridjaxError(Problem(message, fix="give [n^2, n^2], places x-major"))
    rng = np.random.default_rng(seed)
    largest = _largest_eigenvalue(lambda vector: covariance @ vector, n**2, rng)
    scaled = (covariance / largest).astype(np.float32)
    rates = _grown(
        lambda rates: scaled @ rates, n**2, n_units, n_steps, nonnegative, saturation, rng
    )
    return rates.T.reshape(n_units, n, n).astype(np.float64)


def grow_on(
    product: Product,
    shape: tuple[int, ...],
    n_units: int = 16,
    n_steps: int = 300,
    nonnegative: bool = True,
    seed: int = 0,
    saturation: float = math.inf,
) -> Float[np.ndarray, "unit ..."]:
    """Return patterns grown from noise in a box of any dimension, without the matrix of Sigma.

    Args:
        product: function that returns Sigma G [position, column] for G [position, column].
        shape: bins along each side of the box; positions are in row-major order.

    The dynamics, the initial noise and the other arguments are those of ``grow``, so that both give
    the same maps for the same Sigma up to rounding.

    Raises GridjaxError unless the saturation is above 1.
    """
    rng = np.random.default_rng(seed)
    n = math.prod(shape)
    largest = _largest_eigenvalue(lambda vector: product(vector[:, None])[:, 0], n, rng)
    rates = _grown(
        lambda rates: product(rates) / np.float32(largest),
        n, n_units, n_steps, nonnegative, saturation, rng,
    )  # fmt: skip
    return rates.T.reshape(n_units, *shape)


def _grown(
    product: Product,
    n_positions: int,
    n_units: int,
    n_steps: int,
    nonnegative: bool,
    saturation: float,
    rng: np.random.Generator,
) -> Float[np.ndarray, "position unit"]:
    """Return rates after ``n_steps`` steps; the largest eigenvalue of ``product`` is 1."""
    if not saturation > 1:
        message = f"saturation is {saturation:g} root mean squares"
        raise GridjaxError(Problem(message, fix="give a number above 1"))
    highest = saturation / math.sqrt(n_positions)

    def limited(rates):
        rates = np.maximum(rates, 0) if nonnegative else rates
        if math.isfinite(highest):
            rates = np.clip(_unit_norm(rates), -highest, highest)
        return _unit_norm(rates)

    rates = limited(rng.normal(size=(n_positions, n_units)).astype(np.float32))
    for _ in range(n_steps):
        driven = product(rates)
        rates = limited(rates + driven - (rates * driven).sum(axis=0) * rates)
    return rates


def _largest_eigenvalue(
    product: Callable[[np.ndarray], np.ndarray], n: int, rng: np.random.Generator
) -> float:
    """Return a lower estimate of the largest eigenvalue, by power iteration, for the step size."""
    vector = rng.normal(size=n)
    norm = 0.0
    for _ in range(_POWER_STEPS):
        vector = product(vector / np.linalg.norm(vector))
        norm = float(np.linalg.norm(vector))
    return norm


def _unit_norm(rates: Float[np.ndarray, "position unit"]) -> Float[np.ndarray, "position unit"]:
    return rates / np.maximum(np.linalg.norm(rates, axis=0), _FLOOR)
