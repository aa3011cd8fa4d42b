"""Losses of each position, and the least they can be, against their definitions in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import losses as oracle

from gridjax.model import losses
from gridjax.spec.registry import LOSSES

N_CELLS = 13


def outputs_and_targets(loss="crossentropy"):
    """Outputs and targets [4, 5, N] of a kind that the loss takes."""
    rng = np.random.default_rng(0)
    if loss == "polarmse":
        polar = rng.uniform([0, -np.pi], [1.5, np.pi], (2, 4, 5, 2)).astype(np.float32)
        return polar[0] * np.float32(1.5), polar[1]
    outputs = rng.normal(0, 3, (4, 5, N_CELLS)).astype(np.float32)
    targets = rng.dirichlet(np.full(N_CELLS, 0.2), (4, 5)).astype(np.float32)
    targets[..., :3] = 0
    return outputs, targets / targets.sum(axis=-1, keepdims=True)


def doubled(*arrays):
    return [np.asarray(array, np.float64) for array in arrays]


@pytest.mark.parametrize("loss", oracle.LOSSES)
def test_losses_of_each_position_agree_with_float64(loss):
    outputs, targets = outputs_and_targets(loss)
    ours = LOSSES[loss].loss(outputs, targets)
    assert ours.shape == (4, 5)
    expected = oracle.LOSSES[loss](*doubled(outputs, targets))
    np.testing.assert_allclose(ours, expected, rtol=3e-6, atol=1e-6)  # sums of 13 in float32


def test_every_loss_of_the_study_is_there():
    assert set(oracle.LOSSES) <= set(LOSSES)


def test_cross_entropy_of_known_outputs():
    targets = np.array([[1, 0], [0.5, 0.5], [0, 1]], np.float32)
    outputs = np.array([[0, 0], [np.log(3), 0], [1e4, 0]], np.float32)
    expected = [np.log(2), np.log(4 / np.sqrt(3)), 1e4]
    np.testing.assert_allclose(losses.cross_entropy(outputs, targets), expected, rtol=1e-6)


def test_mean_squared_error_of_known_outputs():
    outputs, targets = np.array([[1, 2, 3.0]]), np.array([[1, 0, -1.0]])
    np.testing.assert_allclose(losses.mean_squared_error(outputs, targets), [20 / 3], rtol=1e-6)


def test_binary_cross_entropy_is_stable_at_extreme_outputs():
    outputs = np.array([[200.0, -200], [200, -200], [0, 0]], np.float32)
    targets = np.array([[1, 0], [0, 1], [0.3, 0.9]], np.float32)
    ours = losses.binary_cross_entropy(outputs, targets)
    np.testing.assert_allclose(ours, [0, 200, np.log(2)], rtol=1e-6)
    gradient = jax.grad(lambda x: losses.binary_cross_entropy(x, targets).sum())(outputs)
    np.testing.assert_allclose(gradient[:2], [[0, 0], [0.5, -0.5]], atol=1e-6)


def test_polar_error_is_the_squared_distance():
    outputs, targets = outputs_and_targets("polarmse")

    def cartesian(polar):
        r, theta = np.moveaxis(polar.astype(np.float64), -1, 0)
        return np.stack([r * np.cos(theta), r * np.sin(theta)], axis=-1)

    squared = np.square(cartesian(outputs) - cartesian(targets)).sum(axis=-1)
    ours = losses.polar_mean_squared_error(outputs, targets)
    np.testing.assert_allclose(ours, squared, rtol=1e-5, atol=3e-6)


def test_entropy_agrees_with_float64_and_takes_zeros():
    _, targets = outputs_and_targets()
    assert (targets == 0).any()
    expected = oracle.entropy(targets.astype(np.float64))
    np.testing.assert_allclose(losses.entropy(targets), expected, rtol=3e-6, atol=1e-6)
    sure = np.eye(3, dtype=np.float32)
    np.testing.assert_array_equal(losses.entropy(sure), 0)
    np.testing.assert_allclose(losses.entropy(np.full(8, 0.125, np.float32)), np.log(8), 1e-6)


def test_a_share_that_rounding_left_below_zero_counts_as_zero():
    targets = np.float32([0.25, 0.75, 0.0])
    rounded = targets - np.float32([0, 0, 1e-9])
    np.testing.assert_array_equal(losses.entropy(rounded), losses.entropy(targets))


@pytest.mark.parametrize("loss", ["crossentropy", "binarycrossentropy"])
def test_the_least_loss_is_that_of_the_best_outputs(loss):
    _, targets = outputs_and_targets()
    targets = np.clip(targets, 1e-6, 1 - 1e-6)
    targets = targets / targets.sum(axis=-1, keepdims=True)
    best = np.log(targets) if loss == "crossentropy" else np.log(targets / (1 - targets))
    entry = LOSSES[loss]
    least = np.asarray(entry.least(targets))
    np.testing.assert_allclose(entry.loss(best, targets), least, rtol=1e-5, atol=1e-6)
    rng = np.random.default_rng(1)
    for _ in range(5):
        other = best + rng.normal(0, 0.3, best.shape).astype(np.float32)
        assert (entry.loss(other, targets) > least).all()


@pytest.mark.parametrize("loss", ["mse", "polarmse"])
def test_losses_without_a_least_can_be_nothing(loss):
    assert LOSSES[loss].least is None
    _, targets = outputs_and_targets(loss)
    np.testing.assert_allclose(LOSSES[loss].loss(targets, targets), 0, atol=1e-6)


@pytest.mark.parametrize("loss", oracle.LOSSES)
def test_gradients_agree_with_central_differences(loss):
    outputs, targets = doubled(*outputs_and_targets(loss))
    with jax.enable_x64(True):
        gradient = jax.grad(lambda x: LOSSES[loss].loss(x, targets).sum())(jnp.asarray(outputs))
    rng = np.random.default_rng(2)
    direction, step = rng.normal(size=outputs.shape), 1e-6
    above, below = (
        oracle.LOSSES[loss](outputs + sign * step * direction, targets).sum() for sign in (1, -1)
    )
    along = (np.asarray(gradient) * direction).sum()
    assert along == pytest.approx((above - below) / (2 * step), rel=1e-6)
