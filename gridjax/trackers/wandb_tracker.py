"""Callback for Weights & Biases."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridjax.errors import GridjaxError, Problem
from gridjax.trackers.tracked_run import TrackedRun, import_library
from gridjax.trackers.tracker import Tracker, run_name

if TYPE_CHECKING:
    import pandas as pd

_STEPS = "gradient_steps"


class WandB(Tracker):
    """Callback that records a population in Weights & Biases (extra ``wandb``).

    Args:
        project: Project of the tracker run.
        entity: User or team; None for the default of the account.
        offline: Whether to write into the folder ``wandb`` without a network; ``wandb sync`` sends
            the data later. The environment variable WANDB_MODE=offline does the same.
        per_network: Whether each network is a tracker run too, in the group of its population.
        figures: Whether to draw and record the figures of the report at the end.

    Raises:
        GridjaxError: The library is not installed, or there is no login.
    """

    def __init__(
        self,
        project: str = "gridjax",
        *,
        entity: str | None = None,
        offline: bool = False,
        per_network: bool = False,
        figures: bool = True,
    ):
        super().__init__("Weights & Biases", per_network, figures)
        self._wandb = import_library("wandb", "Weights & Biases", "wandb")
        mode = "offline" if offline else os.environ.get("WANDB_MODE", "online")
        self._of_all = {"project": project, "entity": entity, "mode": mode}
        if mode == "online":
            _log_in(self._wandb)

    def open_run(
        self, folder: Path, name: str, config: dict[str, Any], population: TrackedRun | None
    ) -> TrackedRun:
        """Open a run; the run of a network is in the group of its population."""
        run = self._wandb.init(
            **self._of_all,
            name=name,
            group=run_name(folder),
            job_type="population" if population is None else "network",
            config=config,
            reinit="create_new",
            settings=self._wandb.Settings(console="off", silent=True),
        )
        run.define_metric("*", step_metric=_STEPS)
        return _WandBRun(self._wandb, run)


class _WandBRun:
    """One run of Weights & Biases."""

    def __init__(self, wandb: Any, run: Any):
        self._wandb, self._run = wandb, run

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log({_STEPS: step, **values})

    def summarise(self, values: Mapping[str, float]) -> None:
        self._run.summary.update(dict(values))

    def add_table(self, name: str, table: pd.DataFrame) -> None:
        self._run.log({name: self._wandb.Table(dataframe=table)})

    def add_figure(self, name: str, caption: str, png: Path) -> None:
        self._run.log({f"figures/{name}": self._wandb.Image(str(png), caption=caption)})

    def finish(self, is_complete: bool) -> None:
        self._run.finish(exit_code=0 if is_complete else 1)


def _log_in(wandb: Any) -> None:
    """Log in before training; in a terminal, the library asks for the key."""
    fix = "run wandb login, or record offline: WANDB_MODE=offline (Python: offline=True)"
    try:
        is_in = wandb.login(verify=False)
    except Exception as error:
        raise GridjaxError(Problem(f"Weights & Biases: {error}", fix=fix)) from None
    if not is_in:
        raise GridjaxError(Problem("Weights & Biases: there is no login", fix=fix))
