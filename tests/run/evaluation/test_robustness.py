"""Robustness of networks whose answer to a perturbation is known, and of one network by loops."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles.perturbed_rollout import perturbed_rollouts

import gridjax as gj
from gridjax.prng import Stream, stream
from gridjax.run.evaluation import perturbed_rollout
from gridjax.run.evaluation.perturbed_rollout import perturbed_errors
from gridjax.run.evaluation.robustness import conditions_for, robustness_columns
from gridjax.spec.network import NetworkSpec
from gridjax.spec.records.cell_info import CellInfo
from gridjax.spec.records.start_info import StartInfo
from gridjax.spec.registry import CELLS, STARTS
from gridjax.sweep.settings.evaluation_sizes import design_of
from gridjax.sweep.settings.perturbations import (
    KICK_ALONG,
    KICK_OFF,
    LESION_GRID,
    LESION_MATCHED,
    LESION_RANDOM,
    MOVES,
    MOVES_AFTER_KICK,
    N_MOVES,
    NONE,
    STATE_NOISE,
    VELOCITY_NOISE,
    Condition,
)
from gridjax.sweep.settings.run_settings import EvaluationSettings
from gridjax.task.motion.motion_models import draw_paths
from gridjax.training import train_step

SETTINGS = EvaluationSettings(samples_per_bin=40, batch_size=100)
N_BINS, N_UNITS = 20, 12
LINEAR = NetworkSpec(
    place_field_values="cartesian",
    place_field_loss="mse",
    Np=2,
    Ng=N_UNITS,
    activation="linear",
    batch_size=16,
    sequence_length=7,
    bin_side_in_m=0.11,
    seed=4,
)
CONDITIONS = (
    Condition(NONE, 0.0),
    Condition(VELOCITY_NOISE, 1.0),
    Condition(STATE_NOISE, 0.2),
    Condition(KICK_OFF, 0.1),
    Condition(KICK_ALONG, 0.1),
)
PLANE = np.linalg.qr(np.random.default_rng(0).normal(size=(N_UNITS, 2)))[0].T
"""Directions of the state that represent x and y."""


def bin_centres(spec):
    axis = ((np.arange(N_BINS) + 0.5) / N_BINS - 0.5) * spec.box_width_in_m
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)


def measured(spec, params, states, conditions=CONDITIONS, layout=None):
    """The table of one network with given parameters and states [n, n, unit] of the bins."""
    traced = jax.tree.map(jnp.asarray, spec.traced)
    layout = train_step.init(spec.static, traced).layout if layout is None else layout
    maps = jnp.asarray(np.moveaxis(states, -1, 0), jnp.float32)
    one = partial(perturbed_errors, spec.static, design_of(spec, SETTINGS), conditions)
    given = (traced, jax.tree.map(jnp.float32, params), layout, maps, jnp.ones((N_BINS, N_BINS)))
    found = jax.device_get(jax.jit(one)(*given, jnp.arange(spec.Ng, dtype=jnp.float32)))
    return robustness_columns(spec, conditions, found)


def of_linear(kernel):
    """The table of a linear network that adds moves along PLANE to kernel' h."""
    params = {"encoder": PLANE, "decoder": PLANE.T, "cell": {"W_x": PLANE, "W": kernel}}
    return measured(LINEAR, params, bin_centres(LINEAR) @ PLANE)


def rows(table, perturbation):
    at = table["perturbation"] == perturbation
    return {name: column[at] for name, column in table.items()}


@pytest.fixture(scope="module")
def integrator():
    return of_linear(np.eye(N_UNITS))


@pytest.fixture(scope="module")
def mean_move_cm():
    traced = jax.tree.map(jnp.asarray, LINEAR.traced)
    key = stream(traced.motion_seed, Stream.PERTURBATIONS)
    paths = draw_paths(jax.random.fold_in(key, 0), N_MOVES, 200, LINEAR.static, traced)
    return 100 * float(np.sqrt(np.square(np.asarray(paths.moves)).sum(-1).mean()))


def test_an_ideal_integrator_has_no_error_without_noise(integrator):
    clean = rows(integrator, NONE)
    np.testing.assert_array_equal(clean["move"], MOVES)
    assert clean["pos_decoding_err"].max() < 1e-2
    assert clean["decode_err_ml_cm"].max() < 0.2  # the decoder's last step is 1.6 mm
    assert np.abs(clean["diffusion_cm2_per_move"][1:]).max() < 1e-2
    assert np.isnan(clean["rho_par"]).all()


