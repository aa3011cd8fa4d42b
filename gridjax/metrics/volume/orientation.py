"""Orientation of a lattice, refined around the best one of the search.

The orientations of the search are eight degrees apart. A volume whose lattice lies between them has
a smaller correlation with its own lattice than with the right orientation of it.
"""

from __future__ import annotations

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.spatial.transform import Rotation

from gridjax.metrics.volume.templates import N_DIRECTIONS, RADII, tables, turned

STEPS = 4.0, 2.0, 1.0
"""Degrees between neighbouring orientations, in successive searches around the best one."""


def neighbours(step: float) -> Float[np.ndarray, "27 3 3"]:
    """Return rotations by -``step``, 0 or ``step`` degrees along each of three axes."""
    vectors = np.array(list(product((-1, 0, 1), repeat=3))) * np.deg2rad(step)
    return Rotation.from_rotvec(vectors).as_matrix().astype(np.float32)


def correlation(
    measured: Float[Array, " point"],
    weight: Float[Array, " point"],
    template: Float[Array, " point"],
) -> Float[Array, ""]:
    """Return the weighted correlation of values on spheres, each minus its mean on its sphere.

    Args:
        measured: values whose mean on each sphere is 0.
        weight: weight of each point.
        template: values of an ideal lattice.
    """
    by_sphere = (len(RADII), N_DIRECTIONS)
    values, weights = template.reshape(by_sphere), weight.reshape(by_sphere)
    mean = (values * weights).sum(-1, keepdims=True)
    values = values - mean / jnp.maximum(weights.sum(-1, keepdims=True), 1e-12)
    squares = (jnp.square(values) * weights).sum(), (jnp.square(measured) * weight).sum()
    products = (measured * weight * values.ravel()).sum()
    return products / jnp.maximum(jnp.sqrt(squares[0] * squares[1]), 1e-12)


def refined(
    measured: Float[Array, "map lattice point"],
    weight: Float[Array, "map lattice point"],
    orientation: Float[Array, "map lattice 3 3"],
) -> tuple[Float[Array, "map lattice"], Float[Array, "map lattice 3 3"]]:
    """Return the largest correlation with each lattice around given orientations, and where it is.

    ``measured`` and ``weight`` are those of ``correlation``, at the period of each lattice.
    """

    def of_lattice(table, measured, weight, orientation):
        best = jnp.zeros(())
        for step in STEPS:
            turns = neighbours(step) @ orientation
            each = jax.vmap(lambda turn: correlation(measured, weight, turned(table, turn)))(turns)
            best, orientation = each.max(), turns[each.argmax()]
        return best, orientation

    of_map = jax.vmap(of_lattice)
    return jax.vmap(of_map, (None, 0, 0, 0))(tables(), measured, weight, orientation)
