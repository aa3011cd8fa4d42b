"""Arena of navigating agents: turns, moves, walls and goals."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax, random
from jaxtyping import Array, Bool, Float, Int, Key

from gridjax.agents.settings import AgentSettings

_HEADING_KAPPA = 20.0
"""Concentration of head-direction cells (Banino et al. 2018)."""


class Pose(NamedTuple):
    """Places and headings of walkers."""

    position: Float[Array, "walker 2"]
    """metres from the middle of the arena"""
    heading: Float[Array, " walker"]
    """radians from the x axis"""


class Moved(NamedTuple):
    """A decision carried out."""

    pose: Pose
    moves: Float[Array, "move walker 2"]
    """displacements, metres; 0 at a wall"""
    path: Float[Array, "move walker 2"]
    """positions after each move, metres"""
    is_blocked: Bool[Array, " walker"]
    """whether a wall stopped or shortened any of the moves"""


def walk(
    settings: AgentSettings, box_width_m: float, pose: Pose, action: Int[Array, " walker"]
) -> Moved:
    """Turn by the angle of each action, then move forward.

    The component of a move that would leave the arena is cut, so that agents slide along its walls.
    A move that would cross a wall within the arena is left out.
    """
    turns = jnp.deg2rad(jnp.asarray(settings.turns_deg))
    heading = jnp.mod(pose.heading + turns[action], 2 * jnp.pi)
    wanted = settings.step_cm / 100 * jnp.stack([jnp.cos(heading), jnp.sin(heading)], axis=-1)

    def one(position: Array, _: None) -> tuple[Array, tuple[Array, Array, Array]]:
        free = position + wanted
        within = jnp.clip(free, -box_width_m / 2, box_width_m / 2)
        crosses = crosses_wall(settings, position, within)
        following = jnp.where(crosses[..., None], position, within)
        is_blocked = crosses | (within != free).any(axis=-1)
        return following, (following, following - position, is_blocked)

    n = settings.moves_per_decision
    position, (path, moves, is_blocked) = lax.scan(one, pose.position, None, n)
    return Moved(Pose(position, heading), moves, path, is_blocked.any(axis=0))


def crosses_wall(
    settings: AgentSettings, before: Float[Array, "walker 2"], after: Float[Array, "walker 2"]
) -> Bool[Array, " walker"]:
    """Return whether each move crosses a wall within the arena or ends on one.

    A move that starts on a wall may leave it.
    """
    if not settings.walls:
        return jnp.zeros(len(before), bool)
    ends = jnp.asarray(settings.walls)  # [wall, end, 2]
    first, second = ends[:, 0], ends[:, 1]
    before, after = before[:, None], after[:, None]
    from_side, to_side = _side(first, second, before), _side(first, second, after)
    meets_line = (from_side * to_side < 0) | ((to_side == 0) & (from_side != 0))
    is_between = _side(before, after, first) * _side(before, after, second) <= 0
    return (meets_line & is_between).any(axis=-1)


def _side(start: Array, end: Array, point: Array) -> Array:
    """Return on which side of a line points lie: a cross product, 0 on the line."""
    along, to = end - start, point - start
    return along[..., 0] * to[..., 1] - along[..., 1] * to[..., 0]


def is_reached(
    settings: AgentSettings, path: Float[Array, "move walker 2"], goal: Float[Array, "walker 2"]
) -> Bool[Array, "move walker"]:
    """Return whether each position of a path is at the goal."""
    return jnp.linalg.norm(path - goal, axis=-1) <= settings.goal_radius_cm / 100


def in_held_out_quadrant(positions: Float[Array, "*n 2"]) -> Bool[Array, "*n"]:
    """Return whether positions lie at x > 0, y > 0."""
    return (positions > 0).all(axis=-1)


def draw_goals(
    key: Key[Array, ""],
    settings: AgentSettings,
    box_width_m: float,
    n: int,
    is_held_out: bool | None,
) -> Float[Array, "n 2"]:
    """Draw goals, uniform in the arena without a margin of the goal's radius at its walls.

    ``is_held_out``: only in the held-out quadrant, only outside it, or (None) anywhere.
    """
    half = box_width_m / 2 - min(settings.goal_radius_cm / 100, box_width_m / 4)
    of_place, of_quadrant = random.split(key)
    if is_held_out is None:
        return random.uniform(of_place, (n, 2), minval=-half, maxval=half)
    drawn = random.uniform(of_place, (n, 2), maxval=half)
    if is_held_out:
        return drawn
    quadrant = random.randint(of_quadrant, (n,), 0, 3)
    return drawn * jnp.array([[-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])[quadrant]


def heading_code(settings: AgentSettings, heading: Float[Array, " walker"]) -> Float[Array, "w n"]:
    """Return the rates of head-direction cells at equal distances: a softmax over the cells."""
    n = settings.n_head_direction_cells
    preferred = jnp.asarray(np.arange(n) * 2 * np.pi / n)
    rates = jnp.exp(_HEADING_KAPPA * (jnp.cos(heading[:, None] - preferred) - 1))
    return rates / rates.sum(axis=-1, keepdims=True)
