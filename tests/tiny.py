"""Tiny sweeps, and what is remembered of a run of them."""

import dataclasses
from pathlib import Path

import gridjax as gj
from gridjax.run.execution.train import Show

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
    "place_field_values": {"values": ["gaussian", "difference_of_gaussians"]},
    "Np": {"value": 32},
    "place_cell_rf": {"value": 0.3},
    "seed": {"values": [0, 3]},
}
CARTESIAN = {
    "place_field_values": {"value": "cartesian"},
    "place_field_loss": {"value": "mse"},
    "Np": {"value": 2},
}
DIVERGING = CARTESIAN | {"learning_rate": {"value": 1e30}}


class Heard(Show):
    """Remembers what a run told."""

    def __init__(self):
        self.committed = None
        self.events = []
        self.stopped = None

    def begin(self, plan, n_committed):
        self.committed = n_committed

    def event(self, event):
        self.events.append(event)

    def end(self, stopped, n_committed):
        self.committed_at_end = n_committed
        self.stopped = stopped


class StopAt(Heard):
    """Asks for a stop after some gradient steps."""

    def __init__(self, switch, steps):
        super().__init__()
        self.switch, self.steps = switch, steps

    def event(self, event):
        super().event(event)
        self.steps -= event.network_steps
        if self.steps < 0:
            self.switch.ask("a test")


@dataclasses.dataclass(frozen=True)
class Trained:
    sweep: gj.Sweep
    folder: Path
    run: object
    heard: Heard


def write_sweep(folder, name, content):
    import yaml

    path = folder / name
    path.write_text(yaml.safe_dump(content))
    return path
