"""The models of experiments/models against slow oracles of their losses."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import field_models
from oracles import grids_without_pi as grids_oracle
from oracles import piso as piso_oracle
from oracles import sic as sic_oracle

import gridjax as gj
from gridjax.run.execution.plugins import load_plugin
from gridjax.spec.lowering import evaluation_config
from gridjax.sweep.catalog import EXPERIMENTS
from gridjax.task.motion.motion_models import draw_paths
from gridjax.task.motion.trajectories import along
from gridjax.training import train_step
from gridjax.training.noise import Noise

MODELS = Path(EXPERIMENTS) / "models"


@cache
def model(name, **values):
    """The first network of a model's sweep file, with its plugin registered."""
    plugin = name.removesuffix("_feedforward")
    plugin = "conformal_isometry" if plugin.startswith("conformal") else plugin
    load_plugin(str(MODELS / f"{plugin}.py"))
    return replace(gj.Sweep.from_yaml(MODELS / f"{name}.yaml").specs[0], **values)


def loss_of(spec, layout, params, positions):
    """What training minimises, of positions [time + 1, batch, 2]."""
    paths = along(jnp.asarray(positions, jnp.float32))
    traced = jax.tree.map(jnp.asarray, spec.traced)
    analysed, outputs = train_step.forward(params, layout, paths, traced.dt_s, spec.static)
    return train_step.objective_of_states(spec.static, traced, params, paths, analysed, outputs)


def test_piso_has_the_published_loss_and_its_gradient():
    spec = model("piso", Ng=7, batch_size=12)
    state = train_step.init(spec.static, spec.traced)
    assert set(state.params) == {"cell"}
    rng = np.random.default_rng(0)
    positions = rng.uniform(-2 * np.pi, 2 * np.pi, (2, 12, 2))

    def ours(params):
        return loss_of(spec, state.layout, params, positions)

    def slow(cell):
        return piso_oracle.loss(cell, positions[1], 0.8, 1.2, spec.code_size, 2.0)

    value, gradient = jax.value_and_grad(ours)(state.params)
    cell = {name: np.asarray(leaf, np.float64) for name, leaf in state.params["cell"].items()}
    np.testing.assert_allclose(value, slow(cell), rtol=1e-5)
    for name, at in (("waves", (1, 0)), ("gains", (1,)), ("W1", (3, 5)), ("b2", (2,))):
        sides = []
        for move in (1e-5, -1e-5):
            moved = {key: leaf.copy() for key, leaf in cell.items()}
            moved[name][at] += move
            sides.append(slow(moved))
        slope = (sides[0] - sides[1]) / 2e-5
        np.testing.assert_allclose(gradient["cell"][name][at], slope, rtol=2e-3, atol=1e-6)


def test_piso_starts_from_the_published_distributions():
    spec = model("piso")
    cell = train_step.init(spec.static, spec.traced).params["cell"]
    shapes = {"waves": (2, 2), "gains": (2,), "W0": (4, 64), "W1": (64, 256), "W2": (256, 32)}
    assert {name: cell[name].shape for name in shapes} == shapes
    for layer, n_in in enumerate((4, 64, 256)):
        for name in ("W", "b"):
            largest = np.abs(cell[f"{name}{layer}"]).max()
            assert 0.85 * n_in**-0.5 < largest <= n_in**-0.5


def test_state_noise_without_recurrence_is_added_before_the_activation():
    spec = model("piso", Ng=7, batch_size=4, state_noise=0.4)
    state = train_step.init(spec.static, spec.traced)
    rng = np.random.default_rng(5)
    positions = rng.uniform(-2 * np.pi, 2 * np.pi, (3, 4, 2))
    noise = rng.normal(0, 0.4, (2, 4, 7)).astype(np.float32)
    paths = along(jnp.asarray(positions, jnp.float32))
    given = (state.params, state.layout, paths, jnp.float32(spec.dt_s), spec.static)
    rates, _ = train_step.forward(*given, noise=Noise(jnp.asarray(noise), None))
    cell = in_float64(state.params["cell"])
    for at in np.ndindex(2, 4):
        moved = cell | {"b2": cell["b2"] + noise[at]}  # one position has one bias
        np.testing.assert_allclose(
            rates[at], piso_oracle.rates(moved, positions[1:][at]), atol=2e-6
        )
    other = replace(spec, state_noise=9.0)
    assert other.static == spec.static
    assert other.run_id != spec.run_id
    assert evaluation_config(spec.static) == evaluation_config(model("piso", Ng=7).static)


