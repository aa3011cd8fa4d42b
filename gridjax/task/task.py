"""Task of one network: its inputs at the start and at each move, and its targets.

The targets are the target code of the position, followed by the head-direction cells if the network
has any. A network with several environments has a layout of the target code in each of them
(gridjax.task.environments).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jax import random
from jaxtyping import Array, Float, Int, Key

from gridjax.spec.fields.declarations import is_recurrent, reads_target_code
from gridjax.spec.fields.environment_fields import ONE_HOT
from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.task.motion.trajectories import Trajectories
from gridjax.task.target_codes.context import encoding_context
from gridjax.task.target_codes.encodings import encoding
from gridjax.task.target_codes.head_direction import (
    HeadDirectionCells,
    draw_head_direction_cells,
    encode_headings,
)

_HEADINGS, _ENVIRONMENTS = 4, 64  # numbers folded into the layout's key


class Layout(struct.PyTreeNode):
    """Layout of a network's targets, drawn once."""

    code: Any
    """layout of the target code: place cells, or any pytree; None for codes without layout"""
    head: HeadDirectionCells | None
    """head-direction cells, the same in all environments"""
    further: Any = None
    """layouts of the target code in environments 1, 2, ...; arrays have a leading axis of
    environments. None with one environment"""
    environment: Int[Array, "*batch"] | None = None
    """environment whose layout ``code`` is; if it has an axis of trajectories, so have the arrays
    of ``code``. None: environment 0"""

    @property
    def is_of_trajectories(self) -> bool:
        """Whether each trajectory has a layout of its own."""
        return self.environment is not None and self.environment.ndim == 1


def draw(key: Key[Array, ""], static: StaticConfig, traced: TracedParams) -> Layout:
    """Draw the layout of one network; it is empty for a network without outputs and start code."""
    if not reads_target_code(static):
        return Layout(code=None, head=None)
    head = None
    if static.n_head_direction_cells:
        of_head = random.fold_in(key, _HEADINGS)
        kappa = traced.head_direction_kappa
        head = draw_head_direction_cells(of_head, static.n_head_direction_cells, kappa)
    context, init = encoding_context(static, traced), encoding(static).init
    further = None
    if static.n_environments > 1:
        of_environments = random.fold_in(key, _ENVIRONMENTS)
        numbers = jnp.arange(1, static.n_environments)
        further = jax.vmap(lambda n: init(random.fold_in(of_environments, n), context))(numbers)
    return Layout(code=init(key, context), head=head, further=further)


def targets(
    layout: Layout,
    positions: Float[Array, "*n d"],
    headings: Float[Array, "*n"],
    static: StaticConfig,
) -> Float[Array, "*n out"]:
    """Return the targets: the target code, then the head-direction cells.

    Positions are in metres, headings in radians. If each trajectory has a layout of its own, the
    trajectories are the last axis of the headings.
    """
    code = target_code(layout, positions, static)
    if layout.head is None:
        return code
    return jnp.concatenate([code, encode_headings(layout.head, headings)], axis=-1)


def target_code(
    layout: Layout, positions: Float[Array, "*n d"], static: StaticConfig
) -> Float[Array, "*n Np"]:
    """Return the target code of positions (metres), without head-direction cells.

    If each trajectory has a layout of its own, the trajectories are the last axis but one.
    """
    encode = encoding(static).encode
    if layout.is_of_trajectories:
        encode = jax.vmap(encode, (0, -2), -2)
    return encode(layout.code, positions)


def start_code(
    layout: Layout, trajectories: Trajectories, static: StaticConfig
) -> Float[Array, "batch out"]:
    """Return the targets at the start. The network's first state is computed from them."""
    return targets(layout, trajectories.start, trajectories.start_heading, static)


def decode(
    layout: Layout, code: Float[Array, "*n Np"], static: StaticConfig
) -> Float[Array, "*n d"]:
    """Return the positions (metres) that outputs of the target code encode.

    If each trajectory has a layout of its own, the trajectories are the last axis but one.
    """
    of_code = encoding(static).decode
    if layout.is_of_trajectories:
        of_code = jax.vmap(of_code, (0, -2), -2)
    return of_code(layout.code, code)


def inputs(
    trajectories: Trajectories,
    dt_s: Float[Array, ""],
    static: StaticConfig,
    environment: Int[Array, "*batch"] | None = None,
    landmarks: Float[Array, "time batch Np"] | None = None,
) -> Float[Array, "time batch n_in"]:
    """Return the inputs of the network at each move.

    ``displacement``: the components of the move, metres. ``egocentric``: speed (m/s), and sine and
    cosine of the turn that follows the move (Banino et al. 2018). Together with the heading at the
    start, egocentric inputs contain the same information as displacements. A network without
    recurrence receives the position after each move, metres.

    With the context input ``one_hot``, a number for each environment follows: 1 for the environment
    of the trajectory, 0 for the others. ``environment`` is that of all trajectories or of each of
    them; None stands for environment 0.

    A network with landmarks last receives ``landmarks`` (gridjax.task.landmarks). None stands for
    no landmark at any move, an input of 0.
    """
    parts = [_inputs_of_moves(trajectories, dt_s, static)]
    shape, dtype = parts[0].shape[:-1], parts[0].dtype
    if static.context_input == ONE_HOT:
        number = jnp.zeros((), jnp.int32) if environment is None else environment
        context = jax.nn.one_hot(number, static.n_environments, dtype=dtype)
        parts.append(jnp.broadcast_to(context, (*shape, static.n_environments)))
    if static.has_landmarks:
        without = jnp.zeros((*shape, static.Np), dtype)
        parts.append(without if landmarks is None else landmarks)
    return parts[0] if len(parts) == 1 else jnp.concatenate(parts, axis=-1)


def _inputs_of_moves(
    trajectories: Trajectories, dt_s: Float[Array, ""], static: StaticConfig
) -> Float[Array, "time batch n_in"]:
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
