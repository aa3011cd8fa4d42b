"""Memory of networks: the prediction of the plan, and the number that the compiler reports.

`python -m benchmarks.memory [--networks 60] [--seed 0] [--json FILE]` compiles the steps of blocks
of random networks (cells, codes, activations, sizes, lane widths of 1, 8 and 32). It trains none.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gridjax.run.planning.memory_model import bytes_per_lane
from gridjax.spec.network import NetworkSpec
from gridjax.training.memory_analysis import bytes_needed, compile_chunk, shapes_of_block

from .machine import machine

CELLS = ("RNN", "SRNN", "UGRNN", "GRU", "LSTM")
CODES = ("gaussian", "difference_of_gaussians", "softmax_of_differences", "high_dim_cartesian")
WIDTHS = (1, 8, 32)


def draw(random: np.random.Generator) -> tuple[NetworkSpec, int]:
    """Draw a random network and the lane width of its block."""
    code = str(random.choice(CODES))
    spec = replace(
        NetworkSpec(),
        rnn_type=str(random.choice(CELLS)),
        activation=str(random.choice(["relu", "tanh"])),
        place_field_values=code,
        place_field_loss="mse" if code == "high_dim_cartesian" else "crossentropy",
        Ng=int(random.choice([64, 128, 256, 512, 1024])),
        Np=int(random.choice([64, 128, 256, 512])),
        batch_size=int(random.choice([32, 64, 100, 200])),
        sequence_length=int(random.choice([10, 20, 50])),
    )
    return spec, int(random.choice(WIDTHS))


def measure(n_networks: int, seed: int) -> dict[str, Any]:
    """Return a row for each block, and statistics of the relative errors of the prediction."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(n_networks):
        spec, width = draw(random)
        needed = bytes_needed(
            compile_chunk(spec.static, width, *shapes_of_block(spec, spec.static, width))
        )
        predicted = bytes_per_lane(spec.static) * width
        told = {name: getattr(spec, name) for name in ("rnn_type", "place_field_values")}
        told |= {name: getattr(spec, name) for name in ("Ng", "Np", "batch_size")}
        told |= {"sequence_length": spec.sequence_length, "lane_width": width}
        rows.append(told | {"predicted_bytes": predicted, "needed_bytes": needed})
        print(f"{predicted / needed - 1:+.0%}  {told}", flush=True)
    off = np.array([row["predicted_bytes"] / row["needed_bytes"] - 1 for row in rows])
    return {
        "median_error": float(np.median(np.abs(off))),
        "share_within_15_percent": float((np.abs(off) <= 0.15).mean()),
        "lowest": float(off.min()),
        "highest": float(off.max()),
        "rows": rows,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--networks", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    told = measure(chosen.networks, chosen.seed)
    print({name: value for name, value in told.items() if name != "rows"})
    if chosen.json:
        chosen.json.write_text(json.dumps({"machine": machine(), "memory": told}, indent=1))


if __name__ == "__main__":
    main()
