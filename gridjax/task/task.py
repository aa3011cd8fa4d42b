"""Task of one network: its inputs at the start and at each move, and its targets.

The targets are the target code of the position, followed by the head-direction cells if the network
has any.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from flax import struct
from jax import random
from jaxtyping import Array, Float, Key

from gridjax.spec.fields.declarations import is_recurrent, reads_target_code
from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.task.encoding_context import encoding_context
from gridjax.task.head_direction import (
    HeadDirectionCells,
    draw_head_direction_cells,
    encode_headings,
)
from gridjax.task.motion import Trajectories
from gridjax.task.target_codes import encoding

_HEADINGS = 4  # number folded into the layout's key


class Layout(struct.PyTreeNode):
    """Layout of a network's targets, drawn once."""

    code: Any
    """layout of the target code: place cells, or any pytree; None for codes without layout"""
    head: HeadDirectionCells | None


def draw(key: Key[Array, ""], static: StaticConfig, traced: TracedParams) -> Layout:
    """Draw the layout of one network; it is empty for a network without outputs and start code."""
    if not reads_target_code(static):
        return Layout(code=None, head=None)
    head = None
    if static.n_head_direction_cells:
        of_head = random.fold_in(key, _HEADINGS)
        kappa = traced.head_direction_kappa
        head = draw_head_direction_cells(of_head, static.n_head_direction_cells, kappa)
    return Layout(code=encoding(static).init(key, encoding_context(static, traced)), head=head)


def targets(
    layout: Layout,
    positions: Float[Array, "*n d"],
    headings: Float[Array, "*n"],
    static: StaticConfig,
) -> Float[Array, "*n out"]:
    """Return the targets: the target code, then the head-direction cells.

    Positions are in metres, headings in radians.
    """
    code = encoding(static).encode(layout.code, positions)
    if layout.head is None:
        return code
    return jnp.concatenate([code, encode_headings(layout.head, headings)], axis=-1)


def start_code(
    layout: Layout, trajectories: Trajectories, static: StaticConfig
) -> Float[Array, "batch out"]:
    """Return the targets at the start. The network's first state is computed from them."""
    return targets(layout, trajectories.start, trajectories.start_heading, static)


def inputs(
    trajectories: Trajectories, dt_s: Float[Array, ""], static: StaticConfig
) -> Float[Array, "time batch n_in"]:
    """Return the inputs of the network at each move.

    ``displacement``: the components of the move, metres. ``egocentric``: speed (m/s), and sine and
    cosine of the turn that follows the move (Banino et al. 2018). Together with the heading at the
    start, egocentric inputs contain the same information as displacements. A network without
    recurrence receives the position after each move, metres.
    """
    if not is_recurrent(static):
        return trajectories.positions
    if static.inputs == "displacement":
        return trajectories.moves
    speed = jnp.hypot(trajectories.moves[..., 0], trajectories.moves[..., 1]) / dt_s
    before = jnp.concatenate([trajectories.start_heading[None], trajectories.headings[:-1]])
    turn = trajectories.headings - before
    return jnp.stack([speed, jnp.sin(turn), jnp.cos(turn)], axis=-1)


def split_outputs(
    outputs: Float[Array, "*n out"], static: StaticConfig
) -> tuple[Float[Array, "*n Np"], Float[Array, "*n head"]]:
    """Return the outputs (or targets) of the target code and of the head-direction cells."""
    return outputs[..., : static.Np], outputs[..., static.Np :]