def test_velocity_noise_of_an_ideal_integrator_grows_with_the_root_of_the_moves(
    integrator, mean_move_cm
):
    noisy = rows(integrator, VELOCITY_NOISE)
    expected = mean_move_cm * np.sqrt(MOVES)
    # mean length of a Gaussian vector in the plane: sqrt(pi)/2 of its root mean square, to 5
    # standard errors of 200 paths
    ratio = noisy["pos_decoding_err"] / expected
    assert np.abs(ratio - np.sqrt(np.pi) / 2).max() < 5 * 0.463 / np.sqrt(200)
    # all of it is expected: no excess beyond sampling error and the walls, where paths end
    assert np.abs(noisy["excess_err_cm"] / expected).max() < 0.6
    assert np.isnan(rows(integrator, STATE_NOISE)["excess_err_cm"]).all()


def test_state_noise_of_an_ideal_integrator_diffuses_at_the_known_rate(integrator):
    noisy = rows(integrator, STATE_NOISE)
    traced = jax.tree.map(jnp.asarray, LINEAR.traced)
    key = stream(traced.motion_seed, Stream.PERTURBATIONS)
    paths = draw_paths(jax.random.fold_in(key, 0), N_MOVES, 200, LINEAR.static, traced)
    rms = 100 * np.sqrt(np.square(np.asarray(paths.positions)).sum(-1).mean() / N_UNITS)
    expected = 2 * (0.2 * rms) ** 2  # two of the directions of the noise represent positions
    assert noisy["diffusion_cm2_per_move"][4] == pytest.approx(expected, rel=0.35)


def test_a_linear_integrator_keeps_both_parts_of_a_kick(integrator):
    for name, kept, other in (
        (KICK_OFF, "rho_perp", "rho_par"),
        (KICK_ALONG, "rho_par", "rho_perp"),
    ):
        kicked = rows(integrator, name)
        np.testing.assert_array_equal(kicked["move"], MOVES_AFTER_KICK)
        np.testing.assert_allclose(kicked[kept], 1, atol=1e-3)
        np.testing.assert_allclose(kicked[other], 0, atol=1e-3)
        assert np.isnan(kicked["diffusion_cm2_per_move"]).all()


def test_a_projection_onto_the_manifold_corrects_a_kick_off_it_at_once():
    table = of_linear(PLANE.T @ PLANE)
    off, along = rows(table, KICK_OFF), rows(table, KICK_ALONG)
    np.testing.assert_allclose(off["rho_perp"], [1] + [0] * 10, atol=1e-3)
    np.testing.assert_allclose(along["rho_par"], 1, atol=1e-3)


def test_a_contractive_linear_network_loses_both_parts():
    table = of_linear(0.5 * np.eye(N_UNITS))
    for name in (KICK_OFF, KICK_ALONG):
        kicked = rows(table, name)
        size = np.hypot(kicked["rho_par"], kicked["rho_perp"])
        np.testing.assert_allclose(size, 0.5 ** np.array(MOVES_AFTER_KICK), atol=1e-3)


def test_a_state_beyond_single_precision_has_no_errors():
    table = of_linear(1e3 * np.eye(N_UNITS))  # 1e38 after 13 moves, so that rms(h) is not finite
    for name in ("pos_decoding_err", "decode_err_ml_cm", "decode_err_rms_cm"):
        assert np.isnan(table[name]).all()


def test_a_network_of_two_units_cannot_be_kicked_off_its_plane():
    spec = replace(LINEAR, Ng=2)
    params = {
        "encoder": np.eye(2),
        "decoder": np.eye(2),
        "cell": {"W_x": np.eye(2), "W": np.eye(2)},
    }
    table = measured(spec, params, bin_centres(spec))
    assert np.isnan(rows(table, KICK_OFF)["rho_par"]).all()
    np.testing.assert_allclose(rows(table, KICK_ALONG)["rho_par"], 1, atol=1e-3)


def test_an_untrained_contractive_network_loses_both_parts():
    spec = replace(LINEAR, activation="tanh", Ng=40)
    state = train_step.init(spec.static, jax.tree.map(jnp.asarray, spec.traced))
    params = state.params | {"cell": state.params["cell"] | {"W": 0.5 * state.params["cell"]["W"]}}
    states = bin_centres(spec) @ np.asarray(params["encoder"])
    table = measured(spec, params, states)
    for name in (KICK_OFF, KICK_ALONG):
        kicked = rows(table, name)
        assert np.hypot(kicked["rho_par"], kicked["rho_perp"])[-1] < 1e-3


def init_rings(key, n_inputs, n_units, initializer):
    del key, n_inputs, n_units, initializer
    return {}


