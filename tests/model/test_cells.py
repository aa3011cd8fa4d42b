"""Every recurrent cell against float64 loops, in its values and its gradients."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from model.networks import ACTIVATIONS, N_BATCH, N_TIMES, RNN_TYPES, case, drawn
from oracles import cells as oracle
from oracles import network as whole

from gridjax.model import cells, network, objective
from gridjax.model.recurrence import Update, recurrence
from gridjax.spec.registry import CELLS


def near(ours, theirs):
    # 6 steps of sums of some twenty numbers in float32
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=5e-6 * max(1, np.abs(theirs).max()))


@partial(jax.jit, static_argnums=0)
def forward(static, params, start_code, inputs, masks=None):
    """Analysed layer and outputs, compiled in one piece."""
    layer = network.activity(params, start_code, inputs, static, masks)
    return layer, network.outputs(params, layer, static, masks)


@pytest.mark.parametrize("of_moves", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("rnn_type", RNN_TYPES)
def test_activity_and_outputs_agree_with_the_loop_under_masks(rnn_type, activation, of_moves):
    static, params, start_code, inputs, masks = case(
        rnn_type=rnn_type, activation=activation, of_moves=of_moves
    )
    exact = whole.as_float64(params)
    layer, outputs = forward(static, params, start_code, inputs, masks)
    assert layer.shape == (N_TIMES, N_BATCH, static.Ng)
    hidden = oracle.run(rnn_type, exact, start_code, inputs, activation, masks.recurrent)
    expected = oracle.analysed(rnn_type, exact, hidden, activation)
    near(layer, expected)
    near(outputs, oracle.logits(rnn_type, exact, expected, masks.readout))


@pytest.mark.parametrize("of_moves", [False, True])
def test_a_cell_without_parts_drops_its_state_before_each_move(of_moves, monkeypatch):
    static, params, start_code, inputs, masks = case(activation="relu", of_moves=of_moves)
    monkeypatch.setattr(network, "CELLS", OneCell(CELLS["RNN"]._replace(factored=None)))
    ours = jax.jit(network.activity, static_argnums=3)(params, start_code, inputs, static, masks)
    exact = whole.as_float64(params)
    near(ours, oracle.run("RNN", exact, start_code, inputs, "relu", masks.recurrent))


@pytest.mark.parametrize("precision", ["float32", "tf32", "bf16"])
def test_a_step_that_takes_a_product_rounds_like_the_factored_form(precision, monkeypatch):
    """After one move; values and gradients of both forms have the same rounded operands."""
    static, params, start_code, inputs, _ = case(
        activation="tanh", n_times=1, matmul_precision=precision
    )

    def total(params, static):
        return jnp.square(network.activity(params, start_code, inputs, static)).sum()

    def both():
        return jax.jit(jax.value_and_grad(total), static_argnums=1)(params, static)

    factored = both()
    whole = jax.value_and_grad(total)(params, replace(static, matmul_precision="float32"))
    monkeypatch.setattr(network, "CELLS", OneCell(CELLS["RNN"]._replace(factored=None)))
    jax.clear_caches()
    jax.tree.map(near, both(), factored)
    rounded_away = np.abs(both()[1]["cell"]["W"] - whole[1]["cell"]["W"]).max()
    assert (rounded_away > 1e-5) == (precision != "float32")


@pytest.mark.parametrize("form", ["factored", "masked", "unfactored"])
@pytest.mark.parametrize("rnn_type", RNN_TYPES)
def test_noise_is_added_to_h_after_each_move(rnn_type, form, monkeypatch):
    static, params, start_code, inputs, masks = case(rnn_type=rnn_type, activation="relu")
    noise = np.random.default_rng(9).normal(0, 0.4, (N_TIMES, N_BATCH, static.Ng))
    given, mask = (masks, masks.recurrent) if form == "masked" else (None, None)
    if form == "unfactored":
        monkeypatch.setattr(network, "CELLS", OneCell(CELLS[rnn_type]._replace(factored=None)))

    ours = jax.jit(network.activity, static_argnums=(3, 5))(
        params, start_code, inputs, static, given, "rolled", np.float32(noise)
    )
    exact = whole.as_float64(params)
    hidden = oracle.run(rnn_type, exact, start_code, inputs, "relu", mask, noise)
    near(ours, oracle.analysed(rnn_type, exact, hidden, "relu"))


class OneCell:
    """A registry whose cells are all the same one."""

    def __init__(self, cell):
        self.cell = cell

    def __getitem__(self, name):
        return self.cell

    def info(self, name):
        return CELLS.info(name)


@pytest.mark.parametrize("rnn_type", RNN_TYPES)
def test_activity_and_outputs_agree_with_the_loop_without_masks(rnn_type):
    static, params, start_code, inputs, masks = case(rnn_type=rnn_type, activation="tanh")
    exact = whole.as_float64(params)
    layer, outputs = forward(static, params, start_code, inputs)
    hidden = oracle.run(rnn_type, exact, start_code, inputs, "tanh")
    expected = oracle.analysed(rnn_type, exact, hidden, "tanh")
    near(layer, expected)
    near(outputs, oracle.logits(rnn_type, exact, expected))
    ones = jax.tree.map(np.ones_like, masks)
    for ours, theirs in zip(
        forward(static, params, start_code, inputs, ones), (layer, outputs), strict=True
    ):
        near(ours, np.asarray(theirs))


def test_banino_s_network_agrees_with_the_loop():
    static, params, start_code, inputs, masks = case(
        rnn_type="LSTM",
        architecture="banino2018",
        n_bottleneck=7,
        n_head_direction_cells=5,
        inputs="egocentric",
        activation="tanh",
    )
    exact = whole.as_float64(params)
    for given, recurrent, readout in ((None, None, None), (masks, *masks)):
        layer, outputs = forward(static, params, start_code, inputs, given)
        assert layer.shape == (N_TIMES, N_BATCH, 7)
        hidden = oracle.run_banino(exact, start_code, inputs, "tanh", recurrent)
        near(layer, oracle.analysed_banino(exact, hidden))
        assert outputs.shape == (N_TIMES, N_BATCH, 11 + 5)
        near(outputs, oracle.logits_banino(exact, oracle.analysed_banino(exact, hidden), readout))


@pytest.mark.parametrize(
    ("rnn_type", "activation", "loss", "masked"),
    [
        ("RNN", "relu", "crossentropy", False),
        ("RNN", "tanh", "crossentropy", True),
        ("RNN", "relu", "crossentropy", "at each move"),
        ("SRNN", "sigmoid", "mse", True),
        ("UGRNN", "tanh", "crossentropy", True),
        ("GRU", "linear", "binarycrossentropy", True),
        ("LSTM", "tanh", "crossentropy", True),
        ("LSTM", "tanh", "crossentropy", "at each move"),
    ],
)
def test_the_gradient_agrees_with_central_differences_of_the_loop(
    rnn_type, activation, loss, masked
):
    static, params, start_code, inputs, masks = case(
        rnn_type=rnn_type,
        activation=activation,
        Ng=4,
        Np=5,
        batch_size=2,
        n_times=3,
        of_moves=masked == "at each move",
    )
    static = replace(static, place_field_loss=loss)
    given = masks if masked else None
    targets = np.random.default_rng(8).dirichlet(np.ones(5), (3, 2))
    decay = 0.07

    def ours(params):
        layer = network.activity(params, start_code, inputs, static, given)
        outputs = network.outputs(params, layer, static, given)
        data = objective.data_loss(outputs, targets, static).mean()
        return data + objective.weight_penalty(params, decay, static)

    def theirs(params):
        both = masks if masked else (None, None)
        return whole.objective(
            rnn_type, params, start_code, inputs, targets, activation, loss, decay, both
        )

    exact = whole.as_float64(params)
    with jax.enable_x64(True):
        value, gradient = jax.jit(jax.value_and_grad(ours))(exact)
        assert value.dtype == jnp.float64
    assert float(value) == pytest.approx(theirs(exact), rel=1e-12)
    expected = whole.central_differences(theirs, exact)
    assert jax.tree.structure(gradient) == jax.tree.structure(expected)
    # differences over 2e-6 of a sum of order 1 lose ten of sixteen digits
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-6, atol=1e-8), gradient, expected)


@pytest.mark.parametrize("rnn_type", RNN_TYPES)
def test_the_factored_recurrence_is_the_scan_of_the_step(rnn_type):
    cell = CELLS[rnn_type]
    n_in, n_units = 3, 5
    rng = np.random.default_rng(11)
    activation = "tanh"
    phi = cells.ACTIVATIONS[activation]
    with jax.enable_x64(True):
        params = drawn(lambda key: cell.init(key, n_in, n_units, "orthogonal"), rng)
        params = jax.tree.map(lambda leaf: leaf.astype(np.float64), params)
        state = tuple(rng.normal(size=(CELLS.info(rnn_type).n_states, 2, n_units)))
        inputs = rng.normal(size=(N_TIMES, 2, n_in))
        weights = rng.normal(size=(N_TIMES, 2, n_units))

        def plain(params, state, inputs):
            def step(state, now):
                following = cell.step(params, state, now, phi)
                return following, following[0]

            return (weights * lax.scan(step, state, inputs)[1]).sum()

        def factored(params, state, inputs):
            parts = cell.factored
            bias = None if parts.bias is None else parts.bias(params)
            pull_back = cells.PULL_BACKS[activation] if parts.is_sum else None
            update = Update(partial(parts.update, phi), pull_back)
            drive = cells.added(inputs @ parts.input_kernel(params), params, parts.input_bias)
            h = recurrence(update, "float32", parts.kernel(params), bias, state, drive, None)
            return (weights * h).sum()

        both = [jax.value_and_grad(each, argnums=(0, 1, 2)) for each in (factored, plain)]
        ours, expected = jax.jit(lambda *given: [each(*given) for each in both])(
            params, state, inputs
        )
        assert ours[0].dtype == jnp.float64
    # the same sums in another order
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-11, atol=1e-12), ours, expected)


@pytest.mark.parametrize("rnn_type", ["UGRNN", "LSTM"])
def test_a_cell_without_parts_is_run_by_its_step(rnn_type, monkeypatch):
    static, params, start_code, inputs, _ = case(rnn_type=rnn_type, activation="sigmoid")
    usual = forward(static, params, start_code, inputs)
    monkeypatch.setitem(CELLS._functions, rnn_type, CELLS[rnn_type]._replace(factored=None))
    given = (params, start_code, inputs, static)
    stepped = jax.jit(network.activity, static_argnums=3)(*given)
    near(stepped, np.asarray(usual[0]))
