"""The roofline model of `gridjax plan --for`, beside gradient steps that were measured on the card.

`python -m benchmarks.roofline [--rows N] [--json FILE]` compiles the steps of
benchmarks/results/accelerator-h200.json for an H200 that need not be here, and compares the
predicted with the measured times. It needs the extra cuda13.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from gridjax.accelerators.absent_device import absent_device
from gridjax.accelerators.card_info import CARDS
from gridjax.run.card_plan.card_plan import read_step
from gridjax.run.card_plan.programs import training_program

from .machine import machine
from .options import SIZES

MEASURED = Path(__file__).parent / "results" / "accelerator-h200.json"
STEP = "trajectories of 16 steps at once, recurrence unrolled"
"""Name of the measured form of the step that is today's."""


def compare(n_rows: int | None = None) -> list[dict[str, Any]]:
    """Return a row for each measured step: predicted and measured ms, and their ratio.

    ``n_rows`` is the largest number of rows; None compares all of them.
    """
    card, rows = CARDS["h200"], []
    device = absent_device(card)
    measured = [r for r in json.loads(MEASURED.read_text())["c"]["rows"] if r["variant"] == STEP]
    for row in measured[:n_rows]:
        spec = replace(SIZES[row["size"]], matmul_precision=row["precision"])
        before = time.perf_counter()
        program = training_program(spec, spec.static, row["lanes"], device)
        step = read_step(program.compile(), spec.static, card)
        predicted = step.time.total_s * 1e3
        rows.append(
            {
                **{name: row[name] for name in ("size", "precision", "lanes")},
                "compile_s": time.perf_counter() - before,
                "kernels_per_step": step.launches.n_kernels,
                "kernels_per_step_measured": row["kernels_per_step"],
                "bytes_per_block": step.block_bytes,
                "bytes_per_block_measured": row["bytes_per_block"],
                "predicted_ms": predicted,
                "measured_ms": row["ms_per_block_step"],
                "ratio": predicted / row["ms_per_block_step"],
                "limited_by": step.time.limit,
            }
        )
        print(f"  {rows[-1]}", flush=True)
    return rows


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    rows = compare(chosen.rows)
    ratios = [row["ratio"] for row in rows]
    print(
        f"predicted / measured: {min(ratios):.2f} to {max(ratios):.2f}, median"
        f" {statistics.median(ratios):.2f}"
    )
    if chosen.json:
        chosen.json.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
