"""One network: what its first state has heard of, and its layers' activations."""

import jax
import numpy as np
import pytest
from model.networks import N_BATCH, N_TIMES, RNN_TYPES, case, static_of

from gridjax.model import network


@pytest.mark.parametrize("rnn_type", RNN_TYPES)
def test_the_first_state_has_taken_the_first_move_and_no_later_one(rnn_type):
    static, params, start_code, inputs, _ = case(rnn_type=rnn_type, activation="tanh")
    activity = jax.jit(lambda inputs: network.activity(params, start_code, inputs, static))
    usual = np.asarray(activity(inputs))
    first, later = inputs.copy(), inputs.copy()
    first[0, 1] += 0.3
    later[1:, 0] += 1
    moved = np.asarray(activity(first)) != usual
    assert moved[:, 1].any(axis=-1).all()
    assert not moved[:, [0, 2, 3]].any()
    moved = np.asarray(activity(later)) != usual
    assert not moved[0].any()
    assert moved[1:, 0].any(axis=-1).all()
    assert not moved[:, 1:].any()
    assert usual.shape[:2] == (N_TIMES, N_BATCH)


def test_the_analysed_layer_of_a_bottleneck_is_linear():
    relu = network.analysed_activation(static_of(activation="relu"))
    np.testing.assert_array_equal(relu(np.array([-2.0, 3.0])), [0, 3])
    bottleneck = static_of(architecture="banino2018", activation="relu", rnn_type="LSTM")
    linear = network.analysed_activation(bottleneck)
    np.testing.assert_array_equal(linear(np.array([-2.0, 3.0])), [-2, 3])
