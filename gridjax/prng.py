"""Random streams of a network: one stream for each purpose, from the network's own seeds.

The key of a stream is made from the network's own seed for that purpose. The purpose is folded into
the key. If the stream has steps, the step is folded in too. The key does not contain the network's
position in the population, so that its random numbers do not depend on other networks. The keys are
threefry keys, because rbg keys under vmap use only the first key.
"""

from __future__ import annotations

import enum

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.random import threefry_2x32
from jaxtyping import Array, Float, Int, Key

from gridjax.forked_process import refuse_forked_process

ABOVE_MINUS_1 = float(np.nextafter(np.float32(-1), np.float32(0)))
"""The smallest float32 above -1, whose inverse error function is finite."""


class Stream(enum.IntEnum):
    """Purposes of random numbers. The keys depend on these values, so they must never change."""

    LAYOUT = 1
    """Centres (and widths) of the place cells; from layout_seed."""
    WEIGHTS = 2
    """Initial weights; from weight_seed."""
    MOTION = 3
    """Training trajectories, folded with the step; from motion_seed."""
    PROGRESS = 4
    """Trajectories of the training history, folded with the step; from motion_seed."""
    EVALUATION = 5
    """Trajectories for rate maps and errors, folded with the batch; from motion_seed."""
    READOUTS = 6
    """Weights of the random readouts (the null); from layout_seed."""
    DROPOUT = 7
    """Dropout masks, folded with the step; from motion_seed."""
    DRIFT = 8
    """Long trajectories for drift curves and for the likelihood decoder; from motion_seed."""
    STATE_NOISE = 9
    """Noise on the state in training, folded with the step; from motion_seed."""
    VELOCITY_NOISE = 10
    """Noise on the velocity input in training, folded with the step; from motion_seed."""
    MAP_NULLS = 11
    """Nulls of the maps of a network without outputs; from weight_seed."""
    PERTURBATIONS = 12
    """Trajectories, noise, lesions and kicks of perturbed evaluation; from motion_seed."""
    ENVIRONMENTS = 13
    """Environment of each trajectory in training, folded with the step; from motion_seed."""
    OUTSIDE = 14
    """Walks out of the box, folded with the batch; from motion_seed."""
    CLOSED_LOOP = 15
    """Trajectories of networks whose outputs are fed back; from motion_seed."""
    LANDMARKS = 16
    """Landmarks in training, folded with the step; from motion_seed."""
    LANDMARK_PATHS = 17
    """Trajectories, noise and landmarks of evaluation with landmarks; from motion_seed."""
    AGENT_CODES = 18
    """Cells, readouts and walks of the codes that agents read; from layout_seed, motion_seed."""
    AGENTS = 19
    """Weights, decisions and trials of an agent in training; from the agent's seed."""
    AGENT_TESTS = 20
    """Decisions and trials of an agent in tests; from the agent's seed."""
    OWN_PATHS = 21
    """New paths of a network's motion, drawn on request; from motion_seed."""


def stream(
    seed: Int[Array, ""] | int, purpose: Stream, index: Int[Array, ""] | int | None = None
) -> Key[Array, ""]:
    """Return the key of a random stream.

    Args:
        seed: the network's seed for the purpose, 0-d int32 or a Python integer.
        purpose: the purpose of the random numbers.
        index: step or batch of the numbers; None for a stream without steps.
    """
    refuse_forked_process()
    key = jax.random.fold_in(jax.random.key(seed, impl="threefry2x32"), int(purpose))
    return key if index is None else jax.random.fold_in(key, index)


def uniform(
    key: Key[Array, ""],
    shape: tuple[int, ...],
    own: tuple[Int[Array, ""] | int, ...] | None = None,
    low: Float[Array, ""] | float = 0.0,
    high: Float[Array, ""] | float = 1.0,
) -> Float[Array, "*shape"]:
    """Return a padded array of ``shape`` that begins with ``jax.random.uniform(key, own)``.

    Args:
        key: the key of the stream.
        shape: shape of the padded array.
        own: shape of the unpadded array; it may be traced. None means ``shape``. Entries outside it
            are arbitrary. An array that is padded only along its first axis needs no ``own``,
            because threefry numbers the elements row by row.
        low, high: the range [low, high).
    """
    if own is None:
        return jax.random.uniform(key, shape, minval=low, maxval=high)
    place = jnp.zeros(shape, jnp.uint32)
    for axis, size in enumerate(own):
        index = lax.broadcasted_iota(jnp.uint32, shape, axis)
        place = place * jnp.asarray(size, jnp.uint32) + index
    return uniform_at(key, place, low, high)


def normal(
    key: Key[Array, ""],
    shape: tuple[int, ...],
    own: tuple[Int[Array, ""] | int, ...] | None = None,
) -> Float[Array, "*shape"]:
    """Return standard normal numbers; the arguments are those of ``uniform``."""
    return jnp.float32(2**0.5) * lax.erf_inv(uniform(key, shape, own, low=ABOVE_MINUS_1))


def uniform_at(
    key: Key[Array, ""],
    place: Int[Array, "*n"],
    low: Float[Array, ""] | float = 0.0,
    high: Float[Array, ""] | float = 1.0,
) -> Float[Array, "*n"]:
    """Return the entries of ``jax.random.uniform`` at flat indices ``place`` (uint32)."""
    flat = place.reshape(-1)
    bits = threefry_2x32(jax.random.key_data(key), jnp.concatenate([jnp.zeros_like(flat), flat]))
    first, second = jnp.split(bits, 2)
    # a float32 in [1, 2): 23 random bits of mantissa with the exponent of 1.0
    mantissa = lax.shift_right_logical(first ^ second, jnp.uint32(9)) | jnp.uint32(0x3F800000)
    unit = lax.bitcast_convert_type(mantissa, jnp.float32) - 1
    lowest, highest = (jnp.asarray(each, jnp.float32) for each in (low, high))
    return jnp.maximum(lowest, unit * (highest - lowest) + lowest).reshape(place.shape)
