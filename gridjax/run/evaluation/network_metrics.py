"""The row of one network in the table of networks: its parameters and its measures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Float

from gridjax.run.evaluation import module_columns, nulls_of_maps, volume_scores
from gridjax.run.evaluation.drift import DriftCurves
from gridjax.spec.network import NetworkSpec
from gridjax.spec.parameters import DRAWN_PARAMETERS, SEEDS
from gridjax.sweep.settings.evaluation_sizes import T_STUDY, Design
from gridjax.training.position_metrics import PositionMetrics

THRESHOLDS = (0.3, 0.8, 1.2)
"""Grid scores that published studies use as thresholds for grid-like units."""
READOUT = ("readout_err_cm", "readout_chance_err_cm")
"""Columns of the errors of a linear readout (gridjax.metrics.linear_readout), in its order."""
NO_NULL = {"null_id": "", "null_99": math.nan, "share_above_null_99": math.nan}
"""Columns of the null of random readouts of a network without outputs."""


def spec_columns(spec: NetworkSpec) -> dict[str, Any]:
    """Return the columns of a network that contain its identity and its parameters.

    A parameter that is drawn for each field has no single number; its distribution is in the column
    ``..._drawn``.
    """
    columns = {"run_id": spec.run_id, **spec.to_dict()}
    for name in DRAWN_PARAMETERS:
        is_drawn = isinstance(columns[name], str)
        columns[f"{name}_drawn"] = columns[name] if is_drawn else ""
        columns[name] = None if is_drawn else columns[name]
    for name in SEEDS:
        columns[name] = spec.seed if columns[name] is None else columns[name]
    return columns | {"equivalence_id": spec.equivalence_id}


def errors(spec: NetworkSpec, by_time: PositionMetrics, penalty: float) -> dict[str, float]:
    """Return loss and position errors (cm) along the evaluation trajectories.

    ``penalty`` is the weight penalty; ``fidelity.loss_column`` decides if the loss includes it.
    """
    loss, excess, error = (np.asarray(value, np.float64) for value in by_time)
    trained = slice(0, spec.sequence_length)
    added = penalty if spec.fidelity.loss_column == "with_penalty" else 0.0
    return {
        "loss": loss[trained].mean() + added,
        "loss_excess": excess[trained].mean(),
        "pos_decoding_err": 100 * error[trained].mean(),
        "pos_decoding_err_T50": 100 * error[:T_STUDY].mean(),
    }


def drift_errors(spec: NetworkSpec, curves: DriftCurves) -> dict[str, float]:
    """Return the errors of likelihood decoder (cm), constant answer (cm) and heading (deg)."""
    best = np.asarray(curves.likelihood_error_m, np.float64)
    staying = np.asarray(curves.start_error_m, np.float64)
    heading = np.asarray(curves.heading_error_rad, np.float64)[: spec.sequence_length]
    return {
        "decode_err_ml_cm": 100 * best[: spec.sequence_length].mean(),
        "decode_err_ml_cm_T50": 100 * best[:T_STUDY].mean(),
        "start_err_cm_T50": 100 * staying[:T_STUDY].mean(),
        "head_direction_err_deg": float(np.degrees(heading.mean())),
    }


def drift_columns(curves: DriftCurves) -> dict[str, np.ndarray]:
    """Return the table of loss and position error (cm) after each move of long trajectories."""
    error = 100 * np.asarray(curves.position_error_m, np.float64)
    return {
        "move": np.arange(1, len(error) + 1),
        "pos_decoding_err": error,
        "loss": np.asarray(curves.loss, np.float64),
    }


def coverage(design: Design, samples: Float[np.ndarray, "..."]) -> dict[str, float]:
    """Return the coverage of the box by the samples of the rate maps."""
    return {
        "share_of_bins_visited": float((samples > 0).mean()),
        "samples_per_bin": float(samples.mean()),
        "evaluation_sequence_length": design.sequence_length,
    }


def shares(units: dict[str, np.ndarray], n_reported: int) -> dict[str, Any]:
    """Return maxima and shares over all units for the reported bins; inactive units score 0.

    Without grid scores (on a line and in a cube) they are NaN.
    """
    reported = units["nbins"] == n_reported
    score_60 = units["score_60_by_neuron"][reported]
    row: dict[str, Any] = {
        "score_60_by_neuron_max": score_60.max(),
        "score_90_by_neuron_max": units["score_90_by_neuron"][reported].max(),
        "share_active": units["active"][reported].mean(),
        "n_distinct_maps": _distinct({name: column[reported] for name, column in units.items()}),
    }
    for threshold in THRESHOLDS:
        is_above = np.where(np.isnan(score_60), np.nan, score_60 > threshold)
        row[f"share_above_{threshold}"] = is_above.mean()
    return row


def _distinct(units: dict[str, np.ndarray]) -> float:
    """Return the number of active units whose map is no copy; NaN if none were looked for."""
    if np.isnan(units["copy_of"]).all():
        return math.nan
    return float((units["active"] & (units["copy_of"] == units["unit"])).sum())


def above_null(
    units: dict[str, np.ndarray], n_reported: int, null_id: str, null_99: float
) -> dict[str, Any]:
    """Return the null_id, the 99th percentile of the null, and the share of units above it."""
    score_60 = units["score_60_by_neuron"][units["nbins"] == n_reported]
    return {
        "null_id": null_id,
        "null_99": null_99,
        "share_above_null_99": (score_60 > null_99).mean(),
    }


def no_measures(design: Design) -> dict[str, Any]:
    """Return the measures of a diverged network; all of them are NaN."""
    names = ("loss", "loss_excess", "pos_decoding_err", "pos_decoding_err_T50")
    names += ("decode_err_ml_cm", "decode_err_ml_cm_T50", "start_err_cm_T50")
    names += ("head_direction_err_deg",)
    names += ("participation_ratio", "two_nn_dimension")
    names += ("share_of_bins_visited", "samples_per_bin", "score_60_by_neuron_max")
    names += ("score_90_by_neuron_max", "share_active", "n_distinct_maps", "null_99")
    names += ("share_above_null_99",)
    names += tuple(f"share_above_{threshold}" for threshold in THRESHOLDS)
    names += (*READOUT, *nulls_of_maps.COLUMNS, *module_columns.COLUMNS, *volume_scores.COLUMNS)
    return dict.fromkeys(names, math.nan) | {
        "null_id": "",
        "evaluation_sequence_length": design.sequence_length,
    }
