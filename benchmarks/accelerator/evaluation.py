"""Part v: time of each stage of one network's evaluation."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .part import Part


def measure(part: Part) -> None:
    """Write the seconds of the first and the second call of every stage."""
    import jax

    from gridjax import Sweep, grid_score
    from gridjax.metrics.lattice.lattice import lattice
    from gridjax.run.evaluation.block_evaluation import evaluate_block
    from gridjax.run.evaluation.lane_measures import (
        code_axis,
        measure_lanes,
        measured_config,
        readout_maps,
    )
    from gridjax.spec.lowering import readout_config
    from gridjax.sweep.catalog import EXPERIMENTS
    from gridjax.sweep.settings.evaluation_sizes import design_of
    from gridjax.training.population import MATMUL_PRECISION, make_trainer

    file = EXPERIMENTS / "lattices" / "paper" / "units-1024.yaml"
    overrides = {"Ng": 32, "Np": 32, "batch_size": 16} if part.tiny else {}
    sweep = Sweep.from_yaml(file, overrides=overrides, first=2)
    spec, other = sweep.specs
    settings = sweep.settings.evaluation
    trainer = make_trainer(spec.static, 1)
    traced = trainer.stack([spec], jax.devices()[0])
    state = jax.block_until_ready(trainer.init(traced))
    static, design = measured_config(spec), design_of(spec, settings)
    axis = jax.device_put(code_axis(spec, design.n_bins[-1])[None])
    kept: dict[str, Any] = {}

    def keep(name: str, work: Callable[[], Any]) -> Callable[[], Any]:
        def call() -> Any:
            kept[name] = work()
            return kept[name]

        return call

    stages: dict[str, Callable[[], Any]] = {
        "lanes": keep(
            "lanes",
            lambda: measure_lanes(static, design, 1, traced, state.params, state.layout, axis),
        ),
        "readouts": lambda: readout_maps(
            readout_config(spec.static), design, 1, traced, state.layout
        ),
    }
    for place, n in enumerate(design.n_bins):
        stages[f"grid_score {n}"] = lambda p=place: grid_score(kept["lanes"].recording.maps[p])
        stages[f"lattice {n}"] = lambda p=place: lattice(kept["lanes"].recording.maps[p], 2.2)
    for name, one in (("first", spec), ("second", other)):
        stages[f"all, {name} network"] = lambda one=one: evaluate_block(
            [one], state, settings, {}, "best:32"
        )
    with jax.default_matmul_precision(MATMUL_PRECISION):
        for name, stage in stages.items():
            times = []
            for _ in range(2):
                before = time.perf_counter()
                result = stage()
                jax.block_until_ready([x for x in jax.tree.leaves(result) if hasattr(x, "devices")])
                times.append(time.perf_counter() - before)
            part.row("stages", {"stage": name, "first_s": times[0], "second_s": times[1]})
