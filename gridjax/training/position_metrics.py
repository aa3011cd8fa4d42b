"""Losses and position errors of a network: at each position, and as means in training."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from gridjax.model import objective
from gridjax.model.matmul import FLOAT32
from gridjax.model.padding import own_mean
from gridjax.prng import Stream, stream
from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.spec.padding import Padding
from gridjax.spec.records.state_objective_info import NO_OBJECTIVE
from gridjax.task import task
from gridjax.task.motion.motion_models import draw_paths
from gridjax.task.motion.trajectories import Trajectories
from gridjax.task.task import Layout
from gridjax.training.environments import layout_of_step
from gridjax.training.forward_pass import forward, objective_of_states
from gridjax.training.train_step import TrainState


class PositionMetrics(NamedTuple):
    """Losses and error of one network, at each position or averaged over positions."""

    loss: Float[Array, "..."]
    """data loss without the weight penalty, in nats or m^2"""
    loss_excess: Float[Array, "..."]
    """loss minus the entropy of the targets, in nats; NaN unless the loss is a cross-entropy"""
    position_error_m: Float[Array, "..."]


class Progress(NamedTuple):
    """Measures of one network in training, as means over new trajectories."""

    loss: Float[Array, ""]
    """as in PositionMetrics, like the next two"""
    loss_excess: Float[Array, ""]
    position_error_m: Float[Array, ""]
    state_objective: Float[Array, ""]
    """objective on states, without its weight; NaN without one"""


def progress(static: StaticConfig, traced: TracedParams, state: TrainState) -> Progress:
    """Measure one network on trajectories that are not used in training, in all its environments.

    Returns means over times and trajectories, computed in float32.
    """
    static = replace(static, matmul_precision=FLOAT32)
    key = stream(traced.motion_seed, Stream.PROGRESS, state.step)
    trajectories = draw_paths(key, static.sequence_length, static.batch_size, static, traced)
    layout = layout_of_step(static, traced, state.layout, state.step)
    analysed, outputs = forward(state.params, layout, trajectories, traced.dt_s, static)
    assessed = compute_metrics(static, layout, outputs, trajectories, traced.padding)
    loss, excess, error_m = (own_mean(each, traced.padding) for each in assessed)
    of_states = jnp.full((), jnp.nan, jnp.float32)
    if static.state_objective != NO_OBJECTIVE:
        of_states = objective_of_states(
            static, traced, state.params, trajectories, analysed, outputs
        )
    return Progress(loss, excess, error_m, of_states)


def compute_metrics(
    static: StaticConfig,
    layout: Layout,
    outputs: Float[Array, "time batch out"],
    trajectories: Trajectories,
    padding: Padding | None = None,
) -> PositionMetrics:
    """Return losses and decoding errors of the outputs of a network.

    Each field of the result has the shape [time, batch]. ``outputs`` are values before any softmax.
    All are NaN for a network without outputs.
    """
    positions = trajectories.positions
    if not static.has_outputs:
        unknown = jnp.full(positions.shape[:2], jnp.nan, jnp.float32)
        return PositionMetrics(unknown, unknown, unknown)
    targets = task.targets(layout, positions, trajectories.headings, static)
    loss = objective.data_loss(outputs, targets, static, padding)
    code, _ = task.split_outputs(outputs, static)
    decoded = task.decode(layout, code, static)
    return PositionMetrics(
        loss=loss,
        loss_excess=objective.loss_excess(loss, targets, static),
        position_error_m=objective.position_error(decoded, positions),
    )
