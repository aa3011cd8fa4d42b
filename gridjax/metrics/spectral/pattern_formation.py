"""Patterns that grow on the spatial covariance of a target code, without a network.

dG/dt = Sigma G - lambda G, one column of G a unit's rate map, lambda each unit's own so that its
norm stays 1 (Oja). The linear dynamics select the strongest waves of the box, in the proportions of
the initial noise (stripes, squares). Non-negative rates add a second-order term to the dynamics of
the amplitudes, which couples waves whose vectors sum to zero. Where the strongest waves form a
ring, these are triads at 60 degrees, and the patterns are hexagons (Sorscher et al. 2019). Where
power falls from the longest wave on, the pattern is one field.

The code of a drawn layout differs from the theory, which has no walls and no disorder, in two ways.
First, its variance differs between places (walls, gaps between centres), so that on the plain
covariance every unit ends in one bright spot; ``equal_variance`` uses the correlation of places
instead. Second, waves do not continue at walls as they do in a box that wraps around.
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
    """Return the covariance of places: of the cells' targets, each about its mean over the box.

    equal_variance: every place counts alike, as if a local gain evened out the variance of the
        code; the correlation of places, 1 on the diagonal.

    Raises GridjaxError where targets are not finite or do not vary.
    """
    values = np.asarray(code, np.float64)
    # by shares of the largest: squares of very small targets would be lost
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
    """Grow patterns from noise: ``n_steps`` of G += (Sigma G - lambda G) / the largest eigenvalue.

    nonnegative: rates below 0 are set to 0 after each step. Units are independent: each has its
    own initial noise. Maps have first axis x and sum of squares 1; the same seed
    gives the same maps on one machine.

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
    """Return the largest eigenvalue by power iteration (from below); it only sets the step size."""
    vector = rng.normal(size=len(covariance))
    norm = 0.0
    for _ in range(_POWER_STEPS):
        vector = covariance @ (vector / np.linalg.norm(vector))
        norm = float(np.linalg.norm(vector))
    return norm


def _unit_norm(rates: Float[np.ndarray, "position unit"]) -> Float[np.ndarray, "position unit"]:
    return rates / np.maximum(np.linalg.norm(rates, axis=0), _FLOOR)
