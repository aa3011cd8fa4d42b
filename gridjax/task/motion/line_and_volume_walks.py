"""Walks on a line and in a volume, which turn along or away from the walls.

They are the walk of gridjax.task.motion.square_walk in other dimensions: Rayleigh speeds, a
direction that diffuses, and slow turns at near walls. Directions are vectors of length 1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import lax, random
from jax.scipy.stats import norm
from jaxtyping import Array, Float, Key

from gridjax.prng import ABOVE_MINUS_1, normal, uniform
from gridjax.task import arena
from gridjax.task.motion.square_walk import SLOWED_AT_WALL
from gridjax.task.motion.trajectories import Trajectories, without_headings

_LEAST = 1e-6
"""Length below which a vector has no direction."""


class Draws(NamedTuple):
    """Random numbers of a batch of walks."""

    start: Float[Array, "batch d"]
    """metres, uniform in the box"""
    direction: Float[Array, "batch d"]
    """vectors of length 1, uniform on the sphere"""
    speeds: Float[Array, "step batch"]
    """m/s"""
    turns: Float[Array, "step batch d"]
    """standard normal numbers"""
    normals: Float[Array, "batch d"]
    """vectors of length 1, uniform on the sphere"""


def walk(key: Key[Array, ""], n_moves: int, batch_size: int, context: Any) -> Trajectories:
    """Draw a walk on a line or in a volume; ``context`` is a MotionContext.

    In a volume the direction diffuses on the sphere: each move is followed by a turn whose two
    components have the standard deviation dt_s turn_sd. All directions are equally likely. On a
    line the direction is reversed with the probability (1 - exp(-(dt_s turn_sd)^2 / 2)) / 2, so
    that successive moves are as correlated as in the plane.
    """
    drawn = _draw(key, n_moves, batch_size, context)
    return _paths(drawn._replace(normals=jnp.zeros_like(drawn.normals)), context)


def flattened_walk(
    key: Key[Array, ""], n_moves: int, batch_size: int, context: Any
) -> Trajectories:
    """Draw the walk in a volume with its vertical speed (along z) multiplied by vertical_scale.

    It stands for animals that move more across gravity than along it, such as rats in a climbing
    lattice (Grieves et al. 2020).
    """
    drawn = _draw(key, n_moves, batch_size, context)
    scale = jnp.ones(3).at[2].set(context.vertical_scale)
    return _paths(drawn._replace(normals=jnp.zeros_like(drawn.normals)), context, scale)


def planar_walk(key: Key[Array, ""], n_moves: int, batch_size: int, context: Any) -> Trajectories:
    """Draw walks in a volume that each stay in a plane of their own.

    The plane of a path contains its start, and its normal is uniform on the sphere. In its plane a
    path is the walk of the plane: its turns have the standard deviation dt_s turn_sd.
    """
    drawn = _draw(key, n_moves, batch_size, context)
    direction = _unit(_across(drawn.direction, drawn.normals))
    return _paths(drawn._replace(direction=direction), context)


def _draw(key: Key[Array, ""], n_moves: int, batch_size: int, context: Any) -> Draws:
    of_start, of_direction, of_speeds, of_turns, of_normals = random.split(key, 5)
    n_steps, shape = n_moves + 1, (batch_size, context.dimensions)
    speeds = uniform(of_speeds, (n_steps, batch_size), low=ABOVE_MINUS_1)
    return Draws(
        start=arena.uniform_positions(of_start, shape[:1], context.box_width_in_m, shape[1]),
        direction=_unit(normal(of_direction, shape)),
        speeds=context.speed_scale * jnp.sqrt(-2 * jnp.log((1 + speeds) / 2)),
        turns=normal(of_turns, (n_steps, *shape)),
        normals=_unit(normal(of_normals, shape)),
    )


def _paths(drawn: Draws, context: Any, scale: Float[Array, " d"] | float = 1.0) -> Trajectories:
    """Return the walks of these numbers, one move for each step.

    Each step moves along the *old* direction, then turns. The components of a move are multiplied
    by ``scale``. The first move is dropped, as in the plane. Positions are not clipped.
    """

    def step(state, at_t):
        position, direction = state
        speed, turn = at_t
        factor, along_wall = _avoid_wall(position, direction, drawn.normals, context)
        move = (factor * speed * context.dt_s)[:, None] * (scale * direction)
        turned = _turned(along_wall, turn, drawn.normals, context.dt_s * context.turn_sd)
        return (position + move, turned), (position + move, move)

    start = (drawn.start, drawn.direction)
    _, (positions, moves) = lax.scan(step, start, (drawn.speeds, drawn.turns))
    return without_headings(positions[0], moves[1:], positions[1:])


def _avoid_wall(
    position: Float[Array, "batch d"],
    direction: Float[Array, "batch d"],
    normals: Float[Array, "batch d"],
    context: Any,
) -> tuple[Float[Array, " batch"], Float[Array, "batch d"]]:
    """Return the factor on the speed, and the direction after the turn at a near wall.

    Near a wall an animal turns along it, within the plane of its path. Outside the box, and on a
    line, it turns back: the component of its direction towards the wall is reversed.
    """
    distance, wall = arena.nearest_face(position, context.box_width_in_m)
    outward = _unit(_across(wall, normals))
    towards = _dot(direction, outward)
    blocked = (distance < context.border_m)[:, None] & (towards > 0)
    tangent = direction - towards * outward
    turns_back = (distance < 0)[:, None] | (_dot(tangent, tangent) < _LEAST)
    turned = jnp.where(turns_back, direction - 2 * towards * outward, _unit(tangent))
    factor = jnp.where(blocked[:, 0], SLOWED_AT_WALL, 1.0)
    return factor, jnp.where(blocked, turned, direction)


def _turned(
    direction: Float[Array, "batch d"],
    turn: Float[Array, "batch d"],
    normals: Float[Array, "batch d"],
    turn_sd: Float[Array, ""],
) -> Float[Array, "batch d"]:
    """Return the directions after a turn by normal numbers of standard deviation ``turn_sd``."""
    if direction.shape[-1] == 1:
        share = (1 - jnp.exp(-(turn_sd**2) / 2)) / 2
        return jnp.where(norm.cdf(turn) < share, -direction, direction)
    across = turn_sd * _across(_across(turn, direction), normals)
    angle = jnp.sqrt(_dot(across, across))
    turned = jnp.cos(angle) * direction + jnp.sinc(angle / jnp.pi) * across
    return _unit(_across(turned, normals))  # rounding must not accumulate across a plane


def _across(vectors: Float[Array, "batch d"], units: Float[Array, "batch d"]) -> Array:
    """Return vectors without their components along units (or along vectors of length 0)."""
    return vectors - _dot(vectors, units) * units


def _dot(one: Float[Array, "batch d"], other: Float[Array, "batch d"]) -> Float[Array, "batch 1"]:
    return (one * other).sum(axis=-1, keepdims=True)


def _unit(vectors: Float[Array, "batch d"]) -> Float[Array, "batch d"]:
    """Return vectors divided by their length."""
    return vectors / jnp.maximum(jnp.sqrt(_dot(vectors, vectors)), _LEAST)
