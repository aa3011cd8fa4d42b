"""Starts: the state before the first move, for cells with one array of state and with two."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gridjax.model import network
from gridjax.model.cells import norm_relu
from gridjax.model.weights import init_params
from gridjax.spec.network import NetworkSpec
from gridjax.spec.padding import padded_config
from gridjax.spec.shapes import n_weights

SPEC = NetworkSpec(Ng=6, Np=5, rnn_type="RNN", activation="norm_relu", batch_size=4)
AT = jnp.asarray([[0.3, -0.2], [0.3, -0.2], [-0.9, 0.4], [0.0, 0.0]])


def state_of(start, cell="RNN"):
    static = replace(SPEC, start=start, rnn_type=cell).static
    params = init_params(jax.random.key(2), static)
    return np.asarray(network._state_0(params, AT, static)), params


@pytest.mark.parametrize("cell", ["RNN", "LSTM"])
def test_zero_and_learned_starts_are_the_same_for_all_paths(cell):
    width = 6 if cell == "RNN" else 12
    zero, params = state_of("zero", cell)
    assert zero.shape == (4, width)
    assert not zero.any()
    assert not params["start"]
    learned, params = state_of("learned", cell)
    expected = norm_relu(params["start"]["state"])
    np.testing.assert_allclose(learned, np.broadcast_to(expected, (4, width)), rtol=1e-6)
    assert learned.any()


def test_a_start_from_the_position_is_three_layers():
    found, params = state_of("position")
    w = {name: np.asarray(leaf, np.float64) for name, leaf in params["start"].items()}
    h = np.asarray(AT, np.float64)
    for layer in range(2):
        h = np.maximum(h @ w[f"W{layer}"] + w[f"b{layer}"], 0)
    rates = np.maximum(h @ w["W2"] + w["b2"], 0)
    size = np.linalg.norm(rates, axis=-1, keepdims=True)
    np.testing.assert_allclose(found, rates / np.where(size > 0, size, 1), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0] != found[2]).any()
    assert [w[f"W{layer}"].shape for layer in range(3)] == [(2, 64), (64, 128), (128, 6)]


def test_only_the_place_code_needs_an_encoder_and_can_be_padded():
    assert padded_config(SPEC.static) is not None
    for start in ("zero", "learned", "position"):
        static = replace(SPEC, start=start).static
        assert "encoder" not in init_params(jax.random.key(0), static)
        assert n_weights(static) == n_weights(SPEC.static) - 5 * 6
        assert padded_config(static) is None
