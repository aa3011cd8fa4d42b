"""The recurrence over time, with a backward pass that forms the weight gradient once.

Differentiating a scan step by step reads and writes the gradient of the recurrent kernel at every
time. Here the deltas are kept and the gradient is one product over all times, after the scan.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

Update = Callable[[Array, Array, Array], Array]
"""state, product of the state with the recurrent kernel, drive of one time -> next state"""


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def recurrence(
    update: Update,
    kernel: Float[Array, "Ng gates"],
    state_0: Float[Array, "batch Ng"],
    drive: Float[Array, "time batch drive"],
) -> Float[Array, "time batch Ng"]:
    """Return the states h_t = update(h_{t-1}, h_{t-1} @ kernel, drive_t), t = 1..T.

    ``update`` must be a pure elementwise function without parameters of its own.
    """
    return _forward(update, kernel, state_0, drive)[0]


def _forward(update: Update, kernel: Array, state_0: Array, drive: Array) -> tuple[Array, Any]:
    def step(state, drive_t):
        product = state @ kernel
        following = update(state, product, drive_t)
        return following, (following, product)

    _, (states, products) = lax.scan(step, state_0, drive)
    return states, (kernel, state_0, drive, states, products)


def _backward(update: Update, saved: Any, gradient: Array) -> tuple[Array, Array, Array]:
    kernel, state_0, drive, states, products = saved
    before = jnp.concatenate([state_0[None], states[:-1]])

    def step(delta, at_t):
        gradient_t, *arguments = at_t
        _, pull_back = jax.vjp(update, *arguments)
        d_state, d_product, d_drive = pull_back(delta + gradient_t)
        return d_state + d_product @ kernel.T, (d_product, d_drive)

    delta, (d_products, d_drive) = lax.scan(
        step, jnp.zeros_like(state_0), (gradient, before, products, drive), reverse=True
    )
    n_units, n_gates = kernel.shape
    d_kernel = before.reshape(-1, n_units).T @ d_products.reshape(-1, n_gates)
    return d_kernel, delta, d_drive


recurrence.defvjp(_forward, _backward)
