"""Data of a report: the networks of a run, each with its row, units and curves."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float, Int

from gridjax.run.evaluation.evaluation import DIVERGED
from gridjax.run.results.run import Run
from gridjax.spec.fields.declarations import info_of
from gridjax.spec.fields.distributions import mean
from gridjax.spec.network import NetworkSpec
from gridjax.spec.parameters import FIELDS, is_read_by
from gridjax.spec.records.target_code_info import TARGET_CODES

if TYPE_CHECKING:
    import pandas as pd

CODES = tuple(info.name for info in TARGET_CODES)
"""gridjax's own target codes, in the order of tables and figures."""
HISTORY = ("step", "loss", "loss_excess", "pos_decoding_err", "state_objective_value")
EMERGENCE = (
    *("step", "pos_decoding_err", "score_60_by_neuron_max"),
    *("share_above_0.3", "share_above_null_99"),
)
DRIFT = ("move", "pos_decoding_err")
OWN_NULLS = ("untrained", "isotropic", "shuffled")
"""Nulls of a network without outputs; its row has the 99th percentile of each."""
_UNITS = ("unit", "score_60_by_neuron", "period_cm", "active")


@dataclass(frozen=True)
class NetworkRecord:
    """One network of a run: its row of measures, its units, its training and its drift."""

    spec: NetworkSpec
    row: dict[str, Any]
    """its row of networks.parquet, by column"""
    unit: Int[np.ndarray, " unit"]
    score: Float[np.ndarray, " unit"]
    """score60 at the reported bins; 0 for inactive units; NaN unless the box is a square; empty if
    training diverged"""
    period_cm: Float[np.ndarray, " unit"]
    """lattice period of each unit, cm; NaN for units without a significant lattice"""
    is_active: Bool[np.ndarray, " unit"]
    """whether the map of each unit varies"""
    history: dict[str, Float[np.ndarray, " step"]]
    """the columns HISTORY by name; errors in cm"""
    drift: dict[str, Float[np.ndarray, " move"]]
    """the columns DRIFT by name, in the order of moves; errors in cm; empty if training diverged"""
    emergence: dict[str, Float[np.ndarray, " evaluation"]]
    """the columns EMERGENCE by name, in the order of steps; errors in cm; empty if the network was
    not evaluated along its training"""

    @property
    def run_id(self) -> str:
        """Name of the network."""
        return str(self.row["run_id"])

    @property
    def code(self) -> str:
        """Name of its target code; without outputs, of its objective on states."""
        has_outputs = self.spec.has_outputs
        return self.spec.place_field_values if has_outputs else self.spec.state_objective

    @property
    def width_cm(self) -> float:
        """Mean width of its place fields, cm; NaN for target codes without a width."""
        return 100 * mean(self.spec.place_cell_rf) if reads_width(self.code) else float("nan")

    @property
    def diverged(self) -> bool:
        """Whether its training diverged. A diverged network was not evaluated."""
        return self.row["status"] == DIVERGED

    @property
    def nulls_99(self) -> dict[str, float]:
        """The 99th percentile of each null of the network, by the name of the null.

        It is the random readouts of the target code or, without outputs, each of OWN_NULLS.
        """
        if self.spec.has_outputs:
            return {"random readouts": self.row["null_99"]}
        return {name: self.row[f"{name}_99"] for name in OWN_NULLS}

    @property
    def is_above_null(self) -> np.ndarray:
        """Whether each unit scores above the 99th percentile of each null of the network."""
        return self.score > np.max(list(self.nulls_99.values()))

    @property
    def share_above_null(self) -> float:
        """Share of units that score above each null's 99th percentile; NaN without a null."""
        if self.spec.has_outputs:
            return self.row["share_above_null_99"]
        has_null = len(self.score) and np.isfinite(list(self.nulls_99.values())).all()
        return float(self.is_above_null.mean()) if has_null else math.nan


