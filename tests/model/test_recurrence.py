"""The recurrence and its own backward pass against plain scans, autodiff and differences."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from oracles import network as oracle

from gridjax.model.cells import ACTIVATIONS, CELLS, PULL_BACKS
from gridjax.model.recurrence import Update
from gridjax.model.recurrence import recurrence as at_precision

N_GATES = {"RNN": 1, "UGRNN": 2, "GRU": 3, "LSTM": 4}
UPDATES = {
    name: (Update(partial(CELLS["RNN"].factored.update, phi), PULL_BACKS.get(name)), "RNN")
    for name, phi in ACTIVATIONS.items()
}
UPDATES |= {
    name: (Update(partial(CELLS[name].factored.update, jnp.tanh)), name)
    for name in ("UGRNN", "GRU", "LSTM")
}
N_TIMES, N_BATCH, N_UNITS = 6, 3, 5


def recurrence(update, *values):
    return at_precision(update, "float32", *values)


def arguments(rnn_type, n_times=N_TIMES, has_mask=True):
    rng = np.random.default_rng(4)
    width = N_GATES[rnn_type] * N_UNITS
    states = rng.normal(size=(CELLS.info(rnn_type).n_states, N_BATCH, N_UNITS))
    return {
        "kernel": rng.normal(0, 0.5, (N_UNITS, width)),
        "bias": rng.normal(size=width),
        "state_0": tuple(states),
        "drive": rng.normal(size=(n_times, N_BATCH, width)),
        "mask": rng.choice([0, 1 / 0.7], (N_BATCH, N_UNITS)) if has_mask else None,
    }


def plain(update, kernel, bias, state_0, drive, mask):
    def step(state, drive_t):
        h = state[0] if mask is None else state[0] * mask
        following = update.step(state, h @ kernel + bias, drive_t)
        return following, following[0]

    return lax.scan(step, state_0, drive)[1]


def weighted_sum(forward, update, kernel, bias, state_0, drive, mask):
    """A scalar that weighs every state at every time differently."""
    h = forward(update, kernel, bias, state_0, drive, mask)
    weights = np.random.default_rng(5).normal(size=h.shape)
    return (weights * h).sum()


def value_and_gradient(forward, update):
    function = partial(weighted_sum, forward, update)
    return jax.value_and_grad(function, argnums=(0, 1, 2, 3))


def both_ways(update, values):
    """Value and gradient by our own backward pass and by autodiff, in float64."""
    functions = [value_and_gradient(forward, update) for forward in (recurrence, plain)]
    with jax.enable_x64(True):
        ours, theirs = jax.jit(lambda given: [f(*given) for f in functions])(tuple(values.values()))
    assert ours[1][0].dtype == jnp.float64
    return ours, theirs


@pytest.mark.parametrize("has_mask", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("name", UPDATES)
def test_the_gradient_agrees_with_autodiff_through_a_plain_scan(name, has_mask):
    update, rnn_type = UPDATES[name]
    ours, theirs = both_ways(update, arguments(rnn_type, has_mask=has_mask))
    # sums of 18 products in another order
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-12, atol=1e-13), ours, theirs)


@pytest.mark.parametrize("name", ["relu", "GRU", "LSTM"])
def test_the_gradient_agrees_with_central_differences(name):
    update, rnn_type = UPDATES[name]
    values = arguments(rnn_type)
    mask, state_0 = values.pop("mask"), values.pop("state_0")
    values |= {f"state {i}": state for i, state in enumerate(state_0)}

    def function(kernel, bias, drive, *state_0):
        return weighted_sum(recurrence, update, kernel, bias, state_0, drive, mask)

    with jax.enable_x64(True):
        compiled = jax.jit(function)
        gradients = jax.grad(function, argnums=range(len(values)))(*values.values())
        expected = oracle.central_differences(lambda tree: float(compiled(*tree.values())), values)
    for ours, theirs in zip(gradients, expected.values(), strict=True):
        # differences over 2e-6 of sums of order 10 lose nine of sixteen digits
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7)


def test_one_time_step_is_a_recurrence_too():
    update, rnn_type = UPDATES["LSTM"]
    ours, theirs = both_ways(update, arguments(rnn_type, n_times=1))
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-12, atol=1e-14), ours, theirs)


def test_a_recurrence_without_bias_is_one_of_bias_nothing():
    update, rnn_type = UPDATES["tanh"]
    values = arguments(rnn_type) | {"bias": None}
    ours = recurrence(update, *values.values())
    zero = values | {"bias": np.zeros(N_UNITS)}
    np.testing.assert_array_equal(ours, recurrence(update, *zero.values()))
    gradient = jax.grad(partial(weighted_sum, recurrence, update), argnums=(0, 2))(*values.values())
    assert all(np.asarray(leaf).any() for leaf in jax.tree.leaves(gradient))


def test_the_mask_is_that_of_the_whole_sequence_and_of_the_product_alone():
    update, rnn_type = UPDATES["UGRNN"]
    values = arguments(rnn_type) | {"mask": np.zeros((N_BATCH, N_UNITS))}
    without_kernel = values | {"kernel": np.zeros((N_UNITS, 2 * N_UNITS)), "mask": None}
    np.testing.assert_allclose(
        recurrence(update, *values.values()),
        recurrence(update, *without_kernel.values()),
        rtol=1e-6,
    )
    still = without_kernel | {"state_0": (np.zeros((N_BATCH, N_UNITS)),)}
    # what the gate passes on is not masked
    moved = recurrence(update, *values.values()) - recurrence(update, *still.values())
    assert (np.abs(moved) > 1e-6).any()


def test_networks_under_vmap_keep_their_own_gradients():
    update, rnn_type = UPDATES["relu"]
    rng = np.random.default_rng(6)
    values = arguments(rnn_type, has_mask=False)
    mask = values.pop("mask")
    function = partial(weighted_sum, recurrence, update)
    gradient = jax.grad(lambda *given: function(*given, mask), argnums=(0, 1, 2, 3))

    def three_of(value):
        return np.float32(value * rng.uniform(0.5, 1.5, (3, *[1] * value.ndim)))

    three = jax.tree.map(three_of, tuple(values.values()))
    together, gradient = jax.jit(jax.vmap(gradient))(*three), jax.jit(gradient)
    for i in range(3):
        alone = gradient(*jax.tree.map(lambda leaf, i=i: leaf[i], three))
        ours = jax.tree.map(lambda leaf, i=i: leaf[i], together)
        # float32 products in another order
        jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-5), ours, alone)
