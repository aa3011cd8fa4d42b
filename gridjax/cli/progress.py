"""Terminal output of a run: a progress bar during it, and a table at its end."""

from __future__ import annotations

import math
import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from gridjax.report.run_data import read_run_data
from gridjax.report.summary import summary_rows, summary_table
from gridjax.run.execution.scheduler import Event
from gridjax.run.execution.train import Show
from gridjax.run.planning.plan import Plan
from gridjax.run.storage.run_reader import Run

SECONDS_BETWEEN_LINES = 5.0


class Terminal(Show):
    """A progress bar on a terminal; a plain line every few seconds elsewhere."""

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

    def begin(self, plan: Plan, n_committed: int) -> None:
        """Say what is going to be trained, and how much is there already."""
        self._n_networks = plan.n_networks
        self._finished = n_committed
        self._total_flop = plan.flop * (1 - n_committed / max(plan.n_networks, 1))
        missing = plan.n_networks - n_committed
        if not missing:
            self._console.print(f"all {n_committed} networks are trained already; nothing to do")
            return
        kept = f", {n_committed} are there already" if n_committed else ""
        self._console.print(
            f"training {missing} of {plan.n_networks} networks in {len(plan.buckets)} buckets{kept}"
        )
        self._start = time.perf_counter()
        if self._console.is_terminal:
            columns = (BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
            self._bar = Progress(*columns, console=self._console, speed_estimate_period=300)
            self._task = self._bar.add_task("compiling", total=self._total_flop)
            self._bar.start()

    def event(self, event: Event) -> None:
        """Take in something that happened."""
        if event.remark:
            self._console.print(event.remark, soft_wrap=True)
            return
        self._finished += event.n_finished
        self._diverged += event.n_diverged
        self._flop += event.flop
        self._steps += event.network_steps
        if event.progress is not None:
            self._loss = float(event.progress.loss)
            self._error_cm = 100 * float(event.progress.position_error_m)
        if self._bar is not None:
            self._bar.update(self._task, completed=self._flop, description=self._describe())
        elif time.perf_counter() - self._last_line > SECONDS_BETWEEN_LINES:
            self._last_line = time.perf_counter()
            self._console.print(f"{self._describe()}  {self._time_left()}", soft_wrap=True)

    def end(self, stopped: bool, n_committed: int) -> None:
        """Say how it ended, with how many networks finished."""
        if self._bar is not None:
            self._bar.update(self._task, description=self._describe())
            self._bar.stop()
        if stopped:
            self._console.print(
                f"stopped with {n_committed} of {self._n_networks} networks finished;"
                " the same command goes on with the rest"
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
            return "time left unknown yet"
        seconds = time.perf_counter() - self._start
        left = seconds * (self._total_flop / self._flop - 1)
        return f"{max(left, 0):.0f} s left"


def print_summary(console: Console, run: Run) -> None:
    """Print the table of a run, and how many networks diverged."""
    console.print(summary_table(summary_rows(read_run_data(run))))
    if run.n_diverged:
        console.print(
            f"{run.n_diverged} of {len(run.networks)} networks diverged and have no scores"
        )
