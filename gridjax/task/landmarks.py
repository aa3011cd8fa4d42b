"""Landmarks: noisy measurements of the position, which a network receives in the target code."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import random
from jaxtyping import Array, Bool, Float, Key

from gridjax.prng import normal, uniform
from gridjax.spec.lowering import StaticConfig
from gridjax.task.task import Layout, target_code

_IS_SEEN, _NOISE = 0, 1  # numbers folded into the key


class Landmarks(NamedTuple):
    """Measurements of the positions of a batch of trajectories."""

    is_seen: Bool[Array, "time batch"]
    """whether there is a measurement after each move"""
    positions: Float[Array, "time batch d"]
    """measured position after each move, metres; meaningless where there is no measurement"""


def draw_landmarks(
    key: Key[Array, ""],
    positions: Float[Array, "time batch d"],
    rate: Float[Array, ""] | float,
    noise_m: Float[Array, ""] | float,
) -> Landmarks:
    """Draw the measurements of true positions.

    Args:
        key: the key of the stream.
        positions: true position after each move, metres.
        rate: probability of a measurement after each move.
        noise_m: sd of the Gaussian noise on each coordinate, metres. A measured position may lie
            outside the box; it is not clipped.
    """
    is_seen = uniform(random.fold_in(key, _IS_SEEN), positions.shape[:-1]) < rate
    noise = normal(random.fold_in(key, _NOISE), positions.shape)
    return Landmarks(is_seen, positions + noise_m * noise)


def landmark_inputs(
    layout: Layout, landmarks: Landmarks, static: StaticConfig
) -> Float[Array, "time batch Np"]:
    """Return the target code of the measured positions, and 0 where there is no measurement.

    It is the code of the environment, also for positions outside the box. A code that divides by
    the sum over its cells is undefined so far outside that no cell responds; the input is 0 there.
    """
    code = target_code(layout, landmarks.positions, static)
    is_known = jnp.isfinite(code).all(axis=-1) & landmarks.is_seen
    return jnp.where(is_known[..., None], code, 0.0)
