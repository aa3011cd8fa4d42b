"""A network's task: its inputs, its start code and its targets beside the head-direction cells."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from oracles import encodings as code_oracle
from oracles import motion as oracle
from task.layouts import exactly, spec_of

from gridjax.prng import Stream, stream
from gridjax.task import task
from gridjax.task.motion import square_walk

N_MOVES, N_BATCH, N_HEAD, KAPPA = 25, 7, 5, 6.0
SPEC = replace(
    spec_of("difference_of_gaussians"),
    n_head_direction_cells=N_HEAD,
    head_direction_kappa=KAPPA,
    dt_s=0.03,
    border_m=0.2,
    inputs="egocentric",
)


@pytest.fixture(scope="module")
def paths():
    key = stream(4, Stream.MOTION)
    return jax.tree.map(np.asarray, square_walk._simulate(key, N_MOVES, N_BATCH, SPEC.traced))


@pytest.fixture(scope="module")
def layout():
    drawn = jax.jit(task.draw, static_argnums=1)
    return jax.tree.map(np.asarray, drawn(stream(4, Stream.LAYOUT), SPEC.static, SPEC.traced))


def expected_targets(layout, positions, headings):
    code = code_oracle.difference_of_softmaxes(positions, exactly(layout.code))
    head = code_oracle.head_directions(headings, layout.head.preferred, KAPPA)
    return np.concatenate([code, head], axis=-1)


def test_targets_are_the_code_and_then_the_heading(paths, layout):
    ours = task.targets(layout, paths.positions, paths.headings, SPEC.static)
    assert ours.shape == (N_MOVES, N_BATCH, 37 + N_HEAD)
    expected = expected_targets(layout, paths.positions, paths.headings)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=2e-5)
    code, head = task.split_outputs(ours, SPEC.static)
    assert code.shape[-1] == 37
    np.testing.assert_allclose(np.asarray(head).sum(axis=-1), 1, atol=1e-5)


def test_the_start_code_is_that_of_the_start_and_its_heading(paths, layout):
    ours = task.start_code(layout, paths, SPEC.static)
    expected = expected_targets(layout, paths.start, paths.start_heading)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=2e-5)


def test_without_head_direction_cells_targets_are_the_code_alone(paths, layout):
    alone = replace(SPEC, n_head_direction_cells=0)
    drawn = task.draw(stream(4, Stream.LAYOUT), alone.static, alone.traced)
    assert drawn.head is None
    # cells beside them move no place cell
    np.testing.assert_array_equal(drawn.code.centres, layout.code.centres)
    ours = task.targets(drawn, paths.positions, paths.headings, alone.static)
    assert ours.shape == (N_MOVES, N_BATCH, 37)


def test_displacements_are_the_moves(paths):
    static = replace(SPEC, inputs="displacement").static
    np.testing.assert_array_equal(task.inputs(paths, SPEC.traced.dt_s, static), paths.moves)


def test_egocentric_inputs_are_speed_and_turn_and_integrate_back_to_positions(paths):
    ours = np.asarray(task.inputs(paths, SPEC.traced.dt_s, SPEC.static))
    assert ours.shape == (N_MOVES, N_BATCH, 3)
    for i in range(N_BATCH):
        path = [part[:, i] for part in (paths.moves, paths.headings)]
        expected = oracle.egocentric(path[0], paths.start_heading[i], path[1], 0.03)
        # speeds of 2 m/s from moves of 6 cm, headings of up to 10 rad: seven digits each
        np.testing.assert_allclose(ours[:, i], expected, rtol=0, atol=5e-6)
        positions, headings = oracle.integrate(
            ours[:, i], paths.start[i], paths.start_heading[i], 0.03
        )
        # 25 turns rounded to 1e-6 turn every later move of 2 cm
        np.testing.assert_allclose(positions, paths.positions[:, i], rtol=0, atol=2e-5)
        turned = np.exp(1j * headings) - np.exp(1j * paths.headings[:, i])
        assert np.abs(turned).max() < 2e-5
    slowed = np.linalg.norm(paths.moves, axis=-1) / 0.03
    np.testing.assert_allclose(ours[..., 0], slowed, rtol=1e-5)
