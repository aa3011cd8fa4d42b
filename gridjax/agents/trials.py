"""Trials of walkers: what they observe, and how a decision changes their state."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import random
from jaxtyping import Array, Bool, Float, Int, Key

from gridjax.agents.arena import Pose, draw_goals, heading_code, is_reached, walk
from gridjax.agents.codes import Code, code_at, goal_code
from gridjax.agents.policy import Observation
from gridjax.agents.settings import AgentSettings
from gridjax.model import network
from gridjax.spec.lowering import StaticConfig


class World(NamedTuple):
    """What all agents of a population share: hashable values."""

    settings: AgentSettings
    box_width_m: float
    static: StaticConfig | None
    """config of the networks that integrate; None without networks"""


class Walkers(NamedTuple):
    """State of the walkers of one agent."""

    pose: Pose
    goal: Float[Array, "walker 2"]
    goal_code: Float[Array, "walker n"]
    h: Float[Array, "walker Ng"] | None
    """state of the network; None without one"""
    age: Int[Array, " walker"]
    """decisions since the start of the trial"""
    is_blocked: Bool[Array, " walker"]


def start_trials(
    key: Key[Array, ""],
    world: World,
    code: Code,
    n: int,
    is_held_out: bool | None,
) -> Walkers:
    """Start trials: goals, places and headings are drawn; the network knows the place."""
    of_goal, of_place, of_heading = random.split(key, 3)
    goal = draw_goals(of_goal, world.settings, world.box_width_m, n, is_held_out)
    place = random.randint(of_place, (n,), 0, len(code.places))
    heading = random.uniform(of_heading, (n,), maxval=2 * jnp.pi)
    none = jnp.zeros(n, jnp.int32)
    return Walkers(
        pose=Pose(code.places[place], heading),
        goal=goal,
        goal_code=goal_code(code, goal, world.box_width_m),
        h=None if code.network is None else code.network.starts[place],
        age=none,
        is_blocked=none.astype(bool),
    )


def observe(world: World, code: Code, walkers: Walkers) -> Observation:
    """Return what agents observe."""
    return Observation(
        here=code_at(code, walkers.pose.position, walkers.h, world.static, world.box_width_m),
        goal=walkers.goal_code,
        heading=heading_code(world.settings, walkers.pose.heading),
        is_blocked=walkers.is_blocked[:, None].astype(jnp.float32),
    )


def decide(
    world: World, code: Code, walkers: Walkers, action: Int[Array, " walker"]
) -> tuple[Walkers, Bool[Array, " walker"], Int[Array, " walker"]]:
    """Carry out a decision of each walker.

    Returns the walkers, whether they came to the goal, and the number of moves before they did.
    """
    moved = walk(world.settings, world.box_width_m, walkers.pose, action)
    reached = is_reached(world.settings, moved.path, walkers.goal)
    h = walkers.h
    if code.network is not None:
        assert h is not None
        assert world.static is not None
        h = network.continued(code.network.params, h, moved.moves, world.static)[-1]
    following = walkers._replace(
        pose=moved.pose,
        h=h,
        age=walkers.age + 1,
        is_blocked=moved.is_blocked,
    )
    return following, reached.any(axis=0), jnp.argmax(reached, axis=0) + 1


def distance(walkers: Walkers) -> Float[Array, " walker"]:
    """Return the distance of each walker from the middle of its goal, metres."""
    return jnp.linalg.norm(walkers.pose.position - walkers.goal, axis=-1)


def restart(is_over: Bool[Array, " walker"], fresh: Walkers, walkers: Walkers) -> Walkers:
    """Return walkers in which new trials replace those that are over."""

    def choose(new: Array, old: Array) -> Array:
        over = is_over.reshape(-1, *[1] * (new.ndim - 1))
        return jnp.where(over, new, old)

    return jax.tree.map(choose, fresh, walkers)


def empty_observation(world: World, code: Code) -> Observation:
    """Return an observation of zeros, of one agent."""
    n = code.exact.shape[-1] + (0 if code.network is None else code.goal.shape[-1])
    return Observation(
        *(jnp.zeros(size) for size in (n, n, world.settings.n_head_direction_cells, 1))
    )
