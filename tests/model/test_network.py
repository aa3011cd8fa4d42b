"""One network: its initial weights, and its activity and outputs against float64 loops."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from oracles import network as oracle
from scipy import stats

from gridjax.model import network
from gridjax.spec import NetworkSpec

N_TIMES, N_BATCH = 7, 5


def static_of(**settings):
    return replace(NetworkSpec(Ng=23, Np=11), **settings).static


def glorot_limit(n_in, n_out):
    return np.sqrt(6 / (n_in + n_out))


def test_initial_weights_are_glorot_uniform_without_biases():
    params = network.init_params(jax.random.key(7), static_of(Ng=130, Np=90))
    shapes = jax.tree.map(lambda leaf: leaf.shape, params)
    cell = {"W_x": (2, 130), "W": (130, 130)}
    assert shapes == {"encoder": (90, 130), "cell": cell, "decoder": (130, 90)}
    for leaf in jax.tree.leaves(params):
        limit = glorot_limit(*leaf.shape)
        assert leaf.dtype == np.float32
        assert np.abs(leaf).max() <= limit * (1 + 1e-6)  # the limit is rounded to float32
        # one seed in 10^4 would fail a correct generator, here and below
        assert np.abs(leaf).max() > limit * (1 - 10 / leaf.size)
        uniform = stats.uniform(-limit, 2 * limit)
        assert stats.kstest(np.asarray(leaf, np.float64).ravel(), uniform.cdf).pvalue > 1e-4


def test_the_matrices_are_drawn_from_streams_of_their_own():
    params = network.init_params(jax.random.key(7), static_of(Ng=40, Np=40))
    squares = [params["encoder"], params["cell"]["W"], params["decoder"]]
    first_rows = np.concatenate([leaf[:2] for leaf in squares] + [params["cell"]["W_x"]])
    # rows of one stream would be multiples of each other; n = 40 numbers give 1 / sqrt(n) = .16
    correlations = np.corrcoef(first_rows) - np.eye(len(first_rows))
    assert np.abs(correlations).max() < 0.16 * 4
    other = network.init_params(jax.random.key(8), static_of(Ng=40, Np=40))
    for ours, theirs in zip(jax.tree.leaves(params), jax.tree.leaves(other), strict=True):
        assert abs(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]) < 4 / np.sqrt(ours.size)


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "linear"])
def test_activity_and_outputs_agree_with_the_loop(activation):
    static = static_of(activation=activation)
    params = network.init_params(jax.random.key(1), static)
    rng = np.random.default_rng(2)
    start_code = rng.dirichlet(np.ones(11), N_BATCH).astype(np.float32)
    moves = rng.normal(0, 0.5, (N_TIMES, N_BATCH, 2)).astype(np.float32)
    hidden = network.activity(params, start_code, moves, static)
    assert hidden.shape == (N_TIMES, N_BATCH, 23)
    exact = oracle.as_float64(params)
    expected = oracle.activity(exact, start_code, moves, activation)
    # 7 steps of sums of 25 numbers of order 1, in float32
    np.testing.assert_allclose(hidden, expected, rtol=0, atol=5e-6)
    outputs = network.logits(params, hidden)
    assert outputs.shape == (N_TIMES, N_BATCH, 11)
    np.testing.assert_allclose(outputs, oracle.logits(exact, expected), rtol=0, atol=1e-5)


def test_the_first_state_has_taken_the_first_move_and_no_later_one():
    static = static_of(activation="linear")
    params = network.init_params(jax.random.key(1), static)
    start_code = np.zeros((N_BATCH, 11), np.float32)
    moves = np.zeros((N_TIMES, N_BATCH, 2), np.float32)
    moves[0, 1] = (0.3, -0.2)
    hidden = np.asarray(network.activity(params, start_code, moves, static))
    np.testing.assert_allclose(hidden[0, 1], moves[0, 1] @ params["cell"]["W_x"], rtol=1e-5)
    assert not hidden[:, [0, 2, 3, 4]].any()
    moves[1:, 0] = 1
    later = np.asarray(network.activity(params, start_code, moves, static))
    np.testing.assert_array_equal(later[0], hidden[0])
