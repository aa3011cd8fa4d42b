"""Geometry of the box (a line, a square or a cube): distances to its walls and their normals.

Positions are in metres; the centre of the box is 0.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import random
from jaxtyping import Array, Bool, Float, Key


def uniform_positions(
    key: Key[Array, ""], shape: tuple[int, ...], box_width_m: Float[Array, ""], dimensions: int = 2
) -> Float[Array, "*shape d"]:
    """Draw positions uniformly in the box, metres."""
    half = box_width_m / 2
    return random.uniform(key, (*shape, dimensions), minval=-half, maxval=half)


def bin_grid(axis: Float[Array, " n"], dimensions: int) -> Float[Array, "position d"]:
    """Return all positions with coordinates of ``axis``; the last coordinate varies fastest."""
    axes = jnp.meshgrid(*[axis] * dimensions, indexing="ij")
    return jnp.stack(axes, axis=-1).reshape(-1, dimensions)


def nearest_wall(
    positions: Float[Array, "*n 2"], box_width_m: Float[Array, ""]
) -> tuple[Float[Array, "*n"], Float[Array, "*n"]]:
    """Return the distance to the nearest wall of a square and the angle of its outward normal.

    The distance (metres) is negative outside the box. The angle (radians) is 0 for the wall at +x,
    pi/2 for +y, pi for -x and 3 pi/2 for -y. If several walls are equally near, the first of them
    in this order is used.
    """
    half = box_width_m / 2
    distances = jnp.concatenate([half - positions, half + positions], axis=-1)
    normals = jnp.asarray(np.arange(4) * np.pi / 2, positions.dtype)
    return distances.min(axis=-1), normals[distances.argmin(axis=-1)]


def nearest_face(
    positions: Float[Array, "*n d"], box_width_m: Float[Array, ""]
) -> tuple[Float[Array, "*n"], Float[Array, "*n d"]]:
    """Return the distance to the nearest wall of a box and its outward normal, of length 1.

    The distance (metres) is negative outside the box. If several walls are equally near, the first
    of +x, +y, ..., -x, -y, ... is used.
    """
    half, dimensions = box_width_m / 2, positions.shape[-1]
    distances = jnp.concatenate([half - positions, half + positions], axis=-1)
    normals = jnp.concatenate([jnp.eye(dimensions), -jnp.eye(dimensions)]).astype(positions.dtype)
    return distances.min(axis=-1), normals[distances.argmin(axis=-1)]


def inside(positions: Float[Array, "*n d"], box_width_m: Float[Array, ""]) -> Bool[Array, "*n"]:
    """Return whether each position (metres) lies in the box or on a wall."""
    return (jnp.abs(positions) <= box_width_m / 2).all(axis=-1)
