"""Evaluation of one trained network: rate maps, scores, lattices, errors, and null scores."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jaxtyping import Float, Int

from gridjax.metrics.gridscore.grid_score import grid_score, mean_score_60
from gridjax.metrics.lattice.lattice import lattice
from gridjax.model import objective
from gridjax.run.evaluation import network_metrics, rollout
from gridjax.run.evaluation.drift import drift_curves
from gridjax.run.evaluation.rollout import Design, Recording
from gridjax.run.evaluation.spectra import spectra
from gridjax.spec.lowering import evaluation_config, null_parts, readout_config
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.run_settings import EvaluationSettings
from gridjax.task.code_maps import encode_code
from gridjax.training.population import MATMUL_PRECISION
from gridjax.training.train_step import NOT_DIVERGED, TrainState

NULL_PERCENTILE = 99
FLAT = 1e-6
"""Limit of activity: a unit is inactive if the range of its map is at most this share of the
largest absolute rate in the map."""

FINISHED = "finished"
DIVERGED = "diverged"


@dataclass(frozen=True)
class NullScores:
    """Scores of random readouts of the target code of one layout, by number of bins per side."""

    null_id: str
    score_60: dict[int, Float[np.ndarray, " readout"]]
    score_90: dict[int, Float[np.ndarray, " readout"]]


@dataclass(frozen=True)
class KeptMaps:
    """Rate maps of some units of one network, and the indices of these units."""

    units: Int[np.ndarray, " unit"]
    maps: Float[np.ndarray, "unit n n"]
    samples: Float[np.ndarray, "n n"]
    """samples per bin"""


@dataclass(frozen=True)
class Evaluation:
    """All measures of one network; a diverged network has no units, null scores or maps."""

    network: dict[str, Any]
    units: dict[str, np.ndarray]
    drift: dict[str, np.ndarray]
    """loss and position error (cm) after each move of long trajectories"""
    spectra: dict[str, np.ndarray]
    """radial power of the maps at the reported bins, and of the target code"""
    null: NullScores | None
    maps: KeptMaps | None


def evaluate(
    spec: NetworkSpec,
    state: TrainState,
    settings: EvaluationSettings,
    known_nulls: Mapping[str, NullScores],
) -> Evaluation:
    """Measure one trained network, on the device that holds its state.

    ``known_nulls`` are the null scores computed so far, by null_id. Networks with the same layout,
    activation and trajectories have the same null scores.
    """
    with jax.default_matmul_precision(MATMUL_PRECISION):
        return _evaluate(spec, state, settings, known_nulls)


def evaluate_block(specs, state, settings, known_nulls, keep_maps):
    from gridjax.training import population
    import dataclasses

    out = []
    known = dict(known_nulls)
    for n, spec in enumerate(specs):
        e = evaluate(spec, population.unpadded_lane(state, n, spec), settings, known)
        if e.null is not None:
            known[e.null.null_id] = e.null
        out.append(dataclasses.replace(e, maps=keep_best(e, keep_maps)))
    return out


def _evaluate(
    spec: NetworkSpec,
    state: TrainState,
    settings: EvaluationSettings,
    known_nulls: Mapping[str, NullScores],
) -> Evaluation:
    design = rollout.design(spec, settings)
    traced = jax.device_put(spec.traced, next(iter(state.step.devices())))
    penalty = objective.weight_penalty(state.params, traced.weight_decay, spec.static)
    row = network_metrics.spec_columns(spec) | {
        "status": FINISHED,
        "diverged_at_step": math.nan,
        "n_grad_steps": int(state.step),
        "weight_penalty": float(penalty),
    }
    row |= network_metrics.weight_norms(spec, state)
    if int(state.diverged_at) != NOT_DIVERGED:
        row |= {"status": DIVERGED, "diverged_at_step": float(state.diverged_at)}
        return Evaluation(row | network_metrics.no_measures(design), {}, {}, {}, None, None)

    static = evaluation_config(spec.static)
    recorded = rollout.record(static, design, traced, state.params, state.layout)
    curves = drift_curves(static, traced, state.params, state.layout)
    null = _null(spec, design, traced, state, known_nulls)
    units = _score_units(spec, design, recorded)
    kept = KeptMaps(
        units=np.arange(spec.n_analysed),
        maps=np.asarray(recorded.maps[-1]),
        samples=np.asarray(recorded.samples[-1]),
    )
    row |= network_metrics.errors(spec, recorded, row["weight_penalty"]) | network_metrics.coverage(
        design, kept.samples
    )
    row |= network_metrics.drift_errors(spec, curves) | network_metrics.dimensions(recorded)
    null_99 = float(np.percentile(null.score_60[design.n_bins[-1]], NULL_PERCENTILE))
    row |= network_metrics.shares(units, design.n_bins[-1], null.null_id, null_99)
    power = spectra(spec, state.layout, kept.maps)
    return Evaluation(row, units, network_metrics.drift_columns(curves), power, null, kept)


def evaluation_shape(spec: NetworkSpec, settings: EvaluationSettings) -> Hashable:
    """Return a key for compilation: networks with equal keys share the compiled evaluation."""
    return evaluation_config(spec.static), rollout.design(spec, settings)


def forget_compiled() -> None:
    """Drop compiled functions that belong to one network shape; keep functions that shapes share.

    ``jax.clear_caches`` is not used, because a training in progress would be compiled again.
    """
    compiled: Any
    for compiled in (rollout.record, rollout.record_readouts, drift_curves, encode_code):
        compiled.clear_cache()


def keep_best(evaluation: Evaluation, keep: str) -> KeptMaps | None:
    """Return the maps that ``keep`` selects: all, none, or those of the N best units in order."""
    kept = evaluation.maps
    if kept is None or keep == "none":
        return None
    if keep == "all":
        return kept
    scores = evaluation.units["score_60_by_neuron"][-len(kept.units) :]
    best = np.argsort(-scores, kind="stable")[: int(keep.removeprefix("best:"))]
    return KeptMaps(kept.units[best], kept.maps[best], kept.samples)


def active_units(maps: Float[np.ndarray, "unit n n"]) -> np.ndarray:
    """Return, for each unit, whether its map varies over the visited bins."""
    visited = np.where(np.isfinite(maps), maps, np.nan)
    low, high = np.nanmin(visited, axis=(1, 2)), np.nanmax(visited, axis=(1, 2))
    return high - low > FLAT * np.maximum(np.abs(low), np.abs(high))


def null_id(spec: NetworkSpec, design: Design) -> str:
    """Return the null_id of a network: a hash of all inputs of its random-readout scores."""
    parts = null_parts(spec) | {"design": list(design)}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _null(
    spec: NetworkSpec,
    design: Design,
    traced: Any,
    state: TrainState,
    known: Mapping[str, NullScores],
) -> NullScores:
    name = null_id(spec, design)
    if name in known:
        return known[name]
    maps = rollout.record_readouts(readout_config(spec.static), design, traced, state.layout)
    scores = [grid_score(one, nan=spec.fidelity.empty_bins) for one in maps]
    return NullScores(
        null_id=name,
        score_60={n: np.asarray(s.score_60) for n, s in zip(design.n_bins, scores, strict=True)},
        score_90={n: np.asarray(s.score_90) for n, s in zip(design.n_bins, scores, strict=True)},
    )


def _score_units(spec: NetworkSpec, design: Design, recorded: Recording) -> dict[str, np.ndarray]:
    """Score every unit for every number of bins; sort rows by ``design.n_bins``, then by unit."""
    scores = [
        grid_score(maps, nan=spec.fidelity.empty_bins, correlations=True) for maps in recorded.maps
    ]
    lattices = [lattice(maps, spec.box_width_in_m) for maps in recorded.maps]
    active = [active_units(np.asarray(maps)) for maps in recorded.maps]

    def zero_where_inactive(values: list[Any]) -> np.ndarray:
        pairs = zip(active, values, strict=True)
        return np.concatenate([np.where(on, np.asarray(value), 0.0) for on, value in pairs])

    def nan_where_inactive(values: list[Any]) -> np.ndarray:
        pairs = zip(active, values, strict=True)
        return np.concatenate([np.where(on, np.asarray(value), np.nan) for on, value in pairs])

    n_sizes = len(design.n_bins)
    return {
        "unit": np.tile(np.arange(spec.n_analysed, dtype=np.int32), n_sizes),
        "nbins": np.repeat(np.asarray(design.n_bins, np.int32), spec.n_analysed),
        "score_60_by_neuron": zero_where_inactive([s.score_60 for s in scores]),
        "score_60_mean_by_neuron": zero_where_inactive(
            [mean_score_60(np.asarray(s.correlations)) for s in scores]
        ),
        "score_90_by_neuron": zero_where_inactive([s.score_90 for s in scores]),
        "period_cm": nan_where_inactive([one.period_cm for one in lattices]),
        "orientation_rad": nan_where_inactive([one.orientation_rad for one in lattices]),
        "lattice_p_value": np.concatenate([np.asarray(one.p_value) for one in lattices]),
        "active": np.concatenate(active),
    }
