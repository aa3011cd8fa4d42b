"""Part e: networks per minute from spec to committed row, and the share of evaluation.

All populations have blocks of one width. The first one compiles, and is a row of its own; the
others use its programs.
"""

from __future__ import annotations

import time
from typing import Any

from .part import Part

LANE_WIDTH = 128
POPULATIONS = (128, 256, 256)
_TINY = (2, 4)


def measure(part: Part) -> None:
    """Train, evaluate and commit populations, and write a row of each."""
    import gridjax as gj

    units, steps = (32, 10) if part.tiny else (128, 2500)
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
    settings = {"lane_width": _TINY[0] if part.tiny else LANE_WIDTH}
    for place, n_networks in enumerate(_TINY if part.tiny else POPULATIONS):
        if part.left < 15:
            part.row("left_out", {"networks": n_networks})
            continue
        parameters["seed"] = {"values": list(range(n_networks))}
        sweep = gj.Sweep.from_dict(
            {"method": "grid", "parameters": parameters, "gridjax": settings}
        )
        before = time.perf_counter()
        run = gj.train(sweep, out=part.work / f"pipeline-{place}")
        wall = time.perf_counter() - before
        part.row(
            "rows",
            {
                "networks": n_networks,
                "steps": steps,
                "compiles": place == 0,
                "wall_s": wall,
                "train_s": float(run.timings["train_seconds"].sum()),
                "networks_per_min": 60 * n_networks / wall,
            },
        )
