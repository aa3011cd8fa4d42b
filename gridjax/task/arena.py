"""Geometry of the square box: walls, their distances and normals. Metres, centred on 0."""

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

    The distance (metres) is negative outside; the angle (radians) is 0 for the wall at +x, pi/2
    for +y, pi for -x and 3 pi/2 for -y; the first of equally near walls counts.
    """
    half = box_width_m / 2
    distances = jnp.concatenate([half - positions, half + positions], axis=-1)
    normals = jnp.asarray(np.arange(4) * np.pi / 2, positions.dtype)
    return distances.min(axis=-1), normals[distances.argmin(axis=-1)]


def inside(positions: Float[Array, "*n 2"], box_width_m: Float[Array, ""]) -> Bool[Array, "*n"]:
    """Return which positions lie in the closed box."""
    return (jnp.abs(positions) <= box_width_m / 2).all(axis=-1)