@pytest.mark.slow
def test_a_gradient_step_with_noise_makes_another_network():
    spec = model("piso", batch_size=16)
    steps = [replace(spec, state_noise=sd) for sd in (0.0, 0.5)]
    after = [
        train_step.step(s.static, s.traced, train_step.init(s.static, s.traced)) for s in steps
    ]
    assert (after[0].params["cell"]["W2"] != after[1].params["cell"]["W2"]).any()


@pytest.mark.parametrize(("name", "applied"), [("spacenet", ","), ("nonnegative_pca", "nothing")])
def test_state_noise_needs_one_activation_of_all_units(name, applied):
    spec = model(name, batch_size=4, state_noise=0.1)
    state = train_step.init(spec.static, spec.traced)
    match = f"state_noise: cell .* applies its activation to .*{applied}"
    with pytest.raises(gj.GridjaxError, match=match):
        train_step.step(spec.static, spec.traced, state)


def in_float64(params):
    return jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params)


def test_the_recurrent_network_without_path_integration_loss_has_the_published_one():
    spec = model("grids_without_pi", Ng=9, batch_size=4)
    state = train_step.init(spec.static, spec.traced)
    assert set(state.params) == {"cell", "start"}
    np.testing.assert_array_equal(state.params["cell"]["G"], np.eye(9))
    rng = np.random.default_rng(1)
    steps = rng.normal(size=(6, 4, 2)) * 0.4
    positions = np.cumsum(steps, axis=0)
    ours = spec.state_objective_weight * loss_of(spec, state.layout, state.params, positions)
    params = in_float64(state.params)
    g, at = [], []
    for path in range(4):
        g += grids_oracle.states(params["cell"], params["start"], positions[:, path])
        at += list(positions[1:, path])
    np.testing.assert_allclose(ours, grids_oracle.loss(g, at), rtol=2e-5)


def test_the_feedforward_network_without_path_integration_has_the_published_loss():
    spec = model("grids_without_pi_feedforward", Ng=9)
    state = train_step.init(spec.static, spec.traced)
    assert set(state.params) == {"cell"}
    positions = np.random.default_rng(2).uniform(-6, 6, (2, 15, 2))
    ours = spec.state_objective_weight * loss_of(spec, state.layout, state.params, positions)
    cell = in_float64(state.params["cell"])
    g = [grids_oracle.layers(cell, one) for one in positions[1]]
    np.testing.assert_allclose(ours, grids_oracle.loss(g, list(positions[1])), rtol=2e-5)


def test_the_walk_of_the_recurrent_network_has_the_published_speed():
    spec = model("grids_without_pi")
    assert spec.dt_s * spec.speed_scale == pytest.approx(0.15)
    assert spec.box_width_in_m == pytest.approx(4 * np.pi)
    # alpha (pairs - x mean) = alpha pairs - (1 - alpha) mean
    assert spec.mean_rate_weight == pytest.approx((1 - 0.54) / 0.54)


def test_sic_has_the_published_losses():
    spec = model("sic", Ng=6, batch_size=5, sequence_length=8)
    state = train_step.init(spec.static, spec.traced)
    rng = np.random.default_rng(3)
    moves = rng.uniform(-0.06, 0.06, (8, 5, 2))  # some longer than sigma_x, some shorter
    positions = np.concatenate([np.zeros((1, 5, 2)), np.cumsum(moves, axis=0)])
    params = in_float64(state.params)
    first = np.maximum(params["start"]["state"], 0)
    states = np.zeros((8, 5, 6))
    for path in range(5):
        g = first / np.linalg.norm(first)
        for t in range(8):
            g = states[t, path] = sic_oracle.step(params["cell"], g, moves[t, path])
    assert states.any(axis=-1).all()
    ours = loss_of(spec, state.layout, state.params, positions)
    expected = sic_oracle.loss(states, positions[1:], moves)
    np.testing.assert_allclose(ours, expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("cell", "leak"), [("leaky_learned", 0.3), ("leaky_60", 0.6), ("leaky_0", 0.0)]
)
def test_the_leaky_network_moves_as_published(cell, leak):
    spec = model("leaky", Ng=5, Np=16, batch_size=3, sequence_length=4, rnn_type=cell)
    state = train_step.init(spec.static, spec.traced)
    positions = np.cumsum(np.random.default_rng(4).normal(size=(5, 3, 2)), axis=0)
    paths = along(jnp.asarray(positions, jnp.float32))
    traced = jax.tree.map(jnp.asarray, spec.traced)
    h, _ = train_step.forward(state.params, state.layout, paths, traced.dt_s, spec.static)
    params = in_float64(state.params["cell"])
    start = train_step.task.start_code(state.layout, paths, spec.static)
    expected = np.asarray(start @ state.params["encoder"], np.float64)
    leaks = params.get("leak", np.full(5, leak))
    np.testing.assert_allclose(leaks, leak, rtol=1e-6)
    for t in range(4):
        moves = positions[t + 1] - positions[t]
        given = zip(expected, moves, strict=True)
        expected = np.array([field_models.leaky_step(params, *each, leaks) for each in given])
        np.testing.assert_allclose(h[t], expected, rtol=1e-4, atol=1e-6)


