"""Activity of one network at the ends of independent paths, with the headings there."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from gridjax.metrics.arguments import check_int, invalid_argument
from gridjax.model.weights import Params
from gridjax.run.evaluation.rollout import evaluation_paths
from gridjax.spec.lowering import StaticConfig, TracedParams, evaluation_config
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.evaluation_sizes import Design, design_of
from gridjax.sweep.settings.run_settings import EvaluationSettings
from gridjax.task.task import Layout
from gridjax.training import forward_pass

MOST_PATHS = 10**6


class HeadingSamples(NamedTuple):
    """One sample of each path, after its last move."""

    rates: Float[Array, "path analysed"]
    positions: Float[Array, "path 2"]
    """metres"""
    headings: Float[Array, " path"]
    """direction of the last move, radians"""


def heading_samples(
    spec: NetworkSpec, params: Params, layout: Layout, n_paths: int
) -> HeadingSamples:
    """Return the activity of the analysed units at the ends of paths of the network's own motion.

    The paths are those from which an evaluation with default settings computes rate maps, with
    their length, and as many as are asked for. Raises GridjaxError for an invalid number, and for a
    network on a line or in a cube.
    """
    n_paths = check_int("n_paths", n_paths, 2, MOST_PATHS)
    if spec.dimensions != 2:
        message = f"the network has {spec.dimensions} dimensions"
        raise invalid_argument(message, "ask for the heading tuning of networks in a square")
    design = design_of(spec, EvaluationSettings())
    design = design._replace(n_batches=-(-n_paths // design.batch_size))
    static = evaluation_config(spec.static)
    found = _samples(static, design, spec.traced, params, layout)
    return jax.tree.map(lambda leaf: leaf[:n_paths], found)


@partial(jax.jit, static_argnums=(0, 1))
def _samples(
    static: StaticConfig, design: Design, traced: TracedParams, params: Params, layout: Layout
) -> HeadingSamples:
    def batch(index: Array) -> HeadingSamples:
        paths = evaluation_paths(static, design, traced, index)
        activity, _ = forward_pass.forward(params, layout, paths, traced.dt_s, static)
        last = design.sequence_length - 1
        x, y = paths.moves[last].T
        return HeadingSamples(activity[last], paths.positions[last], jnp.arctan2(y, x))

    found = lax.map(batch, jnp.arange(design.n_batches))
    return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), found)
