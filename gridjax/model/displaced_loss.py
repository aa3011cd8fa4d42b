"""Loss of outputs that are the targets of a position a given distance away.

The distance is an error of position; this loss is the same error in the unit of the loss. It needs
no decoder, so that it also exists for codes that give several positions the same targets.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax
from jax.scipy.special import rel_entr
from jaxtyping import Array, Float

from gridjax.model.losses import Loss
from gridjax.spec.lowering import StaticConfig
from gridjax.spec.registry import LOSSES
from gridjax.task.target_codes.encodings import encoding
from gridjax.task.task import Layout

N_POSITIONS = 24
"""Number of positions along each side of the box."""
N_DIRECTIONS = 16
"""Number of directions, equally spaced from 0."""
_NEGLIGIBLE = 1e-20
"""Targets below it are omitted from divergences: they contribute less than rounding, and the same
target at the other position may have been rounded to 0."""


def displaced_loss(
    layout: Layout,
    box_width_m: Float[Array, ""] | float,
    static: StaticConfig,
    distance_m: Float[Array, ""] | float,
) -> Float[Array, ""]:
    """Return the mean loss above its least value if y(x + d) is answered where y(x) is right.

    The mean is over the positions x at the centres of 24 x 24 bins of the box, and over 16
    directions of d; |d| is ``distance_m``. For cross-entropy the value is KL(y(x) || y(x + d)),
    nats; for squared errors it is the loss of the targets y(x + d). It is infinite if some target
    is 0 at x + d and not at x, as in Differences of Softmaxes: a softmax cannot answer 0.

    Args:
        layout: the layout of the network.
        box_width_m: side of the box, metres.
        static: static configuration of the network: its target code and its loss.
        distance_m: distance between the two positions, metres.
    """
    encode = encoding(static).encode
    axis = ((jnp.arange(N_POSITIONS) + 0.5) / N_POSITIONS - 0.5) * box_width_m
    positions = jnp.stack(jnp.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    targets = encode(layout.code, positions)
    angles = jnp.arange(N_DIRECTIONS) * (2 * jnp.pi / N_DIRECTIONS)
    moves = distance_m * jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=-1)

    def along(move: Float[Array, "2"]) -> Float[Array, ""]:
        answers = encode(layout.code, positions + move)
        return _above_least(answers, targets, static.place_field_loss).mean()

    return lax.map(along, moves).mean()


def _above_least(
    answers: Float[Array, "n Np"], targets: Float[Array, "n Np"], loss: str
) -> Float[Array, " n"]:
    """Return the loss of answers above its least value; both are targets of some position."""
    if loss == "crossentropy":
        return _divergence(targets, answers).sum(axis=-1)
    if loss == "binarycrossentropy":
        off = _divergence(1 - targets, 1 - answers)
        return (_divergence(targets, answers) + off).mean(axis=-1)
    functions: Loss = LOSSES[loss]
    value = functions.loss(answers, targets)
    return value if functions.least is None else value - functions.least(targets)


def _divergence(p: Float[Array, "n Np"], q: Float[Array, "n Np"]) -> Float[Array, "n Np"]:
    """Return p log(p / q), nats."""
    return jnp.where(p > _NEGLIGIBLE, rel_entr(p, q), 0.0)
