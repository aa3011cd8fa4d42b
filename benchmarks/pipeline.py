"""Networks per minute from their specs to their stored rows, by population size.

`python -m benchmarks.pipeline`, or `gridjax bench pipeline`. Each population is a whole run of
`gridjax.train` in a new folder: start of the workers, compilation or loading of programs, training,
evaluation, and commit. The first run of all has one network and an empty program cache.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax

import gridjax as gj
from gridjax.callbacks import BlockFinished, RunCallback, RunEvent
from gridjax.run.worker.machine import default_workers, device_kind
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.sweep import Sweep

from .options import Options, Say

STAGES = ("train_s", "evaluate_s", "store_s")


def measure(options: Options, say: Say) -> dict[str, Any]:
    """Return a row for each population of the first size, smallest first."""
    name, spec = next(iter(options.sizes.items()))
    spec = replace(spec, n_epochs=1, n_grad_steps_per_epoch=options.pipeline_steps)
    with tempfile.TemporaryDirectory(prefix="gridjax-bench-") as folder:
        base = Path(folder)
        with _empty_program_cache(base / "cache"):
            first = _row(name, spec, 1, base / "first", say, "empty program cache")
            rows = [first]
            for n_networks in options.pipeline_populations:
                out = base / str(n_networks)
                rows.append(_row(name, spec, n_networks, out, say, "programs from the cache"))
    return {"rows": rows}


@contextmanager
def _empty_program_cache(folder: Path) -> Iterator[None]:
    """Keep compiled programs in another folder, in worker processes too."""
    chosen = "JAX_COMPILATION_CACHE_DIR"
    before = {name: os.environ.pop(name, None) for name in (chosen, "XDG_CACHE_HOME")}
    in_use = jax.config.jax_compilation_cache_dir  # pyright: ignore[reportAttributeAccessIssue]
    jax.config.update("jax_compilation_cache_dir", None)
    os.environ["XDG_CACHE_HOME"] = str(folder)
    try:
        yield
    finally:
        del os.environ["XDG_CACHE_HOME"]
        os.environ.update({name: value for name, value in before.items() if value is not None})
        jax.config.update("jax_compilation_cache_dir", in_use)


class _Stages(RunCallback):
    """Sums the seconds of the stages of all blocks."""

    def __init__(self):
        self.seconds = dict.fromkeys(STAGES, 0.0)

    def on_event(self, event: RunEvent) -> None:
        if isinstance(event, BlockFinished):
            for stage in STAGES:
                self.seconds[stage] += getattr(event, stage)


def _row(
    name: str, spec: NetworkSpec, n_networks: int, out: Path, say: Say, programs: str
) -> dict[str, Any]:
    """Run one population; return its speed and the share of each stage."""
    specs = [replace(spec, seed=seed) for seed in range(n_networks)]
    stages = _Stages()
    start = time.perf_counter()
    run = gj.train(Sweep.from_specs(specs), out, [stages])
    seconds = time.perf_counter() - start
    assert len(run.networks) == n_networks
    is_cpu = device_kind() == "cpu"
    n_workers = min(n_networks, default_workers()) if is_cpu else _n_devices(n_networks)
    occupied = seconds * n_workers
    shares = {stage.removesuffix("_s"): stages.seconds[stage] / occupied for stage in STAGES}
    shares["start"] = max(0.0, 1 - sum(shares.values()))
    row = {
        "size": name,
        "networks": n_networks,
        "steps": spec.n_grad_steps,
        "programs": programs,
        "workers": n_workers,
        "seconds": seconds,
        "networks_per_minute": 60 * n_networks / seconds,
        "evaluation_to_training": stages.seconds["evaluate_s"] / stages.seconds["train_s"],
        "shares": shares,
    }
    text = ", ".join(f"{stage} {share:.0%}" for stage, share in shares.items())
    say(
        f"{name}, {n_networks} networks of {spec.n_grad_steps:,} steps, {programs}:"
        f" {row['networks_per_minute']:.3g} networks per minute ({seconds:.1f} s,"
        f" {n_workers} workers); {text} of the workers' time"
    )
    return row


def _n_devices(n_networks: int) -> int:
    return min(n_networks, len(jax.local_devices()))


if __name__ == "__main__":
    from .suite import main

    main("pipeline")
