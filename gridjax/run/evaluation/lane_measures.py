"""Compiled functions of a block: everything that is measured along its lanes before the scores.

Each function is written for one network and mapped over the lanes of the block, as training is.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float

from gridjax.metrics.compiler_options import QUICK
from gridjax.metrics.dimensionality import dimension_of_neighbours, ratio_of_eigenvalues
from gridjax.metrics.linear_readout import ReadoutErrors, readout_errors
from gridjax.model import objective
from gridjax.model.weights import Params
from gridjax.run.evaluation import rollout
from gridjax.run.evaluation.drift import DriftCurves, drift_curves
from gridjax.run.evaluation.rollout import Recording
from gridjax.spec.lowering import StaticConfig, TracedParams, evaluation_config
from gridjax.spec.network import NetworkSpec
from gridjax.spec.registry import CELLS
from gridjax.sweep.settings.evaluation_sizes import Design
from gridjax.task.arena import bin_grid
from gridjax.task.code_maps import bin_centres
from gridjax.task.target_codes.encodings import encoding
from gridjax.task.task import Layout
from gridjax.training import train_step
from gridjax.training.population import over_networks

FLAT = 1e-6
"""Limit of activity: a unit is inactive if the range of its map is at most this share of the
largest absolute rate in the map."""
_MOST_VALUES = 2**23
"""Largest number of target values that are computed at once for one network."""


class WeightMeasures(NamedTuple):
    """Weight penalty and Frobenius norms of the weights of one network."""

    weight_penalty: Float[Array, ""]
    weight_norm: Float[Array, ""]
    """norm of all weights, with the biases; the other norms are without them, and NaN for a network
    without these weights"""
    weight_norm_encoder: Float[Array, ""]
    weight_norm_decoder: Float[Array, ""]
    weight_norm_recurrent: Float[Array, ""]


class LaneMeasures(NamedTuple):
    """Arrays that are measured on one network before its maps are scored."""

    recording: Recording
    active: tuple[Bool[Array, " analysed"], ...]
    """units whose map varies, for each of ``Design.n_bins``"""
    drift: DriftCurves
    code_maps: Float[Array, "output ..."]
    """target code at the centres of the reported bins; one map of NaN without a target code"""
    readout: ReadoutErrors
    """errors of a linear readout of positions, metres"""


def measured_config(spec: NetworkSpec) -> StaticConfig:
    """Return the static config of the measures of a network.

    It is that of the evaluation, with the choice of the decayed weights, which the weight penalty
    uses.
    """
    return replace(evaluation_config(spec.static), decays_bias=spec.static.decays_bias)


def initial_config(spec: NetworkSpec) -> StaticConfig:
    """Return the static config of the evaluation, with the entries that decide initial weights."""
    static = spec.static
    return replace(evaluation_config(static), initializer=static.initializer)


def code_axis(spec: NetworkSpec, n: int) -> Float[np.ndarray, " bin"]:
    """Return the centres (m) of n bins along one side of a network's box, in float32."""
    return bin_centres(spec.box_width_in_m, n).astype(np.float32)


@partial(jax.jit, static_argnums=(0, 1, 2))
def measure_lanes(
    static: StaticConfig,
    design: Design,
    lane_width: int,
    traced: TracedParams,
    params: Params,
    layout: Layout,
    axis: Float[Array, "lane bin"],
) -> LaneMeasures:
    """Measure all networks of a block; every array has a leading axis of lanes."""
    one = partial(_measure_one, static, design)
    return over_networks(one, lane_width)(traced, params, layout, axis)


@partial(jax.jit, static_argnums=(0, 1))
def weight_measures(
    static: StaticConfig, lane_width: int, traced: TracedParams, params: Params
) -> WeightMeasures:
    """Measure the weights of all networks of a block; every array has a leading axis of lanes."""
    return over_networks(partial(_weight_measures, static), lane_width)(traced, params)


class Dimensions(NamedTuple):
    """Two estimates of the dimension of the activity of the analysed layer.

    In float64, but in float32 on a device without float64.
    """

    participation_ratio: Float[Array, ""]
    two_nn_dimension: Float[Array, ""]


