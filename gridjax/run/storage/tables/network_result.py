"""Results of one network, and its rows in the tables of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from gridjax.run.evaluation import volume_scores as volumes
from gridjax.run.evaluation.evaluation import Evaluation, KeptMaps, NullScores
from gridjax.run.storage.tables.schema import (
    DRIFT,
    EMERGENCE,
    ENVIRONMENTS,
    HISTORY,
    NETWORKS,
    NULLS,
    REMAPPING,
    ROBUSTNESS,
    SPECTRA,
    TIMINGS,
    UNITS,
)
from gridjax.training.position_metrics import Progress


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
    padded_to: str = ""
    """the sizes to which the network was padded; empty for its own sizes"""

    @property
    def run_id(self) -> str:
        """The run_id of the network."""
        return self.evaluation.network["run_id"]

    def tables(self) -> dict[str, pa.Table]:
        """Return the rows of this network in every table."""
        return {
            "networks": _one_row(self.evaluation.network | self._of_training()),
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

    def _of_training(self) -> dict[str, Any]:
        """Return the columns of the network's row that do not come from its evaluation."""
        return {"segment": self.segment, "resumed": self.resumed, "padded_to": self.padded_to}


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
