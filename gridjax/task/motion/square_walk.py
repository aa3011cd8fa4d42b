"""Walk in a square: a smooth random walk that slows down and turns along the walls.

This motion model is used in the study and in related work (Sorscher et al. 2019; Nayebi et al.
2021; No Free Lunch, 2022). The constants of the study are the defaults of NetworkSpec.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import erfinv
from jaxtyping import Array, Float, Key

from gridjax.errors import GridjaxError, Problem
from gridjax.loop_over_time import UNROLLED, scan_over_time
from gridjax.prng import ABOVE_MINUS_1, Stream, stream, uniform
from gridjax.spec.constraints import read_spec
from gridjax.spec.lowering import TracedParams
from gridjax.spec.network import NetworkSpec
from gridjax.spec.padding import Padding
from gridjax.task import arena
from gridjax.task.motion.trajectories import Trajectories
from gridjax.task.padding import padded_motion_draws

WORLD = ("box_width_in_m", "speed_scale", "turn_sd", "dt_s", "border_m")
"""Fields of NetworkSpec, other than seeds, that change the trajectories."""
SLOWED_AT_WALL = 0.25
"""Factor by which the speed is multiplied for a step towards a near wall."""


def simulate(
    key: Key[Array, ""], n_moves: int, batch_size: int, traced: TracedParams
) -> Trajectories:
    """Simulate a batch of trajectories of ``n_moves`` steps.

    Starts and headings have uniform distributions, and speeds a Rayleigh distribution with scale
    speed_scale. A turn is dt times a number from N(0, turn_sd^2).
    """
    n_steps = n_moves + 1
    # One draw of all numbers: each call of the generator adds a third of a second of compilation.
    drawn = _draw(key, n_steps, batch_size, traced.padding)
    where, around, speeds, turns = jnp.split(drawn, (2, 3, 3 + n_steps))
    return walk(
        position_0=where.T * traced.box_width_in_m / 2,
        heading_0=jnp.pi * around[0],
        speeds=traced.speed_scale * jnp.sqrt(-2 * jnp.log((1 + speeds) / 2)),
        turns=traced.dt_s * traced.turn_sd * jnp.sqrt(2.0) * erfinv(turns),
        traced=traced,
    )


def _draw(
    key: Key[Array, ""], n_steps: int, batch_size: int, padding: Padding | None
) -> Float[Array, "drawn batch"]:
    """Draw uniform numbers from (-1, 1).

    The rows are the position (2), the heading, the speeds of all steps, the turns of all steps.
    """
    if padding is not None:
        return padded_motion_draws(key, n_steps, batch_size, padding, ABOVE_MINUS_1)
    return uniform(key, (3 + 2 * n_steps, batch_size), low=ABOVE_MINUS_1)


def walk(
    position_0: Float[Array, "batch 2"],
    heading_0: Float[Array, " batch"],
    speeds: Float[Array, "steps batch"],
    turns: Float[Array, "steps batch"],
    traced: TracedParams,
) -> Trajectories:
    """Return the walk from positions (metres) and headings (radians), one move per speed (m/s).

    Each step moves along the *old* heading, then turns (radians). The first move is dropped, so
    that a trajectory starts in motion. Positions are not clipped: 0.6 % of the samples leave the
    box, by up to about 5 cm.
    """

    def step(state, at_t):
        position, heading = state
        speed, turn = at_t
        slowed, turn_away = _avoid_wall(position, heading, traced)
        distance = slowed * speed * traced.dt_s
        move = distance[:, None] * jnp.stack([jnp.cos(heading), jnp.sin(heading)], axis=-1)
        return (position + move, heading + turn + turn_away), ((position, heading), move)

    start, draws = (position_0, heading_0), (speeds, turns)
    last, (before, moves) = scan_over_time(step, start, draws, UNROLLED)
    positions, headings = (
        jnp.concatenate([earlier[2:], final[None]])
        for earlier, final in zip(before, last, strict=True)
    )
    return Trajectories(
        start=before[0][1],
        moves=moves[1:],
        positions=positions,
        start_heading=before[1][1],
        headings=headings,
    )


def _avoid_wall(
    position: Float[Array, "batch 2"], heading: Float[Array, " batch"], traced: TracedParams
) -> tuple[Float[Array, " batch"], Float[Array, " batch"]]:
    """Return the factor on the speed, and the additional turn (radians) along a near wall."""
    distance, normal = arena.nearest_wall(position, traced.box_width_in_m)
    angle = jnp.mod(heading - normal + jnp.pi, 2 * jnp.pi) - jnp.pi
    blocked = (distance < traced.border_m) & (jnp.abs(angle) < jnp.pi / 2)
    turn = jnp.sign(angle) * (jnp.pi / 2 - jnp.abs(angle))
    return jnp.where(blocked, SLOWED_AT_WALL, 1.0), jnp.where(blocked, turn, 0.0)


def simulate_trajectories(
    n_trajectories: int, n_moves: int = 20, seed: int = 0, **settings: float
) -> Trajectories:
    """Simulate trajectories of the study's motion model, batch first.

    ``settings`` are these fields of NetworkSpec: ``box_width_in_m``, ``speed_scale``,
    ``turn_sd``, ``dt_s``, ``border_m``. Returns start [batch, 2], moves and positions
    [batch, time, 2], metres, and headings [batch, time], radians.

    Raises GridjaxError for an unknown setting and for a value outside its limits.
    """
    unknown = [name for name in settings if name not in WORLD]
    if unknown:
        fix = "the world's settings are " + ", ".join(WORLD)
        raise GridjaxError(Problem(f"unknown setting {unknown[0]!r}", fix=fix))
    values: dict[str, Any] = dict(settings)
    if "box_width_in_m" in values:
        values["box_height_in_m"] = values["box_width_in_m"]
        values["bin_side_in_m"] = values["box_width_in_m"] / 44
    sizes = {"batch_size": n_trajectories, "sequence_length": n_moves, "motion_seed": seed}
    spec = read_spec(replace(NetworkSpec(), **values, **sizes))
    key = stream(jnp.asarray(spec.traced.motion_seed), Stream.MOTION)
    simulated = _simulate(key, spec.sequence_length, spec.batch_size, spec.traced)
    moves, positions, headings = (
        of_time.swapaxes(0, 1)
        for of_time in (simulated.moves, simulated.positions, simulated.headings)
    )
    return Trajectories(simulated.start, moves, positions, simulated.start_heading, headings)


_simulate = jax.jit(simulate, static_argnums=(1, 2))
