"""The columns of the tables of a run, and the rows of one network.

Parameters and measures have the names used by the study (``pos_decoding_err``,
``score_60_by_neuron_max``), so that notebooks for the tables of the study also run
with these tables.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from gridjax.run.evaluation import emergence, module_columns, nulls_of_maps, robustness
from gridjax.run.evaluation import volume_scores as volumes
from gridjax.run.evaluation.evaluation import Evaluation, KeptMaps, NullScores
from gridjax.run.evaluation.network_metrics import READOUT, THRESHOLDS
from gridjax.run.evaluation.remapping import remapping_tables
from gridjax.spec.network import NetworkSpec
from gridjax.spec.parameters import DRAWN_PARAMETERS
from gridjax.training.train_step import Progress

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


@dataclass(frozen=True)
class NetworkResult:
    """The stored results of one network."""

    evaluation: Evaluation
    history: list[tuple[int, Progress]]
    maps: KeptMaps | None
    weights: dict[str, np.ndarray]
    train_seconds: float
    segment: int
    """number of the segment of the run in which it was finished, from 0"""
    resumed: bool
    """whether it was resumed under conditions that can change the last bits: another machine, or a
    GPU without a fixed order of sums"""
    emergence: Sequence[Mapping[str, float]] = ()
    """rows of its evaluations along its training, by column"""

    @property
    def run_id(self) -> str:
        """The run_id of the network."""
        return self.evaluation.network["run_id"]

    def tables(self) -> dict[str, pa.Table]:
        """Return the rows of this network in every table."""
        return {
            "networks": _one_row(
                self.evaluation.network | {"segment": self.segment, "resumed": self.resumed}
            ),
            "units": _of_network(self.run_id, self.evaluation.units, UNITS),
            "history": _history(self.run_id, self.history),
            "emergence": pa.Table.from_pylist(
                [{"run_id": self.run_id, **row} for row in self.emergence], schema=EMERGENCE
            ),
            "drift": _of_network(self.run_id, self.evaluation.drift, DRIFT),
            "spectra": _of_network(self.run_id, self.evaluation.spectra, SPECTRA),
            "robustness": _of_network(self.run_id, self.evaluation.robustness, ROBUSTNESS),
            "environments": _of_network(self.run_id, self.evaluation.environments, ENVIRONMENTS),
            "remapping": _of_network(self.run_id, self.evaluation.remapping, REMAPPING),
            "nulls": _nulls(self.evaluation.null),
            "timings": pa.Table.from_pylist(
                [{"run_id": self.run_id, "train_seconds": self.train_seconds}], schema=TIMINGS
            ),
        }


def _one_row(row: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist([{name: row[name] for name in NETWORKS.names}], schema=NETWORKS)


def _of_network(run_id: str, columns: dict[str, np.ndarray], schema: pa.Schema) -> pa.Table:
    """Return the rows of one network in a table; a diverged network has no rows.

    The columns of maps of a cube are missing values for other networks.
    """
    if not columns:
        return schema.empty_table()
    n_rows = len(next(iter(columns.values())))
    missing = dict.fromkeys(volumes.UNIT_COLUMNS, [None] * n_rows)
    return _table({"run_id": np.repeat(run_id, n_rows), **missing, **columns}, schema)


def _table(columns: Mapping[str, Any], schema: pa.Schema) -> pa.Table:
    """Return a table of these columns, cast to the types of the schema."""
    return pa.table(
        {name: pa.array(columns[name]).cast(schema.field(name).type) for name in schema.names}
    )


def _history(run_id: str, history: list[tuple[int, Progress]]) -> pa.Table:
    rows = [
        {
            "run_id": run_id,
            "step": step,
            "loss": float(progress.loss),
            "loss_excess": float(progress.loss_excess),
            "pos_decoding_err": 100 * float(progress.position_error_m),
            "state_objective_value": float(progress.state_objective),
        }
        for step, progress in history
    ]
    return pa.Table.from_pylist(rows, schema=HISTORY)


def _nulls(null: NullScores | None) -> pa.Table:
    if null is None:
        return NULLS.empty_table()
    parts = []
    for n_bins, score_60 in null.score_60.items():
        n = len(score_60)
        columns = {
            "null_id": np.repeat(null.null_id, n),
            "readout": np.arange(n),
            "nbins": np.full(n, n_bins),
            "score_60": score_60,
            "score_90": null.score_90[n_bins],
            **dict.fromkeys(volumes.NULL_COLUMNS, [None] * n),
        }
        if null.volumes is not None:
            columns |= volumes.null_columns_of(null.volumes)
        parts.append(_table(columns, NULLS))
    return pa.concat_tables(parts)
