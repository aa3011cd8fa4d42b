"""The oracles of the networks, where the answer is known by hand."""

import numpy as np
import pytest
from oracles import cells, network

N_IN, N_UNITS, N_CELLS, N_BATCH, N_TIMES = 2, 4, 3, 2, 5


def zeros(rnn_type):
    """The tree of a network whose every number is 0."""
    return cells.of_shapes(cells.shapes(rnn_type, N_IN, N_UNITS, N_CELLS), np.zeros)


def normal(rnn_type, seed=0):
    rng = np.random.default_rng(seed)
    shapes = cells.shapes(rnn_type, N_IN, N_UNITS, N_CELLS)
    return cells.of_shapes(shapes, lambda shape: rng.normal(0, 0.5, shape))


def run_of(rnn_type, params, activation="tanh", mask=None):
    rng = np.random.default_rng(1)
    start, inputs = rng.normal(size=(N_BATCH, N_CELLS)), rng.normal(size=(N_TIMES, N_BATCH, N_IN))
    return cells.run(rnn_type, params, start, inputs, activation, mask)


@pytest.mark.parametrize("activation", cells.ACTIVATIONS)
@pytest.mark.parametrize("rnn_type", cells.STEPS)
def test_every_cell_runs_and_hears_its_mask(rnn_type, activation):
    params = normal(rnn_type)
    hidden = run_of(rnn_type, params, activation)
    assert hidden.shape == (N_TIMES, N_BATCH, N_UNITS)
    assert np.isfinite(hidden).all()
    mask = np.full((N_BATCH, N_UNITS), 1.0)
    np.testing.assert_array_equal(run_of(rnn_type, params, activation, mask), hidden)
    mask[0, 1] = 0
    masked = run_of(rnn_type, params, activation, mask)
    np.testing.assert_array_equal(masked[:, 1], hidden[:, 1])
    assert (masked[:, 0] != hidden[:, 0]).any(axis=-1).all()


def test_cells_without_weights_decay_by_their_gates():
    # all products 0: phi(0) = 0, gates sigmoid of their bias
    half, open_ = 0.5, 1 / (1 + np.exp(-1))
    start = np.array([[1.0, 2, -3]])
    for rnn_type, factor in (("UGRNN", open_), ("GRU", half)):
        params = zeros(rnn_type)
        params["encoder"] = np.eye(N_CELLS, N_UNITS)
        hidden = cells.run(rnn_type, params, start, np.zeros((2, 1, N_IN)), "tanh")
        np.testing.assert_allclose(hidden[1, 0, :3], factor**2 * start[0])
    params = zeros("LSTM")
    params["encoder"] = np.eye(N_CELLS, 2 * N_UNITS, k=N_UNITS)
    params["cell"]["b"][N_UNITS : 2 * N_UNITS] = 1
    hidden = cells.run("LSTM", params, start, np.zeros((2, 1, N_IN)), "linear")
    np.testing.assert_allclose(hidden[1, 0, :3], half * open_**2 * start[0])


def test_gates_in_order():
    # a gate far open or shut by its bias shows which block of the kernel it is
    far, n = 50.0, N_UNITS
    start, still = np.array([[1.0, 2, -3]]), np.zeros((1, 1, N_IN))
    params = zeros("GRU")
    params["encoder"] = np.eye(N_CELLS, n)
    params["cell"]["b"][:n] = far
    np.testing.assert_allclose(cells.run("GRU", params, start, still, "tanh")[0, 0, :3], start[0])
    params["cell"]["b"][:n] = -far
    params["cell"]["b_x"][2 * n :] = 0.3
    params["cell"]["b"][2 * n :] = 0.5
    for reset, expected in ((far, 0.8), (-far, 0.3)):
        params["cell"]["b_x"][n : 2 * n] = reset
        hidden = cells.run("GRU", params, start, still, "linear")
        np.testing.assert_allclose(hidden, expected)
    params = zeros("LSTM")
    params["cell"]["b"][:] = np.repeat([far, -far, 0.7, far], n)
    np.testing.assert_allclose(cells.run("LSTM", params, start, still, "linear"), 0.7)


def test_a_linear_network_by_hand():
    params = zeros("SRNN")
    params["encoder"][0, 0], params["encoder_bias"][1] = 2, 1
    params["input"][0, 0], params["input_bias"][0] = 3, 1
    params["cell"]["W_x"][0, 0], params["cell"]["W"][0, 0], params["cell"]["b"][2] = 10, 0.5, 7
    params["dense"][0, 1], params["dense_bias"][3] = 1, 4
    params["decoder"][1, 2], params["decoder_bias"][0] = 2, 5
    hidden = cells.run("SRNN", params, np.array([[1.0, 0, 0]]), np.array([[[0.2, 9]]]), "linear")
    np.testing.assert_allclose(hidden[0, 0], [17, 0, 7, 0])
    layer = cells.analysed("SRNN", params, hidden, "linear")
    np.testing.assert_allclose(layer[0, 0], [0, 17, 0, 4])
    np.testing.assert_allclose(cells.logits("SRNN", params, layer)[0, 0], [5, 0, 34])
    np.testing.assert_allclose(
        cells.logits("SRNN", params, layer, [0, 0.5, 0, 0])[0, 0], [5, 0, 17]
    )


def test_banino_is_an_lstm_under_a_linear_bottleneck():
    params = normal("LSTM")
    rng = np.random.default_rng(3)
    params["cell"]["W_x"] = rng.normal(size=(3, 4 * N_UNITS))
    params["dense"] = rng.normal(size=(N_UNITS, 6))
    params["decoder"], params["decoder_bias"] = rng.normal(size=(6, 5)), rng.normal(size=5)
    start, inputs = rng.normal(size=(N_BATCH, N_CELLS)), rng.normal(size=(N_TIMES, N_BATCH, 3))
    layer = cells.analysed_banino(params, cells.run_banino(params, start, inputs))
    assert layer.shape == (N_TIMES, N_BATCH, 6)
    assert cells.logits_banino(params, layer).shape == (N_TIMES, N_BATCH, 5)
    # an identity in place of the input map makes it the LSTM of the study
    narrow = {**params, "cell": {**params["cell"], "W_x": params["cell"]["W_x"][:2]}}
    mapped = {**narrow, "input": np.eye(2), "input_bias": np.zeros(2)}
    np.testing.assert_allclose(
        cells.run_banino(narrow, start, inputs[..., :2]),
        cells.run("LSTM", mapped, start, inputs[..., :2], "tanh"),
    )


def test_differences_of_a_square_are_exact():
    tree = {"a": np.array([1.0, -2]), "b": {"c": np.array([[3.0]])}}
    gradient = network.central_differences(
        lambda t: (t["a"] ** 2).sum() + 5 * t["b"]["c"][0, 0], tree
    )
    np.testing.assert_allclose(gradient["a"], [2, -4], rtol=1e-8)
    np.testing.assert_allclose(gradient["b"]["c"], [[5]], rtol=1e-8)
