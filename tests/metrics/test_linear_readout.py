"""The linear readout of positions against a ridge regression by hand, in float64."""

import jax.numpy as jnp
import numpy as np

from gridjax.metrics.linear_readout import RIDGE, readout_errors


def by_hand(activity, positions):
    activity, positions = np.asarray(activity, np.float64), np.asarray(positions, np.float64)
    x, y = activity[::2], positions[::2]
    n, n_units = x.shape
    size = np.sqrt(RIDGE * n * ((x - x.mean(0)) ** 2).mean())
    # the penalty as further samples
    rows = np.vstack([x - x.mean(0), size * np.eye(n_units)])
    wanted = np.vstack([y - y.mean(0), np.zeros((n_units, 2))])
    weights = np.linalg.lstsq(rows, wanted, rcond=None)[0]
    read = (activity[1::2] - x.mean(0)) @ weights + y.mean(0)
    return np.linalg.norm(read - positions[1::2], axis=1).mean()


def test_the_readout_is_the_ridge_regression_of_the_other_half():
    rng = np.random.default_rng(0)
    positions = rng.uniform(-1, 1, (60, 2)).astype(np.float32)
    rates = np.maximum(positions @ rng.normal(size=(2, 9)) + rng.normal(size=9), 0)
    rates = rates.astype(np.float32)
    found = readout_errors(jnp.asarray(rates), jnp.asarray(positions))
    np.testing.assert_allclose(found.error, by_hand(rates, positions), rtol=1e-3)
    away = positions[1::2] - positions[::2].mean(0)
    np.testing.assert_allclose(found.chance, np.linalg.norm(away, axis=1).mean(), rtol=1e-5)
    assert found.error < 0.3 * found.chance


def test_activity_without_positions_reads_no_better_than_chance():
    rng = np.random.default_rng(1)
    positions = rng.uniform(-1, 1, (400, 2)).astype(np.float32)
    noise = rng.normal(size=(400, 5)).astype(np.float32)
    found = readout_errors(jnp.asarray(noise), jnp.asarray(positions))
    assert found.error > 0.97 * found.chance
    silent = readout_errors(jnp.zeros((400, 5)), jnp.asarray(positions))
    np.testing.assert_allclose(silent.error, silent.chance, rtol=1e-6)
