"""The study's optimisers, as optax transformations built inside the trace from traced numbers.

Keras, which the study used, writes Adam in the epsilon-hat form. At paper size the gradients are
as small as epsilon, so that its place governs learning: optax.adam is another optimiser here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

ADAM_B1 = 0.9
ADAM_B2 = 0.999
ADAM_EPSILON_HAT = 1e-7


class AdamState(NamedTuple):
    """Moments of the gradient and the number of updates."""

    n_updates: Int[Array, ""]
    mean: Any
    square: Any


def adam(learning_rate: Float[Array, ""]) -> optax.GradientTransformation:
    """Return Adam in the epsilon-hat form (Kingma and Ba 2015, end of section 2).

    update = -lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + 1e-7).
    """

    def init(params: Any) -> AdamState:
        zeros = jax.tree.map(jnp.zeros_like, params)
        return AdamState(jnp.zeros((), jnp.int32), zeros, jax.tree.map(jnp.zeros_like, params))

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, AdamState]:
        del params
        n_updates = state.n_updates + 1
        mean = optax.tree.update_moment(updates, state.mean, ADAM_B1, 1)
        square = optax.tree.update_moment(updates, state.square, ADAM_B2, 2)
        t = n_updates.astype(jnp.float32)
        rate = learning_rate * jnp.sqrt(1 - ADAM_B2**t) / (1 - ADAM_B1**t)
        steps = jax.tree.map(
            lambda m, v: -rate * m / (jnp.sqrt(v) + ADAM_EPSILON_HAT), mean, square
        )
        return steps, AdamState(n_updates, mean, square)

    return optax.GradientTransformation(init, update)


OPTIMIZERS: dict[str, Callable[[Float[Array, ""]], optax.GradientTransformation]] = {"adam": adam}
"""Optimisers by their name in sweep files."""
