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

State = tuple[Array, ...]
"""Arrays [batch, Ng] of a cell at one time; the first is its output h."""
Update = Callable[[State, Array, Array], State]
"""state, product of h with the recurrent kernel, drive of one time -> next state"""


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def recurrence(
    update: Update,
    kernel: Float[Array, "Ng gates"],
    bias: Float[Array, " gates"] | None,
    state_0: State,
    drive: Float[Array, "time batch drive"],
    mask: Float[Array, "batch Ng"] | None,
) -> Float[Array, "time batch Ng"]:
    """Return h_t of the states update(s_{t-1}, (h_{t-1} mask) @ kernel + bias, drive_t), t = 1..T.

    ``update`` must be a pure elementwise function without parameters of its own. ``mask`` is
    dropout's, one for the whole sequence; no gradient reaches it.
    """
    return _forward(update, kernel, bias, state_0, drive, mask)[0]


def _masked(h: Array, mask: Array | None) -> Array:
    return h if mask is None else h * mask


def _forward(
    update: Update,
    kernel: Array,
    bias: Array | None,
    state_0: State,
    drive: Array,
    mask: Array | None,
) -> tuple[Array, Any]:
    def step(state: State, drive_t: Array) -> tuple[State, tuple[State, Array]]:
        product = _masked(state[0], mask) @ kernel
        product = product if bias is None else product + bias
        following = update(state, product, drive_t)
        return following, (following, product)

    _, (states, products) = lax.scan(step, state_0, drive)
    return states[0], (kernel, bias, state_0, drive, mask, states, products)


def _backward(update: Update, saved: Any, gradient: Array) -> tuple[Any, ...]:
    kernel, bias, state_0, drive, mask, states, products = saved
    before = tuple(
        jnp.concatenate([first[None], each[:-1]])
        for first, each in zip(state_0, states, strict=True)
    )

    def step(delta: State, at_t: Any) -> tuple[State, tuple[Array, Array]]:
        gradient_t, *arguments = at_t
        _, pull_back = jax.vjp(update, *arguments)
        d_state, d_product, d_drive = pull_back((delta[0] + gradient_t, *delta[1:]))
        through_kernel = _masked(d_product @ kernel.T, mask)
        return (d_state[0] + through_kernel, *d_state[1:]), (d_product, d_drive)

    nothing = tuple(jnp.zeros_like(each) for each in state_0)
    delta, (d_products, d_drive) = lax.scan(
        step, nothing, (gradient, before, products, drive), reverse=True
    )
    n_units, n_gates = kernel.shape
    h = _masked(before[0], mask)
    d_kernel = h.reshape(-1, n_units).T @ d_products.reshape(-1, n_gates)
    d_bias = None if bias is None else d_products.sum(axis=(0, 1))
    d_mask = None if mask is None else jnp.zeros_like(mask)
    return d_kernel, d_bias, delta, d_drive, d_mask


recurrence.defvjp(_forward, _backward)
