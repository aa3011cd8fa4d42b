"""Position manifold of a network: the mean state at each position, and its tangent plane.

The manifold is the image of the box under the mean state. At a position x, its tangent plane is
spanned by the derivatives of the mean state with respect to the two coordinates of x. A deviation
of the state along this plane is a change of the represented position; the rest is not.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

_SD_BINS = 0.7
"""Standard deviation of the weights around a bin centre: a compromise of noise and resolution."""
_FLAT = 1e-5
"""Share of the norm of the mean states below which the slope of a bin is rounding error."""
_LEAST_ANGLE = 1e-3
"""Part of one slope at right angles to the other one, as a share of the larger slope, below which
both span a line, not a plane."""
_RIDGE = 1e-6
"""Penalty of the least-squares fits, as a share of the trace of their normal equations."""


class PositionManifold(NamedTuple):
    """Mean state at each bin centre of a square box, and its derivatives."""

    mean: Float[Array, "n n unit"]
    slopes: Float[Array, "n n 2 unit"]
    """with respect to x and y, for each bin"""


def fit_manifold(maps: Float[Array, "unit n n"], samples: Float[Array, "n n"]) -> PositionManifold:
    """Fit a plane to the states around each bin centre, with Gaussian weights of sd 0.7 bins.

    Every sample has the same weight; bins without samples (NaN) have none. A plane, unlike a
    weighted mean, has no bias at the walls. Where all weights are 0, mean and slopes are 0.
    """
    n = len(samples)
    away = jnp.arange(n, dtype=jnp.float32)[:, None] - jnp.arange(n)  # [to a bin, of a centre]
    weight = jnp.exp(-0.5 * jnp.square(away / _SD_BINS))
    # moments of order 0, 1 and 2 along one axis: sums over bins, at each centre
    order = [weight, weight * away, weight * jnp.square(away)]

    def moment(values: Float[Array, "*u n n"], in_x: int, in_y: int) -> Float[Array, "*u n n"]:
        return order[in_x].T @ values @ order[in_y]

    terms = ((0, 0), (1, 0), (0, 1))
    gram = jnp.stack(
        [jnp.stack([moment(samples, a + c, b + d) for c, d in terms], -1) for a, b in terms], -2
    )
    totals = jnp.where(samples > 0, maps, 0.0) * samples
    sums = jnp.stack([moment(totals, *term) for term in terms], -1)
    fitted = jnp.linalg.solve(_ridged(gram), sums.transpose(1, 2, 3, 0))
    return PositionManifold(fitted[..., 0, :], fitted[..., 1:, :])


def nearest_positions(
    manifold: PositionManifold, states: Float[Array, "*p unit"], box_width_m: Float[Array, ""]
) -> Float[Array, "*p 2"]:
    """Return the position (metres) whose mean state is nearest to each state.

    This is the bin centre with the nearest mean state, plus the least-squares solution of the
    manifold's linear approximation there, by at most one bin along each axis.

    Args:
        manifold: the manifold over a square box with its centre at 0.
        states: states of the same units.
        box_width_m: side of the box.
    """
    n, _, n_units = manifold.mean.shape
    means = manifold.mean.reshape(-1, n_units)
    # |state - mean|^2 without |state|^2, which is the same for all bins
    bins = (jnp.square(means).sum(axis=-1) - 2 * states @ means.T).argmin(axis=-1)
    slopes = manifold.slopes.reshape(n * n, 2, -1)[bins]
    gram = jnp.einsum("...au,...bu->...ab", slopes, slopes)
    towards = jnp.einsum("...au,...u->...a", slopes, states - means[bins])
    step = jnp.linalg.solve(_ridged(gram), towards[..., None])[..., 0]
    place = jnp.stack([bins // n, bins % n], axis=-1) + jnp.clip(step, -1.0, 1.0)
    return ((place + 0.5) / n - 0.5) * box_width_m


def tangents(
    manifold: PositionManifold, positions: Float[Array, "*p 2"], box_width_m: Float[Array, ""]
) -> Float[Array, "*p 2 unit"]:
    """Return an orthonormal basis of the tangent plane at each position.

    The slopes are interpolated linearly between bin centres. If they are parallel, or 0, a vector
    of the basis is 0.

    Args:
        manifold: the manifold over a square box with its centre at 0.
        positions: metres; a position beyond the outermost bin centres has their slopes.
        box_width_m: side of the box.
    """
    n, slopes = len(manifold.mean), manifold.slopes
    place = jnp.clip((positions / box_width_m + 0.5) * n - 0.5, 0.0, n - 1.0)
    # The weights are continuous in the position. Many positions are bin centres up to rounding; for
    # these a floor may be repeated by the compiler with another result, which mixes two bins.
    weight = jnp.maximum(0.0, 1.0 - jnp.abs(place[..., None] - jnp.arange(n)))
    of_bins = (weight[..., 0, :, None] * weight[..., 1, None, :]).reshape(-1, n * n)
    both = (of_bins @ slopes.reshape(n * n, -1)).reshape(*positions.shape[:-1], 2, -1)
    first, second = jnp.moveaxis(both, -2, 0)
    least = _FLAT * jnp.linalg.norm(manifold.mean, axis=-1).mean()
    norms = jnp.stack([_norm(first), _norm(second)])
    first = normalised(jnp.where(norms[0] > least, first, 0.0))
    rest = second - (second * first).sum(axis=-1, keepdims=True) * first
    is_other = _norm(rest) > jnp.maximum(_LEAST_ANGLE * norms.max(axis=0), least)
    return jnp.stack([first, normalised(jnp.where(is_other, rest, 0.0))], axis=-2)


def part_along(
    deviation: Float[Array, "*p unit"], basis: Float[Array, "*p 2 unit"]
) -> Float[Array, "*p unit"]:
    """Return the part of a deviation in the plane of an orthonormal basis."""
    shares = jnp.einsum("...u,...bu->...b", deviation, basis)
    return jnp.einsum("...b,...bu->...u", shares, basis)


def normalised(vector: Float[Array, "*p unit"]) -> Float[Array, "*p unit"]:
    """Return a vector divided by its norm; 0 for 0."""
    norm = _norm(vector)
    return jnp.where(norm > 0, vector / jnp.where(norm > 0, norm, 1.0), 0.0)


def _norm(vector: Float[Array, "*p unit"]) -> Float[Array, "*p 1"]:
    return jnp.linalg.norm(vector, axis=-1, keepdims=True)


def _ridged(gram: Float[Array, "*p k k"]) -> Float[Array, "*p k k"]:
    """Return normal equations with a small penalty, so that they have a solution."""
    trace = jnp.trace(gram, axis1=-2, axis2=-1)[..., None, None]
    return gram + jnp.where(trace > 0, _RIDGE * trace, 1.0) * jnp.eye(gram.shape[-1])
