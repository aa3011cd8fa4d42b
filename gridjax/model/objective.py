"""Losses, weight decay and errors."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.scipy.special import xlogy
from jaxtyping import Array, Float

from gridjax.model.cells import CELLS
from gridjax.model.network import Params
from gridjax.spec import Static


def cross_entropy(
    outputs: Float[Array, "*n Np"], targets: Float[Array, "*n Np"]
) -> Float[Array, "*n"]:
    """Return -sum_i y_i log softmax(outputs)_i for each position, nats."""
    return -(targets * jax.nn.log_softmax(outputs)).sum(axis=-1)


def mean_squared_error(
    outputs: Float[Array, "*n Np"], targets: Float[Array, "*n Np"]
) -> Float[Array, "*n"]:
    """Return the squared error, mean over outputs, in the targets' unit squared."""
    return jnp.square(outputs - targets).mean(axis=-1)


LOSSES: dict[str, Callable[[Array, Array], Float[Array, "*n"]]] = {
    "crossentropy": cross_entropy,
    "mse": mean_squared_error,
}
"""Losses of each position by their name in sweep files; training takes their mean."""


def entropy(targets: Float[Array, "*n Np"]) -> Float[Array, "*n"]:
    """Return -sum_i y_i log y_i for each position, nats: the least cross-entropy possible."""
    return -xlogy(targets, targets).sum(axis=-1)


def loss_excess(
    loss: Float[Array, "*n"], targets: Float[Array, "*n Np"], static: Static
) -> Float[Array, "*n"]:
    """Return cross-entropy minus the targets' own entropy, nats; NaN for other losses."""
    if static.place_field_loss != "crossentropy":
        return jnp.full_like(loss, jnp.nan)
    return loss - entropy(targets)


def weight_penalty(
    params: Params, weight_decay: Float[Array, ""], static: Static
) -> Float[Array, ""]:
    """Return lambda * sum(W^2), without 1/2, of the recurrent kernel."""
    kernel = CELLS[static.rnn_type].recurrent_kernel(params["cell"])
    return weight_decay * jnp.square(kernel).sum()


def position_error(
    decoded: Float[Array, "*n 2"], positions: Float[Array, "*n 2"]
) -> Float[Array, "*n"]:
    """Return the distance between decoded and true position, metres."""
    return jnp.sqrt(jnp.square(decoded - positions).sum(axis=-1))
