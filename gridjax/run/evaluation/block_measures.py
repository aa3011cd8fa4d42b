"""Measures of a block on its device: the start of all computations, without waiting for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from gridjax.metrics.float_pairs import computes_in_float64
from gridjax.metrics.linear_readout import ReadoutErrors
from gridjax.run.evaluation.drift import DriftCurves
from gridjax.run.evaluation.lane_measures import (
    Dimensions,
    WeightMeasures,
    code_axis,
    dimensions,
    initial_config,
    measure_lanes,
    measured_config,
    readout_maps,
    untrained_maps,
    weight_measures,
)
from gridjax.run.evaluation.perturbed_rollout import PerturbedErrors
from gridjax.run.evaluation.robustness import measure_robustness
from gridjax.run.evaluation.rollout import Recording
from gridjax.run.evaluation.spectra import Spectra, mean_spectra
from gridjax.run.evaluation.unit_scores import MapScores, best_units, maps_of, ranking, score_maps
from gridjax.spec.lowering import TracedParams, readout_config
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.evaluation_sizes import Design
from gridjax.sweep.settings.perturbations import Condition
from gridjax.training.position_metrics import PositionMetrics
from gridjax.training.train_step import TrainState


class BlockMeasures(NamedTuple):
    """Measures of some networks of a block; the leading axis of all arrays counts them.

    Those of the weights are not among them.
    """

    by_time: PositionMetrics
    """losses and position error (metres) after each move"""
    samples: Float[Array, "network ..."]
    """samples in each of the reported bins"""
    active: tuple[Bool[Array, "network unit"], ...]
    drift: DriftCurves
    dimensions: Dimensions
    readout: ReadoutErrors
    """errors of a linear readout of positions, metres"""
    spectra: Spectra | None
    """None unless the boxes are squares"""
    scores: tuple[MapScores, ...]
    """for each number of bins; their readouts have an axis of new nulls in place of
    networks"""
    kept_units: Int[Array, "network kept"] | None
    """units of the kept maps; None keeps no maps"""
    kept_maps: Float[Array, "network kept ..."] | None
    null_maps: tuple[Float[Array, "network unit n n"], ...]
    """for networks of a square without outputs: the reported maps of all units, and those of the
    untrained networks; else empty"""
    robustness: PerturbedErrors | None
    """None without perturbations"""


class Members(NamedTuple):
    """Networks of a block that are evaluated together: equal designs and options."""

    design: Design
    empty_bins: Any
    """treatment of unvisited bins by the grid score"""
    lanes: tuple[int, ...]
    new_nulls: tuple[int, ...]
    """lanes whose readouts give the new null scores, one for each of these"""
    conditions: tuple[Condition, ...]
    """perturbations under which the networks are measured too"""


def start_measures(
    specs: Sequence[NetworkSpec], state: TrainState, members: Members, n_kept: int | None
) -> BlockMeasures:
    """Start the computation of all measures of some networks; return arrays on the device.

    Args:
        specs: networks of the first lanes of the block.
        state: the block, in own shapes.
        members: the networks to measure. The computation covers all lanes, so that the bits of a
            network do not depend on the others.
        n_kept: number of units whose maps are kept, the best first; None keeps all units in their
            order, and 0 none.
    """
    lane_width = len(state.step)
    (device,) = state.step.devices()
    first, design = specs[members.lanes[0]], members.design
    traced = stacked(specs, lane_width, device)
    axes = [code_axis(spec, design.n_bins[-1]) for spec in filled(specs, lane_width)]
    measures = measure_lanes(
        measured_config(first),
        design,
        lane_width,
        traced,
        state.params,
        state.layout,
        jax.device_put(np.stack(axes), device),
    )
    recording = measures.recording
    with jax.enable_x64(computes_in_float64(device.platform)):
        of_points = dimensions(lane_width, measures.recording.points)
        if members.lanes != tuple(range(lane_width)):
            measures, of_points = _lanes_of((measures, of_points), members.lanes)
    maps, active = measures.recording.maps, measures.active
    readouts = _readouts(first, design, traced, state, members.new_nulls)
    scores = score_maps(design, maps, readouts, members.empty_bins)
    units = kept = None
    if n_kept is None:
        units = jnp.broadcast_to(jnp.arange(maps[-1].shape[1]), maps[-1].shape[:2])
        kept = maps[-1]
    elif n_kept:
        units = best_units(ranking(scores[-1], active[-1]), active[-1], n_kept)
        kept = maps_of(maps[-1], units)
    return BlockMeasures(
        by_time=measures.recording.by_time,
        samples=measures.recording.samples[-1],
        active=active,
        drift=measures.drift,
        dimensions=of_points,
        readout=measures.readout,
        spectra=mean_spectra(maps[-1], measures.code_maps) if maps[-1].ndim == 4 else None,
        scores=scores,
        kept_units=units,
        kept_maps=kept,
        null_maps=_null_maps(first, design, lane_width, traced, members.lanes, maps[-1]),
        robustness=_robustness(first, members, traced, state, recording, scores[-1]),
    )


def start_weight_measures(specs: Sequence[NetworkSpec], state: TrainState) -> WeightMeasures:
    """Start the measures of the weights of a block; return arrays [lane] on the device."""
    lane_width = len(state.step)
    (device,) = state.step.devices()
    traced = stacked(specs, lane_width, device)
    return weight_measures(measured_config(specs[0]), lane_width, traced, state.params)


def _null_maps(
    spec: NetworkSpec,
    design: Design,
    lane_width: int,
    traced: TracedParams,
    lanes: tuple[int, ...],
    maps: Float[Array, "network unit n n"],
) -> tuple[Float[Array, "network unit n n"], ...]:
    """Return the reported maps and those of the untrained networks, without outputs; else none."""
    if spec.static.has_outputs or spec.dimensions != 2:
        return ()
    untrained = untrained_maps(initial_config(spec), design, lane_width, traced)
    if lanes != tuple(range(lane_width)):
        untrained = _lanes_of(untrained, lanes)
    return maps, untrained


def _robustness(
    spec: NetworkSpec,
    members: Members,
    traced: TracedParams,
    state: TrainState,
    recording: Recording,
    scores: MapScores,
) -> PerturbedErrors | None:
    """Return the measures under perturbations; ``recording`` is that of all lanes."""
    if not members.conditions or scores.of_units is None:
        return None
    score_60 = jnp.asarray(scores.of_units.score_60)
    lane_width = len(state.step)
    is_whole = members.lanes == tuple(range(lane_width))
    measured = measure_robustness(
        measured_config(spec),
        members.design,
        members.conditions,
        lane_width,
        traced,
        state.params,
        state.layout,
        recording.maps[-1],
        recording.samples[-1],
        score_60 if is_whole else _to_lanes(score_60, members.lanes, lane_width),
    )
    return measured if is_whole else _lanes_of(measured, members.lanes)


def _readouts(
    spec: NetworkSpec, design: Design, traced: TracedParams, state: TrainState, lanes: Sequence[int]
) -> tuple[Float[Array, "null readout ..."], ...]:
    """Return the maps of the readouts of some lanes, for each of ``design.n_bins_compared``."""
    width = _readout_width(state)
    static, parts = readout_config(spec.static), []
    for start in range(0, len(lanes), width):
        some = list(lanes[start : start + width])
        filled = some + some[-1:] * (width - len(some))
        chosen = _lanes_of((traced, state.layout), filled)
        maps = readout_maps(static, design, width, *chosen)
        # A slice that keeps everything would be one more compilation for each number of bins.
        parts.append(maps if len(some) == width else tuple(one[: len(some)] for one in maps))
    if len(parts) <= 1:
        return parts[0] if parts else ()
    return tuple(jnp.concatenate(of_bins) for of_bins in zip(*parts, strict=True))


def _readout_width(state: TrainState) -> int:
    """Return how many nulls are computed together: one on a CPU, which gains nothing from more."""
    (device,) = state.step.devices()
    return 1 if device.platform == "cpu" else len(state.step)


def filled(specs: Sequence[NetworkSpec], lane_width: int) -> list[NetworkSpec]:
    """Return the networks of all lanes of a block; copies of the last one fill the rest."""
    return [*specs, *[specs[-1]] * (lane_width - len(specs))]


def stacked(specs: Sequence[NetworkSpec], lane_width: int, device: Any) -> TracedParams:
    """Return the traced parameters of a block on its device; copies of the last fill the rest."""
    leaves = [spec.traced for spec in filled(specs, lane_width)]
    return jax.device_put(jax.tree.map(lambda *lane: np.stack(lane), *leaves), device)


def _lanes_of(tree: Any, lanes: Sequence[int]) -> Any:
    return _take(tree, np.asarray(lanes, np.int32))


def _to_lanes(
    values: Float[Array, "network unit"], lanes: tuple[int, ...], lane_width: int
) -> Float[Array, "lane unit"]:
    """Return values of some lanes as those of all lanes; 0 for the others."""
    place = np.full(lane_width, len(lanes), np.int32)
    place[list(lanes)] = np.arange(len(lanes))
    return _take(jnp.concatenate([values, jnp.zeros_like(values[:1])]), place)


@jax.jit
def _take(tree: Any, lanes: Int[Array, " some"]) -> Any:
    return jax.tree.map(lambda leaf: leaf[lanes], tree)
