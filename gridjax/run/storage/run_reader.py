"""Reader of a run: tables as pandas, maps as xarray, single networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gridjax.errors import GridjaxError, Problem
from gridjax.forked_process import refuse_forked_process
from gridjax.metrics.coding.outside_box import OutsideBox
from gridjax.metrics.coding.outside_box import outside_box as measure_outside
from gridjax.metrics.ratemaps.heading_tuning import HeadingTuning, heading_tuning
from gridjax.model.network import Params
from gridjax.run.evaluation import closed_loop
from gridjax.run.evaluation.closed_loop import ClosedLoop
from gridjax.run.evaluation.evaluation import DIVERGED
from gridjax.run.evaluation.heading_samples import heading_samples
from gridjax.run.evaluation.recomputed_maps import layout_of_environment, recompute_maps
from gridjax.run.evaluation.walks_outside import walk_outside
from gridjax.run.storage.kept_weights.weights import unflatten_weights, with_maps
from gridjax.run.storage.result_store import Store
from gridjax.run.storage.run_folder import FolderStore
from gridjax.spec.lowering import evaluation_config
from gridjax.spec.network import NetworkSpec
from gridjax.spec.registry import REGISTRIES
from gridjax.task import motion, task
from gridjax.task.task import Layout
from gridjax.training import train_step
from gridjax.training.population import MATMUL_PRECISION

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


class Response(NamedTuple):
    """Activity and outputs of a network along given positions."""

    activity: Float[Array, "batch time analysed"]
    """rates of the analysed layer"""
    logits: Float[Array, "batch time out"]
    """outputs, before any softmax"""
    decoded: Float[Array, "batch time 2"]
    """decoded positions, metres; NaN for a network without outputs"""


@dataclass(frozen=True)
class Network:
    """One trained network of a population."""

    spec: NetworkSpec
    params: Params
    layout: Layout
    """place cells, or the parameters of another target code, in all environments"""

    @property
    def place_cells(self) -> Any:
        """Centres [Np, field, 2] and widths [Np, field] of the place cells, in metres.

        For another target code, its random parameters, or None if it has none. With several
        environments, they are those of environment 0; ``layout.further`` has the others.
        """
        return self.layout.code

    def respond(self, positions: Float[Array, "batch time+1 2"], environment: int = 0) -> Response:
        """Run the network along paths.

        Args:
            positions: Positions in metres, [batch, time + 1, dimensions of the box]; the first of
                each path is its start.
            environment: Number of the environment, from 0, for networks with several environments.

        Returns:
            Activity, outputs and decoded positions at the ``time`` later positions.

        Raises:
            GridjaxError: The positions have another shape, or fewer than two time points, or there
                is no such environment.
        """
        refuse_forked_process()
        positions = jnp.asarray(positions, jnp.float32)
        d = self.spec.dimensions
        if positions.ndim != 3 or positions.shape[1] < 2 or positions.shape[2] != d:
            message = f"positions of shape {list(positions.shape)} are not [batch, time + 1, {d}]"
            axes = ("x", "x and y", "x, y and z")[d - 1]
            fix = f"give {axes} in metres at two or more time points of each path"
            raise GridjaxError(Problem(message, fix=fix))
        layout = layout_of_environment(self.spec, self.layout, environment)
        trajectories = motion.along(positions.swapaxes(0, 1))
        static, dt_s = evaluation_config(self.spec.static), jnp.asarray(self.spec.traced.dt_s)
        with jax.default_matmul_precision(MATMUL_PRECISION):
            analysed, outputs = train_step.forward(self.params, layout, trajectories, dt_s, static)
        if static.has_outputs:
            code, _ = task.split_outputs(outputs, static)
            decoded = task.decode(layout, code, static)
        else:
            decoded = jnp.full((*outputs.shape[:2], d), jnp.nan)
        return Response(*(value.swapaxes(0, 1) for value in (analysed, outputs, decoded)))

    def rate_maps(
        self, n_bins: int | None = None, samples_per_bin: int = 50, environment: int = 0
    ) -> xr.DataArray:
        """Compute the rate maps of all units again, from the weights.

        Args:
            n_bins: Bins along each side of the box; by default the number of the run's maps.
            samples_per_bin: Mean number of samples in a bin. At the run's number of bins, with the
                default sizes of the evaluation, the maps are those of the run.
            environment: Number of the environment, from 0, for networks with several environments.

        Returns:
            Mean activity of the analysed units, labelled as by `Run.rate_maps`.

        Raises:
            GridjaxError: A number is invalid.
        """
        refuse_forked_process()
        with jax.default_matmul_precision(MATMUL_PRECISION):
            maps, samples = recompute_maps(
                self.spec, self.params, self.layout, n_bins, samples_per_bin, environment
            )
        return _labelled_maps(self.spec, maps, np.arange(len(maps)), samples)

    def outside_box(
        self,
        n_paths: int = 4000,
        n_moves: int = 50,
        units: Sequence[int] | None = None,
        within_cm: float = 40.0,
    ) -> OutsideBox:
        """Run the network out of its box on velocities alone, and decode its states there.

        The walks start in the box, where the network receives their place code; no wall holds them.
        A network can only be measured as far as it integrates: choose ``n_moves`` so that its
        errors in the box stay small. Networks with several environments are in environment 0.

        Args:
            n_paths: Number of walks; rounded up to a multiple of 250. Half of them make the code
                book, the others are decoded.
            n_moves: Number of moves of a walk, at least 5.
            units: Units of the analysed layer that are read; by default all. Memory grows by
                8 bytes for each unit, move and walk.
            within_cm: What the first decoder knows about the position
                (`gridjax.metrics.outside_box`).

        Returns:
            Ranges, errors by the distance from the walls, reliability and maps.

        Raises:
            GridjaxError: A number is invalid, or the network has no recurrence, no square box or
                another motion than the walk.
        """
        refuse_forked_process()
        with jax.default_matmul_precision(MATMUL_PRECISION):
            positions, rates = walk_outside(
                self.spec, self.params, self.layout, n_paths, n_moves, units
            )
        return measure_outside(positions, rates, self.spec.box_width_in_m, within_cm)

    def closed_loop(self, every: int = 10, n_moves: int = 50, n_paths: int = 1000) -> ClosedLoop:
        """Feed the place code that the network computes back through its start encoder.

        Networks with several environments are in environment 0.

        Args:
            every: Moves between two replacements of the state.
            n_moves: Moves of a trajectory, a multiple of ``every`` and at least two of them.
            n_paths: Number of trajectories.

        Returns:
            Errors and diffusion constants without feedback, with the outputs fed back, and with the
            place code of the decoded position fed back, along the same trajectories.

        Raises:
            GridjaxError: A number is invalid, or the outputs of the network are not the place code
                of its start.
        """
        refuse_forked_process()
        with jax.default_matmul_precision(MATMUL_PRECISION):
            return closed_loop.closed_loop(
                self.spec, self.params, self.layout, every, n_moves, n_paths
            )

    def heading_tuning(
        self,
        n_paths: int = 20_000,
        n_bins: int = 20,
        n_headings: int = 36,
        n_shuffles: int = 200,
        seed: int = 0,
    ) -> HeadingTuning:
        """Measure whether the units are tuned to the heading beyond their position.

        Args:
            n_paths: Number of paths of the network's own motion, as long as those of the rate maps.
                Each gives one sample, after its last move; the heading is this move's direction.
            n_bins: Position bins along each side of the box.
            n_headings: Heading bins.
            n_shuffles: Number of shuffles.
            seed: Random seed of the shuffles.

        Returns:
            `gridjax.metrics.HeadingTuning` of the analysed units.

        Raises:
            GridjaxError: A number is invalid, or the box is no square.
        """
        refuse_forked_process()
        with jax.default_matmul_precision(MATMUL_PRECISION):
            samples = heading_samples(self.spec, self.params, self.layout, n_paths)
        sizes = n_bins, n_headings, n_shuffles
        return heading_tuning(jax.random.key(seed), *samples, self.spec.box_width_in_m, *sizes)


def _labelled_maps(
    spec: NetworkSpec, maps: np.ndarray, units: np.ndarray, samples: np.ndarray
) -> xr.DataArray:
    import xarray as xr

    n, axes = samples.shape[0], ("x", "y", "z")[: samples.ndim]
    half = spec.box_width_in_m / 2
    edges = np.linspace(-half, half, n + 1)
    centres = (edges[1:] + edges[:-1]) / 2
    return xr.DataArray(
        maps,
        dims=("unit", *axes),
        coords={
            "unit": units,
            **{axis: (axis, centres, {"units": "m"}) for axis in axes},
            "samples": (axes, samples),
        },
        name="activity",
        attrs={"run_id": spec.run_id},
    )


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
        """Whether every network of the sweep has results."""
        return len(self._store.committed()) == len(self.manifest["run_ids"])

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
        return _labelled_maps(spec, kept.maps, kept.units, kept.samples)

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
