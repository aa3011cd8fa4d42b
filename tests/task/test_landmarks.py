"""Landmarks: when they are received, what is measured, and the inputs that contain them."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from oracles import encodings as code_oracle
from task.layouts import spec_of

from gridjax.prng import Stream, stream
from gridjax.task import task
from gridjax.task.environments import layout_in
from gridjax.task.landmarks import Landmarks, draw_landmarks, landmark_inputs
from gridjax.task.motion.trajectories import along

RATE, NOISE_M = 0.3, 0.07
SPEC = replace(spec_of("difference_of_gaussians"), n_head_direction_cells=3, landmark_rate=RATE)
WHERE = np.array([2, 0, 1, 1])


def draw(spec):
    drawn = jax.jit(lambda traced: task.draw(stream(4, Stream.LAYOUT), spec.static, traced))
    return drawn(spec.traced)


def paths_of(n_moves=5, n_paths=4):
    start = np.random.default_rng(0).uniform(-1, 1, (n_moves, n_paths, 2)).astype(np.float32)
    return along(np.concatenate([np.zeros_like(start[:1]), start]))


def code_of(layout, positions):
    names = code_oracle.Cells._fields
    cells = code_oracle.Cells(*(getattr(layout.code, name) for name in names))
    return code_oracle.difference_of_softmaxes(np.asarray(positions, np.float64), cells)


def test_measurements_are_independent_with_the_rate_and_the_noise():
    positions = paths_of(40, 500).positions
    drawn = draw_landmarks(jax.random.key(3), positions, RATE, NOISE_M)
    is_seen = np.asarray(drawn.is_seen, float) - RATE
    limit = 5 * np.sqrt(RATE * (1 - RATE) / is_seen.size)
    assert abs(is_seen.mean()) < limit
    for axis in (0, 1):
        assert abs((is_seen * np.roll(is_seen, 1, axis)).mean()) < limit
    noise = (np.asarray(drawn.positions) - positions) / NOISE_M
    limit = 5 / np.sqrt(noise.size)
    assert abs(noise.mean()) < limit
    assert abs((noise**2).mean() - 1) < limit * np.sqrt(2)
    assert abs((noise[..., 0] * noise[..., 1]).mean()) < 5 / np.sqrt(noise[..., 0].size)
    assert abs((noise * is_seen[..., None]).mean()) < limit
    assert np.asarray(draw_landmarks(jax.random.key(3), positions, 1.0, 0.0).is_seen).all()
    assert not np.asarray(draw_landmarks(jax.random.key(3), positions, 0.0, 0.0).is_seen).any()


def test_the_input_is_the_code_of_the_measured_position_and_0_without_one():
    layout, paths = draw(SPEC), paths_of()
    drawn = draw_landmarks(jax.random.key(5), paths.positions, RATE, 2.0)  # many are outside
    assert (np.abs(drawn.positions) > SPEC.box_width_in_m / 2).any(axis=-1).mean() > 0.3
    expected = code_of(layout, drawn.positions)
    expected[~np.asarray(drawn.is_seen)] = 0
    found = landmark_inputs(layout, drawn, SPEC.static)
    assert found.shape == (5, 4, SPEC.Np)
    # far outside, the exponents of the code are in the hundreds, and float32 rounds them
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-7)


@pytest.mark.slow
def test_the_code_is_that_of_the_environment_of_the_trajectory():
    spec = replace(SPEC, n_environments=3)
    layout, paths = draw(spec), paths_of()
    drawn = Landmarks(np.ones((5, 4), bool), paths.positions)
    found = landmark_inputs(layout_in(layout, WHERE), drawn, spec.static)
    for trajectory, environment in enumerate(WHERE):
        expected = code_of(layout_in(layout, environment), paths.positions[:, trajectory])
        np.testing.assert_allclose(found[:, trajectory], expected, rtol=2e-5, atol=1e-7)


def test_where_no_cell_responds_the_input_is_0():
    spec = replace(spec_of("general_difference_of_gaussians"), landmark_rate=RATE)
    positions = np.array([[[0.1, 0.2]], [[100.0, 0.0]]], np.float32)
    found = landmark_inputs(draw(spec), Landmarks(np.ones((2, 1), bool), positions), spec.static)
    assert np.asarray(found[0]).sum() == pytest.approx(1)
    np.testing.assert_array_equal(found[1], 0)


@pytest.mark.parametrize("inputs", ["displacement", "egocentric"])
def test_landmarks_follow_the_other_inputs(inputs):
    spec = replace(SPEC, inputs=inputs, n_environments=3, context_input="one_hot")
    without = replace(spec, landmark_rate=0.0)
    paths, dt_s = paths_of(), spec.traced.dt_s
    landmarks = np.random.default_rng(0).random((5, 4, spec.Np), np.float32)
    plain = task.inputs(paths, dt_s, without.static, WHERE)
    found = task.inputs(paths, dt_s, spec.static, WHERE, landmarks)
    assert found.shape[-1] == spec.static.n_inputs == without.static.n_inputs + spec.Np
    np.testing.assert_array_equal(found, np.concatenate([plain, landmarks], axis=-1))
    none = task.inputs(paths, dt_s, spec.static, WHERE)
    np.testing.assert_array_equal(none, np.concatenate([plain, 0 * landmarks], axis=-1))
