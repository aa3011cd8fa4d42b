"""Linear readout of positions from activity: ridge regression, tested on other samples."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

RIDGE = 1e-4
"""Penalty of the squared weights, as a share of the mean variance of a unit, times the samples."""


class ReadoutErrors(NamedTuple):
    """Mean distances between read and true positions, in the unit of the positions."""

    error: Float[Array, ""]
    """of the linear readout, on the samples that it was not fitted on"""
    chance: Float[Array, ""]
    """of the mean position of the fitted samples, on the same other samples"""


def readout_errors(
    activity: Float[Array, "sample unit"], positions: Float[Array, "sample d"]
) -> ReadoutErrors:
    """Fit a linear readout with an offset on every other sample, and test it on the rest.

    The weights W minimise |Y - X W|^2 + RIDGE n v |W|^2, with X the activity and Y the positions of
    n samples, both minus their means, and v the mean variance of the units.

    Args:
        activity: at least four samples, in any order that does not depend on the position.
        positions: position of each sample.
    """
    x, y = activity[::2], positions[::2]
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    centred = x - mean_x
    gram = centred.T @ centred
    penalty = RIDGE * jnp.trace(gram) / len(gram)
    # A silent layer has no variance; its weights are then 0.
    penalty = jnp.where(penalty > 0, penalty, 1.0)
    weights = jnp.linalg.solve(gram + penalty * jnp.eye(len(gram)), centred.T @ (y - mean_y))
    others = positions[1::2]
    read = (activity[1::2] - mean_x) @ weights + mean_y
    return ReadoutErrors(_mean_distance(read, others), _mean_distance(mean_y, others))


def _mean_distance(one: Array, other: Array) -> Float[Array, ""]:
    return jnp.sqrt(jnp.square(one - other).sum(axis=-1)).mean()
