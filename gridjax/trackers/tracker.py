"""Base class of trackers: a callback that records a run with a tracker's library."""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from pathlib import Path
from typing import Any

from gridjax.callbacks import (
    NetworkFinished,
    RunCallback,
    RunEnd,
    RunEvent,
    RunStart,
    TrainingMeasures,
    TrainingSteps,
)
from gridjax.trackers.background_calls import BackgroundCalls
from gridjax.trackers.results import (
    finite,
    network_records,
    population_config,
    record_results,
)
from gridjax.trackers.tracked_run import TrackedRun

SECONDS_BETWEEN_RECORDS = 5.0
_OF_STUDIES = "networks"


def run_name(folder: Path) -> str:
    """Return the name of a population's tracker run: that of its folder.

    The networks of studies are in the folder ``networks`` of the folder that the user names; the
    name then has both.
    """
    whole = folder.resolve()
    return f"{whole.parent.name}-{whole.name}" if whole.name == _OF_STUDIES else whole.name


class Tracker(RunCallback):
    """Base class of the callbacks for trackers: ``WandB``, ``MLflow`` and ``TensorBoard``.

    A population is one tracker run with the name of its folder. The steps of the tracker run are
    the gradient steps of this call, summed over all networks. It records the numbers of finished
    and of diverged networks, the steps per second, and the loss (nats or m^2) and position error
    (cm) of the block that was measured last. At the end it records the table of networks and the
    figures of the report.

    The library is called in its own thread. If it fails, a warning is logged and the run continues.
    A tracker does not change the results.
    """

    def __init__(self, label: str, per_network: bool, figures: bool):
        self._label, self._per_network, self._figures = label, per_network, figures
        self._calls: BackgroundCalls | None = None

    @abstractmethod
    def open_run(
        self, folder: Path, name: str, config: dict[str, Any], population: TrackedRun | None
    ) -> TrackedRun:
        """Open a tracker run for a population, or for a network of ``population``.

        Args:
            folder: Folder of the results.
            name: Name of the tracker run: the name of the folder, or the run_id of a network.
            config: Configuration: plain values, lists and dicts by name.
            population: The run of the network's population; None for a population.
        """

    def on_start(self, start: RunStart) -> None:
        """Open the tracker run of the population."""
        self._folder = start.folder
        self._finished, self._diverged, self._steps = start.n_finished, 0, 0
        self._trained: list[str] = []
        self._started, self._last = time.perf_counter(), 0.0
        self._calls = BackgroundCalls(self._label)
        self._calls.submit(self._open)

    def on_event(self, event: RunEvent) -> None:
        """Record measures, and the progress every few seconds."""
        measures: dict[str, float] = {}
        match event:
            case NetworkFinished(run_ids, diverged):
                self._finished += len(run_ids)
                self._diverged += len(run_ids) if diverged else 0
                self._trained += run_ids
            case TrainingSteps(network_steps):
                self._steps += network_steps
            case TrainingMeasures(loss, loss_excess, position_error_m, of_states):
                error_cm = 100 * position_error_m
                measures = {"loss": loss, "loss_excess": loss_excess, "pos_decoding_err": error_cm}
                measures |= {} if math.isnan(of_states) else {"state_objective_value": of_states}
            case _:
                return
        if measures or time.perf_counter() - self._last > SECONDS_BETWEEN_RECORDS:
            self._record(measures)

    def on_end(self, end: RunEnd) -> None:
        """Record tables and figures, and close the tracker run."""
        if self._calls is None:
            return
        self._record({})
        if end.n_finished:
            self._calls.submit(self._record_results)
        self._calls.submit(self._close, end.error is None)
        self._calls.close()
        self._calls = None

    def _record(self, measures: dict[str, float]) -> None:
        assert self._calls is not None
        self._last = time.perf_counter()
        progress = {
            "networks_finished": self._finished,
            "networks_diverged": self._diverged,
            "steps_per_s": self._steps / max(self._last - self._started, 1e-9),
        }
        self._calls.submit(self._log, self._steps, finite(progress | measures))

    # The methods below run in the thread of the library.

    def _open(self) -> None:
        name = run_name(self._folder)
        self._run = self.open_run(self._folder, name, population_config(self._folder), None)

    def _log(self, step: int, values: dict[str, float]) -> None:
        self._run.log(step, values)

    def _record_results(self) -> None:
        record_results(self._folder, self._run, self._figures)
        if not self._per_network:
            return
        for network in network_records(self._folder, self._trained):
            run = self.open_run(self._folder, network.run_id, network.parameters, self._run)
            for step, values in network.curves:
                run.log(step, values)
            run.summarise(network.measures)
            run.finish(is_complete=True)

    def _close(self, is_complete: bool) -> None:
        self._run.finish(is_complete)
