"""Recurrence over time, with a backward pass that computes the weight gradient once.

The usual gradient of a scan reads and writes the gradient of the recurrent kernel at every time.
This backward pass instead keeps the gradient of h @ kernel (the delta) of every time. After the
scan, one product over all times gives the gradient of the kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gridjax.loop_over_time import ROLLED, scan_over_time
from gridjax.model.matmul import matrix_gradient, multiply, multiply_by_transpose

State = tuple[Array, ...]
"""Arrays [batch, Ng] of a cell at one time; the first is its output h."""
FUSED = "fused"
"""Form of the loop over time beside those of gridjax.loop_over_time: one kernel of an NVIDIA GPU
(gridjax.model.fused_recurrence)."""


class Update(NamedTuple):
    """Update of the state by one move: pure elementwise functions without parameters."""

    step: Callable[[State, Array, Array], State]
    """state, product of h with the recurrent kernel, drive of one time -> next state"""
    pull_back: Callable[[Array, Array], Array] | None = None
    """h and its gradient -> the gradient of drive + product. Only for a cell whose next h is a
    function of drive + product alone; these sums are then not kept for the backward pass."""
    loop: str = ROLLED
    """ROLLED, UNROLLED or FUSED"""
    of_sums: Callable[[Array, tuple[Array, ...]], Array] | None = None
    """h, drive + product of each gate -> next h; FUSED needs it, and no bias"""


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def recurrence(
    update: Update,
    precision: str,
    kernel: Float[Array, "Ng gates"],
    bias: Float[Array, " gates"] | None,
    state_0: State,
    drive: Float[Array, "time batch drive"],
    mask: Float[Array, "*time batch Ng"] | None,
    noise: Float[Array, "time batch Ng"] | None = None,
) -> Float[Array, "time batch Ng"]:
    """Return h_t of the states update(s_{t-1}, (h_{t-1} mask_t) @ kernel + bias, drive_t).

    t is 1 to T. ``precision`` is the precision of the products (gridjax.model.matmul). ``mask`` is
    the dropout mask, [batch, Ng] if it is the same at all times; ``update.loop`` must not be FUSED
    with another one. ``noise`` is added to h_t after the update, so that the following states
    contain it. The gradients of both are 0. With noise, ``update.pull_back`` must be None, because
    h_t is then no function of the sums alone, and ``update.loop`` must not be FUSED.
    """
    return _forward(update, precision, kernel, bias, state_0, drive, mask, noise)[0]


def with_noise(state: State, noise: Array | None) -> State:
    """Return a state with noise [batch, Ng] on its output h; the same state if noise is None."""
    return state if noise is None else (state[0] + noise, *state[1:])


def split_mask(mask: Array | None) -> tuple[Array | None, Array | None]:
    """Return a mask that is the same at all times, and one of each time; one of them is None."""
    return (None, mask) if mask is not None and mask.ndim == 3 else (mask, None)


def _masked(h: Array, mask: Array | None) -> Array:
    return h if mask is None else h * mask


def _forward(
    update: Update,
    precision: str,
    kernel: Array,
    bias: Array | None,
    state_0: State,
    drive: Array,
    mask: Array | None,
    noise: Array | None = None,
) -> tuple[Array, Any]:
    if noise is not None and (update.loop == FUSED or update.pull_back is not None):
        raise ValueError("a recurrence with noise needs a loop without pull_back")
    at_all_times, by_time = split_mask(mask)
    if update.loop == FUSED:
        if by_time is not None:
            raise ValueError("a fused recurrence needs one mask for all times")
        from gridjax.model.fused_recurrence import kernels as fused

        of = fused.Recurrence(_of_sums(update), update.pull_back, precision)
        h, sums = fused.forward(of, kernel, state_0[0], drive, mask)
        return h, (kernel, bias, state_0, None, mask, (h,), sums)
    keeps_products = update.pull_back is None

    def step(state: State, at_t: Any) -> tuple[State, tuple[State, Array | None]]:
        drive_t, noise_t, mask_t = at_t
        entering = _masked(state[0], at_all_times if mask_t is None else mask_t)
        product = multiply(entering, kernel, precision)
        product = product if bias is None else product + bias
        following = with_noise(update.step(state, product, drive_t), noise_t)
        return following, (following, product if keeps_products else None)

    _, (states, products) = scan_over_time(step, state_0, (drive, noise, by_time), update.loop)
    saved_drive = drive if keeps_products else None
    return states[0], (kernel, bias, state_0, saved_drive, mask, states, products)


def _of_sums(update: Update) -> Callable[[Array, tuple[Array, ...]], Array]:
    if update.of_sums is None:
        raise ValueError("the cell has no fused recurrence")
    return update.of_sums


def _backward(update: Update, precision: str, saved: Any, gradient: Array) -> tuple[Any, ...]:
    _, bias, state_0, _, mask, states, _ = saved
    before = tuple(
        jnp.concatenate([first[None], each[:-1]])
        for first, each in zip(state_0, states, strict=True)
    )
    through_time = _through_kernel if update.loop == FUSED else _through_scan
    delta, d_products, d_drive = through_time(update, precision, saved, before, gradient)
    d_kernel = matrix_gradient(_masked(before[0], mask), d_products, precision)
    d_bias = None if bias is None else d_products.sum(axis=(0, 1))
    d_mask = None if mask is None else jnp.zeros_like(mask)
    return d_kernel, d_bias, delta, d_drive, d_mask, None  # None: the gradient of the noise is 0


def _through_kernel(
    update: Update, precision: str, saved: Any, before: State, gradient: Array
) -> tuple[State, Array, Array]:
    """Return the gradients of the state at time 0, of all products and of all drives."""
    from gridjax.model.fused_recurrence import kernels as fused

    kernel, _, _, _, mask, states, sums = saved
    kept = (states[0], None) if sums is None else (sums, before[0])
    of = fused.Recurrence(_of_sums(update), update.pull_back, precision)
    d_sums, d_state = fused.backward(of, kernel, gradient, *kept, mask)
    return (d_state,), d_sums, d_sums


def _through_scan(
    update: Update, precision: str, saved: Any, before: State, gradient: Array
) -> tuple[State, Array, Array]:
    """Return the same as ``_through_kernel``, by a scan."""
    kernel, _, state_0, drive, mask, states, products = saved
    at_all_times, by_time = split_mask(mask)

    def through_step(delta: State, arguments: Any) -> tuple[State, Array, Array | None]:
        return jax.vjp(update.step, *arguments)[1](delta)

    def through_sum(delta: State, h: Array) -> tuple[State, Array, Array | None]:
        assert update.pull_back is not None
        return (jnp.zeros_like(h),), update.pull_back(h, delta[0]), None

    is_sum = update.pull_back is not None
    through, kept = (
        (through_sum, states[0]) if is_sum else (through_step, (before, products, drive))
    )

    def step(delta: State, at_t: Any) -> tuple[State, tuple[Array, Array | None]]:
        gradient_t, arguments, mask_t = at_t
        d_state, d_product, d_drive = through((delta[0] + gradient_t, *delta[1:]), arguments)
        back = multiply_by_transpose(d_product, kernel, precision)
        through_kernel = _masked(back, at_all_times if mask_t is None else mask_t)
        return (d_state[0] + through_kernel, *d_state[1:]), (d_product, d_drive)

    nothing = tuple(jnp.zeros_like(each) for each in state_0)
    delta, (d_products, d_drive) = scan_over_time(
        step, nothing, (gradient, kept, by_time), update.loop, reverse=True
    )
    return delta, d_products, d_products if is_sum else d_drive


recurrence.defvjp(_forward, _backward)
