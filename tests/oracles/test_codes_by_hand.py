"""The oracles of codes and gates where only one reading of the definition gives the number."""

import numpy as np
import pytest
from oracles import cells, encodings

# at the origin a is (1/2, 1/8, 2) and b is (1/8, 2/25, 1/2); the second cell's other field has
# the larger a, yet the smaller b
THREE_CELLS = encodings.Cells(
    centres=np.array([[[1.0, 0], [9, 9]], [[0, 2], [1, 0]], [[2, 0], [9, 9]]]),
    sigma_e=np.array([[1.0, 1], [4, 0.5], [1, 1]]),
    sigma_i=np.array([[2.0, 2], [5, 10], [2, 2]]),
    n_fields=np.array([1, 2, 1]),
)
ORIGIN = [[0.0, 0.0]]
A, B = np.array([1 / 2, 1 / 8, 2]), np.array([1 / 8, 2 / 25, 1 / 2])


def shares(x):
    return x / x.sum()


def test_a_and_b_are_of_the_same_field():
    np.testing.assert_allclose(encodings.exponents(ORIGIN[0], THREE_CELLS), [A, B])


@pytest.mark.parametrize(
    ("encode", "settings", "q"),
    [
        (encodings.difference_of_softmaxes, {}, shares(np.exp(-A)) - shares(np.exp(-B))),
        (encodings.difference_of_gaussians, {}, np.exp(-A) - np.exp(-B)),
        (
            encodings.general_difference_of_gaussians,
            {"alpha_e": 5.0, "alpha_i": 0.7},  # all q above 0: still lifted
            5.0 * np.exp(-A) - 0.7 * np.exp(-B),
        ),
    ],
)
def test_differences_are_centre_minus_surround_lifted_by_the_size_of_the_least(encode, settings, q):
    expected = shares(q + abs(q.min()))
    np.testing.assert_allclose(encode(ORIGIN, THREE_CELLS, **settings), [expected])


def test_the_softmax_of_differences_takes_the_centre_from_the_surround():
    code = encodings.softmax_of_differences(ORIGIN, THREE_CELLS)
    np.testing.assert_allclose(code, [shares(np.exp(B - A))])


def test_concentration_sharpens_head_directions():
    code = encodings.head_directions(0.4, [0.4, 0.4 + np.pi], 3.0)
    np.testing.assert_allclose(code, [1 / (1 + np.exp(-6)), 1 / (1 + np.exp(6))])


@pytest.mark.parametrize("rnn_type", ["UGRNN", "GRU", "LSTM"])
def test_a_mask_reaches_nothing_but_the_product_with_the_recurrent_kernel(rnn_type):
    n_units, rng = 4, np.random.default_rng(5)
    shapes = cells.shapes(rnn_type, 2, n_units, 3)
    params = cells.of_shapes(shapes, lambda shape: rng.normal(size=shape))
    params["cell"]["W"][-n_units:] = 0  # the rows that h meets, in a kernel on [m; h] too
    start, inputs = rng.normal(size=(2, 3)), rng.normal(size=(3, 2, 2))
    nothing = np.zeros((2, n_units))
    np.testing.assert_array_equal(
        cells.run(rnn_type, params, start, inputs, "tanh", nothing),
        cells.run(rnn_type, params, start, inputs, "tanh"),
    )


def test_the_output_of_an_lstm_is_the_activation_of_its_memory():
    params = cells.of_shapes(cells.shapes("LSTM", 2, 1, 1), np.zeros)
    params["encoder"][0, 1] = 1
    params["cell"]["b"][:] = [0, 50, 0, 50]  # forgets nothing, shows everything
    hidden = cells.run("LSTM", params, np.array([[0.8]]), np.zeros((1, 1, 2)), "tanh")
    np.testing.assert_allclose(hidden, [[[np.tanh(0.8)]]])