def test_spacenet_has_the_published_loss():
    spec = model("spacenet", Ng=9)
    state = train_step.init(spec.static, spec.traced)
    positions = np.random.default_rng(5).uniform(-1, 1, (2, 15, 2))
    ours = loss_of(spec, state.layout, state.params, positions)
    cell = in_float64(state.params["cell"])
    np.testing.assert_allclose(ours, field_models.spacenet(cell, positions[1], 0.25), rtol=1e-4)


def larger(params, seed, factor):
    """Parameters with other values, large enough that every term of a loss counts."""
    rng = np.random.default_rng(seed)
    return {
        name: jnp.asarray(np.abs(rng.normal(size=leaf.shape)) * factor, jnp.float32)
        for name, leaf in params.items()
    }


CONFORMAL = {"": "linear", "_nonlinear": "nonlinear", "_additive": "additive"}


@pytest.mark.parametrize(
    "suffix", [one if not one else pytest.param(one, marks=pytest.mark.slow) for one in CONFORMAL]
)
def test_conformal_isometry_has_the_published_losses(suffix):
    kind = CONFORMAL[suffix]
    spec = model(f"conformal_isometry{suffix}", Ng=6, batch_size=9)
    state = train_step.init(spec.static, spec.traced)
    places = np.asarray(drawn_paths(spec).positions, np.float64)
    cell = larger(state.params["cell"], 6, 0.3)
    ours = loss_of(spec, state.layout, {"cell": cell}, np.concatenate([places[:1], places]))
    weight = {"linear": 10.0, "nonlinear": 30.0, "additive": 2000.0}[kind]
    expected = field_models.conformal(in_float64(cell), places, 10.0, kind, weight)
    np.testing.assert_allclose(ours, expected, rtol=1e-3)


def drawn_paths(spec, seed=7):
    """The trajectories of one gradient step."""
    traced = jax.tree.map(jnp.asarray, spec.traced)
    key = jax.random.key(seed, impl="threefry2x32")
    return draw_paths(key, spec.sequence_length, spec.batch_size, spec.static, traced)


def test_moves_of_conformal_isometry_are_short_and_long_in_turn_and_inside_the_box():
    spec = model("conformal_isometry", batch_size=500)
    places = np.asarray(drawn_paths(spec).positions)
    assert np.abs(places).max() <= 0.5
    for first, longest in ((0, 3 / 40), (2, 5 / 40)):
        move = places[first + 1] - places[first]
        length = np.linalg.norm(move, axis=-1)
        assert 0.97 * longest < length.max() <= longest * (1 + 1e-5)
        assert np.median(length) == pytest.approx(longest / np.sqrt(2), rel=0.1)
        turns = np.arctan2(*move[length > 0.01].T[::-1]) / (2 * np.pi / 18)
        is_one_of_18 = np.abs(turns - np.round(turns)) < 1e-3
        assert is_one_of_18.all() if first == 0 else is_one_of_18.mean() < 0.1


def test_the_table_of_conformal_isometry_stays_not_negative_with_norm_1():
    spec = model("conformal_isometry", Ng=6, batch_size=50)
    state = train_step.init(spec.static, spec.traced)
    after = jax.jit(train_step.step, static_argnums=0)(spec.static, spec.traced, state)
    table = after.params["cell"]["table"]
    assert table.min() >= 0
    norm = np.linalg.norm(table, axis=-1)
    np.testing.assert_allclose(norm[table.any(axis=-1)], 1, rtol=1e-5)
    assert table.any(axis=-1).mean() > 0.9


