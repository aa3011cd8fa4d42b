"""Loss of a network: data loss, its excess over the targets' entropy, weight penalty, errors."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from gridjax.model.losses import cross_entropy, entropy
from gridjax.model.padding import mask_outputs
from gridjax.model.weights import Params
from gridjax.spec.lowering import StaticConfig
from gridjax.spec.padding import Padding
from gridjax.spec.registry import CELLS, LOSSES
from gridjax.task.task import split_outputs


def data_loss(
    outputs: Float[Array, "*n out"],
    targets: Float[Array, "*n out"],
    static: StaticConfig,
    padding: Padding | None = None,
) -> Float[Array, "*n"]:
    """Return the loss at each position: the target code's loss plus the heading's cross-entropy.

    Padded outputs of the target code do not contribute.
    """
    (code, head), (code_target, head_target) = (
        split_outputs(each, static) for each in (outputs, targets)
    )
    scale = 1.0
    if padding is not None:
        code, scale = mask_outputs(code, static, padding)
    loss = LOSSES[static.place_field_loss].loss(code, code_target) * scale
    if not static.n_head_direction_cells:
        return loss
    return loss + cross_entropy(head, head_target)


def loss_excess(
    loss: Float[Array, "*n"], targets: Float[Array, "*n out"], static: StaticConfig
) -> Float[Array, "*n"]:
    """Return the cross-entropy minus the entropy of the targets, nats; NaN for other losses."""
    if static.place_field_loss != "crossentropy":
        return jnp.full_like(loss, jnp.nan)
    code, head = split_outputs(targets, static)
    least = entropy(code)
    return loss - (least + entropy(head) if static.n_head_direction_cells else least)


def weight_penalty(
    params: Params, weight_decay: Float[Array, ""], static: StaticConfig
) -> Float[Array, ""]:
    """Return lambda * sum(W^2), without a factor 1/2, where W is the recurrent kernel.

    For UGRNN, W is the kernel that multiplies inputs and state together or, as published, its bias.
    The penalty is 0 for a cell without ``decayed``.
    """
    cell = CELLS[static.rnn_type]
    if cell.decayed is None:
        return jnp.zeros(())
    decayed = params["cell"]["b"] if static.decays_bias else cell.decayed(params["cell"])
    return weight_decay * jnp.square(decayed).sum()


def position_error(
    decoded: Float[Array, "*n d"], positions: Float[Array, "*n d"]
) -> Float[Array, "*n"]:
    """Return the distance between decoded and true position, metres."""
    return jnp.sqrt(jnp.square(decoded - positions).sum(axis=-1))
