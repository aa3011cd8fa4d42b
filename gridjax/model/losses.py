"""Losses between outputs and targets at each position, and their smallest possible values.

``register_loss`` adds a user's loss.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import xlogy
from jaxtyping import Array, Float

from gridjax.spec.records.cell_info import LossInfo
from gridjax.spec.registry import LOSSES


class Loss(NamedTuple):
    """A loss as pure functions that return one value for each position."""

    loss: Callable[[Float[Array, "*n Np"], Float[Array, "*n Np"]], Float[Array, "*n"]]
    """outputs, targets -> loss; training takes its mean over batch and time"""
    least: Callable[[Float[Array, "*n Np"]], Float[Array, "*n"]] | None = None
    """targets -> the smallest loss that any outputs can have; None if it is 0"""


def register_loss(info: LossInfo, loss: Loss) -> None:
    """Add a loss: its record and its functions. ``info.name`` is its name in sweep files.

    Raises GridjaxError if the name is already used, or the source of a function cannot be found.
    """
    LOSSES.register(info, Loss(*loss), LossInfo)


def cross_entropy(
    outputs: Float[Array, "*n Np"], targets: Float[Array, "*n Np"]
) -> Float[Array, "*n"]:
    """Return -sum_i y_i log softmax(outputs)_i, nats."""
    return -(targets * jax.nn.log_softmax(outputs)).sum(axis=-1)


def entropy(targets: Float[Array, "*n Np"]) -> Float[Array, "*n"]:
    """Return -sum_i y_i log y_i, nats: the smallest possible cross-entropy.

    Values that are negative because of rounding are treated as 0.
    """
    shares = jnp.maximum(targets, 0.0)
    return -xlogy(shares, shares).sum(axis=-1)


def mean_squared_error(
    outputs: Float[Array, "*n Np"], targets: Float[Array, "*n Np"]
) -> Float[Array, "*n"]:
    """Return the mean over outputs of the squared error, in the squared unit of the targets."""
    return jnp.square(outputs - targets).mean(axis=-1)


def polar_mean_squared_error(
    outputs: Float[Array, "*n 2"], targets: Float[Array, "*n 2"]
) -> Float[Array, "*n"]:
    """Return the squared distance (m^2) of polar positions: r1^2 + r2^2 - 2 r1 r2 cos(dtheta)."""
    (r1, angle1), (r2, angle2) = jnp.moveaxis(outputs, -1, 0), jnp.moveaxis(targets, -1, 0)
    return r1**2 + r2**2 - 2 * r1 * r2 * jnp.cos(angle1 - angle2)


def binary_cross_entropy(
    outputs: Float[Array, "*n Np"], targets: Float[Array, "*n Np"]
) -> Float[Array, "*n"]:
    """Return the mean over outputs z of -y log sigmoid(z) - (1 - y) log(1 - sigmoid(z)), nats."""
    return (jax.nn.softplus(outputs) - targets * outputs).mean(axis=-1)


def binary_entropy(targets: Float[Array, "*n Np"]) -> Float[Array, "*n"]:
    """Return the mean over outputs of -y log y - (1 - y) log(1 - y), nats."""
    return -(xlogy(targets, targets) + xlogy(1 - targets, 1 - targets)).mean(axis=-1)


LOSSES.build_in(
    crossentropy=Loss(cross_entropy, entropy),
    mse=Loss(mean_squared_error),
    polarmse=Loss(polar_mean_squared_error),
    binarycrossentropy=Loss(binary_cross_entropy, binary_entropy),
)
