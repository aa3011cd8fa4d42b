"""The evidence of an analysis: the finished networks of its study, and their units."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from gridjax.metrics.statistics.multiple_testing import benjamini_hochberg
from gridjax.run.evaluation.evaluation import DIVERGED, NULL_PERCENTILE
from gridjax.run.evaluation.network_metrics import THRESHOLDS
from gridjax.run.storage.run_reader import Run
from gridjax.spec.network import NetworkSpec

if TYPE_CHECKING:
    import pandas as pd

NULL_SHARE = 1 - NULL_PERCENTILE / 100
LOWEST_THRESHOLD = THRESHOLDS[0]
FALSE_FINDINGS = 0.05
LOWEST_CYCLES = 0.5
PATH_INTEGRATES_CM = 10.0
"""Position error (likelihood decoder, T = 50) below which a network path-integrates."""


@dataclass(frozen=True)
class Evidence:
    """The networks of one study in a run that may hold others too."""

    run: Run
    wanted: tuple[str, ...]
    """run_ids of the study's networks, trained or not"""

    @cached_property
    def everything(self) -> pd.DataFrame:
        """The rows of the study's networks that are there, diverged ones too, each network once.

        Descriptions of one and the same network (equal ``distinct_id``) count once.
        """
        rows = self.run.networks
        rows = rows[rows["run_id"].isin(list(self.wanted))]
        return rows.drop_duplicates("distinct_id").reset_index(drop=True)

    @cached_property
    def networks(self) -> pd.DataFrame:
        """Those that did not diverge, with four columns more.

        ``path_integrates``: whether decode_err_ml_cm_T50 < 10 cm and below start_err_cm_T50.
        ``share_grid``: share of analysed units above the 99th percentile of the network's own
        random readouts, and above .3, the studies' lowest threshold: readouts of coordinates are
        ramps, which all score far below 0.
        ``gain``: share_grid minus the 1 % that the null has.
        ``has_grids``: whether share_grid is more than the null's 1 % (binomial over units, one
        sided, at q < .05 after Benjamini and Hochberg over the study's networks).
        """
        rows = self.everything[self.everything["status"] != DIVERGED].reset_index(drop=True)
        error = rows["decode_err_ml_cm_T50"]
        knows_where = (error < PATH_INTEGRATES_CM) & (error < rows["start_err_cm_T50"])
        counts = self._grid_units(rows)
        share = counts["n_grid"] / counts["n_units"]
        return rows.assign(
            path_integrates=knows_where,
            share_grid=share,
            gain=share - NULL_SHARE,
            has_grids=_exceeds_null(counts),
        )

    @cached_property
    def units(self) -> pd.DataFrame:
        """The units of ``networks`` at their reported bins."""
        return self._reported_units(self.networks)

    @cached_property
    def spectra(self) -> pd.DataFrame:
        """Radial power of the networks' maps and of their place cells', by waves per box."""
        rows = self.run.spectra
        return rows[rows["run_id"].isin(self.networks["run_id"])]

    @property
    def n_missing(self) -> int:
        """Networks of the study that are not trained yet."""
        return len(set(self.wanted) - set(self.run.networks["run_id"]))

    @property
    def n_diverged(self) -> int:
        """Networks that diverged: counted, but not measured."""
        return len(self.everything) - len(self.networks)

    @cached_property
    def peaks(self) -> pd.DataFrame:
        """``networks`` with the cycles per box at which their maps, and code, have most power.

        Columns ``peak_cycles`` and ``peak_cycles_code``, from half a cycle per box on, to the
        nearest quarter.
        """
        rows = self.spectra[self.spectra["cycles_per_box"] >= LOWEST_CYCLES].dropna()
        found = self.networks
        for power, name in (("power", "peak_cycles"), ("power_code", "peak_cycles_code")):
            top = rows.loc[rows.groupby("run_id")[power].idxmax(), ["run_id", "cycles_per_box"]]
            found = found.merge(top.rename(columns={"cycles_per_box": name}), on="run_id")
        return found

    def spec(self, run_id: str) -> NetworkSpec:
        """Return the spec of a network that is there."""
        return NetworkSpec.from_dict(self._specs[run_id])

    @cached_property
    def _specs(self) -> dict[str, dict]:
        manifest = self.run.manifest
        return dict(zip(manifest["run_ids"], manifest["specs"], strict=True))

    def _reported_units(self, rows: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        bins = [self.spec(run_id).n_bins_reported for run_id in rows["run_id"]]
        reported = pd.DataFrame({"run_id": rows["run_id"], "nbins": np.array(bins, np.int32)})
        return self.run.units.merge(reported, on=["run_id", "nbins"])

    def _grid_units(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Count the units of each network, and those that are grid-like."""
        units = self._reported_units(rows).merge(rows[["run_id", "null_99"]], on="run_id")
        score = units["score_60_by_neuron"]
        is_grid = (score > units["null_99"]) & (score > LOWEST_THRESHOLD)
        counts = is_grid.groupby(units["run_id"]).agg(["sum", "size"])
        counts = counts.reindex(rows["run_id"]).reset_index(drop=True)
        return counts.set_axis(["n_grid", "n_units"], axis=1)


def _exceeds_null(counts: pd.DataFrame) -> np.ndarray:
    """Tell which networks have more grid-like units than the null, false findings held at 5 %."""
    from scipy.stats import binom

    p = binom.sf(counts["n_grid"] - 1, counts["n_units"], NULL_SHARE)
    return benjamini_hochberg(p) < FALSE_FINDINGS
