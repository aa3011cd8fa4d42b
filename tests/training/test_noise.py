"""Noise in training: its statistics, its absence, and which networks share a compilation."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from training.blocks import SPEC

from gridjax.run.planning.plan import make_plan
from gridjax.spec.lowering import evaluation_config
from gridjax.task import task
from gridjax.task.motion import square_walk
from gridjax.training import position_metrics, train_step
from gridjax.training.noise import draw_noise, with_noisy_moves

LARGE = replace(SPEC, Ng=40, batch_size=300, sequence_length=9)
NOISY = replace(LARGE, state_noise=0.3, velocity_noise=0.07)
STEP = np.int32(5)


@pytest.mark.parametrize(("of", "sd", "n"), [("state", 0.3, 40), ("velocity", 0.07, 2)])
def test_noise_is_gaussian_and_independent_for_every_move_trajectory_and_unit(of, sd, n):
    noise = np.asarray(getattr(draw_noise(NOISY.static, NOISY.traced, STEP), of), np.float64) / sd
    assert noise.shape == (9, 300, n)
    limit = 5 / np.sqrt(noise.size)  # five standard errors of a mean
    assert abs(noise.mean()) < limit
    assert abs((noise**2).mean() - 1) < limit * np.sqrt(2)
    assert abs((noise**4).mean() - 3) < limit * np.sqrt(96)
    for axis in range(3):
        assert abs((noise * np.roll(noise, 1, axis)).mean()) < limit * np.sqrt(2)
    assert abs((noise[..., 0] * noise[..., 1]).mean()) < 5 / np.sqrt(noise[..., 0].size)
    following = np.asarray(getattr(draw_noise(NOISY.static, NOISY.traced, STEP + 1), of)) / sd
    assert abs((noise * following).mean()) < limit


def test_the_noises_of_a_step_have_streams_of_their_own():
    same = replace(NOISY, Ng=2, state_noise=1.0, velocity_noise=1.0)
    state, velocity = draw_noise(same.static, same.traced, STEP)
    assert abs(np.mean(state * velocity)) < 5 / np.sqrt(np.size(state))


@pytest.mark.parametrize("inputs", ["displacement", "egocentric"])
def test_velocity_noise_changes_the_inputs_and_not_the_path(inputs):
    spec = replace(NOISY, inputs=inputs)
    path = square_walk._simulate(jax.random.key(1), 9, 300, spec.traced)
    noise = draw_noise(spec.static, spec.traced, STEP)
    noisy = with_noisy_moves(path, noise, spec.traced.dt_s)
    changed = {name for name in path._fields if getattr(noisy, name) is not getattr(path, name)}
    assert changed == {"moves"}
    ours, clean = (task.inputs(each, spec.traced.dt_s, spec.static) for each in (noisy, path))
    moves = np.asarray(path.moves) + spec.dt_s * np.asarray(noise.velocity)
    if inputs == "displacement":
        np.testing.assert_allclose(ours, moves, rtol=0, atol=1e-7)
    else:
        speed = np.linalg.norm(moves, axis=-1) / spec.dt_s
        np.testing.assert_allclose(ours[..., 0], speed, rtol=1e-5)
        np.testing.assert_array_equal(ours[..., 1:], clean[..., 1:])


def program(function, spec, *further):
    """The program of a function of one network, as text."""
    static, traced = spec.static, spec.traced
    state = jax.eval_shape(lambda traced: train_step.init(static, traced), traced)
    return str(jax.make_jaxpr(lambda *given: function(static, *given))(traced, state, *further))


def test_zero_noise_draws_nothing_and_each_noise_draws_its_own():
    def draws(**noise):
        return program(train_step.step, replace(SPEC, **noise)).count("erf_inv")

    without = draws()
    assert draws(state_noise=0.0, velocity_noise=0.0) == without
    assert draws(state_noise=0.1) == draws(velocity_noise=0.1) == without + 1
    assert draws(state_noise=0.1, velocity_noise=0.1) == without + 2


def test_evaluation_and_the_training_history_are_free_of_noise():
    assert evaluation_config(NOISY.static) == evaluation_config(LARGE.static)
    assert program(position_metrics.progress, NOISY) == program(position_metrics.progress, LARGE)


def test_networks_share_a_compilation_unless_one_has_no_noise():
    def n_buckets(*sizes):
        return len(make_plan([replace(SPEC, state_noise=size) for size in sizes]).buckets)

    assert n_buckets(0.1, 0.2, 0.4) == 1
    assert n_buckets(0.0, 0.1, 0.2) == 2
