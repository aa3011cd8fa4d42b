"""The models of experiments/models against slow oracles of their losses."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from oracles import grids_without_pi as grids_oracle
from oracles import piso as piso_oracle
from oracles import sic as sic_oracle

import gridjax as gj
from gridjax.io.python_files import import_file
from gridjax.run.execution.plugins import load_plugin
from gridjax.sweep.catalog import EXPERIMENTS
from gridjax.task.motion import along
from gridjax.training import train_step

MODELS = Path(EXPERIMENTS) / "models"


@cache
def model(name, **values):
    """The first network of a model's sweep file, with its plugin registered."""
    load_plugin(str(MODELS / f"{name.removesuffix('_feedforward')}.py"))
    return replace(gj.Sweep.from_yaml(MODELS / f"{name}.yaml").specs[0], **values)


def loss_of(spec, layout, params, positions):
    """What training minimises, of positions [time + 1, batch, 2]."""
    paths = along(jnp.asarray(positions, jnp.float32))
    traced = jax.tree.map(jnp.asarray, spec.traced)
    analysed, outputs = train_step.forward(params, layout, paths, traced.dt_s, spec.static)
    return train_step.objective_of_states(spec.static, traced, paths, analysed, outputs)


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
    "name", ["piso", "grids_without_pi", "grids_without_pi_feedforward", "sic"]
)
def test_a_gradient_step_of_a_model_changes_every_parameter(name):
    spec = model(name, batch_size=16, Ng=32)
    before = train_step.init(spec.static, spec.traced)
    after = jax.jit(train_step.step, static_argnums=0)(spec.static, spec.traced, before)
    assert int(after.step) == 1
    for one, other in zip(*map(jax.tree.leaves, (before.params, after.params)), strict=True):
        assert (one != other).any()


@cache
def reproduction():
    return import_file(Path(EXPERIMENTS) / "piso_reproduction.py", "piso_reproduction")


def table_of(n, rise=0.0, seed=0):
    """Networks of every setting whose shares rise with their number."""
    rng = np.random.default_rng(seed)
    rows = []
    for number, (rho, size) in enumerate(reproduction().CLAIMS["settings"]):
        share = np.clip(0.1 + 0.05 * number + rise + 0.05 * rng.normal(size=n), 0, 1)
        spacing = 20 + number + 0.1 * rng.normal(size=n)
        rows += [
            {
                "rho": rho,
                "size": size,
                "share_grid_like_in_active": share[at],
                "mean_spacing_grid_like": spacing[at],
            }
            for at in range(n)
        ]
    return pd.DataFrame(rows)


def test_the_comparison_with_published_networks_can_hold_fail_and_wait():
    compare = reproduction().compare
    table, verdicts = compare(table_of(60), table_of(64, seed=1))
    assert len(table) == 13
    assert all(verdict["holds"] is True for verdict in verdicts.values())
    _, verdicts = compare(table_of(60), table_of(64, rise=0.1, seed=1))
    assert [verdicts[name]["holds"] for name in ("shares_agree", "order_agrees")] == [False, True]
    _, verdicts = compare(table_of(60), table_of(63, seed=1))
    assert all(verdict["holds"] is None for verdict in verdicts.values())


def test_networks_without_grid_like_units_have_no_spacing():
    published = table_of(60)
    published.loc[::7, "mean_spacing_grid_like"] = 0.0
    table, _ = reproduction().compare(published, table_of(64, seed=1))
    np.testing.assert_allclose(table["spacing_ratio"], 1, atol=0.01)


def test_the_reproduction_trains_every_setting_with_every_seed():
    load_plugin(str(MODELS / "piso.py"))
    specs = reproduction().sweep(range(16, 18), 4).specs
    assert len(specs) == 26
    assert {spec.seed for spec in specs} == {16, 17}
    found = {(spec.state_distance_per_m, spec.code_size) for spec in specs}
    assert found == {tuple(each) for each in reproduction().CLAIMS["settings"]}
    positions = reproduction().lattice_of_positions()
    assert positions.shape == (4096, 2)
    assert np.abs(positions).max() == pytest.approx(0.8 * 2 * np.pi)
