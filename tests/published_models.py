"""Networks of experiments/models, and the loss that training minimises."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import gridjax as gj
from gridjax.run.execution.plugins import load_plugin
from gridjax.sweep.catalog import EXPERIMENTS
from gridjax.task.motion.trajectories import along
from gridjax.training import forward_pass

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
    analysed, outputs = forward_pass.forward(params, layout, paths, traced.dt_s, spec.static)
    return forward_pass.objective_of_states(spec.static, traced, params, paths, analysed, outputs)


def in_float64(params):
    return jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params)
