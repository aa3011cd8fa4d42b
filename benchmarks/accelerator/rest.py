"""Part i: a population of paper size for the rest of the time, with checkpoints.

It trains until it is finished or the time is spent, and is saved as a run that is stopped.
"""

from __future__ import annotations

import time
from typing import Any

import gridjax as gj
from gridjax.callbacks import (
    CheckpointSaved,
    RunCallback,
    RunEvent,
    Stopped,
    TrainingMeasures,
    TrainingSteps,
)

from .part import Part

RESERVE_S = 20.0
"""Seconds for the end of a chunk and the last checkpoint."""
TINY_S = 40.0
"""Seconds of training of a test run."""
MEASURES = ("loss_excess", "decode_err_ml_cm_T50", "share_above_0.3", "share_above_null_99")


class Watch(RunCallback):
    """The steps, measures and checkpoints of a run."""

    def __init__(self, part: Part):
        self._part, self._begun = part, time.perf_counter()
        self.network_steps = 0
        self.saved: dict[str, int] = {}
        """step of each network in the last checkpoint"""

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._begun

    def on_event(self, event: RunEvent) -> None:
        """Keep steps and checkpoints, and write a row for each measurement."""
        if isinstance(event, TrainingSteps):
            self.network_steps += event.network_steps
        elif isinstance(event, CheckpointSaved):
            self.saved |= dict(zip(event.run_ids, event.steps, strict=True))
        elif isinstance(event, TrainingMeasures):
            row = {"seconds": self.seconds, "network_steps": self.network_steps}
            row |= {"loss_excess": event.loss_excess, "err_cm": 100 * event.position_error_m}
            self._part.row("measures", row)


class StopInTime(RunCallback):
    """Stop a run when less than ``reserve`` seconds of the part are left."""

    def __init__(self, part: Part, reserve: float):
        self._part, self._reserve = part, reserve

    def on_poll(self) -> None:
        """Stop if it is time."""
        if self._part.left < self._reserve:
            raise Stopped


def sweep_of(part: Part) -> gj.Sweep:
    """Return 64 networks of paper size: two widths of place fields, 32 seeds."""
    values: dict[str, Any] = {
        "place_field_values": "difference_of_gaussians",
        "Ng": 32 if part.tiny else 1024,
        "Np": 32 if part.tiny else 512,
        "batch_size": 16 if part.tiny else 200,
        "learning_rate": 3e-4,
        "matmul_precision": "tf32",
        "n_epochs": 1000,
        "n_grad_steps_per_epoch": 200,
    }
    parameters = {name: {"value": value} for name, value in values.items()}
    parameters["place_cell_rf"] = {"values": [0.12, 0.2]}
    parameters["seed"] = {"values": list(range(1 if part.tiny else 32))}
    settings = {"lane_width": 2 if part.tiny else 64}
    return gj.Sweep.from_dict({"method": "grid", "parameters": parameters, "gridjax": settings})


def measure(part: Part) -> None:
    """Train until the time is spent; write steps, checkpoints and finished networks."""
    sweep, watch, folder = sweep_of(part), Watch(part), part.work / "rest"
    stop = StopInTime(part, part.seconds - TINY_S if part.tiny else RESERVE_S)
    try:
        # the callback that stops a run receives nothing after that, such as the last checkpoint
        gj.train(sweep, folder, [watch, stop], checkpoint_every=60)
        ended = "finished"
    except Stopped:
        ended = "stopped in time"
    part.row(
        "population",
        {
            "networks": len(sweep.specs),
            "ended": ended,
            "network_steps": watch.network_steps,
            "network_steps_per_s": watch.network_steps / watch.seconds,
            "seconds": watch.seconds,
        },
    )
    networks = []
    for spec in sweep.specs:
        about = {"run_id": spec.run_id, "rf": spec.place_cell_rf, "seed": spec.seed}
        networks.append(about | {"saved_at": watch.saved.get(spec.run_id), "of": spec.n_grad_steps})
    part.save(networks=networks)
    if ended == "finished":
        finished = gj.open_run(folder).networks
        part.save(finished=finished[["run_id", *MEASURES]].to_dict("records"))
