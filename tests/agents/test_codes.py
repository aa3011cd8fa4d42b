"""Codes of agents: interpolation, rates that are read from a network, and its states."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gridjax as gj
from gridjax.agents import codes, network_code
from gridjax.agents.codes import READ
from gridjax.model import network
from gridjax.spec.lowering import evaluation_config
from gridjax.spec.network import NetworkSpec
from gridjax.task import task
from gridjax.task.motion.motion_models import draw_paths
from gridjax.training import train_step

SPEC = NetworkSpec(
    place_field_values="difference_of_gaussians",
    Np=20,
    Ng=12,
    activation="tanh",
    place_cell_rf=0.4,
    seed=3,
)
N_BINS = 8


def network_of(spec):
    """A network with random weights that does not amplify rounding errors."""
    state = train_step.init(spec.static, spec.traced)
    params = jax.tree.map(lambda leaf: 1.5 * leaf, state.params)
    return gj.Network(spec, params, state.layout)


def code_of(one, read):
    static = evaluation_config(one.spec.static)
    number = jnp.asarray(READ.index(read))
    exact = jnp.zeros((N_BINS**2, 0))
    return network_code.code_of_network(
        static, N_BINS, one.spec.traced, one.params, one.layout, number, exact
    )


def test_rates_are_those_of_a_grid_code():
    maps = np.random.default_rng(0).normal(size=(5, 9, 9)).astype(np.float32)
    positions = np.random.default_rng(1).uniform(-0.8, 0.8, (40, 2)).astype(np.float32)
    table = jnp.asarray(np.moveaxis(maps, 0, -1).reshape(81, 5))
    found = codes.rates_at(table, jnp.asarray(positions), 1.5)
    np.testing.assert_allclose(found, gj.GridCode(maps, 1.5)(positions), atol=1e-5)


def test_places_are_bin_centres_and_a_trial_starts_with_the_state_there():
    one = network_of(SPEC)
    code = code_of(one, "units")
    centres = (np.arange(N_BINS) + 0.5) / N_BINS * SPEC.box_width_in_m - SPEC.box_width_in_m / 2
    slow = np.array([[x, y] for x in centres for y in centres])
    np.testing.assert_allclose(code.places, slow, atol=1e-6)
    # one move of length 0 from each place
    response = one.respond(jnp.asarray(np.stack([slow, slow], axis=1)))
    np.testing.assert_allclose(code.network.starts, response.activity[:, 0], atol=1e-5)


@pytest.mark.parametrize("rnn_type", ["RNN", "GRU", "UGRNN"])
def test_a_state_continues_as_in_one_path(rnn_type):
    one = network_of(replace(SPEC, rnn_type=rnn_type))
    static, traced = evaluation_config(one.spec.static), one.spec.traced
    paths = draw_paths(jax.random.key(1), 7, 6, static, traced)
    inputs = task.inputs(paths, traced.dt_s, static)
    whole = network.hidden_states(
        one.params, task.start_code(one.layout, paths, static), inputs, static
    )
    parts = network.continued(one.params, whole[2], inputs[3:], static)
    np.testing.assert_allclose(parts, whole[3:], atol=1e-6)


def test_agents_read_units_outputs_or_random_readouts():
    one = network_of(SPEC)
    static, traced = evaluation_config(SPEC.static), SPEC.traced
    paths = draw_paths(jax.random.key(1), 20, 30, static, traced)
    start = task.start_code(one.layout, paths, static)
    h = network.hidden_states(one.params, start, task.inputs(paths, traced.dt_s, static), static)
    out = np.exp(np.asarray(h, np.float64) @ np.asarray(one.params["decoder"], np.float64))
    out /= out.sum(axis=-1, keepdims=True)
    for read in READ:
        code = code_of(one, read).network
        found = codes.read_rates(code, h, static)
        slow = {
            "units": np.asarray(h),
            "outputs": out[..., np.asarray(code.cells)],
            "readouts": np.maximum((out - np.asarray(code.mean)) @ np.asarray(code.weights), 0),
        }[read]
        slow = code.scale * (slow - np.asarray(code.offset))
        np.testing.assert_allclose(found, slow, rtol=2e-3, atol=1e-3)
        assert len(set(np.asarray(code.cells).tolist())) == SPEC.Ng  # different place cells


@pytest.mark.parametrize("read", READ)
def test_the_memory_of_a_goal_is_the_mean_rate_there(read):
    one = network_of(SPEC)
    code = code_of(one, read)
    assert float(np.square(code.goal).mean()) == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(code.goal.mean(axis=0), 0, atol=1e-4)
    static, traced = evaluation_config(SPEC.static), SPEC.traced
    key = jax.random.fold_in(gj.stream(SPEC.seed, gj.Stream.AGENT_CODES), 1)
    paths = draw_paths(jax.random.fold_in(key, 0), 20, 500, static, traced)
    start = task.start_code(one.layout, paths, static)
    h = network.hidden_states(one.params, start, task.inputs(paths, traced.dt_s, static), static)
    rates = np.asarray(codes.read_rates(code.network, h, static)).reshape(-1, SPEC.Ng)
    at = np.asarray(paths.positions).reshape(-1, 2) / SPEC.box_width_in_m + 0.5
    bins = np.clip((at * N_BINS).astype(int), 0, N_BINS - 1) @ [N_BINS, 1]
    slow = np.stack([rates[bins == k].mean(axis=0) for k in range(N_BINS**2)])
    # a path that comes to a wall a rounding error apart turns there otherwise
    away = np.abs(code.goal - slow)
    assert (away < 1e-4).mean() > 0.7
    assert away.max() < 0.2 * np.ptp(slow)


def test_a_bottleneck_may_have_other_numbers_of_units_than_the_cell():
    spec = replace(SPEC, architecture="banino2018", n_bottleneck=7, inputs="displacement")
    code = code_of(network_of(spec), "units")
    assert code.goal.shape == (N_BINS**2, 7)
    assert code.network.starts.shape == (N_BINS**2, spec.Ng)


def test_silent_units_or_fewer_outputs_than_units_are_possible():
    code = code_of(network_of(replace(SPEC, Np=5)), "outputs")
    assert code.goal.shape == (N_BINS**2, SPEC.Ng)
    assert np.isfinite(code.goal).all()