@partial(jax.jit, static_argnums=0, compiler_options=QUICK)
def dimensions(lane_width: int, points: Float[Array, "lane point analysed"]) -> Dimensions:
    """Return the dimensions of all networks of a block.

    They are in float64 if ``jax.enable_x64`` is on, else in float32.
    """

    def one(points: Float[Array, "point analysed"]) -> Dimensions:
        exact = points.astype(float)
        return Dimensions(ratio_of_eigenvalues(exact), dimension_of_neighbours(exact))

    return over_networks(one, lane_width)(points)


@partial(jax.jit, static_argnums=(0, 1, 2))
def untrained_maps(
    static: StaticConfig, design: Design, lane_width: int, traced: TracedParams
) -> Float[Array, "lane analysed ..."]:
    """Return the rate maps of the reported bins before the first gradient step of all lanes."""
    reported = design._replace(n_bins=design.n_bins[-1:])

    def one(traced: TracedParams) -> Float[Array, "analysed ..."]:
        state = train_step.init(static, traced)
        return rollout.record(static, reported, traced, state.params, state.layout).maps[-1]

    return over_networks(one, lane_width)(traced)


@partial(jax.jit, static_argnums=(0, 1, 2))
def readout_maps(
    static: StaticConfig, design: Design, lane_width: int, traced: TracedParams, layout: Layout
) -> tuple[Float[Array, "lane readout ..."], ...]:
    """Return the rate maps of random readouts of the target codes of all lanes."""
    one = partial(rollout.record_readouts, static, design)
    return over_networks(one, lane_width)(traced, layout)


def active_units(maps: Float[Array, "unit ..."]) -> Bool[Array, " unit"]:
    """Return, for each unit, whether its map varies over the visited bins."""
    is_visited, bins = jnp.isfinite(maps), tuple(range(1, maps.ndim))
    low = jnp.where(is_visited, maps, jnp.inf).min(axis=bins)
    high = jnp.where(is_visited, maps, -jnp.inf).max(axis=bins)
    return high - low > FLAT * jnp.maximum(jnp.abs(low), jnp.abs(high))


def _measure_one(
    static: StaticConfig,
    design: Design,
    traced: TracedParams,
    params: Params,
    layout: Layout,
    axis: Float[Array, " bin"],
) -> LaneMeasures:
    recording = rollout.record(static, design, traced, params, layout)
    return LaneMeasures(
        recording=recording,
        active=tuple(active_units(maps) for maps in recording.maps),
        drift=drift_curves(static, traced, params, layout),
        code_maps=_code_maps(static, layout, axis),
        readout=readout_errors(recording.points, recording.point_positions),
    )


def _weight_measures(static: StaticConfig, traced: TracedParams, params: Params) -> WeightMeasures:
    decayed = CELLS[static.rnn_type].decayed
    squares = sum(jnp.square(leaf).sum() for leaf in jax.tree.leaves(params))
    return WeightMeasures(
        weight_penalty=objective.weight_penalty(params, traced.weight_decay, static),
        weight_norm=jnp.sqrt(squares),
        weight_norm_encoder=_norm(params, "encoder"),
        weight_norm_decoder=_norm(params, "decoder"),
        weight_norm_recurrent=jnp.full((), jnp.nan)
        if decayed is None
        else jnp.linalg.norm(decayed(params["cell"])),
    )


def _norm(params: Params, name: str) -> Float[Array, ""]:
    return jnp.linalg.norm(params[name]) if name in params else jnp.full((), jnp.nan)


def _code_maps(
    static: StaticConfig, layout: Layout, axis: Float[Array, " bin"]
) -> Float[Array, "output ..."]:
    shape = (len(axis),) * static.dimensions
    if not static.has_outputs:
        return jnp.full((1, *shape), jnp.nan)
    positions = bin_grid(axis, static.dimensions)
    encode = encoding(static).encode
    at_once = max(1, _MOST_VALUES // static.Np)
    if len(positions) <= at_once:
        code = encode(layout.code, positions)
    else:
        code = lax.map(lambda one: encode(layout.code, one), positions, batch_size=at_once)
    return code.T.reshape(-1, *shape)
