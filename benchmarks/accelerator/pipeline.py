"""Part e: networks per minute from spec to committed row, and the share of evaluation."""

from __future__ import annotations

import time
from typing import Any

from .part import Part


def measure(part: Part) -> None:
    """Train, evaluate and commit populations, the last one without compilation."""
    import gridjax as gj

    units, steps = (32, 10) if part.tiny else (128, 2500)
    for n_networks in (2, 4) if part.tiny else (32, 128, 128):
        values: dict[str, Any] = {
            "place_field_values": "difference_of_gaussians",
            "place_cell_rf": 0.2,
            "Ng": units,
            "Np": units,
            "batch_size": 64,
            "matmul_precision": "tf32",
            "n_epochs": 1,
            "n_grad_steps_per_epoch": steps,
        }
        parameters = {name: {"value": value} for name, value in values.items()}
        parameters["seed"] = {"values": list(range(n_networks))}
        sweep = gj.Sweep.from_dict({"method": "grid", "parameters": parameters})
        before = time.perf_counter()
        if part.data.get("rows") and part.left < 2 * part.data["rows"][-1]["wall_s"]:
            return
        run = gj.train(sweep, out=part.work / f"pipeline-{n_networks}-{before:.0f}")
        wall = time.perf_counter() - before
        train_s = float(run.timings["train_seconds"].sum()) if hasattr(run, "timings") else None
        part.row(
            "rows",
            {
                "networks": n_networks,
                "steps": steps,
                "wall_s": wall,
                "train_s": train_s,
                "networks_per_min": 60 * n_networks / wall,
            },
        )