@pytest.mark.slow
def test_the_actionable_plane_has_the_published_losses_and_factors():
    spec = model("actionable", Ng=7, batch_size=11, sequence_length=4)
    paths = drawn_paths(spec)
    rooms = np.asarray(paths.positions, np.float64)
    np.testing.assert_allclose(np.ptp(rooms - rooms[:1], axis=1), 0, atol=1e-5)
    state = train_step.init(spec.static, spec.traced)
    cell = state.params["cell"]

    def ours(params):
        return loss_of(spec, state.layout, params, np.concatenate([rooms[:1], rooms]))

    value, gradient = jax.value_and_grad(ours)({"cell": cell})
    factors = {"positive": 0.1, "norm": 0.005}
    flat = in_float64({name: cell[name] for name in ("waves", "W")})
    expected, lacks = field_models.actionable(flat, rooms, 0.5, factors)
    np.testing.assert_allclose(value, expected, rtol=1e-4)
    for name, lack in lacks.items():
        np.testing.assert_allclose(gradient["cell"][f"log_factor_{name}"], -lack, rtol=1e-3)
    moved = flat["W"].copy()
    moved[2, 3] += 1e-5
    slope = (field_models.actionable(flat | {"W": moved}, rooms, 0.5, factors)[0] - expected) / 1e-5
    np.testing.assert_allclose(gradient["cell"]["W"][2, 3], slope, rtol=5e-3, atol=1e-4)


@pytest.mark.slow
def test_factors_of_the_actionable_plane_follow_geco():
    spec = model("actionable", Ng=7, batch_size=11, sequence_length=4)
    state = train_step.init(spec.static, spec.traced)
    step = jax.jit(train_step.step, static_argnums=0)
    traced = jax.tree.map(jnp.asarray, spec.traced)
    mean, log_factor = dict.fromkeys(("positive", "norm"), 0.0), {"positive": 0.1, "norm": 0.005}
    log_factor = {name: np.log(value) for name, value in log_factor.items()}
    for number in range(3):
        paths = jax.tree.map(
            lambda leaf: leaf[0], train_step.draw_ahead(spec.static, traced, state.step, 1)
        )
        flat = in_float64({name: state.params["cell"][name] for name in ("waves", "W")})
        rooms = np.asarray(paths.positions, np.float64)
        _, lacks = field_models.actionable(flat, rooms, 0.5, {"positive": 0, "norm": 0})
        state = step(spec.static, spec.traced, state)
        for name, lack in lacks.items():
            mean[name] = 0.9 * mean[name] + 0.1 * lack
            log_factor[name] += 1e-4 * mean[name]
            found = state.params["cell"][f"log_factor_{name}"]
            np.testing.assert_allclose(found, log_factor[name], rtol=1e-5, err_msg=f"{number}")


def test_non_negative_components_ascend_the_variance_of_the_place_code():
    spec = model("nonnegative_pca", Ng=5, batch_size=40)
    state = train_step.init(spec.static, spec.traced)
    traced = jax.tree.map(jnp.asarray, spec.traced)
    paths = jax.tree.map(
        lambda leaf: leaf[0], train_step.draw_ahead(spec.static, traced, state.step, 1)
    )
    positions = np.asarray(paths.positions, np.float64)
    cell = in_float64(state.params["cell"])
    expected, W = field_models.components(cell["W"], positions[0], 0.2)
    ours = loss_of(spec, state.layout, state.params, np.concatenate([positions, positions]))
    np.testing.assert_allclose(ours, expected, rtol=1e-4)
    after = jax.jit(train_step.step, static_argnums=0)(spec.static, spec.traced, state)
    np.testing.assert_allclose(after.params["cell"]["W"], W, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    "name", ["piso", "grids_without_pi", "grids_without_pi_feedforward", "sic", "spacenet"]
)
def test_a_gradient_step_of_a_model_changes_every_parameter(name):
    spec = model(name, batch_size=16, Ng=32)
    before = train_step.init(spec.static, spec.traced)
    step, after = jax.jit(train_step.step, static_argnums=0), before
    for _ in range(spec.accumulated_batches):
        after = step(spec.static, spec.traced, after)
    assert int(after.step) == spec.accumulated_batches
    for one, other in zip(*map(jax.tree.leaves, (before.params, after.params)), strict=True):
        assert (one != other).any()
