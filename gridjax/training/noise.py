"""Gaussian noise in training: on the state after each move, and on the velocity input.

Evaluation and the training history are free of noise. A network without noise draws no numbers.
"""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Array, Float, Int

from gridjax.prng import Stream, normal, stream
from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.task.motion.trajectories import Trajectories


class Noise(NamedTuple):
    """Noise of one batch; None means no noise."""

    state: Float[Array, "time batch Ng"] | None
    """added to the cell's output h after each move, in units of h"""
    velocity: Float[Array, "time batch d"] | None
    """added to the velocity of each move that enters the network, m/s"""


NO_NOISE = Noise(None, None)


def draw_noise(static: StaticConfig, traced: TracedParams, step: Int[Array, ""]) -> Noise:
    """Draw the noise of gradient step ``step``, which depends only on the step's number.

    The numbers are independent for every move, trajectory, and unit or direction. Their standard
    deviations are state_noise and velocity_noise.
    """
    shape = static.sequence_length, static.batch_size
    padding = traced.padding

    def draw(purpose: Stream, n: int) -> Float[Array, "time batch n"]:
        own = None if padding is None else (padding.n_moves, padding.n_trajectories, n)
        return normal(stream(traced.motion_seed, purpose, step), (*shape, n), own)

    return Noise(
        traced.state_noise * draw(Stream.STATE_NOISE, static.Ng)
        if static.has_state_noise
        else None,
        traced.velocity_noise * draw(Stream.VELOCITY_NOISE, static.dimensions)
        if static.has_velocity_noise
        else None,
    )


def with_noisy_moves(
    trajectories: Trajectories, noise: Noise, dt_s: Float[Array, ""]
) -> Trajectories:
    """Return trajectories whose moves alone are noisy; positions and headings stay true.

    The network's inputs are computed from them. The noise of a move, in metres, is the noise of its
    velocity times the duration of a move. Egocentric inputs get the speed of the noisy move; their
    turns stay true.
    """
    if noise.velocity is None:
        return trajectories
    return trajectories._replace(moves=trajectories.moves + dt_s * noise.velocity)
