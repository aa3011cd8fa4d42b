"""Environments: their layouts, and targets, decoding and inputs of trajectories in them."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from oracles import encodings as code_oracle
from task.layouts import exactly, spec_of

from gridjax.prng import Stream, stream
from gridjax.task import task
from gridjax.task.environments import draw_environments, layout_in
from gridjax.task.motion import square_walk

N = 4
ONE = replace(spec_of("difference_of_gaussians"), n_head_direction_cells=3, batch_size=6)
SPEC = replace(ONE, n_environments=N)
WHERE = np.array([2, 0, 3, 3, 1, 0])


def draw(spec, seed=4):
    return task.draw(stream(seed, Stream.LAYOUT), spec.static, spec.traced)


@pytest.fixture(scope="module")
def layout():
    return draw(SPEC)


@pytest.fixture(scope="module")
def paths():
    key = stream(4, Stream.MOTION)
    return jax.tree.map(np.asarray, square_walk._simulate(key, 5, len(WHERE), SPEC.traced))


def assert_equal(one, other):
    jax.tree.map(np.testing.assert_array_equal, one, other)


def test_environment_0_has_the_layout_of_a_network_with_one(layout):
    one = draw(ONE)
    assert one.further is None
    assert one.environment is None
    assert_equal(one.code, layout.code)
    assert_equal(one.head, layout.head)
    assert_equal(one.code, layout_in(layout, 0).code)


def test_each_environment_has_a_layout_that_depends_on_its_number_alone(layout):
    centres = [np.asarray(layout_in(layout, number).code.centres) for number in range(N)]
    for number, own in enumerate(centres):
        assert all(not np.array_equal(own, other) for other in centres[:number])
    fewer = draw(replace(SPEC, n_environments=2))
    assert_equal(layout_in(fewer, 1).code, layout_in(layout, 1).code)
    others = draw(SPEC, seed=5)
    assert not np.array_equal(layout_in(others, 1).code.centres, centres[1])


def test_the_targets_of_a_trajectory_are_those_of_its_environment(layout, paths):
    ours = task.targets(layout_in(layout, WHERE), paths.positions, paths.headings, SPEC.static)
    start = task.start_code(layout_in(layout, WHERE), paths, SPEC.static)
    for at, number in enumerate(WHERE):
        code = layout.code
        if number:
            code = jax.tree.map(lambda leaf, place=number - 1: leaf[place], layout.further)
        for targets, positions in ((ours, paths.positions), (start[None], paths.start[None])):
            plain = code_oracle.difference_of_softmaxes(positions[:, at], exactly(code))
            np.testing.assert_allclose(targets[:, at, : SPEC.Np], plain, rtol=0, atol=2e-5)


def test_outputs_are_decoded_in_the_environment_of_their_trajectory(layout, paths):
    code = task.targets(layout_in(layout, WHERE), paths.positions, paths.headings, SPEC.static)
    code, _ = task.split_outputs(code, SPEC.static)
    ours = task.decode(layout_in(layout, WHERE), code, SPEC.static)
    assert ours.shape == paths.positions.shape
    for at, number in enumerate(WHERE):
        own = task.decode(layout_in(layout, number), code[:, at], SPEC.static)
        np.testing.assert_array_equal(ours[:, at], own)


@pytest.mark.parametrize("inputs", ["displacement", "egocentric"])
def test_the_context_input_names_the_environment(inputs, paths):
    told = replace(SPEC, inputs=inputs, context_input="one_hot")
    dt_s = np.float32(told.dt_s)
    plain = task.inputs(paths, dt_s, replace(told, context_input="none").static)
    assert told.static.n_inputs == plain.shape[-1] + N
    expected = np.broadcast_to(np.eye(N)[WHERE], (5, len(WHERE), N))
    ours = task.inputs(paths, dt_s, told.static, WHERE)
    np.testing.assert_array_equal(ours, np.concatenate([plain, expected], axis=-1))
    single = task.inputs(paths, dt_s, told.static, np.int32(2))
    np.testing.assert_array_equal(single[..., -N:], np.broadcast_to(np.eye(N)[2], (5, 6, N)))
    first = task.inputs(paths, dt_s, told.static)
    np.testing.assert_array_equal(first[..., -N:], np.broadcast_to(np.eye(N)[0], (5, 6, N)))


def test_all_environments_are_equally_likely_and_differ_between_steps():
    many = replace(SPEC, batch_size=4000).static
    steps = [
        np.asarray(draw_environments(stream(3, Stream.ENVIRONMENTS, step), many)) for step in (0, 1)
    ]
    counts = np.bincount(steps[0], minlength=N)
    assert len(counts) == N
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(4000 * 0.25 * 0.75)
    assert abs((steps[0] == steps[1]).mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 4000)
