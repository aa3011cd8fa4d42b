"""Codes of agents: interpolation, rates that are read from a network, and its states."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gridjax as gj
from gridjax.agents import codes, exact_codes, network_code
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


def exact_tables(one):
    """The codes that know the position, [place, unit], and the mean rates of the units."""
    static, traced = evaluation_config(one.spec.static), one.spec.traced
    rates = code_of(one, "units").goal
    tables = {
        "place": exact_codes.place_cells(static, traced, one.layout, N_BINS),
        "maps": exact_codes.mean_maps(rates),
        "isotropic": exact_codes.isotropic_fields(traced.layout_seed, rates),
        "place_wide": exact_codes.wide_place_cells(static, traced, N_BINS),
    }
    return {name: np.asarray(table, np.float64) for name, table in tables.items()}, rates


def test_codes_that_know_the_position_have_equal_sizes_and_power():
    tables, _ = exact_tables(network_of(SPEC))
    for table in tables.values():
        assert table.shape == (N_BINS**2, SPEC.Ng)
        np.testing.assert_allclose(table.mean(axis=0), 0, atol=1e-6)
        assert np.square(table).mean() == pytest.approx(1, abs=1e-5)
    for few in ("place", "place_wide"):
        table = exact_tables(network_of(replace(SPEC, Np=5)))[0][few]
        assert table.shape == (N_BINS**2, SPEC.Ng)
    again, _ = exact_tables(network_of(SPEC))
    other, _ = exact_tables(network_of(replace(SPEC, seed=4)))
    for name, table in tables.items():
        np.testing.assert_array_equal(table, again[name])
        assert np.abs(table - other[name]).max() > 0.1


def test_maps_are_the_mean_rates_of_the_units_between_the_middles_of_bins():
    one = network_of(SPEC)
    tables, rates = exact_tables(one)
    np.testing.assert_allclose(tables["maps"], rates, atol=1e-4)
    width = SPEC.box_width_in_m
    # maps of other paths: a network with random weights has noisy means, but on the same axes
    own = np.asarray(one.rate_maps(N_BINS, 1000), np.float64)
    own = own - own.mean(axis=(1, 2), keepdims=True)
    maps = tables["maps"].T.reshape(own.shape)
    assert np.corrcoef(own.ravel(), maps.ravel())[0, 1] > 0.5
    assert np.corrcoef(own.swapaxes(1, 2).ravel(), maps.ravel())[0, 1] < 0.2
    # a quarter of the way from one bin centre to the next, along x and then along y
    table = jnp.asarray(tables["maps"], jnp.float32)
    for first, second in ((N_BINS + 2, 2 * N_BINS + 2), (N_BINS + 2, N_BINS + 3)):
        code = code_of(one, "units")
        position = 0.75 * code.places[first] + 0.25 * code.places[second]
        slow = 0.75 * table[first] + 0.25 * table[second]
        np.testing.assert_allclose(codes.rates_at(table, position, width), slow, atol=1e-4)


def test_isotropic_fields_have_the_values_and_the_radial_spectrum_of_each_map():
    """Stripes keep their wavelength and lose their common direction."""
    n, n_units = 32, 200
    x = (np.arange(n) + 0.5) / n
    phase = np.linspace(0, 2 * np.pi, n_units, endpoint=False)
    maps = np.maximum(np.cos(2 * np.pi * 5 * x[:, None, None] + phase), 0) * np.ones((1, n, 1))
    rates = maps.reshape(n * n, n_units)
    table = np.asarray(exact_codes.isotropic_fields(7, jnp.asarray(rates)))
    assert table.shape == rates.shape
    scale = np.sqrt(np.square(rates - rates.mean(axis=0)).mean())
    slow = np.sort((rates - rates.mean(axis=0)) / scale, axis=0)
    np.testing.assert_allclose(np.sort(table, axis=0), slow, atol=1e-4)
    frequency = np.fft.fftfreq(2 * n, 1 / (2 * n))  # of maps with as many zeros beside them
    ring = (np.hypot(frequency[:, None], frequency) / 2).round().astype(int).ravel()
    power, along_y = {}, {}
    for name, each in (("maps", rates), ("fields", table)):
        maps = each.reshape(n, n, n_units)
        waves = np.fft.fft2(maps - maps.mean(axis=(0, 1)), (2 * n, 2 * n), axes=(0, 1))
        squared = (np.abs(waves) ** 2).mean(axis=2)
        power[name] = np.bincount(ring, squared.ravel()) / squared.sum()
        along_y[name] = squared[:, np.abs(frequency) > 4].sum() / squared.sum()
    assert power["maps"].argmax() == 5
    # no random field has exactly the spectrum of rectified stripes and their values
    np.testing.assert_allclose(power["fields"], power["maps"], atol=0.1)
    assert along_y["maps"] < 0.1
    assert along_y["fields"] > 0.5


def test_wide_place_cells_are_gaussians_of_30_cm():
    static = evaluation_config(SPEC.static)
    table = np.asarray(exact_codes.wide_place_cells(static, SPEC.traced, 32), np.float64)
    at = (np.arange(32) + 0.5) / 32 * 100 * SPEC.box_width_in_m
    x, y = np.meshgrid(at, at, indexing="ij")
    for unit in table.T:
        peak = np.argmax(unit)
        # a constant and one Gaussian are the map, but for where in its bin the middle is
        away = np.square(x - x.ravel()[peak]) + np.square(y - y.ravel()[peak])
        field = np.exp(-away / (2 * 30**2)).ravel()
        assert np.corrcoef(field, unit)[0, 1] > 0.98


def test_place_cells_are_those_whose_outputs_an_agent_reads():
    one = network_of(SPEC)
    code = code_of(one, "outputs")
    static = evaluation_config(SPEC.static)
    of_all = np.asarray(task.target_code(one.layout, code.places, static), np.float64)
    chosen = of_all[:, np.asarray(code.network.cells)]
    slow = chosen - chosen.mean(axis=0)
    slow /= np.sqrt(np.square(slow).mean())
    np.testing.assert_allclose(exact_tables(one)[0]["place"], slow, atol=1e-5)
