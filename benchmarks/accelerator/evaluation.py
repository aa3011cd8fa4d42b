"""Part v: time of each stage of one network's evaluation."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .part import Part


def measure(part: Part) -> None:
    """Write the seconds of the first and the second call of every stage."""
    import jax

    from gridjax import Sweep, grid_score
    from gridjax.metrics.lattice.lattice import lattice
    from gridjax.run.evaluation import network_metrics, rollout
    from gridjax.run.evaluation.drift import drift_curves
    from gridjax.run.evaluation.evaluation import evaluate
    from gridjax.run.evaluation.spectra import spectra
    from gridjax.spec.lowering import evaluation_config, readout_config
    from gridjax.sweep.catalog import EXPERIMENTS
    from gridjax.training import train_step
    from gridjax.training.population import MATMUL_PRECISION

    file = EXPERIMENTS / "lattices" / "units-1024.yaml"
    overrides = {"Ng": 32, "Np": 32, "batch_size": 16} if part.tiny else {}
    sweep = Sweep.from_yaml(file, overrides=overrides, first=2)
    spec, other = sweep.specs
    settings = sweep.settings.evaluation
    init = jax.jit(partial(train_step.init, spec.static))
    state = jax.block_until_ready(init(jax.device_put(spec.traced)))
    static, design = evaluation_config(spec.static), rollout.design(spec, settings)
    traced = jax.device_put(spec.traced)
    kept: dict[str, Any] = {}

    def keep(name: str, work: Callable[[], Any]) -> Callable[[], Any]:
        def call() -> Any:
            kept[name] = work()
            return kept[name]

        return call

    stages: dict[str, Callable[[], Any]] = {
        "record": keep(
            "recorded",
            lambda: rollout.record(static, design, traced, state.params, state.layout),
        ),
        "drift_curves": lambda: drift_curves(static, traced, state.params, state.layout),
        "readouts": lambda: rollout.record_readouts(
            readout_config(spec.static), design, traced, state.layout
        ),
    }
    for place, n in enumerate(design.n_bins):
        stages[f"grid_score {n}"] = lambda p=place: grid_score(kept["recorded"].maps[p])
        stages[f"lattice {n}"] = lambda p=place: lattice(kept["recorded"].maps[p], 2.2)
    stages["dimensions"] = lambda: network_metrics.dimensions(kept["recorded"])
    stages["spectra"] = lambda: spectra(spec, state.layout, np.asarray(kept["recorded"].maps[-1]))
    stages["all, first network"] = lambda: evaluate(spec, state, settings, {})
    stages["all, second network"] = lambda: evaluate(other, state, settings, {})
    with jax.default_matmul_precision(MATMUL_PRECISION):
        for name, stage in stages.items():
            times = []
            for _ in range(2):
                before = time.perf_counter()
                result = stage()
                jax.block_until_ready([x for x in jax.tree.leaves(result) if hasattr(x, "devices")])
                times.append(time.perf_counter() - before)
            part.row("stages", {"stage": name, "first_s": times[0], "second_s": times[1]})
