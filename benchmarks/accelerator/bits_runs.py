"""Runs of one process for part g: `python -m benchmarks.accelerator.bits_runs REQUEST`.

The request (JSON) has ``deterministic``, ``units``, ``steps``, ``settings`` of the sweep and
``runs``, each with ``name``, ``folder``, ``seeds`` and whether it is to ``stop`` in the middle and
to be resumed. Each run writes one line of JSON. On accelerators, deterministic operations are an
option of the whole process.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import gridjax as gj
from gridjax.callbacks import NetworkResumed, RunCallback, RunEvent, Stopped, TrainingSteps
from gridjax.run.worker import train_loop

SHORT_CHUNK_S = 0.1
"""Length of chunks of a run that is to stop, so that it stops in the middle of its training."""


class StopInTheMiddle(RunCallback):
    """Stop a run after an eighth of its steps: in a network, even if they train one by one."""

    def __init__(self, network_steps: int):
        self._left = network_steps / 8

    def on_event(self, event: RunEvent) -> None:
        """Count steps."""
        if isinstance(event, TrainingSteps):
            self._left -= event.network_steps
            if self._left <= 0:
                raise Stopped


class ResumedSteps(RunCallback):
    """The steps at which networks were resumed."""

    def __init__(self):
        self.steps: list[int] = []

    def on_event(self, event: RunEvent) -> None:
        """Keep the step of a resumed network."""
        if isinstance(event, NetworkResumed):
            self.steps.append(event.step)


def sweep_of(seeds: list[int], units: int, steps: int, settings: dict[str, Any]) -> gj.Sweep:
    """Return a sweep of the shapes of part b, whose programs may be in the cache."""
    values: dict[str, Any] = {
        "place_field_values": "difference_of_gaussians",
        "place_cell_rf": 0.24,
        "Ng": units,
        "Np": units,
        "batch_size": 32,
        "learning_rate": 3e-3,
        "n_epochs": 1,
        "n_grad_steps_per_epoch": steps,
    }
    parameters = {name: {"value": value} for name, value in values.items()}
    parameters["seed"] = {"values": seeds}
    return gj.Sweep.from_dict({"method": "grid", "parameters": parameters, "gridjax": settings})


def main() -> None:
    """Make the runs in order."""
    wish = json.loads(sys.argv[1])
    for run in wish["runs"]:
        before, resumed = time.perf_counter(), ResumedSteps()
        sweep = sweep_of(run["seeds"], wish["units"], wish["steps"], wish["settings"])
        folder, options = Path(run["folder"]), {"deterministic": wish["deterministic"]}
        if run.get("stop"):
            usual, train_loop.CHUNK_SECONDS = train_loop.CHUNK_SECONDS, SHORT_CHUNK_S
            stop = StopInTheMiddle(len(run["seeds"]) * wish["steps"])
            with suppress(Stopped):
                gj.train(sweep, folder, [stop], **options)  # a stop saves the networks
            train_loop.CHUNK_SECONDS = usual
        gj.train(sweep, folder, [resumed], **options)
        told = {"run": run["name"], "seconds": time.perf_counter() - before}
        print(json.dumps(told | {"resumed_at": resumed.steps}), flush=True)


if __name__ == "__main__":
    main()
