"""Evaluation of one trained network: rate maps, scores, lattices, errors, and its null."""

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
from gridjax.run.evaluation.spectra import encode_code, spectra
from gridjax.spec.lowering import evaluation_config, null_parts, readout_config
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.run_settings import EvaluationSettings
from gridjax.training.population import MATMUL_PRECISION
from gridjax.training.train_step import NOT_DIVERGED, TrainState

NULL_PERCENTILE = 99
FLAT = 1e-6
"""A unit is inactive where its map varies by less than this share of its largest rate."""

FINISHED = "finished"
DIVERGED = "diverged"


@dataclass(frozen=True)
class NullScores:
    """Scores of the random readouts of one layout's target code, per bins a side."""

    null_id: str
    score_60: dict[int, Float[np.ndarray, " readout"]]
    score_90: dict[int, Float[np.ndarray, " readout"]]


@dataclass(frozen=True)
class KeptMaps:
    """Rate maps of some units of one network, and where they stand."""

    units: Int[np.ndarray, " unit"]
    maps: Float[np.ndarray, "unit n n"]
    samples: Float[np.ndarray, "n n"]
    """samples per bin"""


@dataclass(frozen=True)
class Evaluation:
    """All that is measured on one network; diverged networks have no units, null or maps."""

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

    ``known_nulls`` are nulls already scored, by null_id: networks that share a layout, an
    activation and trajectories share their null.
    """
    with jax.default_matmul_precision(MATMUL_PRECISION):
        return _evaluate(spec, state, settings, known_nulls)


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
    """Return what the compilation of a network's evaluation depends on."""
    return evaluation_config(spec.static), rollout.design(spec, settings)


def forget_compiled() -> None:
    """Drop what is compiled for the evaluation of networks of one shape, and keep what all share.

    Not by ``jax.clear_caches``: what trains meanwhile would be compiled again.
    """
    compiled: Any
    for compiled in (rollout.record, rollout.record_readouts, drift_curves, encode_code):
        compiled.clear_cache()


def keep_best(evaluation: Evaluation, keep: str) -> KeptMaps | None:
    """Return the maps to keep: ``all``, ``none``, or of the N best units, best first."""
    kept = evaluation.maps
    if kept is None or keep == "none":
        return None
    if keep == "all":
        return kept
    scores = evaluation.units["score_60_by_neuron"][-len(kept.units) :]
    best = np.argsort(-scores, kind="stable")[: int(keep.removeprefix("best:"))]
    return KeptMaps(kept.units[best], kept.maps[best], kept.samples)


def active_units(maps: Float[np.ndarray, "unit n n"]) -> np.ndarray:
    """Tell which units' maps vary over the visited bins; dead and constant ones do not."""
    visited = np.where(np.isfinite(maps), maps, np.nan)
    low, high = np.nanmin(visited, axis=(1, 2)), np.nanmax(visited, axis=(1, 2))
    return high - low > FLAT * np.maximum(np.abs(low), np.abs(high))


def null_id(spec: NetworkSpec, design: Design) -> str:
    """Return the name of a network's random-readout null: all that decides its scores."""
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
    """Score every unit at every number of bins; rows in that order, the reported bins last."""
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
