"""Motion models: the registry of functions that draw the paths of a network, and gridjax's own.

gridjax.task.motion.square_walk has the walk of the study, which is the default.
``register_motion`` adds a user's motion.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, Float, Key

from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.spec.records.motion_info import MOTION_NUMBERS, WALK, MotionInfo
from gridjax.spec.registry import MOTIONS
from gridjax.task import arena
from gridjax.task.motion import line_and_volume_walks, square_walk
from gridjax.task.motion.trajectories import Trajectories, along

PERMUTED = "permuted_velocities"
"""Name of the motion whose paths are permutations of one sequence of moves."""
_N_ANGLES = 4096
"""Number of angles of the table from which von Mises turns are drawn."""
_LONGER = 10
"""Length of the sequence of moves from which ``draw_measured_paths`` draws permuted paths, in units
of a path."""
_NUMBERS = (*MOTION_NUMBERS, "box_width_in_m", "dt_s")
_ContextFields: Any = namedtuple("_ContextFields", (*_NUMBERS, "dimensions"))


class MotionContext(_ContextFields):
    """Numbers that a motion may read, as traced 0-d arrays; ``dimensions`` is a Python integer.

    speed_scale (m / s), turn_sd (rad / s), border_m (m), turn_kappa, vertical_scale,
    box_width_in_m (m), dt_s (s), dimensions (of the box: 1, 2 or 3).
    """

    __slots__ = ()


class Motion(NamedTuple):
    """A motion model as a pure function."""

    simulate: Callable[[Key[Array, ""], int, int, MotionContext], Trajectories]
    """key, number of moves, number of paths, numbers -> the paths, with time as the first axis.
    ``gridjax.trajectories_along`` makes them from positions [moves + 1, paths, dimensions]"""
    problem: Callable[[float, float], str | None] | None = None
    """side of the box (metres), duration of a path (seconds) -> why a network cannot use the
    motion, or None if it can; None: every network can"""


def register_motion(info: MotionInfo, model: Motion) -> None:
    """Add a motion: its record and its function. ``info.name`` is its name in sweep files.

    Raises GridjaxError if the name is already used, or the source of the function cannot be found.
    """
    MOTIONS.register(info, Motion(*model), MotionInfo)


def motion_context(static: StaticConfig, traced: TracedParams) -> MotionContext:
    """Return the numbers of one network."""
    return MotionContext(*(getattr(traced, name) for name in _NUMBERS), static.dimensions)


def draw_paths(
    key: Key[Array, ""], n_moves: int, batch_size: int, static: StaticConfig, traced: TracedParams
) -> Trajectories:
    """Draw a batch of paths of ``n_moves`` moves with the motion of a network."""
    if static.motion == WALK and static.dimensions == 2:
        return square_walk.simulate(key, n_moves, batch_size, traced)
    model: Motion = MOTIONS[static.motion]
    return model.simulate(key, n_moves, batch_size, motion_context(static, traced))


def draw_measured_paths(
    key: Key[Array, ""], n_moves: int, batch_size: int, static: StaticConfig, traced: TracedParams
) -> Trajectories:
    """Draw a batch of paths for measures: those of ``draw_paths``, which end in different places.

    All permutations of one sequence of moves end in one place, where no state can be seen to follow
    the position. Permuted paths are therefore the beginnings of longer ones.
    """
    n_drawn = _LONGER * n_moves if static.motion == PERMUTED else n_moves
    paths = draw_paths(key, n_drawn, batch_size, static, traced)
    return paths._replace(
        moves=paths.moves[:n_moves],
        positions=paths.positions[:n_moves],
        headings=paths.headings[:n_moves],
    )


def random_positions(
    key: Key[Array, ""], n_moves: int, batch_size: int, context: MotionContext
) -> Trajectories:
    """Draw positions that are independent at all times, uniform in the box."""
    shape = (n_moves + 1, batch_size)
    width, dimensions = context.box_width_in_m, context.dimensions
    return along(arena.uniform_positions(key, shape, width, dimensions))


def von_mises_walk(
    key: Key[Array, ""], n_moves: int, batch_size: int, context: MotionContext
) -> Trajectories:
    """Draw a walk with von Mises turns and Rayleigh speeds, which the walls reflect.

    Starts and headings are uniform. Each move has a length of dt_s times a Rayleigh number of scale
    speed_scale, after a turn from a von Mises distribution of concentration turn_kappa.

    Source: Pettersen et al. (2024).
    """
    of_start, of_heading, of_speeds, of_turns = random.split(key, 4)
    half, shape = context.box_width_in_m / 2, (n_moves, batch_size)
    start = arena.uniform_positions(of_start, (batch_size,), context.box_width_in_m)
    heading = random.uniform(of_heading, (batch_size,), minval=-jnp.pi, maxval=jnp.pi)
    lengths = context.dt_s * context.speed_scale * random.rayleigh(of_speeds, 1.0, shape)
    turns = von_mises(of_turns, shape, context.turn_kappa)

    def step(state, at_t):
        position, heading = state
        length, turn = at_t
        heading = heading + turn
        direction = jnp.stack([jnp.cos(heading), jnp.sin(heading)], axis=-1)
        moved = position + length[:, None] * direction
        is_out = jnp.abs(moved) > half
        direction = jnp.where(is_out, -direction, direction)
        reflected = jnp.where(is_out, jnp.sign(moved) * 2 * half - moved, moved)
        heading = jnp.arctan2(direction[:, 1], direction[:, 0])
        return (jnp.clip(reflected, -half, half), heading), jnp.clip(reflected, -half, half)

    _, positions = lax.scan(step, (start, heading), (lengths, turns))
    return along(jnp.concatenate([start[None], positions]))


def von_mises(
    key: Key[Array, ""], shape: tuple[int, ...], kappa: Float[Array, ""]
) -> Float[Array, "*shape"]:
    """Draw angles (radians) from a von Mises distribution around 0, from a table of its quantiles.

    The error of a quantile is below 2 pi / 4096 times the width of a table interval.
    """
    angles = jnp.linspace(-jnp.pi, jnp.pi, _N_ANGLES + 1)
    density = jnp.exp(kappa * (jnp.cos(angles) - 1))
    mass = jnp.cumsum((density[1:] + density[:-1]) / 2)
    shares = jnp.concatenate([jnp.zeros(1), mass / mass[-1]])
    return jnp.interp(random.uniform(key, shape), shares, angles)


def permuted_velocities(
    key: Key[Array, ""], n_moves: int, batch_size: int, context: MotionContext
) -> Trajectories:
    """Draw one sequence of moves, and the paths of its permutations from the centre of the box.

    The coordinates of a move are uniform between -dt_s speed_scale and dt_s speed_scale. Walls
    have no effect.

    Source: Schaeffer et al. (2023), appendix.
    """
    of_moves, of_order = random.split(key)
    largest = context.dt_s * context.speed_scale
    moves = random.uniform(of_moves, (n_moves, context.dimensions), minval=-largest, maxval=largest)
    keys = random.split(of_order, batch_size)
    order = jax.vmap(lambda one: random.permutation(one, n_moves), out_axes=1)(keys)
    ends = jnp.cumsum(moves[order], axis=0)
    return along(jnp.concatenate([jnp.zeros((1, *ends.shape[1:])), ends]))


MOTIONS.build_in(
    walk=Motion(line_and_volume_walks.walk),  # of a line and of a volume
    flattened_walk=Motion(line_and_volume_walks.flattened_walk),
    planar_walk=Motion(line_and_volume_walks.planar_walk),
    von_mises_walk=Motion(von_mises_walk),
    permuted_velocities=Motion(permuted_velocities),
    random_positions=Motion(random_positions),
)
