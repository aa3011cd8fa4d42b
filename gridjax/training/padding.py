"""Padded shapes in training: an optimiser selected by a traced number, and removal of padding.

See gridjax.spec.padding.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from gridjax.spec.padding import OPTIMIZERS
from gridjax.task.target_codes.place_cells import PlaceCells
from gridjax.training.optimizers import ADAGRAD_START, ADAM_B1, ADAM_B2, EPSILON, RMSPROP_DECAY


class OpenState(NamedTuple):
    """Number of updates and both moments; each optimiser uses some of them."""

    n_updates: Int[Array, ""]
    mean: Any
    square: Any


def selected_optimizer(
    choice: Int[Array, ""], learning_rate: Float[Array, ""]
) -> optax.GradientTransformation:
    """Return the optimiser with the traced index ``choice`` in gridjax.spec.padding.OPTIMIZERS.

    All four optimisers use the update -rate m / (sqrt(v) + 1e-7) with v = a v + b g^2. In Adam, m
    is a moving mean of g and the rate has a bias correction. In the other optimisers, m is g.
    Gradient descent divides by 1.
    """
    places = {name: choice == place for place, name in enumerate(OPTIMIZERS)}
    is_adam, is_sgd = places["adam"], places["sgd"]
    kept = jnp.select(list(places.values()), [ADAM_B2, RMSPROP_DECAY, 1.0, 1.0])
    new = jnp.select(list(places.values()), [1 - ADAM_B2, 1 - RMSPROP_DECAY, 0.0, 1.0])

    def init(params: Any) -> OpenState:
        start = jnp.where(places["adagrad"], ADAGRAD_START, 0.0)
        square = jax.tree.map(lambda p: jnp.full_like(p, start), params)
        zeros = jax.tree.map(jnp.zeros_like, params)
        return OpenState(jnp.zeros((), jnp.int32), zeros, square)

    def square_of(v: Array, g: Array) -> Array:
        # gradient descent must not compute squares, which could overflow
        return jnp.where(is_sgd, v, kept * v + new * jnp.square(g))

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, OpenState]:
        del params
        n_updates = state.n_updates + 1
        mean = optax.tree.update_moment(updates, state.mean, ADAM_B1, 1)
        square = jax.tree.map(square_of, state.square, updates)
        t = n_updates.astype(jnp.float32)
        corrected = learning_rate * jnp.sqrt(1 - ADAM_B2**t) / (1 - ADAM_B1**t)
        rate = jnp.where(is_adam, corrected, learning_rate)

        def step(m: Array, v: Array, g: Array) -> Array:
            divisor = jnp.where(is_sgd, 1.0, jnp.sqrt(v) + EPSILON)
            return -rate * jnp.where(is_adam, m, g) / divisor

        return jax.tree.map(step, mean, square, updates), OpenState(n_updates, mean, square)

    return optax.GradientTransformation(init, update)


def is_in_padded_shapes(state: Any) -> bool:
    """Return whether a training state has padded shapes."""
    return isinstance(state.optimizer, OpenState)


def in_own_shapes(state: Any, own: Any) -> Any:
    """Return a training state without padding, with the shapes of the state ``own``.

    Padding is at the end of every axis, so slicing to the own shapes removes it. Optimiser moments
    are not returned, because the optimiser of padded shapes has a different state structure.
    """
    code = state.layout.code
    code = code.replace(n_cells=None) if isinstance(code, PlaceCells) else code
    params, layout = jax.tree.map(
        lambda leaf, shape: leaf[tuple(slice(n) for n in shape.shape)],
        (state.params, state.layout.replace(code=code)),
        (own.params, own.layout),
    )
    return state.replace(params=params, layout=layout, optimizer=())
