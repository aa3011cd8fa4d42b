"""Drift curves of a network: its errors after each move of long trajectories.

The trajectories are ten times as long as the training trajectories.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from gridjax.model import objective
from gridjax.model.likelihood_decoder import decode_likelihood
from gridjax.model.weights import Params
from gridjax.prng import Stream, stream
from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.sweep.settings.evaluation_sizes import drift_sizes
from gridjax.task import task
from gridjax.task.motion.motion_models import draw_paths
from gridjax.task.target_codes.head_direction import decode_headings
from gridjax.task.task import Layout
from gridjax.training import forward_pass, position_metrics


class DriftCurves(NamedTuple):
    """Means over trajectories after each move."""

    loss: Float[Array, " move"]
    """loss, in nats or m^2"""
    position_error_m: Float[Array, " move"]
    """position error of the decoder of the target code, in metres"""
    likelihood_error_m: Float[Array, " early"]
    """position error of the likelihood decoder, in metres. ``early`` is the number of moves of a
    training trajectory, at least T_STUDY"""
    start_error_m: Float[Array, " early"]
    """position error, in metres, of a constant answer: the start of the trajectory. This is the
    baseline without path integration"""
    heading_error_rad: Float[Array, " early"]
    """error of the decoded heading, in radians; NaN without head-direction cells"""


def drift_curves(
    static: StaticConfig, traced: TracedParams, params: Params, layout: Layout
) -> DriftCurves:
    """Run one network along long trajectories; return its errors as means over the trajectories.

    All but the start error are NaN for a network without outputs.
    """
    n_moves, n_early, n_paths = drift_sizes(static.sequence_length)
    key = stream(traced.motion_seed, Stream.DRIFT)
    trajectories = draw_paths(key, n_moves, n_paths, static, traced)
    positions = trajectories.positions[:n_early]
    staying = objective.position_error(trajectories.start[None], positions)
    if not static.has_outputs:
        unknown = jnp.full(n_moves, jnp.nan)
        early = unknown[:n_early]
        return DriftCurves(unknown, unknown, early, staying.mean(axis=1), early)
    _, outputs = forward_pass.forward(params, layout, trajectories, traced.dt_s, static)
    assessed = position_metrics.compute_metrics(static, layout, outputs, trajectories)
    early = outputs[:n_early].reshape(-1, static.n_outputs)
    decoded = decode_likelihood(layout, early, traced.box_width_in_m, static)
    best = objective.position_error(decoded.reshape(positions.shape), positions)
    heading_error = jnp.full(n_early, jnp.nan)
    if layout.head is not None:
        _, of_head = task.split_outputs(outputs[:n_early], static)
        difference = decode_headings(layout.head, of_head) - trajectories.headings[:n_early]
        wrapped = jnp.abs(jnp.mod(difference + jnp.pi, 2 * jnp.pi) - jnp.pi)
        heading_error = wrapped.mean(axis=1)
    return DriftCurves(
        loss=assessed.loss.mean(axis=1),
        position_error_m=assessed.position_error_m.mean(axis=1),
        likelihood_error_m=best.mean(axis=1),
        start_error_m=staying.mean(axis=1),
        heading_error_rad=heading_error,
    )
