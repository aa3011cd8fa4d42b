"""The recurrence and its own backward pass against plain scans, autodiff and differences."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from oracles import network as oracle

from gridjax.model.cells import ACTIVATIONS, CELLS
from gridjax.model.recurrence import recurrence


def gated(state, product, drive):
    """An update whose kernel is twice as wide as its state and that passes the state on."""
    gate, candidate = jnp.split(product + drive, 2, axis=-1)
    share = jax.nn.sigmoid(gate + 1)
    return share * state + (1 - share) * jnp.tanh(candidate)


UPDATES = {name: (partial(CELLS["RNN"].update, phi), 1) for name, phi in ACTIVATIONS.items()}
UPDATES["gated"] = (gated, 2)
N_TIMES, N_BATCH, N_UNITS = 6, 3, 5


def arguments(n_gates, n_times=N_TIMES):
    rng = np.random.default_rng(4)
    return {
        "kernel": rng.normal(0, 0.5, (N_UNITS, n_gates * N_UNITS)),
        "state_0": rng.normal(size=(N_BATCH, N_UNITS)),
        "drive": rng.normal(size=(n_times, N_BATCH, n_gates * N_UNITS)),
    }


def plain(update, kernel, state_0, drive):
    def step(state, drive_t):
        following = update(state, state @ kernel, drive_t)
        return following, following

    return lax.scan(step, state_0, drive)[1]


def weighted_sum(forward, update, kernel, state_0, drive):
    """A scalar that weighs every state at every time differently."""
    states = forward(update, kernel, state_0, drive)
    weights = np.random.default_rng(5).normal(size=states.shape)
    return (weights * states).sum()


@pytest.mark.parametrize("name", UPDATES)
def test_the_gradient_agrees_with_autodiff_through_a_plain_scan(name):
    update, n_gates = UPDATES[name]
    with jax.enable_x64(True):
        values = jax.tree.map(jnp.asarray, tuple(arguments(n_gates).values()))
        ours, theirs = (
            jax.value_and_grad(partial(weighted_sum, forward, update), argnums=(0, 1, 2))(*values)
            for forward in (recurrence, plain)
        )
        assert ours[1][0].dtype == jnp.float64
    # sums of 18 products in another order
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-12, atol=1e-13), ours, theirs)


@pytest.mark.parametrize("name", ["relu", "gated"])
def test_the_gradient_agrees_with_central_differences(name):
    update, n_gates = UPDATES[name]
    values = arguments(n_gates)
    with jax.enable_x64(True):
        function = jax.jit(partial(weighted_sum, recurrence, update))
        gradients = jax.grad(function, argnums=(0, 1, 2))(*values.values())
        expected = oracle.central_differences(lambda tree: float(function(*tree.values())), values)
    for ours, theirs in zip(gradients, expected.values(), strict=True):
        # differences over 2e-6 of sums of order 10 lose nine of sixteen digits
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7)


def test_one_time_step_is_a_recurrence_too():
    update, n_gates = UPDATES["tanh"]
    with jax.enable_x64(True):
        values = jax.tree.map(jnp.asarray, tuple(arguments(n_gates, n_times=1).values()))
        ours, theirs = (
            jax.value_and_grad(partial(weighted_sum, forward, update), argnums=(0, 1, 2))(*values)
            for forward in (recurrence, plain)
        )
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-12), ours, theirs)


def test_networks_under_vmap_keep_their_own_gradients():
    update, n_gates = UPDATES["relu"]
    rng = np.random.default_rng(6)
    values = [jnp.asarray(value, jnp.float32) for value in arguments(n_gates).values()]
    three = [value * rng.uniform(0.5, 1.5, (3, *[1] * value.ndim)) for value in values]
    gradient = jax.grad(partial(weighted_sum, recurrence, update), argnums=(0, 1, 2))
    together, gradient = jax.jit(jax.vmap(gradient))(*three), jax.jit(gradient)
    for i in range(3):
        alone = gradient(*[value[i] for value in three])
        for ours, theirs in zip(together, alone, strict=True):
            # float32 products in another order
            np.testing.assert_allclose(ours[i], theirs, rtol=1e-5, atol=1e-5)
