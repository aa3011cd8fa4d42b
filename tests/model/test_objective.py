"""Data loss with headings, its excess, the weight penalty and the position error."""

import jax
import numpy as np
import pytest
from model.networks import RNN_TYPES, drawn, static_of
from oracles import losses as oracle

from gridjax.model import objective
from gridjax.model.weights import init_params
from gridjax.spec.fidelity import PUBLISHED

N_CELLS, N_HEAD = 13, 4


def outputs_and_targets(n_head=0):
    rng = np.random.default_rng(0)
    outputs = rng.normal(0, 3, (4, 5, N_CELLS + n_head)).astype(np.float32)
    parts = [rng.dirichlet(np.full(n, 0.2), (4, 5)) for n in (N_CELLS, n_head) if n]
    return outputs, np.concatenate(parts, axis=-1).astype(np.float32)


def of_loss(loss, n_head=0):
    return static_of(Np=N_CELLS, place_field_loss=loss, n_head_direction_cells=n_head)


@pytest.mark.parametrize("loss", ["crossentropy", "mse", "binarycrossentropy"])
def test_the_heading_adds_its_own_cross_entropy(loss):
    outputs, targets = outputs_and_targets(N_HEAD)
    ours = objective.data_loss(outputs, targets, of_loss(loss, N_HEAD))
    outputs, targets = outputs.astype(np.float64), targets.astype(np.float64)
    code = oracle.LOSSES[loss](outputs[..., :N_CELLS], targets[..., :N_CELLS])
    head = oracle.cross_entropy(outputs[..., N_CELLS:], targets[..., N_CELLS:])
    np.testing.assert_allclose(ours, code + head, rtol=3e-6)


@pytest.mark.parametrize("n_head", [0, N_HEAD])
def test_loss_excess_is_the_divergence(n_head):
    outputs, targets = outputs_and_targets(n_head)
    static = of_loss("crossentropy", n_head)
    loss = objective.data_loss(outputs, targets, static)
    excess = objective.loss_excess(loss, targets, static)
    outputs, targets = outputs.astype(np.float64), targets.astype(np.float64)
    expected = oracle.loss_excess(outputs[..., :N_CELLS], targets[..., :N_CELLS])
    if n_head:
        expected = expected + oracle.loss_excess(outputs[..., N_CELLS:], targets[..., N_CELLS:])
    np.testing.assert_allclose(excess, expected, rtol=1e-5, atol=1e-5)
    assert (np.asarray(excess) > 0).all()


def test_loss_excess_is_nothing_for_the_best_outputs():
    _, targets = outputs_and_targets()
    static = of_loss("crossentropy")
    best = objective.data_loss(np.log(np.maximum(targets, np.float32(1e-30))), targets, static)
    np.testing.assert_allclose(objective.loss_excess(best, targets, static), 0, atol=3e-6)


@pytest.mark.parametrize("loss", ["mse", "polarmse", "binarycrossentropy"])
def test_loss_excess_of_another_loss_is_nan(loss):
    _, targets = outputs_and_targets()
    excess = objective.loss_excess(np.ones((4, 5), np.float32), targets, of_loss(loss))
    assert excess.shape == (4, 5)
    assert np.isnan(excess).all()


def penalty_and_gradient(static, rate=0.3):
    rng = np.random.default_rng(1)
    params = drawn(lambda key: init_params(key, static), rng)

    def penalty(params):
        return objective.weight_penalty(params, np.float32(rate), static)

    return params, float(penalty(params)), jax.grad(penalty)(params)


@pytest.mark.parametrize("rnn_type", RNN_TYPES)
def test_weight_penalty_is_lambda_times_the_squares_of_the_recurrent_kernel_alone(rnn_type):
    params, penalty, gradient = penalty_and_gradient(static_of(rnn_type=rnn_type))
    kernel = np.asarray(params["cell"]["W"], np.float64)
    assert penalty == pytest.approx(0.3 * (kernel**2).sum(), rel=1e-6)
    cell = gradient.pop("cell")
    np.testing.assert_allclose(cell.pop("W"), 2 * 0.3 * kernel, rtol=1e-6)
    assert not any(np.asarray(leaf).any() for leaf in jax.tree.leaves((gradient, cell)))


def test_published_decay_of_ugrnn_falls_on_its_bias_and_of_no_other_cell():
    params, penalty, gradient = penalty_and_gradient(
        static_of(rnn_type="UGRNN", fidelity=PUBLISHED)
    )
    bias = np.asarray(params["cell"]["b"], np.float64)
    assert penalty == pytest.approx(0.3 * (bias**2).sum(), rel=1e-6)
    np.testing.assert_allclose(gradient["cell"]["b"], 2 * 0.3 * bias, rtol=1e-6)
    assert not np.asarray(gradient["cell"]["W"]).any()
    params, penalty, _ = penalty_and_gradient(static_of(rnn_type="GRU", fidelity=PUBLISHED))
    kernel = np.asarray(params["cell"]["W"], np.float64)
    assert penalty == pytest.approx(0.3 * (kernel**2).sum(), rel=1e-6)


def test_position_error_is_the_distance():
    decoded = np.array([[[0.3, 0.4], [1, 1]], [[-1, 0], [0, 0]]], np.float32)
    positions = np.array([[[0, 0], [1, 1]], [[1, 0], [0, -0.5]]], np.float32)
    expected = [[0.5, 0], [2, 0.5]]
    np.testing.assert_allclose(objective.position_error(decoded, positions), expected, rtol=1e-6)
