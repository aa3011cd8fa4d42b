"""Trajectories: paths of a batch of animals, and those along given positions."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float


class Trajectories(NamedTuple):
    """Paths of a batch of animals, metres.

    simulate_trajectories returns arrays with batch as their first axis.
    """

    start: Float[Array, "batch d"]
    """position before the first move"""
    moves: Float[Array, "time batch d"]
    """displacement of each move in coordinates of the box: the network's input"""
    positions: Float[Array, "time batch d"]
    """position after each move: start + cumsum(moves)"""
    start_heading: Float[Array, " batch"]
    """heading of the first move, radians; NaN unless the box is a square"""
    headings: Float[Array, "time batch"]
    """heading after each move and the turn that follows it, radians, not limited to one circle; NaN
    unless the box is a square"""


def along(positions: Float[Array, "point batch d"]) -> Trajectories:
    """Return the trajectories along given positions (metres); the first position is the start.

    The heading is the direction of the next move. After the last move the heading does not change.
    """
    moves = jnp.diff(positions, axis=0)
    if positions.shape[-1] != 2:
        return without_headings(positions[0], moves, positions[1:])
    headings = jnp.arctan2(moves[..., 1], moves[..., 0])
    after = jnp.concatenate([headings[1:], headings[-1:]])
    return Trajectories(positions[0], moves, positions[1:], headings[0], after)


def without_headings(
    start: Float[Array, "batch d"],
    moves: Float[Array, "time batch d"],
    positions: Float[Array, "time batch d"],
) -> Trajectories:
    """Return trajectories on a line or in a volume, whose headings are NaN."""
    unknown = jnp.full(positions.shape[:-1], jnp.nan)
    return Trajectories(start, moves, positions, unknown[0], unknown)
