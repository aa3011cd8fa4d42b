"""Processor time of the evaluation of trained networks, stage by stage.

`python -m benchmarks.evaluation [--json FILE]` prints for one network and for a block: processor
seconds of compilation (the first call of each stage minus later calls) and of a later call
(median). A call of ``evaluate_block``, which compiles the rest, and the training of one network
follow.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

STEPS = 2500
"""Gradient steps of the network whose training time is reported."""
BLOCK = 2
"""Networks of the block."""


def processor_seconds(work: Callable[[], Any], repeats: int) -> tuple[float, float, Any]:
    """Return the processor seconds of the first call, their median of later calls, the result."""
    import jax

    seconds, result = [], None
    for _ in range(repeats + 1):
        before = time.process_time()
        result = jax.block_until_ready(work())
        seconds.append(time.process_time() - before)
    return seconds[0], statistics.median(seconds[1:]), result


def stages(n_networks: int, repeats: int) -> list[dict[str, Any]]:
    """Return one row for each stage of the evaluation of a block of ``n_networks``."""
    import jax
    import jax.numpy as jnp

    from gridjax.metrics.gridscore.grid_score import grid_score
    from gridjax.metrics.lattice.lattice import lattice_in_bins
    from gridjax.run.evaluation import lane_measures
    from gridjax.run.evaluation.block_evaluation import evaluate_block
    from gridjax.run.evaluation.spectra import mean_spectra
    from gridjax.spec.lowering import readout_config
    from gridjax.sweep.settings.evaluation_sizes import design_of
    from gridjax.sweep.settings.run_settings import EvaluationSettings
    from gridjax.training.population import MATMUL_PRECISION, make_trainer

    from .options import SIZES

    specs = [replace(SIZES["small"], seed=seed) for seed in range(n_networks)]
    spec, settings = specs[0], EvaluationSettings()
    trainer = make_trainer(spec.static, n_networks)
    traced = trainer.stack(specs, jax.devices()[0])
    state = trainer.chunk(traced, trainer.init(traced), jnp.full(n_networks, 100, jnp.int32))
    design = design_of(spec, settings)
    axis = np.stack([lane_measures.code_axis(one, design.n_bins[-1]) for one in specs])
    rows: list[dict[str, Any]] = []

    def stage(name: str, work: Callable[[], Any]) -> Any:
        first, later, result = processor_seconds(work, repeats)
        compile_s = max(0.0, first - later)
        row = {"networks": n_networks, "stage": name, "compile_s": compile_s, "run_s": later}
        rows.append(row)
        return result

    def scores(maps: Any) -> Any:
        flat = [one.reshape(-1, *one.shape[2:]) for one in maps]
        return [grid_score(one, nan=spec.fidelity.empty_bins, correlations=True) for one in flat]

    def dimensions(points: Any) -> Any:
        with jax.enable_x64(True):
            return lane_measures.dimensions(n_networks, points)

    with jax.default_matmul_precision(MATMUL_PRECISION):
        static = lane_measures.measured_config(spec)
        measured = stage(
            "rollouts: maps, errors, drift",
            lambda: lane_measures.measure_lanes(
                static, design, n_networks, traced, state.params, state.layout, axis
            ),
        )
        one = jax.tree.map(lambda leaf: leaf[:1], (traced, state.layout))
        readouts = stage(
            "maps of the readouts of one network",
            lambda: lane_measures.readout_maps(readout_config(spec.static), design, 1, *one),
        )
        maps = measured.recording.maps
        stage("grid scores of the units", lambda: scores(maps))
        stage("grid scores of the readouts of one network", lambda: scores(readouts))
        stage(
            "lattices",
            lambda: [lattice_in_bins(one.reshape(-1, *one.shape[2:])) for one in maps],
        )
        stage("dimensions", lambda: dimensions(measured.recording.points))
        stage("spectra", lambda: mean_spectra(maps[-1], measured.code_maps))
    stage("evaluate_block, with all nulls", lambda: _rows(evaluate_block, specs, state, settings))
    return rows


def _rows(evaluate_block: Callable[..., Any], specs: Any, state: Any, settings: Any) -> int:
    return len(evaluate_block(specs, state, settings, {}, "best:32"))


def training_seconds() -> float:
    """Return the processor seconds of STEPS gradient steps of one network, without compilation."""
    import jax
    import jax.numpy as jnp

    from gridjax.training.population import make_trainer

    from .options import SIZES

    spec = SIZES["small"]
    trainer = make_trainer(spec.static, 1)
    traced = trainer.stack([spec], jax.devices()[0])
    state = jax.block_until_ready(
        trainer.chunk(traced, trainer.init(traced), jnp.full(1, 1, jnp.int32))
    )
    before = time.process_time()
    jax.block_until_ready(trainer.chunk(traced, state, jnp.full(1, 1 + STEPS // 5, jnp.int32)))
    return 5 * (time.process_time() - before)


def main() -> None:
    """Run the benchmark as a script."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evaluation")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    # A kept program would hide the compilation.
    os.environ["JAX_ENABLE_COMPILATION_CACHE"] = "false"
    from gridjax.run.execution.devices import start_devices

    start_devices(keep_programs=False)
    from .machine import machine

    told = machine()
    print(", ".join(f"{name} {value}" for name, value in told.items()))
    rows = [*stages(1, given.repeats), *stages(BLOCK, given.repeats)]
    print(f"{'networks':>8}  {'stage':44} {'compile':>8} {'run':>8}  processor seconds")
    for row in rows:
        print(f"{row['networks']:8}  {row['stage']:44} {row['compile_s']:8.2f} {row['run_s']:8.3f}")
    trained = training_seconds()
    print(f"training of one network, {STEPS} steps: {trained:.1f} s")
    if given.json is not None:
        found = {"machine": told, "evaluation": {"rows": rows, "train_s": trained}}
        given.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
