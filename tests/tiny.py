"""Tiny sweeps, and what is remembered of a run of them."""

import dataclasses
from pathlib import Path

import gridjax as gj
from gridjax.callbacks import RunCallback, RunWarning, Stopped, TrainingSteps

TINY = {
    "Ng": {"value": 24},
    "batch_size": {"value": 16},
    "sequence_length": {"value": 7},
    "n_epochs": {"value": 1},
    "n_grad_steps_per_epoch": {"value": 90},
    "learning_rate": {"value": 2e-3},
    "bin_side_in_m": {"value": 0.11},
}
SETTINGS = {"evaluation": {"samples_per_bin": 40, "batch_size": 100}, "keep_maps": "best:5"}


def sweep_content(**parameters):
    """A sweep of tiny networks; 20 bins are reported, so that 20 and 32 are scored."""
    return {"method": "grid", "parameters": TINY | parameters, "gridjax": dict(SETTINGS)}


PLACE_CELLS = {
    "place_field_values": {"value": "difference_of_gaussians"},
    "Np": {"value": 32},
    "place_cell_rf": {"value": 0.3},
    "seed": {"values": [0, 3, 5, 7]},
}
CARTESIAN = {
    "place_field_values": {"value": "cartesian"},
    "place_field_loss": {"value": "mse"},
    "Np": {"value": 2},
}
DIVERGING = CARTESIAN | {"learning_rate": {"value": 1e30}}


class Recorder(RunCallback):
    """Keeps all that a run reports."""

    def __init__(self):
        self.start = None
        self.events = []
        self.end = None

    def on_start(self, start):
        self.start = start

    def on_event(self, event):
        self.events.append(event)

    def on_end(self, end):
        self.end = end

    def of(self, *kinds):
        return [event for event in self.events if isinstance(event, kinds)]

    @property
    def n_steps(self):
        return sum(event.network_steps for event in self.of(TrainingSteps))

    @property
    def warnings(self):
        return [event.message for event in self.of(RunWarning)]


class StopAt(Recorder):
    """Stops the run after some gradient steps."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def on_event(self, event):
        super().on_event(event)
        if self.n_steps > self.steps:
            raise Stopped("a test")


@dataclasses.dataclass(frozen=True)
class Trained:
    sweep: gj.Sweep
    folder: Path
    run: object


def write_sweep(folder, name, content):
    import yaml

    path = folder / name
    path.write_text(yaml.safe_dump(content))
    return path
