"""The optimisers against their definitions in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from oracles import optimizers as oracle

from gridjax.training.optimizers import OPTIMIZERS

RATE = 2e-3
SCALES = {"large": 3.0, "usual": 1e-3, "epsilon": 1e-7, "below": 1e-8}


def gradients(t):
    rng = np.random.default_rng(t)
    return {name: scale * rng.normal(size=(4, 3)) for name, scale in SCALES.items()}


def as_float32(tree):
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), tree)


def followed(transformation, n_updates=12):
    """The updates of a transformation, and its last state."""
    params = as_float32(gradients(0))
    state, made = transformation.init(params), []
    update = jax.jit(transformation.update)
    for t in range(n_updates):
        updates, state = update(as_float32(gradients(t)), state)
        made.append(updates)
    return made, state


def test_adam_is_the_epsilon_hat_form_whatever_the_size_of_the_gradients():
    made, state = followed(OPTIMIZERS["adam"](jnp.float32(RATE)))
    expected = oracle.Adam(RATE)
    for t, updates in enumerate(made):
        for name, theirs in expected.updates(gradients(t)).items():
            # 1 - b2^t has lost three of float32's seven digits at t = 1, and its root half of that;
            # a mean gradient near nothing keeps the rounding of its terms
            np.testing.assert_allclose(
                updates[name], theirs, 3e-5, 1e-6 * np.abs(theirs).max(), err_msg=f"{name} {t}"
            )
    assert int(state.n_updates) == 12
    for name in SCALES:
        np.testing.assert_allclose(state.mean[name], expected.m[name], rtol=1e-4, atol=1e-12)
        np.testing.assert_allclose(state.square[name], expected.v[name], rtol=1e-5)


def test_the_place_of_epsilon_decides_at_small_gradients_alone():
    ours, _ = followed(OPTIMIZERS["adam"](jnp.float32(RATE)))
    usual, _ = followed(optax.adam(RATE, eps=1e-7))
    ratio = {name: float(jnp.abs(ours[0][name] / usual[0][name]).mean()) for name in SCALES}
    assert abs(ratio["large"] - 1) < 1e-3
    assert ratio["below"] < 0.2  # 1e-8 / (1e-8 + 1e-7 / sqrt(.001)) against 1e-8 / (1e-8 + 1e-7)


def test_adam_starts_from_nothing_and_adds_its_updates():
    transformation = OPTIMIZERS["adam"](jnp.float32(RATE))
    params = as_float32(gradients(3))
    state = transformation.init(params)
    assert int(state.n_updates) == 0
    for leaf in jax.tree.leaves((state.mean, state.square)):
        assert leaf.dtype == jnp.float32
        assert not leaf.any()
    updates, _ = transformation.update({name: jnp.ones((4, 3)) for name in SCALES}, state)
    for leaf in jax.tree.leaves(updates):
        np.testing.assert_allclose(leaf, -RATE, rtol=1e-4)  # a gradient of 1 moves by the rate


def test_no_gradient_makes_no_update():
    transformation = OPTIMIZERS["adam"](jnp.float32(RATE))
    nothing = {"w": jnp.zeros((2, 2))}
    updates, _ = transformation.update(nothing, transformation.init(nothing))
    np.testing.assert_array_equal(updates["w"], 0)
