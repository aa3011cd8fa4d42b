"""The models of experiments/models against slow oracles of their losses."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import piso as piso_oracle

import gridjax as gj
from gridjax.run.execution.plugins import load_plugin
from gridjax.sweep.catalog import EXPERIMENTS
from gridjax.task.motion import along
from gridjax.training import train_step

MODELS = Path(EXPERIMENTS) / "models"


@cache
def model(name, **values):
    """The first network of a model's sweep file, with its plugin registered."""
    load_plugin(str(MODELS / f"{name}.py"))
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


@pytest.mark.parametrize("name", ["piso"])
def test_a_gradient_step_of_a_model_changes_every_parameter(name):
    spec = model(name)
    before = train_step.init(spec.static, spec.traced)
    after = jax.jit(train_step.step, static_argnums=0)(spec.static, spec.traced, before)
    assert int(after.step) == 1
    for one, other in zip(*map(jax.tree.leaves, (before.params, after.params)), strict=True):
        assert (one != other).any()
