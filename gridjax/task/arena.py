"""Geometry of the square box: distances to its walls and their normals.

Positions are in metres; the centre of the box is 0.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import random
from jaxtyping import Array, Bool, Float, Key


def uniform_positions(
    key: Key[Array, ""], shape: tuple[int, ...], box_width_m: Float[Array, ""]
) -> Float[Array, "*shape 2"]:
    """Draw positions uniformly in the square box, metres."""
    half = box_width_m / 2
    return random.uniform(key, (*shape, 2), minval=-half, maxval=half)


def nearest_wall(
    positions: Float[Array, "*n 2"], box_width_m: Float[Array, ""]
) -> tuple[Float[Array, "*n"], Float[Array, "*n"]]:
    """Return the distance to the nearest wall and the angle of its outward normal.

    The distance (metres) is negative outside the box. The angle (radians) is 0 for the wall at +x,
    pi/2 for +y, pi for -x and 3 pi/2 for -y. If several walls are equally near, the first of them
    in this order is used.
    """
    half = box_width_m / 2
    distances = jnp.concatenate([half - positions, half + positions], axis=-1)
    normals = jnp.asarray(np.arange(4) * np.pi / 2, positions.dtype)
    return distances.min(axis=-1), normals[distances.argmin(axis=-1)]


def inside(positions: Float[Array, "*n 2"], box_width_m: Float[Array, ""]) -> Bool[Array, "*n"]:
    """Return whether each position (metres) lies in the box or on a wall."""
    return (jnp.abs(positions) <= box_width_m / 2).all(axis=-1)
