"""The columns of the tables of a run.

Parameters and measures have the names used by the study (``pos_decoding_err``,
``score_60_by_neuron_max``), so that notebooks for the tables of the study also run with these
tables.
"""

from __future__ import annotations

import dataclasses

import pyarrow as pa

from gridjax.run.evaluation import emergence, module_columns, nulls_of_maps, robustness
from gridjax.run.evaluation import volume_scores as volumes
from gridjax.run.evaluation.network_metrics import READOUT, THRESHOLDS
from gridjax.run.evaluation.remapping import remapping_tables
from gridjax.spec.network import NetworkSpec
from gridjax.spec.parameters import DRAWN_PARAMETERS

_ARROW = {"str": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
_PARAMETERS = [
    (field.name, _ARROW.get(str(field.type).partition(" | ")[0], pa.string()))
    for field in dataclasses.fields(NetworkSpec)
]
_LAWS = [(f"{name}_drawn", pa.string()) for name in DRAWN_PARAMETERS]
_MEASURES = [
    "loss",
    "weight_penalty",
    "loss_excess",
    "pos_decoding_err",
    "pos_decoding_err_T50",
    "decode_err_ml_cm",
    "decode_err_ml_cm_T50",
    "start_err_cm_T50",
    "head_direction_err_deg",
    *READOUT,
    "participation_ratio",
    "two_nn_dimension",
    "weight_norm",
    "weight_norm_recurrent",
    "weight_norm_encoder",
    "weight_norm_decoder",
    "score_60_by_neuron_max",
    "score_90_by_neuron_max",
    *(f"share_above_{threshold}" for threshold in THRESHOLDS),
    "share_above_null_99",
    "null_99",
    *nulls_of_maps.COLUMNS,
    *module_columns.COLUMNS,
    *volumes.COLUMNS,
    "share_active",
    "n_distinct_maps",
    "share_of_bins_visited",
    "samples_per_bin",
]

NETWORKS = pa.schema(
    [
        ("run_id", pa.string()),
        ("status", pa.string()),
        ("diverged_at_step", pa.float64()),
        *_PARAMETERS,
        *_LAWS,
        ("equivalence_id", pa.string()),
        ("padded_to", pa.string()),
        ("n_grad_steps", pa.int64()),
        *((name, pa.float64()) for name in _MEASURES),
        ("null_id", pa.string()),
        ("evaluation_sequence_length", pa.int64()),
        ("segment", pa.int32()),
        ("resumed", pa.bool_()),
    ]
)
UNITS = pa.schema(
    [
        ("run_id", pa.string()),
        ("unit", pa.int32()),
        ("nbins", pa.int32()),
        ("score_60_by_neuron", pa.float32()),
        ("score_60_mean_by_neuron", pa.float32()),
        ("score_90_by_neuron", pa.float32()),
        ("period_cm", pa.float32()),
        ("orientation_rad", pa.float32()),
        ("phase_x_cm", pa.float32()),
        ("phase_y_cm", pa.float32()),
        ("lattice_p_value", pa.float32()),
        ("active", pa.bool_()),
        ("copy_of", pa.float32()),
        *((name, pa.float32()) for name in volumes.UNIT_COLUMNS[:-1]),
        (volumes.UNIT_COLUMNS[-1], pa.string()),
    ]
)
HISTORY = pa.schema(
    [
        ("run_id", pa.string()),
        ("step", pa.int64()),
        ("loss", pa.float64()),
        ("loss_excess", pa.float64()),
        ("pos_decoding_err", pa.float64()),
        ("state_objective_value", pa.float64()),
    ]
)
EMERGENCE = pa.schema(
    [
        ("run_id", pa.string()),
        ("step", pa.int64()),
        *((name, pa.float64()) for name in (*emergence.MEASURES, *emergence.LATTICES)),
    ]
)
DRIFT = pa.schema(
    [
        ("run_id", pa.string()),
        ("move", pa.int32()),
        ("pos_decoding_err", pa.float64()),
        ("loss", pa.float64()),
    ]
)
SPECTRA = pa.schema(
    [
        ("run_id", pa.string()),
        ("cycles_per_box", pa.float32()),
        ("power", pa.float32()),
        ("power_code", pa.float32()),
    ]
)
ROBUSTNESS = pa.schema(
    [
        ("run_id", pa.string()),
        ("perturbation", pa.string()),
        ("dose", pa.float64()),
        ("move", pa.int32()),
        *((name, pa.float64()) for name in robustness.MEASURES),
    ]
)
ENVIRONMENTS = pa.schema(
    [
        ("run_id", pa.string()),
        ("environment", pa.int32()),
        *((name, pa.float64()) for name in remapping_tables.MEASURES),
    ]
)
REMAPPING = pa.schema(
    [
        ("run_id", pa.string()),
        ("environment", pa.int32()),
        ("unit", pa.int32()),
        ("kind", pa.string()),
        *((name, pa.float32()) for name in remapping_tables.UNIT_MEASURES),
    ]
)
NULLS = pa.schema(
    [
        ("null_id", pa.string()),
        ("readout", pa.int32()),
        ("nbins", pa.int32()),
        ("score_60", pa.float32()),
        ("score_90", pa.float32()),
        ("order_p_value", pa.float32()),
        ("lattice", pa.string()),
    ]
)
TIMINGS = pa.schema([("run_id", pa.string()), ("train_seconds", pa.float64())])
TABLES = {
    "networks": NETWORKS,
    "units": UNITS,
    "history": HISTORY,
    "emergence": EMERGENCE,
    "drift": DRIFT,
    "spectra": SPECTRA,
    "robustness": ROBUSTNESS,
    "environments": ENVIRONMENTS,
    "remapping": REMAPPING,
    "nulls": NULLS,
    "timings": TIMINGS,
}
"""Schema of every table of a run, by its name."""
ROW_KEYS = dict.fromkeys(TABLES, "run_id") | {"nulls": "null_id"}
"""Table name -> column that identifies the network or the null scores of a row."""
