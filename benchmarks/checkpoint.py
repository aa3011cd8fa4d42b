"""Cost of a checkpoint: seconds that training waits, seconds to save and restore it, and bytes.

`python -m benchmarks.checkpoint [--networks 64] [--Ng 1024] [--repeats 5] [--json FILE]` saves the
state of one block of the study's network with Adam (weights and two moments, filled with noise,
because zeros compress) several times in a new folder, and compares it with plain writes of the
same bytes in the same call.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np

from gridjax.io.atomic_files import write_file
from gridjax.run.checkpointing.block_folder import CHECKPOINTS, KEPT, BlockFolder
from gridjax.run.checkpointing.checkpoint_list import Snapshot
from gridjax.spec.network import NetworkSpec
from gridjax.training import train_step

from .machine import machine


def block(n_networks: int, Ng: int) -> dict[str, np.ndarray]:
    """Return the arrays of a block in training, by name."""
    spec = NetworkSpec(Ng=Ng, Np=512)
    state = jax.eval_shape(lambda: train_step.init(spec.static, spec.traced))
    rng = np.random.default_rng(0)
    flat, _ = jax.tree_util.tree_flatten_with_path(state)
    return {
        jax.tree_util.keystr(path, simple=True, separator="/"): _noise(
            rng, (n_networks, *leaf.shape), leaf.dtype
        )
        for path, leaf in flat
    }


def _noise(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    if np.issubdtype(dtype, np.floating):
        return rng.standard_normal(shape, np.float32).astype(dtype)
    return np.zeros(shape, dtype)


def measure(n_networks: int, Ng: int, repeats: int, base: Path) -> dict[str, float]:
    """Return the seconds (medians) and bytes of a checkpoint of one block.

    ``waits`` is the time of ``save`` itself, during which training waits; ``total`` is the time
    until the checkpoint is committed and an old one is removed; ``plain_write`` writes and flushes
    the same bytes as one file, and removes an old one. Turns are taken, because the time of any
    write depends on how the system finds memory for it.
    """
    leaves = jax.block_until_ready(jax.device_put(block(n_networks, Ng)))
    run_ids = [f"{number:016x}" for number in range(n_networks)]
    shapes = {name: jax.ShapeDtypeStruct(a.shape[1:], a.dtype) for name, a in leaves.items()}
    content = b"".join(np.asarray(array).tobytes() for array in leaves.values())
    seconds: dict[str, list[float]] = {"waits": [], "total": [], "plain_write": []}
    folder = BlockFolder(base / CHECKPOINTS / f"{0:016x}")
    zeros, never = [0.0] * n_networks, [False] * n_networks

    def save(n_steps: int) -> tuple[float, float]:
        steps = [n_steps] * n_networks
        snapshot = Snapshot(run_ids, steps, leaves, zeros, 0, never, run_ids, sum(steps))
        start = time.perf_counter()
        folder.save(snapshot)
        waits = time.perf_counter() - start
        folder.wait()
        return waits, time.perf_counter() - start

    def plain_write(number: int) -> float:
        start = time.perf_counter()
        write_file(base / f"plain-{number}", content)
        (base / f"plain-{number - KEPT}").unlink(missing_ok=True)
        return time.perf_counter() - start

    first_waits, first_total = save(0)  # the only one that needs new memory for the copy
    for number in range(1, repeats + KEPT + 1):
        waits, total = save(number)
        plain = plain_write(number)
        if number > KEPT:  # until then, nothing is removed, and the files need new memory
            for name, value in (("waits", waits), ("total", total), ("plain_write", plain)):
                seconds[name].append(value)
    start = time.perf_counter()
    lanes = folder.restore(shapes)
    restore = time.perf_counter() - start
    assert len(lanes) == n_networks, folder.damage
    files = [path for path in folder.listed()[0].folder.rglob("*") if path.is_file()]
    medians = {f"{name}_s": statistics.median(each) for name, each in seconds.items()}
    return {
        "state_bytes": len(content),
        "checkpoint_bytes": sum(path.stat().st_size for path in files),
        "files": len(files),
        "first_waits_s": first_waits,
        "first_total_s": first_total,
        **medians,
        "waits_over_plain_write": medians["waits_s"] / medians["plain_write_s"],
        "total_over_plain_write": medians["total_s"] / medians["plain_write_s"],
        "restore_s": restore,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--networks", type=int, default=64)
    parser.add_argument("--Ng", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = measure(chosen.networks, chosen.Ng, chosen.repeats, Path(folder))
    told = {"networks": chosen.networks, "Ng": chosen.Ng, "Np": 512} | told
    for name, value in told.items():
        print(f"{name:>22} {value:,.3g}" if isinstance(value, float) else f"{name:>22} {value:,}")
    if chosen.json:
        chosen.json.write_text(json.dumps({"machine": machine(), "checkpoint": told}, indent=1))


if __name__ == "__main__":
    main()