def step_rings(params, state, moves, activation):
    """Turn two rings by a move in x and in y; halve the distance of each radius from 1."""
    del params, activation
    rings = state[0].reshape(-1, 2, 2)
    angles = jnp.pi / 2 * moves  # one turn in 4 m
    cosine, sine = jnp.cos(angles), jnp.sin(angles)
    turned = jnp.stack(
        [
            cosine * rings[..., 0] - sine * rings[..., 1],
            sine * rings[..., 0] + cosine * rings[..., 1],
        ],
        axis=-1,
    )
    radius = jnp.linalg.norm(turned, axis=-1, keepdims=True)
    return ((turned * (radius + 1) / (2 * radius)).reshape(-1, 4),)


def init_start(key, n_state):
    del key, n_state
    return {}


def start_rings(params, positions, n_state, activation):
    del params, n_state, activation
    angles = jnp.pi / 2 * positions
    return jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=-1).reshape(-1, 4)


def test_a_ring_attractor_corrects_kicks_off_its_rings_and_keeps_others(monkeypatch):
    for registry in (CELLS, STARTS):
        for name in ("_infos", "_functions", "_hashes", "_modules"):
            monkeypatch.setattr(registry, name, dict(getattr(registry, name)))
    gj.register_cell(
        CellInfo("rings", has_layers=False, n_gates=1), gj.Cell(init_rings, step_rings)
    )
    gj.register_start(StartInfo("on_rings"), gj.Start(init_start, start_rings))
    spec = replace(LINEAR, rnn_type="rings", start="on_rings", Ng=4)
    angles = np.pi / 2 * bin_centres(spec)
    states = np.stack([np.cos(angles), np.sin(angles)], axis=-1).reshape(N_BINS, N_BINS, 4)
    params = {"cell": {}, "start": {}, "decoder": np.zeros((4, 2))}
    table = measured(spec, params, states)
    off, along = rows(table, KICK_OFF), rows(table, KICK_ALONG)
    # The distance from the rings halves with each move. A kick of norm .14 along rings of radius 1
    # leaves its tangent by up to .07 of its norm.
    np.testing.assert_allclose(off["rho_perp"], 0.5 ** np.array(MOVES_AFTER_KICK), atol=0.03)
    assert off["rho_par"].max() < 0.1
    np.testing.assert_allclose(along["rho_par"], 1, atol=0.03)
    assert along["rho_perp"].max() < 0.1


def test_networks_without_recurrence_have_no_perturbations(monkeypatch):
    assert conditions_for(LINEAR, replace(SETTINGS, robustness="kicks")) != ()
    assert conditions_for(LINEAR, SETTINGS) == ()
    for name in ("_infos", "_functions", "_hashes", "_modules"):
        monkeypatch.setattr(CELLS, name, dict(getattr(CELLS, name)))
    info = CellInfo("still", n_states=0, has_layers=False, n_gates=1)
    gj.register_cell(info, gj.Cell(init_rings, lambda params, state, x, phi: (phi(x),)))
    still = replace(LINEAR, rnn_type="still")
    assert conditions_for(still, replace(SETTINGS, robustness="all")) == ()


N_PATHS = 5
ORACLE = (*CONDITIONS, *(Condition(name, 0.3) for name in (LESION_RANDOM, LESION_GRID)))
ORACLE = (*ORACLE, Condition(LESION_MATCHED, 0.3))


@pytest.mark.parametrize("rnn_type", ["RNN", pytest.param("LSTM", marks=pytest.mark.slow)])
def test_a_network_agrees_with_loops_in_float64(rnn_type, monkeypatch):
    monkeypatch.setattr(perturbed_rollout, "N_PATHS", N_PATHS)
    spec = replace(LINEAR, rnn_type=rnn_type, activation="tanh")
    traced = jax.tree.map(jnp.asarray, spec.traced)
    state = train_step.init(spec.static, traced)
    states = bin_centres(spec) @ np.asarray(state.params["encoder"])[:, :N_UNITS]
    if rnn_type == "LSTM":  # its analysed layer is not h: the maps of h are made of its own paths
        maps = np.moveaxis(states, -1, 0)
        monkeypatch.setattr(
            perturbed_rollout,
            "_state_maps",
            lambda *given: (jnp.float32(maps), jnp.ones((N_BINS, N_BINS))),
        )
    table = measured(spec, state.params, states, ORACLE, state.layout)
    expected = perturbed_rollouts(spec, traced, state, states, N_PATHS)
    for name, columns in expected.items():
        found = rows(table, name)
        for column, values in columns.items():
            np.testing.assert_allclose(found[column], values, rtol=2e-3, atol=2e-3, err_msg=name)
