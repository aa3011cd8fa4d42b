"""The optimisers against their definitions in float64, or against optax's own."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from oracles import optimizers as oracle

from gridjax.spec.network import NetworkSpec
from gridjax.spec.parameters import FIELDS
from gridjax.spec.records.optimizer_info import OPTIMIZER_INFOS
from gridjax.spec.registry import OPTIMIZERS
from gridjax.training import train_step
from gridjax.training.optimizers import OptimizerContext

RATE = 2e-3
SCALES = {"large": 3.0, "usual": 1e-3, "epsilon": 1e-7, "below": 1e-8}


def made_by(name, n_steps=12, decay=0.1):
    """The transformation of an optimiser, with traced numbers."""
    numbers = (jnp.float32(RATE), jnp.int32(n_steps), jnp.float32(1e-8), jnp.float32(decay))
    of_batches = (jnp.int32(1), jnp.int32(5), jnp.int32(2))
    return OPTIMIZERS[name].make(OptimizerContext(*numbers, *of_batches))


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
        updates, state = update(as_float32(gradients(t)), state, params)
        made.append(updates)
    return made, state


def test_adam_is_the_epsilon_hat_form_whatever_the_size_of_the_gradients():
    made, state = followed(made_by("adam"))
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


SAME_FORM = {
    "rmsprop": oracle.RMSprop,
    "sgd": oracle.SGD,
    "adagrad": oracle.Adagrad,
    "rmsprop_momentum": oracle.BaninoRMSProp,
}


@pytest.mark.parametrize("name", SAME_FORM)
def test_the_other_optimisers_are_those_of_the_definitions(name):
    made, _ = followed(made_by(name))
    expected = SAME_FORM[name](RATE)
    for t, updates in enumerate(made):
        for leaf, theirs in expected.updates(gradients(t)).items():
            # sums of a dozen squares in float32, and of momenta near nothing their terms' rounding
            np.testing.assert_allclose(
                updates[leaf], theirs, 1e-5, 1e-6 * np.abs(theirs).max(), err_msg=f"{leaf} {t}"
            )


OF_OPTAX = {
    "optax_adam": optax.adam(RATE),
    "adamw": optax.adamw(RATE, weight_decay=0.1),
    "lion": optax.lion(RATE, weight_decay=0.1),
    "adamw_cosine": optax.adamw(optax.cosine_decay_schedule(RATE, 12), weight_decay=0.1),
}


@pytest.mark.parametrize("name", OF_OPTAX)
def test_optimisers_with_traced_numbers_are_those_of_optax_with_python_numbers(name):
    ours, _ = followed(made_by(name))
    theirs, _ = followed(OF_OPTAX[name])
    for one, other in zip(ours, theirs, strict=True):
        for leaf in one:
            np.testing.assert_allclose(one[leaf], other[leaf], 1e-5, 1e-9)


def test_every_optimiser_of_a_sweep_file_is_there():
    of_batches = {"adamw_accumulated", "adamw_plateau"}
    names = {info.name for info in OPTIMIZER_INFOS}
    assert names == {"adam", *SAME_FORM, *OF_OPTAX, *of_batches}
    assert names <= set(OPTIMIZERS)
    assert names == set(FIELDS["optimizer"].metadata["choices"])


@pytest.mark.parametrize("name", ["rmsprop", "adagrad", "rmsprop_momentum"])
def test_the_place_of_epsilon_and_the_first_accumulator_are_seen(name):
    # a first gradient as small as epsilon, by hand
    small = {"w": jnp.full(3, 1e-7)}
    transformation = made_by(name)
    update, _ = transformation.update(small, transformation.init(small))
    first = {
        "rmsprop": RATE * 1e-7 / (np.sqrt(0.1) * 1e-7 + 1e-7),
        "adagrad": RATE * 1e-7 / (np.sqrt(0.1) + 1e-7),
        "rmsprop_momentum": RATE * 1e-7 / np.sqrt(0.9 + 1e-10),
    }
    np.testing.assert_allclose(update["w"], -first[name], rtol=1e-5)


def test_the_place_of_epsilon_decides_at_small_gradients_alone():
    ours, _ = followed(made_by("adam"))
    usual, _ = followed(optax.adam(RATE, eps=1e-7))
    ratio = {name: float(jnp.abs(ours[0][name] / usual[0][name]).mean()) for name in SCALES}
    assert abs(ratio["large"] - 1) < 1e-3
    assert ratio["below"] < 0.2  # 1e-8 / (1e-8 + 1e-7 / sqrt(.001)) against 1e-8 / (1e-8 + 1e-7)


def test_adam_starts_from_nothing_and_adds_its_updates():
    transformation = made_by("adam")
    params = as_float32(gradients(3))
    state = transformation.init(params)
    assert int(state.n_updates) == 0
    for leaf in jax.tree.leaves((state.mean, state.square)):
        assert leaf.dtype == jnp.float32
        assert not leaf.any()
    updates, _ = transformation.update({name: jnp.ones((4, 3)) for name in SCALES}, state)
    for leaf in jax.tree.leaves(updates):
        np.testing.assert_allclose(leaf, -RATE, rtol=1e-4)  # a gradient of 1 moves by the rate


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_no_gradient_makes_no_update(name):
    transformation = optax.with_extra_args_support(made_by(name))
    nothing = {"w": jnp.zeros((2, 2))}
    state = transformation.init(nothing)
    updates, _ = transformation.update(nothing, state, nothing, value=jnp.ones(()))
    np.testing.assert_array_equal(updates["w"], 0)


def context_of(name, **values):
    spec = NetworkSpec(optimizer=name, learning_rate=RATE, **values)
    names = OptimizerContext._fields
    return OptimizerContext(*(jnp.asarray(getattr(spec.traced, one)) for one in names))


@pytest.mark.parametrize("name", ["optax_adam", "adamw", "adamw_cosine", "adamw_plateau"])
@pytest.mark.parametrize("epsilon", [1e-12, 1e-8, 1e-4])
def test_epsilon_decides_the_steps_of_small_gradients(name, epsilon):
    """The first step of Adam is lr g / (|g| + epsilon)."""
    context = context_of(name, adam_epsilon=epsilon, decoupled_weight_decay=0.0)
    optimizer = optax.with_extra_args_support(OPTIMIZERS[name].make(context))
    params = {"w": jnp.zeros(4)}
    gradient = np.array([1e-10, -1e-8, 1e-6, 1e-2], np.float32)
    update, _ = optimizer.update(
        {"w": jnp.asarray(gradient)}, optimizer.init(params), params, value=jnp.ones(())
    )
    expected = -RATE * gradient / (np.abs(gradient) + np.float32(epsilon))
    np.testing.assert_allclose(update["w"], expected, rtol=1e-4)


def test_accumulated_batches_make_one_update_of_their_mean_gradient():
    context = context_of("adamw_accumulated", accumulated_batches=3, decoupled_weight_decay=0.1)
    ours = OPTIMIZERS["adamw_accumulated"].make(context)
    usual = optax.adamw(RATE, weight_decay=0.1)
    rng = np.random.default_rng(0)
    params = {"w": jnp.asarray(rng.normal(size=4), jnp.float32)}
    state, other = ours.init(params), usual.init(params)
    for _ in range(3):
        batches = [{"w": jnp.asarray(rng.normal(size=4), jnp.float32)} for _ in range(3)]
        for number, gradient in enumerate(batches):
            update, state = ours.update(gradient, state, params)
            if number < 2:
                np.testing.assert_array_equal(update["w"], 0)
        mean = {"w": sum(batch["w"] for batch in batches) / 3}
        expected, other = usual.update(mean, other, params)
        np.testing.assert_allclose(update["w"], expected["w"], rtol=1e-4, atol=1e-9)
        params = optax.apply_updates(params, update)


def test_the_rate_falls_to_a_tenth_where_means_of_the_loss_stop_falling():
    context = context_of("adamw_plateau", plateau_steps=2, plateau_patience=3)
    optimizer = OPTIMIZERS["adamw_plateau"].make(context)
    params = {"w": jnp.zeros(1)}
    state = optimizer.init(params)
    # means of two: 3, 1, then none lower by more than 1e-4 of it
    losses = [2, 4, 1, 1, 5, 1, 0.99995, 1, *[1] * 6]
    scales = []
    for loss in losses:
        update, state = optimizer.update({"w": jnp.ones(1)}, state, params, value=float(loss))
        scales.append(float(-update["w"][0]) / RATE)
    n_before = 2 * (2 + 3) - 1  # the third mean without a fall is known at its second step
    np.testing.assert_allclose(scales[:n_before], 1, rtol=1e-3)
    np.testing.assert_allclose(scales[n_before : n_before + 5], 0.1, rtol=1e-3)


def test_a_network_trains_with_an_optimiser_that_begins_with_an_infinite_number():
    spec = NetworkSpec(
        Ng=6, Np=8, batch_size=4, sequence_length=3, optimizer="adamw_plateau",
        learning_rate=RATE, plateau_steps=1, plateau_patience=1,
    )  # fmt: skip
    state = train_step.init(spec.static, spec.traced)
    assert any(np.isinf(leaf).any() for leaf in jax.tree.leaves(state.optimizer))
    after = jax.jit(train_step.chunk, static_argnums=0)(spec.static, spec.traced, state, 3)
    assert int(after.step) == 3
    assert int(after.diverged_at) == train_step.NOT_DIVERGED
