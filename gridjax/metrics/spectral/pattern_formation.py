"""Patterns that grow on the spatial covariance of a target code, without a network.

The dynamics are dG/dt = Sigma G - lambda G. Sigma is the covariance, and each column of G is the
rate map of a unit. Each unit has its own lambda, which keeps its norm at 1 (Oja). The linear
dynamics select the strongest waves of the box, with the amplitudes of the initial noise (stripes,
squares). Non-negative rates add a second-order term to the dynamics of the amplitudes. This term
couples waves whose vectors sum to zero. If the strongest waves form a ring, these are triads at 60
degrees, and the patterns are hexagons (Sorscher et al. 2019). If the power decreases from the
longest wave to shorter waves, the pattern is one field.

The theory has no walls and no disorder. The code of a random layout differs from it in two ways.
First, its variance differs between places, because of walls and gaps between centres. On the plain
covariance every unit therefore ends with one bright spot; ``equal_variance`` uses the correlation
of places instead. Second, waves end at walls, unlike in a periodic box.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from gridjax.errors import GridjaxError, Problem

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
) -> Float[np.ndarray, "unit n n"]:
    """Return patterns grown from noise on a covariance between places.

    Each step is G += (Sigma G - lambda G) / (largest eigenvalue of Sigma). Units are independent,
    with their own initial noise. The first axis of a map is x, and the sum of its squares is 1. The
    same seed gives the same maps on one machine.

    Args:
        covariance: [n^2, n^2], covariance Sigma between the places of a square, x-major.
        n_units: number of units.
        n_steps: number of steps.
        nonnegative: whether to set rates below 0 to 0 after each step.
        seed: random seed of the initial noise.

    Raises GridjaxError unless there are n^2 places.
    """
    n = round(len(covariance) ** 0.5)
    if covariance.shape != (n**2, n**2) or n < 2:
        message = f"a covariance of shape {covariance.shape} is not of the places of a square"
        raise GridjaxError(Problem(message, fix="give [n^2, n^2], places x-major"))
    rng = np.random.default_rng(seed)
    scaled = (covariance / _largest_eigenvalue(covariance, rng)).astype(np.float32)
    rates = rng.normal(size=(n**2, n_units)).astype(np.float32)
    rates = _unit_norm(np.maximum(rates, 0) if nonnegative else rates)
    for _ in range(n_steps):
        driven = scaled @ rates
        rates = rates + driven - (rates * driven).sum(axis=0) * rates
        rates = _unit_norm(np.maximum(rates, 0) if nonnegative else rates)
    return rates.T.reshape(n_units, n, n).astype(np.float64)


def _largest_eigenvalue(covariance: Float[np.ndarray, "p p"], rng: np.random.Generator) -> float:
    """Return a lower estimate of the largest eigenvalue, by power iteration, for the step size."""
    vector = rng.normal(size=len(covariance))
    norm = 0.0
    for _ in range(_POWER_STEPS):
        vector = covariance @ (vector / np.linalg.norm(vector))
        norm = float(np.linalg.norm(vector))
    return norm


def _unit_norm(rates: Float[np.ndarray, "position unit"]) -> Float[np.ndarray, "position unit"]:
    return rates / np.maximum(np.linalg.norm(rates, axis=0), _FLOOR)
