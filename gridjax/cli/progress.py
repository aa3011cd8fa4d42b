"""Terminal output of a run: a progress bar during the run, and a table at its end."""

from __future__ import annotations

import math
import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from gridjax.callbacks import (
    NetworkFinished,
    NetworkResumed,
    RunCallback,
    RunEnd,
    RunEvent,
    RunStart,
    RunWarning,
    TrainingMeasures,
    TrainingSteps,
)
from gridjax.report.run_data import read_run_data
from gridjax.report.summary import summary_rows, summary_table
from gridjax.run.storage.run_reader import Run

SECONDS_BETWEEN_LINES = 5.0


class Terminal(RunCallback):
    """Callback that draws a progress bar on a terminal, or prints a line every few seconds."""

    def __init__(self, console: Console):
        self._console = console
        self._bar: Progress | None = None
        self._last_line = -math.inf
        self._start = time.perf_counter()
        self._flop = 0.0
        self._steps = 0
        self._finished = 0
        self._diverged = 0
        self._loss = math.nan
        self._error_cm = math.nan

    def on_start(self, start: RunStart) -> None:
        """Print the number of networks that will be trained."""
        self._n_networks = start.n_networks
        self._finished = start.n_finished
        self._total_flop = start.flop * (1 - start.n_finished / max(start.n_networks, 1))
        missing = start.n_networks - start.n_finished
        if not missing:
            self._console.print(f"all {start.n_finished} networks are finished; nothing to train")
            return
        finished = f"; {start.n_finished} are finished already" if start.n_finished else ""
        self._console.print(
            f"training {missing} of {start.n_networks} networks in {start.n_buckets} buckets"
            f"{finished}"
        )
        self._start = time.perf_counter()
        if self._console.is_terminal:
            columns = (BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
            self._bar = Progress(*columns, console=self._console, speed_estimate_period=300)
            self._task = self._bar.add_task("compiling", total=self._total_flop)
            self._bar.start()

    def on_event(self, event: RunEvent) -> None:
        """Print resumed networks and warnings; count other events and update the progress."""
        match event:
            case NetworkResumed() | RunWarning():
                self._console.print(str(event), soft_wrap=True)
                return
            case NetworkFinished(run_ids, diverged):
                self._finished += len(run_ids)
                self._diverged += len(run_ids) if diverged else 0
            case TrainingSteps(network_steps, flop):
                self._steps += network_steps
                self._flop += flop
            case TrainingMeasures(loss=loss, position_error_m=error_m):
                self._loss, self._error_cm = loss, 100 * error_m
            case _:
                return
        if self._bar is not None:
            self._bar.update(self._task, completed=self._flop, description=self._describe())
        elif time.perf_counter() - self._last_line > SECONDS_BETWEEN_LINES:
            self._last_line = time.perf_counter()
            self._console.print(f"{self._describe()}  {self._time_left()}", soft_wrap=True)

    def on_end(self, end: RunEnd) -> None:
        """End the progress bar. If the run was stopped, print the number of finished networks."""
        if self._bar is not None:
            self._bar.update(self._task, description=self._describe())
            self._bar.stop()
        if end.error is not None:
            self._console.print(
                f"stopped with {end.n_finished} of {self._n_networks} networks finished;"
                " the same command resumes the rest"
            )

    def _describe(self) -> str:
        seconds = max(time.perf_counter() - self._start, 1e-9)
        diverged = f" ({self._diverged} diverged)" if self._diverged else ""
        return (
            f"{self._finished}/{self._n_networks} networks{diverged}"
            f"  {self._steps / seconds:,.0f} steps/s"
            f"  loss {self._loss:.4g}  position error {self._error_cm:.1f} cm"
        )

    def _time_left(self) -> str:
        if self._flop < 0.01 * self._total_flop:
            return "time left not known yet"
        seconds = time.perf_counter() - self._start
        left = seconds * (self._total_flop / self._flop - 1)
        return f"{max(left, 0):.0f} s left"


def print_summary(console: Console, run: Run) -> None:
    """Print the summary table of a run and the number of diverged networks."""
    console.print(summary_table(summary_rows(read_run_data(run))))
    if run.n_diverged:
        console.print(
            f"{run.n_diverged} of {len(run.networks)} networks diverged and have no scores"
        )
