"""The data of a report: a run at its reported bins, network by network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from gridjax.run.evaluation.evaluation import DIVERGED
from gridjax.run.storage.run_reader import Run
from gridjax.spec.field_distributions import mean
from gridjax.spec.network import NetworkSpec
from gridjax.spec.parameters import FIELDS, info_of, is_read_by
from gridjax.spec.target_code_info import TARGET_CODES

if TYPE_CHECKING:
    import pandas as pd

CODES = tuple(info.name for info in TARGET_CODES)
"""gridjax's own target codes, in the order of tables and figures."""
HISTORY = ("step", "loss", "loss_excess", "pos_decoding_err")
DRIFT = ("move", "pos_decoding_err")
_UNITS = ("unit", "score_60_by_neuron", "period_cm")


@dataclass(frozen=True)
class Member:
    """One network of a population: its measures, its units and its training."""

    spec: NetworkSpec
    row: dict[str, Any]
    """its row of the table of networks"""
    unit: Int[np.ndarray, " unit"]
    score: Float[np.ndarray, " unit"]
    """score60 at the reported bins; 0 for inactive units; no unit where diverged"""
    period_cm: Float[np.ndarray, " unit"]
    """NaN where there is no lattice"""
    history: dict[str, Float[np.ndarray, " step"]]
    """the columns HISTORY; errors in cm"""
    drift: dict[str, Float[np.ndarray, " move"]]
    """the columns DRIFT, moves in their order; errors in cm; none where diverged"""

    @property
    def run_id(self) -> str:
        """The network's name."""
        return str(self.row["run_id"])

    @property
    def code(self) -> str:
        """Its target code."""
        return self.spec.place_field_values

    @property
    def width_cm(self) -> float:
        """The (mean) width of its place fields; NaN where the target code reads none."""
        return 100 * mean(self.spec.place_cell_rf) if reads_width(self.code) else float("nan")

    @property
    def diverged(self) -> bool:
        """Whether its training diverged, so that nothing was measured."""
        return self.row["status"] == DIVERGED

    @property
    def is_above_null(self) -> np.ndarray:
        """Which units score above the 99th percentile of the network's own random readouts."""
        return self.score > self.row["null_99"]


@dataclass(frozen=True)
class Reported:
    """The networks of a run that are there, and the scores of their nulls."""

    members: list[Member]
    nulls: dict[str, Float[np.ndarray, " readout"]]
    """score60 of the random readouts, by null_id"""
    n_replicates: int = 0
    """further descriptions of networks that are among the members: one network counts once"""

    @property
    def codes(self) -> list[str]:
        """The target codes of the networks, in their fixed order."""
        return codes_of(self.members)

    @property
    def finished(self) -> list[Member]:
        """The networks that did not diverge."""
        return [member for member in self.members if not member.diverged]

    def of(self, code: str) -> list[Member]:
        """Return the networks of one target code that did not diverge."""
        return [member for member in self.finished if member.code == code]

    def nulls_of(self, members: Iterable[Member]) -> list[Float[np.ndarray, " readout"]]:
        """Return the scores of the random readouts of every layout of some networks."""
        names = dict.fromkeys(member.row["null_id"] for member in members)
        return [self.nulls[name] for name in names if name in self.nulls]


def reported(run: Run) -> Reported:
    """Read the distinct networks of a run that are there, each at its reported bins."""
    specs = dict(zip(run.manifest["run_ids"], run.manifest["specs"], strict=True))
    columns = [str(name) for name in run.networks.columns]
    rows = [dict(zip(columns, row, strict=True)) for row in run.networks.itertuples(index=False)]
    units = _split(run.units, "run_id", (*_UNITS, "nbins"))
    history = _split(run.history, "run_id", HISTORY)
    drift = _split(run.drift, "run_id", DRIFT)
    nulls = _split(run.nulls, "null_id", ("score_60", "nbins"))
    members = []
    scores = {}
    distinct = {row["distinct_id"]: row for row in reversed(rows)}
    for row in reversed(distinct.values()):
        run_id, null_id = str(row["run_id"]), str(row["null_id"])
        spec = NetworkSpec.from_dict(specs[run_id])
        own = units.get(run_id, _empty((*_UNITS, "nbins")))
        unit, score, period = (own[name][own["nbins"] == spec.n_bins_reported] for name in _UNITS)
        trained, along = history.get(run_id, _empty(HISTORY)), drift.get(run_id, _empty(DRIFT))
        members.append(Member(spec, row, unit.astype(int), score, period, trained, along))
        if null_id in nulls:
            null = nulls[null_id]
            scores[null_id] = null["score_60"][null["nbins"] == spec.n_bins_reported]
    return Reported(members, scores, len(rows) - len(members))


def reads_width(code: str) -> bool:
    """Tell whether a target code reads the width of place fields."""
    return is_read_by(FIELDS["place_cell_rf"], code)


def label(code: str) -> str:
    """Return the short name of a target code."""
    info = info_of(code)
    return (info.label if info else "") or code


def codes_of(members: Iterable[Member]) -> list[str]:
    """Return the distinct target codes of networks: gridjax's in the order of CODES, then others.

    Others, which users registered, in the order of their names.
    """
    there = {member.code for member in members}
    return [code for code in CODES if code in there] + sorted(there - set(CODES))


def column(members: Iterable[Member], name: str) -> Float[np.ndarray, " network"]:
    """Return one number of each network's row."""
    return np.array([member.row[name] for member in members], np.float64)


def seeds(members: Iterable[Member]) -> Int[np.ndarray, " network"]:
    """Return the seed of each network: the unit over which intervals are taken."""
    return np.array([member.spec.seed for member in members], np.int64)


def only(members: Sequence[Member], name: str) -> Any | None:
    """Return the one value of a column that all networks share; None where they differ."""
    values = {member.row[name] for member in members}
    return values.pop() if len(values) == 1 else None


def _split(
    frame: pd.DataFrame, key: str, names: Sequence[str]
) -> dict[str, dict[str, Float[np.ndarray, " row"]]]:
    """Return the rows of each key, column by column."""
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