@dataclass(frozen=True)
class RunData:
    """The finished networks of a run, which itself may be unfinished, and their nulls' scores."""

    records: list[NetworkRecord]
    nulls: dict[str, Float[np.ndarray, " readout"]]
    """score60 of random readouts, by null_id"""
    n_replicates: int = 0
    """number of rows that were omitted because another record describes the same network"""

    @property
    def codes(self) -> list[str]:
        """Target codes of the networks, in a fixed order."""
        return codes_of(self.records)

    @property
    def finished(self) -> list[NetworkRecord]:
        """Networks that did not diverge."""
        return [record for record in self.records if not record.diverged]

    def of(self, code: str) -> list[NetworkRecord]:
        """Return the networks of one target code that did not diverge."""
        return [record for record in self.finished if record.code == code]

    def of_dimensions(self, dimensions: int) -> RunData:
        """Return the networks in boxes of a number of dimensions."""
        some = [one for one in self.records if one.spec.dimensions == dimensions]
        return replace(self, records=some)

    def only(self, run_ids: Collection[str]) -> RunData:
        """Return some networks, by their run_ids."""
        return replace(self, records=[one for one in self.records if one.run_id in run_ids])

    @property
    def with_outputs(self) -> RunData:
        """The networks that have outputs."""
        return replace(self, records=[one for one in self.records if one.spec.has_outputs])

    @property
    def without_outputs(self) -> RunData:
        """The networks that have no outputs, and therefore no random readouts of a target code."""
        return replace(self, records=[one for one in self.records if not one.spec.has_outputs])

    def nulls_of(self, records: Iterable[NetworkRecord]) -> list[Float[np.ndarray, " readout"]]:
        """Return the scores of random readouts, as one array for each layout of the networks."""
        names = dict.fromkeys(record.row["null_id"] for record in records)
        return [self.nulls[name] for name in names if name in self.nulls]


def read_run_data(run: Run) -> RunData:
    """Return the distinct finished networks of a run, each at its reported number of bins.

    The run itself may be unfinished.
    """
    specs = dict(zip(run.manifest["run_ids"], run.manifest["specs"], strict=True))
    columns = [str(name) for name in run.networks.columns]
    rows = [dict(zip(columns, row, strict=True)) for row in run.networks.itertuples(index=False)]
    units = _split(run.units, "run_id", (*_UNITS, "nbins"))
    history = _split(run.history, "run_id", HISTORY)
    drift = _split(run.drift, "run_id", DRIFT)
    emergence = _split(run.emergence, "run_id", EMERGENCE)
    nulls = _split(run.nulls, "null_id", ("score_60", "nbins"))
    records = []
    scores = {}
    distinct = {row["equivalence_id"]: row for row in reversed(rows)}
    for row in reversed(distinct.values()):
        run_id, null_id = str(row["run_id"]), str(row["null_id"])
        spec = NetworkSpec.from_dict(specs[run_id])
        rows_of_units = units.get(run_id, _empty((*_UNITS, "nbins")))
        at = rows_of_units["nbins"] == spec.n_bins_reported
        unit, score, period, active = (rows_of_units[name][at] for name in _UNITS)
        of_units = (unit.astype(int), score, period, active.astype(bool))
        curves = [
            table.get(run_id, _empty(names))
            for table, names in ((history, HISTORY), (drift, DRIFT), (emergence, EMERGENCE))
        ]
        records.append(NetworkRecord(spec, row, *of_units, *curves))
        if null_id in nulls and spec.dimensions == 2:
            null = nulls[null_id]
            scores[null_id] = null["score_60"][null["nbins"] == spec.n_bins_reported]
    return RunData(records, scores, len(rows) - len(records))


def reads_width(code: str) -> bool:
    """Return whether a target code has a width of place fields."""
    return is_read_by(FIELDS["place_cell_rf"], code)


def label(code: str) -> str:
    """Return the short name of a target code."""
    info = info_of(code)
    return (info.label if info else "") or code


def codes_of(records: Iterable[NetworkRecord]) -> list[str]:
    """Return the distinct target codes of networks in a fixed order.

    gridjax's own codes come first, in the order of CODES; then users' codes, sorted by name.
    """
    present = {record.code for record in records}
    return [code for code in CODES if code in present] + sorted(present - set(CODES))


def column(records: Iterable[NetworkRecord], name: str) -> Float[np.ndarray, " network"]:
    """Return one column of the networks' rows."""
    return np.array([record.row[name] for record in records], np.float64)


def seeds_of(records: Iterable[NetworkRecord]) -> Int[np.ndarray, " network"]:
    """Return the seed of each network; intervals resample seeds."""
    return np.array([record.spec.seed for record in records], np.int64)


def only(records: Sequence[NetworkRecord], name: str) -> Any | None:
    """Return the value of a column if it is the same for all networks, else None."""
    values = {record.row[name] for record in records}
    return values.pop() if len(values) == 1 else None


def _split(
    frame: pd.DataFrame, key: str, names: Sequence[str]
) -> dict[str, dict[str, Float[np.ndarray, " row"]]]:
    """Return the rows of each key, as one array for each of the named columns."""
    import pandas as pd

    which, keys = pd.factorize(frame[key].to_numpy(object))
    order = np.argsort(which, kind="stable")
    ends = np.cumsum(np.bincount(which, minlength=len(keys)))[:-1]
    columns = {
        name: np.split(frame[name].to_numpy(np.float64)[order], ends) if len(keys) else []
        for name in names
    }
    return {str(k): {name: columns[name][i] for name in names} for i, k in enumerate(keys)}


def _empty(names: Sequence[str]) -> dict[str, np.ndarray]:
    return {name: np.empty(0) for name in names}
