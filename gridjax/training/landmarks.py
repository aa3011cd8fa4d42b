"""Landmarks of the trajectories of a gradient step."""

from __future__ import annotations

from jaxtyping import Array, Float, Int

from gridjax.prng import Stream, stream
from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.task.landmarks import draw_landmarks, landmark_inputs
from gridjax.task.motion.trajectories import Trajectories
from gridjax.task.task import Layout


def landmarks_of_step(
    static: StaticConfig,
    traced: TracedParams,
    layout: Layout,
    trajectories: Trajectories,
    step: Int[Array, ""],
) -> Float[Array, "time batch Np"] | None:
    """Return the landmark inputs of gradient step ``step``; None for a network without landmarks.

    The random numbers depend only on the number of the step. ``layout`` is that of the step.
    """
    if not static.has_landmarks:
        return None
    key = stream(traced.motion_seed, Stream.LANDMARKS, step)
    rate, noise_m = traced.landmark_rate, traced.landmark_noise_in_m
    drawn = draw_landmarks(key, trajectories.positions, rate, noise_m)
    return landmark_inputs(layout, drawn, static)
