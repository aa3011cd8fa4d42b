"""Walks out of the box and the closed loop: networks with known answers, and loops in NumPy."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import cells as slow
from oracles.network import as_float64

import gridjax as gj
from gridjax.errors import GridjaxError
from gridjax.metrics import diffusion_constants
from gridjax.model.likelihood_decoder import decode_likelihood
from gridjax.prng import Stream, stream
from gridjax.run.evaluation.one_network import walks_outside
from gridjax.run.evaluation.one_network.walks_outside import walk_outside
from gridjax.spec.network import NetworkSpec
from gridjax.task import task
from gridjax.task.motion.motion_models import draw_paths
from gridjax.task.target_codes.encodings import encoding
from gridjax.training import train_step

N_UNITS = 12
INTEGRATOR = NetworkSpec(
    place_field_values="cartesian",
    place_field_loss="mse",
    Np=2,
    Ng=N_UNITS,
    activation="linear",
    box_width_in_m=1.0,
    box_height_in_m=1.0,
    bin_side_in_m=0.05,
)
PLACE_CODE = NetworkSpec(
    place_field_values="difference_of_gaussians",
    Np=16,
    Ng=N_UNITS,
    activation="tanh",
    place_cell_rf=0.4,
    seed=3,
)
EVERY, N_MOVES, N_PATHS = 3, 9, 8


def linear_integrator(gain=1.0):
    """A network whose state is a fixed plane times the integrated position; gain 1 is exact."""
    plane = np.linalg.qr(np.random.default_rng(0).normal(size=(N_UNITS, 2)))[0].T
    cell = {"W_x": plane, "W": gain * np.eye(N_UNITS)}
    params = {"encoder": plane, "cell": cell, "decoder": plane.T}
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), params)
    return gj.Network(INTEGRATOR, params, task.Layout(code=None, head=None))


def with_place_code():
    """A network with random weights large enough that its outputs differ between positions."""
    state = train_step.init(PLACE_CODE.static, PLACE_CODE.traced)
    params = jax.tree.map(lambda leaf: 3 * leaf, state.params)
    return gj.Network(PLACE_CODE, params, state.layout)


def test_walks_start_in_the_box_and_no_wall_holds_them(monkeypatch):
    monkeypatch.setattr(walks_outside, "_AT_ONCE", 40)
    network = linear_integrator()
    given = (network.spec, network.params, network.layout, 50, 60)
    positions, rates = walk_outside(*given, None)
    assert positions.shape == (80, 60, 2)  # two batches of 40
    assert np.abs(positions[:, 0]).max() < 0.6
    assert np.abs(positions[:, -1]).max() > 1.0
    assert np.abs(positions[:40] - positions[40:]).min() > 0
    np.testing.assert_allclose(walk_outside(*given, [4, 2])[1], rates[:, :, [4, 2]])
    # the response along these positions, from any of them as a start
    response = network.respond(jnp.asarray(positions))
    np.testing.assert_allclose(rates[:, 1:], response.activity, atol=1e-5)


def test_paths_in_centimetres_or_from_a_corner_are_refused():
    network = linear_integrator()
    half = network.spec.box_width_in_m / 2
    inside = np.random.default_rng(0).uniform(-half, half, (5, 4, 2))
    from_middle = inside - inside[:, :1]  # as all paths of a session that starts in the middle
    assert network.respond(inside).activity.shape == (5, 3, N_UNITS)
    assert network.respond(1.1 * inside).activity.shape == (5, 3, N_UNITS)  # over the walls
    largest = (100 * inside[:, 0]).ravel()[np.abs(inside[:, 0]).argmax()]
    wrong = {
        f"a path starts outside the box: a coordinate is {largest:.4g} m": 100 * inside,
        "a path starts outside": inside + half,
        "a path leads far outside": 100 * from_middle,
    }
    for words, positions in wrong.items():
        with pytest.raises(gj.GridjaxError, match=words) as error:
            network.respond(positions)
        assert f"{-half:g} to {half:g} m" in str(error.value)
        assert "divide centimetres by 100" in str(error.value)


@pytest.mark.slow
def test_an_exact_integrator_has_no_limit_outside_and_one_with_a_gain_drifts():
    exact = linear_integrator().outside_box(n_paths=2000, n_moves=40)
    assert exact.range_boxes == exact.unique_range_boxes == exact.reach_boxes >= 1.3
    assert exact.reliability_outside > 0.98
    drifting = linear_integrator(gain=1.02).outside_box(n_paths=2000, n_moves=40)
    errors = drifting.error_in_box_cm
    assert errors[-1] > exact.error_in_box_cm[-1] + 1


@pytest.mark.slow
def test_the_closed_loop_is_that_of_loops():
    network = with_place_code()
    spec, static, layout = network.spec, network.spec.static, network.layout
    traced = jax.tree.map(jnp.asarray, spec.traced)
    found = network.closed_loop(EVERY, N_MOVES, N_PATHS)
    key = stream(spec.traced.motion_seed, Stream.CLOSED_LOOP)
    paths = draw_paths(key, N_MOVES, N_PATHS, static, traced)
    start = np.asarray(task.start_code(layout, paths, static), np.float64)
    moves, positions = np.asarray(paths.moves, np.float64), np.asarray(paths.positions)
    params = as_float64(network.params)

    def outputs(code, moves):
        states = slow.run("RNN", params, code, moves, "tanh")
        return slow.logits("RNN", params, slow.analysed("RNN", params, states, "tanh"))

    decoder = jax.jit(
        lambda logits: decode_likelihood(layout, logits, spec.traced.box_width_in_m, static)
    )

    def decode(logits):
        return np.asarray(decoder(jnp.asarray(logits, jnp.float32)))

    whole = outputs(start, moves)[EVERY - 1 :: EVERY]
    decoded = {"none": np.array([decode(logits) for logits in whole])}
    for feedback in ("outputs", "position"):
        code, rows = start, []
        for first in range(0, N_MOVES, EVERY):
            logits = outputs(code, moves[first : first + EVERY])[-1]
            rows.append(decode(logits))
            if feedback == "outputs":
                code = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
            else:
                code = np.asarray(encoding(static).encode(layout.code, rows[-1]), np.float64)
        decoded[feedback] = np.array(rows)
    assert found.feedback == tuple(decoded)
    np.testing.assert_array_equal(found.move, [3, 6, 9])
    for at, rows in enumerate(decoded.values()):
        errors = 100 * np.linalg.norm(rows - positions[EVERY - 1 :: EVERY], axis=-1)
        np.testing.assert_allclose(found.error_cm[at], errors.mean(axis=1), rtol=1e-3)
        squares = np.square(errors).mean(axis=1)
        np.testing.assert_allclose(found.rms_cm[at], np.sqrt(squares), rtol=1e-3)
        slope = diffusion_constants(squares, (3, 6, 9))[-1]
        np.testing.assert_allclose(found.diffusion_cm2_per_move[at], slope, rtol=1e-2)
    np.testing.assert_array_equal(found.error_cm[0, 0], found.error_cm[1:, 0])
    assert len(set(found.error_cm[:, -1])) == 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: linear_integrator().closed_loop(), "not the place code of its start"),
        (lambda: with_place_code().closed_loop(every=0), "every"),
        (lambda: with_place_code().closed_loop(every=10, n_moves=10), "n_moves"),
        (lambda: with_place_code().closed_loop(every=10, n_moves=25), "n_moves is 25"),
        (lambda: with_place_code().closed_loop(n_paths=0), "n_paths"),
        (lambda: linear_integrator().outside_box(n_paths=1), "n_paths"),
        (lambda: linear_integrator().outside_box(n_moves=2), "n_moves"),
        (lambda: linear_integrator().outside_box(units=[12]), "from 0 to 11"),
        (lambda: linear_integrator().outside_box(units=[]), "units"),
    ],
)
def test_invalid_numbers_are_named(call, message):
    with pytest.raises(GridjaxError, match=message):
        call()


def test_networks_with_another_motion_do_not_leave_the_box():
    spec = replace(INTEGRATOR, motion="random_positions")
    network = replace(linear_integrator(), spec=spec)
    with pytest.raises(GridjaxError, match="motion: walk"):
        network.outside_box()
