"""Check of positions that a user gives to one network."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gridjax.metrics.arguments import invalid_argument
from gridjax.spec.network import NetworkSpec

BEYOND_WALL = 0.1
"""Largest distance of a start from the box, as a share of the side: animals lean over walls."""
MOST_BOXES = 10
"""Largest coordinate of a path, in sides of the box. Networks can integrate out of their box."""


def check_positions(spec: NetworkSpec, positions: Any) -> Float[Array, "batch time+1 d"]:
    """Return positions (metres) as float32.

    Raises GridjaxError if they have another shape or fewer than two time points, if a path starts
    outside the box, or if it leaves the box by several sides, as positions in centimetres do.
    """
    given = jnp.asarray(positions, jnp.float32)
    d, side = spec.dimensions, spec.box_width_in_m
    if given.ndim != 3 or given.shape[1] < 2 or given.shape[2] != d:
        message = f"positions of shape {list(given.shape)} are not [batch, time + 1, {d}]"
        axes = ("x", "x and y", "x, y and z")[d - 1]
        raise invalid_argument(message, f"give {axes} in metres at two or more times of each path")
    _check_range(np.asarray(given[:, 0]), (0.5 + BEYOND_WALL) * side, side, "a path starts")
    _check_range(np.asarray(given), MOST_BOXES * side, side, "a path leads far")
    return given


def _check_range(coordinates: np.ndarray, most: float, side: float, what: str) -> None:
    sizes = np.nan_to_num(np.abs(coordinates), posinf=np.inf).ravel()
    if not len(sizes) or sizes.max() <= most:
        return
    largest = coordinates.ravel()[sizes.argmax()]
    message = f"{what} outside the box: a coordinate is {largest:.4g} m, but the box reaches from"
    fix = "give metres from the middle of the box (divide centimetres by 100)"
    raise invalid_argument(f"{message} {-side / 2:.4g} to {side / 2:.4g} m", fix)
