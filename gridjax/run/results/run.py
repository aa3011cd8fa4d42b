"""Results of a run: tables as pandas, maps as xarray, single networks."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridjax.errors import GridjaxError, Problem
from gridjax.run.evaluation.evaluation import DIVERGED
from gridjax.run.results.labelled_maps import labelled_maps
from gridjax.run.results.network import Network
from gridjax.run.storage.kept_weights.weights import unflatten_weights, with_maps
from gridjax.run.storage.result_store import Store
from gridjax.run.storage.run_folder import FolderStore
from gridjax.spec.network import NetworkSpec
from gridjax.spec.registry import REGISTRIES

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


class Run:
    """The results of a sweep, for all networks that have finished so far."""

    def __init__(self, store: Store, owned: Any = None):
        self._store = store
        self._owned = owned  # a temporary folder, which is removed with this object

    def __repr__(self) -> str:
        return f"<Run of {len(self.networks)} of {len(self.manifest['run_ids'])} networks>"

    @property
    def manifest(self) -> dict[str, Any]:
        """Sweep text, settings, seeds, lane widths, versions and device of the run."""
        return self._store.manifest

    @property
    def is_finished(self) -> bool:
        """Whether every network of the run has results, those of accepted earlier sweeps too."""
        return self.n_missing == 0

    @property
    def n_missing(self) -> int:
        """Number of networks of the run that have no results."""
        return len(self.manifest["run_ids"]) - len(self._store.committed())

    @property
    def n_diverged(self) -> int:
        """Number of networks whose loss or weights became non-finite."""
        return int((self.networks["status"] == DIVERGED).sum())

    @cached_property
    def networks(self) -> pd.DataFrame:
        """Parameters and measures of the networks; one row for each network."""
        return self._frame("networks")

    @cached_property
    def units(self) -> pd.DataFrame:
        """Scores, period (cm) and orientation (rad); one row for each unit and number of bins."""
        return self._frame("units")

    @cached_property
    def history(self) -> pd.DataFrame:
        """Losses (nats or m^2) and position error (cm) at log-spaced gradient steps."""
        return self._frame("history")

    @cached_property
    def emergence(self) -> pd.DataFrame:
        """Scores, lattices and errors (cm) at the steps of ``evaluation.along_training``.

        Without this setting there are no rows.
        """
        return self._frame("emergence")

    @cached_property
    def drift(self) -> pd.DataFrame:
        """Position error (cm) and loss after each move, on trajectories ten times as long."""
        return self._frame("drift")

    @cached_property
    def spectra(self) -> pd.DataFrame:
        """Radial power of the rate maps and of the target code, by cycles per box.

        Each map is scaled to variance 1. Power is a density: the share of the variance for each
        square cycle per box.
        """
        return self._frame("spectra")

    @cached_property
    def robustness(self) -> pd.DataFrame:
        """Errors (cm) under each perturbation of ``evaluation.robustness``, by dose and move.

        Without this setting there are no rows.
        """
        return self._frame("robustness")

    @cached_property
    def environments(self) -> pd.DataFrame:
        """Errors (cm) and grid-like units in each environment; one row for each environment.

        There are rows with ``evaluation.environments``, for networks with several environments.
        """
        return self._frame("environments")

    @cached_property
    def remapping(self) -> pd.DataFrame:
        """Maps of each unit in each environment, compared with environment 0.

        There are rows with ``evaluation.environments``, for networks with several environments.
        """
        return self._frame("remapping")

    @cached_property
    def nulls(self) -> pd.DataFrame:
        """Scores of random readouts of target codes; ``networks`` refers to them by ``null_id``."""
        return self._frame("nulls")

    def rate_maps(self, run_id: str) -> xr.DataArray:
        """Return the stored rate maps of a network; with ``keep_maps: best:N``, best units first.

        Args:
            run_id: A run_id of ``networks``.

        Returns:
            Mean activity with the dimensions unit, x, y (on a line unit, x; in a cube unit, x, y,
            z). The coordinates x, y and z are bin centres in metres; ``samples`` is the number of
            samples in each bin. Bins without samples are NaN.

        Raises:
            GridjaxError: The run_id is unknown, or its maps are not stored.
        """
        spec = self._spec(run_id)
        kept = self._store.maps(run_id)
        if kept is None:
            message = f"no rate maps of {run_id} are stored (a diverged network has none)"
            raise GridjaxError(Problem(message, fix="sweep with --keep-maps all or best:32"))
        return labelled_maps(spec, kept.maps, kept.units, kept.samples)

    def network(self, run_id: str) -> Network:
        """Return one trained network.

        Args:
            run_id: A run_id of ``networks``.

        Returns:
            Its spec, parameters and layout.

        Raises:
            GridjaxError: The run_id is unknown, its weights are not stored, or its plugins are not
                registered.
        """
        spec = self._spec(run_id)
        weights = self._store.weights(run_id)
        if weights is None:
            message = f"the weights of {run_id} are not stored"
            raise GridjaxError(Problem(message, fix="sweep with --keep-weights all"))
        if spec.run_id != run_id:
            message = f"the plugins of {run_id} are not registered: {self._plugins(spec)}"
            raise GridjaxError(Problem(message, fix="register the same source: --plugin FILE.py"))
        spec = with_maps(spec, weights)
        return Network(spec, *unflatten_weights(spec, weights))

    @cached_property
    def timings(self) -> pd.DataFrame:
        """Wall-clock seconds of the training of each network."""
        return self._frame("timings")

    def _plugins(self, spec: NetworkSpec) -> str:
        names = {getattr(spec, parameter) for parameter in REGISTRIES}
        plugins: dict[str, str] = self.manifest["plugins"]
        sources = {name.removeprefix("plugin:"): sha for name, sha in plugins.items()}
        used = sorted(names & sources.keys())
        return ", ".join(f"{name} (source {sources[name][:12]})" for name in used)

    def _spec(self, run_id: str) -> NetworkSpec:
        values = self._values_of.get(run_id)
        if values is None or run_id not in self._store.committed():
            fix = "the column run_id of .networks lists the finished networks"
            raise GridjaxError(Problem(f"no network {run_id!r} in this run", fix=fix))
        return NetworkSpec.from_dict(values)

    @cached_property
    def _values_of(self) -> dict[str, dict[str, Any]]:
        """The values of each network's spec, by run_id."""
        return dict(zip(self.manifest["run_ids"], self.manifest["specs"], strict=True))

    def _frame(self, name: str) -> pd.DataFrame:
        return self._store.table(name).to_pandas()


def open_run(folder: str | Path) -> Run:
    """Open the folder of a run, finished or not, for reading.

    Args:
        folder: The ``out`` folder of a run.

    Returns:
        The results of its finished networks.

    Raises:
        GridjaxError: The folder holds no run.
    """
    return Run(FolderStore.open(Path(folder)))
