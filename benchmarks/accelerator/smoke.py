"""Part b: test of the commands: a small sweep is trained, evaluated and reported."""

from __future__ import annotations

import subprocess
import sys
import time

from .part import Part

_COMMAND = "from gridjax.cli import main; main()"
_SWEEP = """
method: grid
parameters:
  place_field_values: {{values: [gaussian, difference_of_gaussians]}}
  place_cell_rf: {{value: 0.24}}
  Ng: {{value: {units}}}
  Np: {{value: {units}}}
  batch_size: {{value: 32}}
  learning_rate: {{value: 3e-3}}
  n_epochs: {{value: 1}}
  n_grad_steps_per_epoch: {{value: {steps}}}
  seed: {{values: [0, 1, 2, 3]}}
"""


def measure(part: Part) -> None:
    """Run the commands; write their seconds, exit codes and last lines of output."""
    file, run = part.work / "smoke.yaml", part.work / "smoke"
    file.write_text(_SWEEP.format(units=32 if part.tiny else 128, steps=10 if part.tiny else 1000))
    for name, arguments in (
        ("sweep", ["sweep", str(file), "--out", str(run)]),
        ("again", ["sweep", str(file), "--out", str(part.work / "smoke-again")]),
        ("report", ["report", str(run)]),
        ("verify", ["verify", str(run)]),
    ):
        before = time.perf_counter()
        command = [sys.executable, "-c", _COMMAND, *arguments]
        try:
            told = subprocess.run(command, capture_output=True, text=True, timeout=part.left)
        except subprocess.TimeoutExpired as late:
            part.row(
                "commands", {"command": name, "code": "late", "said": str(late.stdout)[-1500:]}
            )
            return
        said = (told.stdout + told.stderr)[-1500:]
        seconds = time.perf_counter() - before
        part.row("commands", {"command": name, "seconds": seconds, "code": told.returncode})
        part.data["commands"][-1]["said"] = said
        part.save()
        if told.returncode:
            print(said, flush=True)
            return
    from gridjax import open_run

    networks = open_run(run).networks
    names = ["place_field_values", "seed", "loss_excess", "pos_decoding_err_T50"]
    names += ["score_60_by_neuron_max", "share_above_0.3"]
    part.save(networks=networks[names].to_dict("records"))
    print(networks[names].to_string(), flush=True)
