"""Input of an analysis: the finished networks of a study, and their units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gridjax.errors import DamageError, GridjaxError
from gridjax.metrics.nulls.chance_scores import count_above
from gridjax.metrics.spectral.radial_spectrum import RadialPower, spectral_period
from gridjax.metrics.statistics.multiple_testing import benjamini_hochberg
from gridjax.run.evaluation.evaluation import DIVERGED, NULL_PERCENTILE
from gridjax.run.evaluation.network_metrics import THRESHOLDS
from gridjax.run.evaluation.nulls_of_maps import NULLS
from gridjax.run.results.network import Network
from gridjax.run.results.run import Run
from gridjax.spec.network import NetworkSpec
from gridjax.studies.competence import ALL, COMPETENT, FINISHED, competent
from gridjax.studies.kept_measures import kept_measure, kept_without_weights

if TYPE_CHECKING:
    import pandas as pd

LOWEST_THRESHOLD = THRESHOLDS[0]
"""Score60 below which no unit counts as a grid unit."""
FALSE_FINDINGS = 0.05
"""Limit of the false discovery rate (q)."""
LOWEST_CYCLES = 0.5
"""Lowest frequency of a spectral peak, cycles per box."""


@dataclass(frozen=True)
class Evidence:
    """The networks of one study in a run. The run may also contain networks of other studies."""

    run: Run
    wanted: tuple[str, ...]
    """run_ids of the study's networks, trained or not"""
    asked: str = ALL
    """the networks in ``networks``: all (except diverged ones), competent or finished"""
    folder: Path | None = None
    """the folder of the study's results, in which ``kept`` keeps measures; None: nowhere"""

    def ask(self, whom: str) -> Evidence:
        """Return the evidence of all, of the competent or of the finished networks."""
        return replace(self, asked=whom)

    @cached_property
    def everything(self) -> pd.DataFrame:
        """The rows of the study's finished networks, including diverged networks.

        Specs of the same network (with equal ``equivalence_id``) share one row. The column
        ``is_competent`` is added: whether the network has learned to path-integrate
        (gridjax.studies.competence).
        """
        rows = self.run.networks
        rows = rows[rows["run_id"].isin(list(self.wanted))]
        rows = rows.drop_duplicates("equivalence_id").reset_index(drop=True)
        return rows.assign(is_competent=competent(rows, self.spec))

    @cached_property
    def networks(self) -> pd.DataFrame:
        """The rows of the networks that ``asked`` selects, with three more columns.

        They are all networks that did not diverge, the competent ones of these, or all finished
        networks.
        ``share_grid``: share of analysed units whose score60 is above both thresholds: the 99th
        percentile of the network's own random readouts, and .3. The second threshold is needed for
        codes of coordinates, because their random readouts are ramps with scores far below 0. For
        networks without outputs, the first threshold is the largest of the 99th percentiles of
        their own nulls: the untrained network, isotropic fields and shuffled bins. NaN unless the
        box is a square.
        ``gain``: share_grid minus ``chance_share``.
        ``has_grids``: whether more distinct maps are above both than are above the percentile by
        chance (`gridjax.metrics.count_above`, one-sided, q < .05 after Benjamini and Hochberg over
        these networks). A map is distinct if it is no copy of another unit's map
        (`gridjax.metrics.copy_of`). If a table of an earlier version lacks ``copy_of``, every map
        of every network counts.
        """
        rows = self.everything
        if self.asked != FINISHED:
            rows = rows[rows["is_competent"] if self.asked == COMPETENT else ~_diverged(rows)]
        rows = rows.reset_index(drop=True)
        counts = self._grid_units(rows)
        share = (counts["n_grid"] / counts["n_units"]).where(rows["dimensions"] == 2)
        return rows.assign(
            share_grid=share,
            gain=share - self.chance_share,
            has_grids=_exceeds_null(counts, self.n_readouts),
        )

    def has_grids_among(self, rows: pd.DataFrame) -> pd.Series:
        """Return ``has_grids`` of some networks, corrected over these networks alone.

        Args:
            rows: rows of ``networks``.

        Returns truth values with the index of ``rows``.
        """
        import pandas as pd

        found = _exceeds_null(self._grid_units(rows), self.n_readouts)
        return pd.Series(found, rows.index, bool)

    @property
    def chance_share(self) -> float:
        """The expected share of units above the 99th percentile of ``n_readouts`` null scores.

        It is .01096 for 1,024 null scores, because the percentile is that of a sample.
        """
        return float(count_above(1, self.n_readouts, NULL_PERCENTILE).mean())

    @cached_property
    def units(self) -> pd.DataFrame:
        """The rows of the units of ``networks``, at each network's reported number of bins."""
        return self._reported_units(self.networks)

    @cached_property
    def lattices(self) -> pd.DataFrame:
        """Distinct maps of ``units``, and ``is_lattice``: whether each of them is a lattice.

        A map is distinct as for ``has_grids``: copies are left out. It is a lattice if its lattice
        is significant (``lattice_p_value``; q < .05 after Benjamini and Hochberg over the distinct
        maps of the network), and its score60 is above both thresholds of ``share_grid``.
        """
        null = self.networks[["run_id"]].assign(null_99=_highest_null(self.networks))
        units = self.units.merge(null, on="run_id")
        units = units[_is_distinct(units)].reset_index(drop=True)
        q = units.groupby("run_id")["lattice_p_value"].transform(
            lambda p: benjamini_hochberg(np.nan_to_num(p.to_numpy(float), nan=1.0))
        )
        score = units["score_60_by_neuron"]
        is_high = (score > units.pop("null_99")) & (score > LOWEST_THRESHOLD)
        return units.assign(is_lattice=(q < FALSE_FINDINGS) & is_high)

    @cached_property
    def spectra(self) -> pd.DataFrame:
        """The radial power of the networks' maps and place cells, by frequency (cycles per box)."""
        rows = self.run.spectra
        return rows[rows["run_id"].isin(self.networks["run_id"])]

    @property
    def n_readouts(self) -> int:
        """The number of random readouts of each network's null."""
        return int(self.run.manifest["settings"]["evaluation"]["n_readouts"])

    @property
    def n_missing(self) -> int:
        """The number of the study's networks that are not finished."""
        return len(set(self.wanted) - set(self.run.networks["run_id"]))

    @property
    def n_diverged(self) -> int:
        """The number of networks that diverged. Diverged networks have no measures."""
        return int(_diverged(self.everything).sum())

    @cached_property
    def peaks(self) -> pd.DataFrame:
        """``networks`` with two more columns: the frequencies of largest power.

        ``peak_cycles`` is the frequency for the maps, ``peak_cycles_code`` for the target code.
        Both are in cycles per box, at least .5, in steps of .25.
        """
        rows = self.spectra[self.spectra["cycles_per_box"] >= LOWEST_CYCLES].dropna()
        found = self.networks
        for power, name in (("power", "peak_cycles"), ("power_code", "peak_cycles_code")):
            top = rows.loc[rows.groupby("run_id")[power].idxmax(), ["run_id", "cycles_per_box"]]
            found = found.merge(top.rename(columns={"cycles_per_box": name}), on="run_id")
        return found

    @cached_property
    def spectral_periods(self) -> dict[str, float]:
        """The period (cm) of the wavenumber at which the maps of each network have most power.

        By run_id of ``networks``; it needs no lattice (`gridjax.metrics.spectral_period`). NaN if
        the power is largest at the longest or the shortest waves.
        """
        networks, found = self.networks, {}
        sides = np.minimum(networks["box_width_in_m"], networks["box_height_in_m"])
        side_of = dict(zip(networks["run_id"], sides, strict=True))
        for run_id, rows in self.spectra.groupby("run_id"):
            rows = rows.sort_values("cycles_per_box")
            cycles = rows["cycles_per_box"].to_numpy(float)
            wavenumber = 2 * np.pi / side_of[run_id] * cycles
            spectrum = RadialPower(cycles, wavenumber, rows["power"].to_numpy(float))
            found[str(run_id)] = 100 * float(spectral_period(spectrum))
        return found

    def spec(self, run_id: str) -> NetworkSpec:
        """Return the spec of a network of the run."""
        return NetworkSpec.from_dict(self._specs[run_id])

    @cached_property
    def _specs(self) -> dict[str, dict]:
        manifest = self.run.manifest
        return dict(zip(manifest["run_ids"], manifest["specs"], strict=True))

    def kept(
        self,
        run_id: str,
        identity: dict[str, Any],
        compute: Callable[[Network], dict[str, Any]],
    ) -> dict[str, Any] | None:
        """Return measures of a network that take long, from a file or computed and written there.

        A study that stops while it computes measures resumes with the next network.

        Args:
            run_id: the network.
            identity: JSON values that decide the measures, such as settings. The weights and the
                spec of the network, and the version and the source of gridjax, are added to them.
            compute: function from the network to its measures: JSON values and arrays, by name.

        Returns the measures with lists in place of arrays. If the run does not have the network's
        weights, such as an exported one, they are those of an earlier call, or None. Raises
        GridjaxError if the folder cannot be written, and DamageError if the weights are damaged.
        """
        try:
            network = self.run.network(run_id)
        except DamageError:
            raise
        except GridjaxError:
            return kept_without_weights(self.folder, run_id, identity)
        return kept_measure(self.folder, run_id, network, identity, compute)

    def _reported_units(self, rows: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        bins = [self.spec(run_id).n_bins_reported for run_id in rows["run_id"]]
        reported = pd.DataFrame({"run_id": rows["run_id"], "nbins": np.array(bins, np.int32)})
        return self.run.units.merge(reported, on=["run_id", "nbins"])

    def _grid_units(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the numbers of grid-like and of all units and distinct maps, as ``rows`` are."""
        import pandas as pd

        null = rows[["run_id"]].assign(null_99=_highest_null(rows))
        units = self._reported_units(rows).merge(null, on="run_id")
        score = units["score_60_by_neuron"]
        is_grid = (score > units["null_99"]) & (score > LOWEST_THRESHOLD)
        is_distinct = _is_distinct(units)
        of_units = pd.DataFrame(
            {
                "n_grid": is_grid,
                "n_units": 1,
                "n_distinct_grid": is_grid & is_distinct,
                "n_distinct": is_distinct,
            }
        )
        counts = of_units.groupby(units["run_id"]).sum()
        return counts.reindex(rows["run_id"]).reset_index(drop=True)


def _is_distinct(units: pd.DataFrame) -> pd.Series:
    """Return whether each map is no copy of another one; none is if a table lacks ``copy_of``."""
    if units["copy_of"].isna().any():
        return units["unit"] == units["unit"]
    return units["copy_of"] == units["unit"]


def _highest_null(rows: pd.DataFrame) -> pd.Series:
    """Return the score that the nulls of each network exceed with probability .01."""
    names = [f"{null}_{NULL_PERCENTILE}" for null in NULLS]
    return rows["null_99"].fillna(rows.reindex(columns=names).max(axis=1))


def _diverged(rows: pd.DataFrame) -> pd.Series:
    return rows["status"] == DIVERGED


def _exceeds_null(counts: pd.DataFrame, n_readouts: int) -> np.ndarray:
    """Return whether each network has more distinct grid-like maps than the null, at q < .05."""
    by_chance = count_above(counts["n_distinct"].to_numpy(), n_readouts, NULL_PERCENTILE)
    p = by_chance.sf(counts["n_distinct_grid"].to_numpy() - 1)
    return benjamini_hochberg(p) < FALSE_FINDINGS
