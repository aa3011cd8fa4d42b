"""Initial weights: the law of every matrix of every cell, and what starts at 0 or 1."""

import jax
import numpy as np
import pytest
from model.networks import RNN_TYPES, static_of, traced_of
from oracles import cells as oracle
from oracles import initializers as law

from gridjax.model import network
from gridjax.model.weights import init_params
from gridjax.spec.fidelity import PUBLISHED

# unequal and large enough to tell laws apart
NG, NP = 66, 50
ONE_GATE = ("RNN", "SRNN")
LAWS = {
    "glorot_uniform": law.assert_glorot_uniform,
    "glorot_normal": law.assert_glorot_normal,
    "orthogonal": law.assert_orthogonal,
}


def initial(seed=7, **settings):
    static = static_of(**{"Ng": NG, "Np": NP} | settings)
    return jax.tree.map(np.asarray, init_params(jax.random.key(seed), static))


def shapes_of(params):
    return jax.tree.map(lambda leaf: leaf.shape, params)


@pytest.mark.parametrize("rnn_type", RNN_TYPES)
def test_shapes_are_those_of_the_definitions(rnn_type):
    static = static_of(rnn_type=rnn_type, Ng=7, Np=5)
    params = jax.eval_shape(lambda: init_params(jax.random.key(0), static))
    assert shapes_of(params) == oracle.shapes(rnn_type, 2, 7, 5)


@pytest.mark.parametrize("initializer", LAWS)
@pytest.mark.parametrize("rnn_type", RNN_TYPES)
def test_the_initializer_sets_the_recurrent_kernel_alone(rnn_type, initializer):
    params = initial(rnn_type=rnn_type, initializer=initializer)
    assert all(leaf.dtype == np.float32 for leaf in jax.tree.leaves(params))
    cell = params.pop("cell")
    LAWS[initializer](cell["W"])
    matrices = [params["decoder"], *(cell[name] for name in ("W_x",) if name in cell)]
    matrices += [params[name] for name in ("input", "dense") if name in params]
    matrices += (
        np.split(params["encoder"], 2, axis=1) if rnn_type == "LSTM" else [params["encoder"]]
    )
    for matrix in matrices:
        law.assert_glorot_uniform(matrix)


@pytest.mark.parametrize("rnn_type", RNN_TYPES)
def test_biases_start_at_nothing_but_the_forget_gate_s(rnn_type):
    params = initial(rnn_type=rnn_type)
    cell = params.pop("cell")
    if rnn_type == "LSTM":
        np.testing.assert_array_equal(
            cell["b"].reshape(4, NG), np.ones((4, NG)) * [[0], [1], [0], [0]]
        )
        cell.pop("b")
    biases = [leaf for leaf in (*params.values(), *cell.values()) if leaf.ndim == 1]
    assert (len(biases) == 0) == (rnn_type == "RNN")
    for bias in biases:
        np.testing.assert_array_equal(bias, 0)


def test_published_ugrnn_ignores_the_initializer():
    normal = initial(rnn_type="UGRNN", initializer="glorot_normal", fidelity=PUBLISHED)
    uniform = initial(rnn_type="UGRNN", initializer="glorot_uniform")
    np.testing.assert_array_equal(normal["cell"]["W"], uniform["cell"]["W"])
    # no other cell is touched by the switch
    gru = initial(rnn_type="GRU", initializer="glorot_normal", fidelity=PUBLISHED)
    law.assert_glorot_normal(gru["cell"]["W"])


def test_pytorch_uniform_is_that_of_sorscher_s_port():
    params = initial(initializer="pytorch_uniform")
    for matrix in (*params["cell"].values(), params["decoder"]):
        law.assert_inverse_root(matrix, NG)
    law.assert_inverse_root(params["encoder"], NP)


def test_banino_s_bottleneck_has_no_bias_and_its_lstm_hears_the_inputs():
    static = static_of(
        rnn_type="LSTM",
        architecture="banino2018",
        Ng=9,
        Np=5,
        n_bottleneck=6,
        n_head_direction_cells=3,
        inputs="egocentric",
    )
    params = jax.eval_shape(lambda: init_params(jax.random.key(0), static))
    assert shapes_of(params) == {
        "encoder": (8, 18),
        "encoder_bias": (18,),
        "cell": {"W_x": (3, 36), "W": (9, 36), "b": (36,)},
        "dense": (9, 6),
        "decoder": (6, 8),
        "decoder_bias": (8,),
    }


@pytest.mark.parametrize("rnn_type", ["RNN", "LSTM"])
def test_the_matrices_are_drawn_from_streams_of_their_own(rnn_type):
    params = initial(rnn_type=rnn_type, Ng=40, Np=40)
    matrices = [leaf for leaf in jax.tree.leaves(params) if leaf.ndim == 2]
    if rnn_type == "LSTM":
        # two encoders side by side are two matrices
        encoder = params["encoder"]
        matrices = [leaf for leaf in matrices if leaf is not encoder]
        matrices += np.split(encoder, 2, axis=1)
    rows = np.concatenate([leaf[:2, :40] for leaf in matrices])
    # rows of one stream would be multiples of each other; n = 40 numbers give 1 / sqrt(n) = .16
    correlations = np.corrcoef(rows) - np.eye(len(rows))
    assert np.abs(correlations).max() < 0.16 * 4.5
    other = initial(seed=8, rnn_type=rnn_type, Ng=40, Np=40)
    for ours, theirs in zip(jax.tree.leaves(params), jax.tree.leaves(other), strict=True):
        if ours.ndim == 2:
            assert abs(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]) < 4.5 / np.sqrt(ours.size)


def test_dropout_masks_are_zero_or_inverse_keep_probability_at_their_rates():
    static = static_of(batch_size=300, sequence_length=9, Ng=40, recurrent_dropout=0.3)
    traced = traced_of(recurrent_dropout=0.3, readout_dropout=0.75)
    masks = network.draw_masks(jax.random.key(1), static, traced)
    assert masks.recurrent.shape == (300, 40)
    assert masks.readout.shape == (9, 300, 40)
    for mask, rate in ((masks.recurrent, 0.3), (masks.readout, 0.75)):
        values = np.unique(mask)
        np.testing.assert_allclose(values, [0, 1 / (1 - rate)], rtol=1e-6)
        # 4.5 standard errors of a share
        allowed = 4.5 * np.sqrt(rate * (1 - rate) / mask.size)
        assert abs(np.mean(np.asarray(mask) == 0) - rate) < allowed
    nothing = network.draw_masks(jax.random.key(1), static, traced_of())
    assert all((np.asarray(mask) == 1).all() for mask in nothing)


def test_a_dropout_mask_of_each_move_differs_between_moves():
    static = static_of(
        batch_size=300,
        sequence_length=9,
        Ng=40,
        recurrent_dropout=0.3,
        recurrent_dropout_mask="move",
    )
    mask = network.draw_masks(jax.random.key(1), static, traced_of(recurrent_dropout=0.3)).recurrent
    assert mask.shape == (9, 300, 40)
    dropped = np.asarray(mask) == 0
    # two independent masks drop the same unit with probability .09; 4.5 standard errors
    both = np.mean(dropped[1:] & dropped[:-1])
    assert abs(both - 0.09) < 4.5 * np.sqrt(0.09 * 0.91 / dropped[1:].size) * 2
