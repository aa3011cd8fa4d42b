"""Errors with landmarks: integrators, and a network that is a Kalman filter, beside the filters."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gridjax as gj
from gridjax.errors import GridjaxError
from gridjax.run.evaluation.one_network.landmark_errors import _draw
from gridjax.spec.lowering import evaluation_config
from gridjax.spec.network import NetworkSpec
from gridjax.task import task

N_UNITS = 6
NOISE_M, VELOCITY_NOISE = 0.06, 1.0
SPEC = NetworkSpec(
    place_field_values="cartesian",
    place_field_loss="mse",
    Np=2,
    Ng=N_UNITS,
    activation="linear",
    landmark_rate=0.5,
    landmark_noise_in_m=NOISE_M,
    velocity_noise=VELOCITY_NOISE,
)
OF_MOVES, OF_LANDMARK = (SPEC.dt_s * VELOCITY_NOISE) ** 2, NOISE_M**2
BEFORE = (OF_MOVES + np.sqrt(OF_MOVES**2 + 4 * OF_MOVES * OF_LANDMARK)) / 2
STEADY_GAIN = BEFORE / (BEFORE + OF_LANDMARK)
N_MOVES, EVERY, BURN_IN, N_PATHS = 40, 4, 20, 400


def linear_network(gain, spec=SPEC):
    """A network that moves, and then goes the share ``gain`` of the way to the landmark.

    Without landmarks after every move, its input of 0 is a landmark in the middle of the box.
    """
    plane = np.linalg.qr(np.random.default_rng(0).normal(size=(N_UNITS, 2)))[0].T
    inputs = np.concatenate([(1 - gain) * plane, gain * plane])
    cell = {"W_x": inputs, "W": (1 - gain) * np.eye(N_UNITS)}
    params = {"encoder": plane, "cell": cell, "decoder": plane.T}
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), params)
    return gj.Network(spec, params, task.Layout(code=None, head=None))


def errors_of(network, **given):
    sizes = {"n_moves": N_MOVES, "burn_in": BURN_IN, "every": EVERY, "n_paths": N_PATHS}
    return network.landmarks(**{**sizes, **given})


@pytest.fixture(scope="module")
def integrator():
    return errors_of(linear_network(0.0))


def test_an_integrator_has_the_errors_of_its_noisy_moves(integrator):
    static = evaluation_config(SPEC.static)
    noises = (np.float32(VELOCITY_NOISE), np.float32(0.5), np.float32(NOISE_M))
    paths, noisy, _ = _draw(static, N_MOVES, N_PATHS, SPEC.traced, *noises)
    moves = np.asarray(noisy.moves, np.float64)
    noise = (moves - np.asarray(paths.moves)) / (SPEC.dt_s * VELOCITY_NOISE)
    assert np.square(noise).mean() == pytest.approx(1, abs=5 * np.sqrt(2 / noise.size))
    half = SPEC.box_width_in_m / 2 + 0.0234  # where the last positions of the decoder are
    reckoned = np.clip(np.asarray(paths.start) + np.cumsum(moves, axis=0), -half, half)
    square = 1e4 * np.square(reckoned - paths.positions).sum(axis=-1)
    after = square[EVERY - 1 :: EVERY][integrator.move > BURN_IN]
    assert integrator.median_without_cm == pytest.approx(np.sqrt(np.median(after)), rel=5e-3)
    square = square.mean(axis=1)
    assert list(integrator.move) == list(range(EVERY, N_MOVES + 1, EVERY))
    # the decoder's positions are 1.6 mm apart
    np.testing.assert_allclose(integrator.mse_cm2, square[EVERY - 1 :: EVERY], rtol=5e-3)


def test_an_integrator_gains_nothing_by_landmarks_and_the_filter_does(integrator):
    np.testing.assert_array_equal(integrator.mse_cm2, integrator.mse_without_cm2)
    np.testing.assert_array_equal(integrator.mse_cm2, integrator.mse_exact_cm2)
    assert integrator.error_ratio == 1
    assert integrator.efficiency_in_box < integrator.efficiency < 0.5  # the clip removes errors
    assert integrator.efficiency_median < 0.5
    after = integrator.move > BURN_IN
    of_filters = {
        "efficiency": integrator.mse_kalman_cm2,
        "efficiency_in_box": integrator.mse_kalman_in_box_cm2,
    }
    for name, square in of_filters.items():
        expected = square[after].sum() / integrator.mse_cm2[after].sum()
        assert getattr(integrator, name) == pytest.approx(expected)


def test_without_landmarks_an_integrator_is_the_filter():
    found = errors_of(linear_network(0.0), rate=0.0)
    # the positions of the decoder end 2.3 cm beyond the walls, those of the filter at them
    assert 0.95 < found.efficiency_in_box < 1
    assert 0.95 < found.efficiency_median < 1


def test_a_network_with_the_gain_of_the_steady_filter_reaches_it_and_others_do_not():
    found = errors_of(linear_network(STEADY_GAIN), rate=1.0)
    assert found.efficiency_in_box == pytest.approx(1, abs=0.02)
    expected = 2e4 * (BEFORE - OF_MOVES)  # of both coordinates
    np.testing.assert_allclose(found.mse_kalman_cm2[found.move > BURN_IN], expected, rtol=0.2)
    for factor in (0.4, 2.0):
        other = errors_of(linear_network(factor * STEADY_GAIN), rate=1.0)
        assert other.efficiency_in_box < 0.95


def test_given_noises_replace_those_of_the_training():
    own = errors_of(linear_network(0.0))
    quiet = errors_of(linear_network(0.0), velocity_noise=0.25, noise_in_m=0.0)
    assert quiet.mse_cm2[-1] < 0.1 * own.mse_cm2[-1]
    assert quiet.mse_kalman_cm2[-1] < 0.1 * own.mse_kalman_cm2[-1]
    given = errors_of(
        linear_network(0.0), velocity_noise=VELOCITY_NOISE, noise_in_m=NOISE_M, rate=0.5
    )
    np.testing.assert_array_equal(given.mse_kalman_cm2, own.mse_kalman_cm2)


@pytest.mark.parametrize(
    ("changes", "given", "message"),
    [
        ({"landmark_rate": 0.0}, {}, "no landmark input"),
        ({"inputs": "egocentric"}, {}, "no landmark input beside displacements"),
        ({}, {"rate": 1.1}, "rate is 1.1"),
        ({}, {"noise_in_m": -1.0}, "noise_in_m is -1"),
        ({}, {"velocity_noise": float("nan")}, "velocity_noise is nan"),
        ({}, {"n_moves": 0}, "n_moves is 0"),
        ({}, {"every": 41}, "every is 41"),
        ({}, {"burn_in": 40}, "burn_in is 40"),
        ({}, {"n_paths": 0}, "n_paths is 0"),
    ],
)
def test_invalid_numbers_and_networks_are_named(changes, given, message):
    with pytest.raises(GridjaxError, match=message):
        errors_of(linear_network(0.0, replace(SPEC, **changes)), **given)
