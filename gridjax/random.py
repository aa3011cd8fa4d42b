"""Every random stream and what it is for.

A stream is the network's own seed for that purpose, folded with the purpose and, where it goes on
in time, with the step. A network's position in the population never enters, so its numbers do not
depend on its neighbours. The key is threefry: rbg keys under vmap use only the first key.
"""

from __future__ import annotations

import enum

import jax
from jaxtyping import Array, Int, Key


class Stream(enum.IntEnum):
    """What the random numbers are for. The numbers are part of the results: never renumber."""

    LAYOUT = 1
    """Centres (and widths) of the place cells; from layout_seed."""
    WEIGHTS = 2
    """Initial weights; from weight_seed."""
    MOTION = 3
    """Training trajectories, folded with the step; from motion_seed."""
    PROGRESS = 4
    """The trajectories of the training history, folded with the step; from motion_seed."""
    EVALUATION = 5
    """The trajectories of the rate maps and errors, folded with the batch; from motion_seed."""
    READOUTS = 6
    """Weights of the random-readout null; from layout_seed."""
    DROPOUT = 7
    """Masks of dropout, folded with the step; from motion_seed."""
    DRIFT = 8
    """The long trajectories of drift curves and the likelihood decoder; from motion_seed."""


def stream(
    seed: Int[Array, ""] | int, purpose: Stream, index: Int[Array, ""] | int | None = None
) -> Key[Array, ""]:
    """Return the key of one purpose, at one index in time where the stream has one."""
    key = jax.random.fold_in(jax.random.key(seed, impl="threefry2x32"), int(purpose))
    return key if index is None else jax.random.fold_in(key, index)
