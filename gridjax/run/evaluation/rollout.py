"""Rollouts of one network along new trajectories: rate maps, errors and activity.

Random readouts of the target code of the network use the same trajectories and bins. Each batch is
added to the sums, so that memory does not grow with the number of samples. The maps of a network
without recurrence are its activity at the bin centres.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from gridjax.metrics.nulls import chance_scores
from gridjax.metrics.ratemaps.accumulator import RateMapSums, add_samples, empty_sums, finish
from gridjax.model.network import analysed_activation
from gridjax.model.weights import Params
from gridjax.prng import Stream, stream
from gridjax.spec.fields.declarations import is_recurrent
from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.sweep.settings.evaluation_sizes import MOST_KEPT, MOST_POINTS, Design
from gridjax.task.arena import bin_grid
from gridjax.task.motion.motion_models import draw_measured_paths
from gridjax.task.motion.trajectories import Trajectories, along
from gridjax.task.target_codes.encodings import encoding
from gridjax.task.task import Layout
from gridjax.training import forward_pass, position_metrics
from gridjax.training.position_metrics import PositionMetrics


class Recording(NamedTuple):
    """Rate maps, errors and activity of a network along the evaluation trajectories."""

    maps: tuple[Float[Array, "analysed ..."], ...]
    """mean activity in each bin, for each of ``Design.n_bins``; NaN in unvisited bins"""
    samples: tuple[Float[Array, "..."], ...]
    """samples per bin"""
    by_time: PositionMetrics
    """losses and position error (metres) after each move, as means over trajectories"""
    points: Float[Array, "point analysed"]
    """activity of the analysed layer at move ``sequence_length``, one vector per trajectory"""
    point_positions: Float[Array, "point d"]
    """positions of the trajectories at that move, metres"""


def record(
    static: StaticConfig, design: Design, traced: TracedParams, params: Params, layout: Layout
) -> Recording:
    """Run one network along the evaluation trajectories."""
    n_kept = min(design.n_batches, -(-MOST_POINTS // design.batch_size))
    has_paths = is_recurrent(static)
    n_batches = design.n_batches if has_paths or static.has_outputs else n_kept

    def batch(sums, index):
        maps, by_time, points, places = sums
        trajectories = evaluation_paths(static, design, traced, index)
        analysed, outputs = forward_pass.forward(params, layout, trajectories, traced.dt_s, static)
        assessed = position_metrics.compute_metrics(static, layout, outputs, trajectories)
        by_time = jax.tree.map(lambda s, new: s + new.mean(axis=1), by_time, assessed)
        positions = trajectories.positions[: design.sequence_length]
        if has_paths:
            maps = _add(maps, positions, analysed[: design.sequence_length], traced)
        points = points.at[index % n_kept].set(analysed[design.sequence_length - 1])
        places = places.at[index % n_kept].set(positions[-1])
        return (maps, by_time, points, places), None

    nothing = jnp.zeros(design.n_moves)
    start = (
        tuple(empty_sums(n, static.n_analysed, static.dimensions) for n in design.n_bins),
        PositionMetrics(nothing, nothing, nothing),
        jnp.zeros((n_kept, design.batch_size, static.n_analysed)),
        jnp.zeros((n_kept, design.batch_size, static.dimensions)),
    )
    sums, _ = lax.scan(batch, start, jnp.arange(n_batches))
    maps, by_time, points, places = sums
    finished = [finish(sums, static.dimensions) for sums in maps]
    if not has_paths:
        finished = [at_centres(static, traced, params, layout, n) for n in design.n_bins]
    return Recording(
        maps=tuple(maps for maps, _ in finished),
        samples=tuple(samples for _, samples in finished),
        by_time=jax.tree.map(lambda s: s / n_batches, by_time),
        points=points.reshape(-1, static.n_analysed)[:MOST_POINTS],
        point_positions=places.reshape(-1, static.dimensions)[:MOST_POINTS],
    )


def at_centres(
    static: StaticConfig, traced: TracedParams, params: Params, layout: Layout, n: int
) -> tuple[Float[Array, "analysed ..."], Float[Array, "..."]]:
    """Return the activity of a network without recurrence at the bin centres, n along each side.

    The second array is the number of samples of each bin, 1.
    """
    axis = ((jnp.arange(n) + 0.5) / n - 0.5) * traced.box_width_in_m
    centres = bin_grid(axis, static.dimensions)[None]
    paths = along(jnp.concatenate([centres, centres]))
    analysed, _ = forward_pass.forward(params, layout, paths, traced.dt_s, static)
    shape = (n,) * static.dimensions
    return analysed[0].T.reshape(-1, *shape), jnp.ones(shape)


def record_readouts(
    static: StaticConfig,
    design: Design,
    traced: TracedParams,
    layout: Layout,
) -> tuple[Float[Array, "readout ..."], ...]:
    """Return rate maps of random readouts of the target code, for the trajectories of ``record``.

    The readouts are phi(w . (y - mean y)) with the activation phi of the analysed layer and
    Gaussian w: units of a network without recurrence, training and path integration. They do not
    depend on the weights of the network, so networks with the same null_id have equal scores, to
    the last bit.
    """
    encode = encoding(static).encode
    key = stream(traced.layout_seed, Stream.READOUTS)
    weights = chance_scores.random_readout_weights(key, static.Np, design.n_readouts)
    activation = analysed_activation(static)

    n_samples = design.n_batches * design.batch_size * design.sequence_length
    is_kept = n_samples * static.Np <= MOST_KEPT

    def along(index):
        paths = evaluation_paths(static, design, traced, index)
        positions = paths.positions[: design.sequence_length]
        return positions, encode(layout.code, positions)

    def moments(sums, index):
        positions, code = along(index)
        flat = code.reshape(-1, static.Np)
        sums = sums[0] + flat.sum(axis=0), sums[1] + jnp.square(flat).sum()
        return sums, (positions, code) if is_kept else None

    nothing = (jnp.zeros(static.Np), jnp.zeros(()))
    batches = jnp.arange(design.n_batches)
    (code_sum, code_square), kept = lax.scan(moments, nothing, batches)
    code_mean = code_sum / n_samples
    code_scale = jnp.sqrt(code_square / n_samples - jnp.square(code_mean).sum())

    def batch(maps, of_batch):
        positions, code = of_batch if is_kept else along(of_batch)
        readouts = chance_scores.readout(code, code_mean, code_scale, weights, activation)
        return _add(maps, positions, readouts, traced), None

    start = tuple(
        empty_sums(n, design.n_readouts, static.dimensions) for n in design.n_bins_compared
    )
    maps, _ = lax.scan(batch, start, kept if is_kept else batches)
    return tuple(finish(sums, static.dimensions)[0] for sums in maps)


def evaluation_paths(
    static: StaticConfig, design: Design, traced: TracedParams, index: Array
) -> Trajectories:
    """Draw batch ``index`` of the evaluation trajectories."""
    key = stream(traced.motion_seed, Stream.EVALUATION, index)
    return draw_measured_paths(key, design.n_moves, design.batch_size, static, traced)


def _add(
    sums: tuple[RateMapSums, ...],
    positions: Float[Array, "time batch d"],
    activity: Float[Array, "time batch unit"],
    traced: TracedParams,
) -> tuple[RateMapSums, ...]:
    flat = positions.reshape(-1, positions.shape[-1])
    units = activity.reshape(len(flat), -1)
    sides = (traced.box_width_in_m,) * flat.shape[1]
    return tuple(add_samples(one, flat, units, *sides) for one in sums)
