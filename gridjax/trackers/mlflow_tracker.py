"""Callback for MLflow."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridjax.trackers.tracked_run import TrackedRun, import_library
from gridjax.trackers.tracker import Tracker

if TYPE_CHECKING:
    import pandas as pd

_LONGEST = 500
"""Largest number of characters of a parameter's value in MLflow."""
_MOST = 100
"""Largest number of parameters in one request."""


class MLflow(Tracker):
    """Callback that records a population in MLflow (extra ``mlflow``).

    Args:
        project: Experiment of the tracker run; created if missing.
        tracking_uri: Server or database, such as ``sqlite:///mlflow.db``. None uses the environment
            variable MLFLOW_TRACKING_URI, or else MLflow's default.
        per_network: Whether each network is a tracker run too, a child of its population.
        figures: Whether to draw and record the figures of the report at the end.

    Raises:
        GridjaxError: The library is not installed.
    """

    def __init__(
        self,
        project: str = "gridjax",
        *,
        tracking_uri: str | None = None,
        per_network: bool = False,
        figures: bool = True,
    ):
        super().__init__("MLflow", per_network, figures)
        self._mlflow = import_library("mlflow", "MLflow", "mlflow")
        self._project, self._uri = project, tracking_uri

    def open_run(
        self, folder: Path, name: str, config: dict[str, Any], population: TrackedRun | None
    ) -> TrackedRun:
        """Open a run; the run of a network is a child of its population's run."""
        client = self._mlflow.MlflowClient(self._uri)
        experiment = client.get_experiment_by_name(self._project)
        number = (
            client.create_experiment(self._project)
            if experiment is None
            else experiment.experiment_id
        )
        parent = population.run_id if isinstance(population, _MLflowRun) else None
        tags = {} if parent is None else {"mlflow.parentRunId": parent}
        run = client.create_run(number, run_name=name, tags=tags)
        entities = self._mlflow.entities
        texts = [entities.Param(key, str(value)[:_LONGEST]) for key, value in _flat(config, "")]
        for start in range(0, len(texts), _MOST):
            client.log_batch(run.info.run_id, params=texts[start : start + _MOST])
        return _MLflowRun(client, entities, run.info.run_id)


class _MLflowRun:
    """One run of MLflow."""

    def __init__(self, client: Any, entities: Any, run_id: str):
        self._client, self._entities, self.run_id = client, entities, run_id
        self._last_step = 0

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self._last_step = step
        now = time.time_ns() // 1_000_000
        metrics = [self._entities.Metric(name, x, now, step) for name, x in values.items()]
        self._client.log_batch(self.run_id, metrics=metrics)

    def summarise(self, values: Mapping[str, float]) -> None:
        self.log(self._last_step, values)

    def add_table(self, name: str, table: pd.DataFrame) -> None:
        self._client.log_table(self.run_id, table, f"{name}.json")

    def add_figure(self, name: str, caption: str, png: Path) -> None:
        self._client.log_artifact(self.run_id, str(png), "figures")
        self._client.log_text(self.run_id, f"{caption}\n", f"figures/{name}.txt")

    def finish(self, is_complete: bool) -> None:
        self._client.set_terminated(self.run_id, "FINISHED" if is_complete else "KILLED")


def _flat(config: Mapping[str, Any], group: str) -> Iterator[tuple[str, Any]]:
    """Yield the values of nested dicts by dotted name."""
    for name, value in config.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{group}{name}.")
        else:
            yield f"{group}{name}", value
