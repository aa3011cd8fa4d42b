"""Losses, entropy, weight penalty and position error against their definitions in float64."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from oracles import network as oracle

from gridjax.model import network, objective
from gridjax.spec import NetworkSpec

N_CELLS = 13


def static_of(loss):
    return replace(NetworkSpec(Ng=6, Np=N_CELLS), place_field_loss=loss).static


def outputs_and_targets():
    rng = np.random.default_rng(0)
    outputs = rng.normal(0, 3, (4, 5, N_CELLS)).astype(np.float32)
    targets = rng.dirichlet(np.full(N_CELLS, 0.2), (4, 5)).astype(np.float32)
    targets[..., :3] = 0
    targets /= targets.sum(axis=-1, keepdims=True)
    return outputs, targets


@pytest.mark.parametrize("loss", ["crossentropy", "mse"])
def test_losses_of_each_position_agree_with_float64(loss):
    outputs, targets = outputs_and_targets()
    ours = objective.LOSSES[loss](outputs, targets)
    assert ours.shape == (4, 5)
    expected = oracle.LOSSES[loss](outputs.astype(np.float64), targets.astype(np.float64))
    np.testing.assert_allclose(ours, expected, rtol=3e-6)  # sums of 13 in float32


def test_cross_entropy_of_known_outputs():
    targets = np.array([[1, 0], [0.5, 0.5], [0, 1]], np.float32)
    outputs = np.array([[0, 0], [np.log(3), 0], [1e4, 0]], np.float32)
    expected = [np.log(2), np.log(4 / np.sqrt(3)), 1e4]
    np.testing.assert_allclose(objective.cross_entropy(outputs, targets), expected, rtol=1e-6)


def test_mean_squared_error_of_known_outputs():
    outputs, targets = np.array([[1, 2, 3.0]]), np.array([[1, 0, -1.0]])
    np.testing.assert_allclose(objective.mean_squared_error(outputs, targets), [20 / 3], rtol=1e-6)


def test_entropy_agrees_with_float64_and_takes_zeros():
    _, targets = outputs_and_targets()
    assert (targets == 0).any()
    expected = oracle.entropy(targets.astype(np.float64))
    np.testing.assert_allclose(objective.entropy(targets), expected, rtol=3e-6, atol=1e-6)
    sure = np.eye(3, dtype=np.float32)
    np.testing.assert_array_equal(objective.entropy(sure), 0)
    np.testing.assert_allclose(objective.entropy(np.full(8, 0.125, np.float32)), np.log(8), 1e-6)


def test_loss_excess_is_nothing_for_the_best_outputs_and_the_divergence_for_others():
    outputs, targets = outputs_and_targets()
    static = static_of("crossentropy")
    positive = np.maximum(targets, np.float32(1e-30))
    best = objective.cross_entropy(np.log(positive), targets)
    np.testing.assert_allclose(objective.loss_excess(best, targets, static), 0, atol=3e-6)
    excess = objective.loss_excess(objective.cross_entropy(outputs, targets), targets, static)
    probability = np.exp(outputs.astype(np.float64))
    probability /= probability.sum(axis=-1, keepdims=True)
    divergence = (targets * np.log(positive / probability)).sum(axis=-1)
    np.testing.assert_allclose(excess, divergence, rtol=1e-5, atol=1e-5)
    assert (np.asarray(excess) > 0).all()


def test_loss_excess_of_another_loss_is_nan():
    outputs, targets = outputs_and_targets()
    loss = objective.mean_squared_error(outputs, targets)
    excess = objective.loss_excess(loss, targets, static_of("mse"))
    assert excess.shape == loss.shape
    assert np.isnan(excess).all()


def test_weight_penalty_is_lambda_times_the_squares_of_the_recurrent_kernel_alone():
    static = static_of("mse")
    params = network.init_params(jax.random.key(0), static)
    rate = np.float32(0.3)

    def penalty(params):
        return objective.weight_penalty(params, rate, static)

    kernel = np.asarray(params["cell"]["W"], np.float64)
    assert float(penalty(params)) == pytest.approx(0.3 * (kernel**2).sum(), rel=1e-6)
    gradient = jax.grad(penalty)(params)
    np.testing.assert_allclose(gradient["cell"]["W"], 2 * 0.3 * kernel, rtol=1e-6)
    for other in (gradient["encoder"], gradient["decoder"], gradient["cell"]["W_x"]):
        assert not np.asarray(other).any()


def test_position_error_is_the_distance():
    decoded = np.array([[[0.3, 0.4], [1, 1]], [[-1, 0], [0, 0]]], np.float32)
    positions = np.array([[[0, 0], [1, 1]], [[1, 0], [0, -0.5]]], np.float32)
    expected = [[0.5, 0], [2, 0.5]]
    np.testing.assert_allclose(objective.position_error(decoded, positions), expected, rtol=1e-6)
