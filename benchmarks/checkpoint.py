"""Cost of a checkpoint: seconds to save and to restore it, and bytes on the disk.

`python -m benchmarks.checkpoint [--networks 64] [--Ng 1024] [--repeats 3] [--json FILE]` saves the
state of one block of the study's network with Adam (weights and two moments, filled with noise,
because zeros compress) several times in a new folder, and compares it with one write of the bytes.
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
from gridjax.run.checkpointing.array_files import leaf_name
from gridjax.run.checkpointing.checkpoints import Checkpoints, Snapshot
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
        leaf_name(path): _noise(rng, (n_networks, *leaf.shape), leaf.dtype) for path, leaf in flat
    }


def _noise(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    if np.issubdtype(dtype, np.floating):
        return rng.standard_normal(shape, np.float32).astype(dtype)
    return np.zeros(shape, dtype)


def measure(n_networks: int, Ng: int, repeats: int, base: Path) -> dict[str, float]:
    """Return the seconds (medians) and bytes of a checkpoint of one block."""
    leaves = block(n_networks, Ng)
    run_ids = [f"{number:016x}" for number in range(n_networks)]
    shapes = {name: jax.ShapeDtypeStruct(a.shape[1:], a.dtype) for name, a in leaves.items()}
    content = b"".join(array.tobytes() for array in leaves.values())
    seconds: dict[str, list[float]] = {"save": [], "plain_write": [], "restore": []}
    checkpoints = Checkpoints(base)

    def timed(name: str, work: Any) -> Any:
        start = time.perf_counter()
        result = work()
        seconds[name].append(time.perf_counter() - start)
        return result

    for repeat in range(repeats):
        steps = [repeat + 1] * n_networks
        zeros = [0.0] * n_networks
        snapshot = Snapshot(run_ids, steps, leaves, zeros, 0, [False] * n_networks)
        timed("save", lambda snapshot=snapshot: checkpoints.save(snapshot))
        timed("plain_write", lambda: write_file(base / "plain", content))
    lanes = timed("restore", lambda: checkpoints.restore(run_ids, shapes))
    assert len(lanes) == n_networks
    newest = next(checkpoints.listed()).folder
    on_disk = sum(path.stat().st_size for path in newest.rglob("*") if path.is_file())
    medians = {f"{name}_s": statistics.median(each) for name, each in seconds.items()}
    return {"state_bytes": len(content), "checkpoint_bytes": on_disk, **medians}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--networks", type=int, default=64)
    parser.add_argument("--Ng", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = measure(chosen.networks, chosen.Ng, chosen.repeats, Path(folder))
    told = {"networks": chosen.networks, "Ng": chosen.Ng, "Np": 512} | told
    told["save_over_plain_write"] = told["save_s"] / told["plain_write_s"]
    for name, value in told.items():
        print(f"{name:>22} {value:,.3g}" if isinstance(value, float) else f"{name:>22} {value:,}")
    if chosen.json:
        chosen.json.write_text(json.dumps({"machine": machine(), "checkpoint": told}, indent=1))


if __name__ == "__main__":
    main()
