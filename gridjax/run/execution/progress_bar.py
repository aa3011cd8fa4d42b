"""Display of the progress of a run: a bar in a terminal, or a line every few seconds."""

from __future__ import annotations

import math
import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from gridjax.callbacks import (
    BlockFinished,
    EvaluationStarted,
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

SECONDS_BETWEEN_LINES = 5.0
SECONDS_IN_NOTEBOOKS = 0.5


class ProgressBar(RunCallback):
    """Callback that shows the progress of a run.

    In a terminal it draws a bar. In a notebook it updates one line of the cell's output. Elsewhere
    it prints a line every few seconds.
    """

    def __init__(self, console: Console):
        self._console = console
        self._bar: Progress | None = None
        self._notebook_line: Any = None
        self._last_line = -math.inf
        self._start = time.perf_counter()
        self._flop = 0.0
        self._steps = 0
        self._finished = 0
        self._diverged = 0
        self._measures: TrainingMeasures | None = None
        self._evaluated: dict[str, int] = {}
        """blocks in evaluation, and their networks in it"""

    def on_start(self, start: RunStart) -> None:
        """Print the number of networks that will be trained."""
        self._n_networks = start.n_networks
        self._finished = start.n_finished
        self._flop_left = start.flop_left
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
            self._task = self._bar.add_task("compiling", total=self._flop_left)
            self._bar.start()
        elif self._console.is_jupyter:
            from IPython.display import display  # pyright: ignore[reportMissingImports]

            self._notebook_line = display(_plain("compiling"), raw=True, display_id=True)

    def on_event(self, event: RunEvent) -> None:
        """Print resumed networks and warnings; count other events and update the progress."""
        is_silent_for_long = False
        match event:
            case NetworkResumed() | RunWarning():
                self._console.print(str(event), soft_wrap=True)
                return
            case EvaluationStarted(block, n_networks):
                is_silent_for_long = n_networks > 1 or not self._finished
                self._evaluated[block] = n_networks
            case BlockFinished(block):
                self._evaluated.pop(block, None)
            case NetworkFinished(run_ids, diverged):
                self._finished += len(run_ids)
                self._diverged += len(run_ids) if diverged else 0
            case TrainingSteps(network_steps, flop, block):
                self._evaluated.pop(block, None)
                self._steps += network_steps
                self._flop += flop
            case TrainingMeasures():
                self._measures = event
            case _:
                return
        if self._bar is not None:
            self._bar.update(self._task, completed=self._flop, description=self._describe())
            return
        longest = SECONDS_IN_NOTEBOOKS if self._console.is_jupyter else SECONDS_BETWEEN_LINES
        if is_silent_for_long or time.perf_counter() - self._last_line > longest:
            self._last_line = time.perf_counter()
            self._print(f"{self._describe()}  {self._time_left()}")

    def on_end(self, end: RunEnd) -> None:
        """End the progress bar. If the run was stopped, print the number of finished networks."""
        if self._bar is not None:
            self._bar.update(self._task, description=self._describe())
            self._bar.stop()
        if self._notebook_line is not None:
            self._print(self._describe())
        if end.error is None:
            return
        if end.n_finished < self._n_networks:
            told = f"{end.n_finished} of {self._n_networks} networks finished"
            told += "; the same command resumes the rest"
        else:  # in the last evaluation, which is not interrupted
            told = f"all {self._n_networks} networks finished; nothing is left to train"
        self._console.print(f"stopped with {told}")

    def _print(self, text: str) -> None:
        if self._notebook_line is not None:
            self._notebook_line.update(_plain(text), raw=True)
        else:
            self._console.print(text, soft_wrap=True)

    def _describe(self) -> str:
        seconds = max(time.perf_counter() - self._start, 1e-9)
        diverged = f" ({self._diverged} diverged)" if self._diverged else ""
        n_evaluated = sum(self._evaluated.values())
        evaluated = f"  evaluating {n_evaluated}" if n_evaluated else ""
        return (
            f"{self._finished}/{self._n_networks} networks{diverged}"
            f"  {self._steps / seconds:,.0f} steps/s{_measured(self._measures)}{evaluated}"
        )

    def _time_left(self) -> str:
        if self._flop < 0.01 * self._flop_left:
            return "time left not known yet"
        seconds = time.perf_counter() - self._start
        left = seconds * (self._flop_left / self._flop - 1)
        return f"{max(left, 0):.0f} s left"


def _measured(measures: TrainingMeasures | None) -> str:
    """Return the loss, the objective on states and the error, without those that do not exist."""
    if measures is None:
        return ""
    shown = ""
    if math.isfinite(measures.loss):
        shown += f"  loss {measures.loss:.4g}"
    if math.isfinite(measures.state_objective):
        shown += f"  objective {measures.state_objective:.4g}"
    if math.isfinite(measures.position_error_m):
        shown += f"  position error {100 * measures.position_error_m:.1f} cm"
    return shown or "  loss nan"  # networks that diverged have no finite measure


def progress_bar(is_wanted: bool | None) -> list[RunCallback]:
    """Return the callback that shows the progress of a run, if it is wanted.

    With None, it is wanted only in a terminal or a notebook. A bar is drawn on standard error,
    separate from the output of a script.
    """
    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_jupyter:
        console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    is_shown = console.is_terminal or console.is_jupyter if is_wanted is None else is_wanted
    return [ProgressBar(console)] if is_shown else []


def _plain(text: str) -> dict[str, str]:
    return {"text/plain": text}
