"""Evaluation of one network: all its measures, from its part of the measures of a block."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np
from jaxtyping import Float, Int

from gridjax.metrics.volume.grid_score_3d import VolumeScores
from gridjax.run.evaluation import network_metrics, volume_scores
from gridjax.run.evaluation.module_columns import COLUMNS as MODULE_COLUMNS
from gridjax.run.evaluation.module_columns import module_columns
from gridjax.run.evaluation.nulls_of_maps import COLUMNS, null_columns
from gridjax.run.evaluation.robustness import robustness_columns
from gridjax.run.evaluation.spectra import spectrum_columns
from gridjax.run.evaluation.unit_scores import unit_columns
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.evaluation_sizes import Design
from gridjax.sweep.settings.perturbations import Condition

NULL_PERCENTILE = 99
FINISHED = "finished"
DIVERGED = "diverged"


@dataclass(frozen=True)
class NullScores:
    """Scores of random readouts of the target code of one layout, by number of bins per side.

    The numbers of bins are ``Design.n_bins_compared``.
    """

    null_id: str
    score_60: dict[int, Float[np.ndarray, " readout"]]
    """NaN in a cube, as score_90"""
    score_90: dict[int, Float[np.ndarray, " readout"]]
    volumes: VolumeScores | None = None
    """scores of the reported maps of a cube; else None"""


@dataclass(frozen=True)
class KeptMaps:
    """Rate maps of some units of one network, and the indices of these units."""

    units: Int[np.ndarray, " unit"]
    maps: Float[np.ndarray, "unit ..."]
    samples: Float[np.ndarray, "..."]
    """samples per bin"""


@dataclass(frozen=True)
class Evaluation:
    """All measures of one network; a diverged network has no units, null scores or maps."""

    network: dict[str, Any]
    units: dict[str, np.ndarray]
    drift: dict[str, np.ndarray]
    """loss and position error (cm) after each move of long trajectories"""
    spectra: dict[str, np.ndarray]
    """radial power of the maps at the reported bins, and of the target code; empty unless the box
    is a square"""
    robustness: dict[str, np.ndarray]
    """errors under perturbations; empty without any"""
    null: NullScores | None
    maps: KeptMaps | None
    environments: dict[str, np.ndarray] = field(default_factory=dict)
    """errors and grid-like units in each environment; empty unless asked for"""
    remapping: dict[str, np.ndarray] = field(default_factory=dict)
    """units in each environment beside environment 0; empty unless asked for"""


def null_scores_of(name: str, design: Design, scores: Any, place: int) -> NullScores:
    """Return the null scores of the layout of one network, from the scores of a block."""
    if scores[-1].volumes_of_readouts is not None:
        volumes = jax.tree.map(lambda values: values[place], scores[-1].volumes_of_readouts)
        unknown = {design.n_bins[-1]: np.full(design.n_readouts, np.nan, np.float32)}
        return NullScores(name, unknown, unknown, volumes)
    by_bins = zip(design.n_bins, scores, strict=True)
    readouts = {n: one.of_readouts for n, one in by_bins if one.of_readouts is not None}
    return NullScores(
        null_id=name,
        score_60={n: one.score_60[place] for n, one in readouts.items()},
        score_90={n: one.score_90[place] for n, one in readouts.items()},
    )


def evaluation_of(
    spec: NetworkSpec,
    design: Design,
    row: dict[str, Any],
    measures: Any,
    null: NullScores | None,
    conditions: tuple[Condition, ...],
) -> Evaluation:
    """Return the evaluation of one network.

    Args:
        spec: the network.
        design: the sizes of its evaluation.
        row: the columns of its table that are known without further measures; extended.
        measures: its BlockMeasures on the host.
        null: the null scores of its layout; None for a network without outputs.
        conditions: the perturbations of its robustness.
    """
    curves, samples = measures.drift, measures.samples
    units = unit_columns(spec, design, measures.scores, measures.active)
    row |= network_metrics.errors(spec, measures.by_time, row["weight_penalty"])
    row |= network_metrics.coverage(design, samples)
    row |= network_metrics.drift_errors(spec, curves)
    row |= {name: float(value) for name, value in measures.dimensions._asdict().items()}
    row |= {
        name: 100 * float(value)
        for name, value in zip(network_metrics.READOUT, measures.readout, strict=True)
    }
    row |= network_metrics.shares(units, design.n_bins[-1])
    row |= dict.fromkeys((*COLUMNS, *MODULE_COLUMNS, *volume_scores.COLUMNS), math.nan)
    if spec.dimensions == 2:
        row |= module_columns(units, design.n_bins[-1])
    if spec.dimensions == 3:
        row |= volume_scores.volume_shares(units, None if null is None else null.volumes)
    if spec.dimensions != 2:
        row |= network_metrics.NO_NULL | {"null_id": "" if null is None else null.null_id}
    elif null is not None:
        null_99 = float(np.percentile(null.score_60[design.n_bins[-1]], NULL_PERCENTILE))
        row |= network_metrics.above_null(units, design.n_bins[-1], null.null_id, null_99)
    else:
        row |= network_metrics.NO_NULL | _map_nulls(spec, design, units, measures)
    power = spectrum_columns(design.n_bins[-1], measures.spectra)
    kept = None
    if measures.kept_units is not None:
        kept = KeptMaps(measures.kept_units.astype(np.int64), measures.kept_maps, samples)
    drift = network_metrics.drift_columns(curves)
    robustness = {}
    if conditions:
        robustness = robustness_columns(spec, conditions, measures.robustness)
    return Evaluation(row, units, drift, power, robustness, null, kept)


def _map_nulls(
    spec: NetworkSpec, design: Design, units: dict[str, np.ndarray], measures: Any
) -> dict[str, float]:
    """Return the columns of the nulls of a network without outputs."""
    score_60 = units["score_60_by_neuron"][units["nbins"] == design.n_bins[-1]]
    seed = int(spec.traced.weight_seed)
    maps, untrained = measures.null_maps
    active, empty_bins = measures.active[-1], spec.fidelity.empty_bins
    return null_columns(maps, untrained, active, score_60, seed, empty_bins)
