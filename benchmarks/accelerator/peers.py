"""Part d: PyTorch's trainers on the card, beside gridjax's step of the same size and precision.

gridjax's row comes first, then PyTorch's variants in a process of their own. Both are measured in
this call, one after the other, because each needs the whole card.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ..peers.processes import MISSING, Way, config_of, has_pytorch
from .part import Part
from .steps import row_of, spec_of

ROWS = (("small", "tf32", 64), ("paper", "tf32", 64))
"""Size, precision, and number of networks that train at once."""
_TINY = (("small", "float32", 2),)
_JAX_SHARE = "0.4"
"""Share of the card's memory for JAX, which keeps it while PyTorch's process runs."""
_KEPT = ("compile_s", "ms_per_block_step", "network_steps_per_s", "tflop_per_s", "bytes_per_block")


def measure(part: Part) -> None:
    """Write a row of gridjax and of each variant of PyTorch, for each size and precision."""
    os.environ.setdefault("XLA_PYTHON_CLIENT_MEM_FRACTION", _JAX_SHARE)
    chosen = [row.split(":") for row in part.rows]
    rows = [(size, precision, int(lanes)) for size, precision, lanes, *form in chosen if not form]
    rows = rows if chosen else list(_TINY if part.tiny else ROWS)
    for place, (size, precision, lanes) in enumerate(rows):
        until = part.left * (len(rows) - place - 1) / (len(rows) - place)
        about: dict[str, Any] = {"size": size, "precision": precision}
        if part.left < 20 and not part.tiny:
            part.row("left_out", about)
            continue
        try:
            ours = row_of(part, size, precision, lanes)
        except Exception as error:
            told = f"{type(error).__name__}: {error}"[:600]
            part.row("rows", about | {"variant": "gridjax", "networks": lanes, "error": told})
            continue
        kept = {name: ours[name] for name in _KEPT}
        part.row("rows", about | {"variant": "gridjax", "networks": lanes} | kept)
        if not has_pytorch():
            part.row("rows", about | {"variant": "pytorch", "skipped": MISSING})
            continue
        told = _children(part, size, precision, lanes, part.left - until - 2)
        for row in told:
            if rate := row.get("network_steps_per_s"):
                row["gridjax_times_faster"] = ours["network_steps_per_s"] / rate
            part.row("rows", about | row)


def _children(part: Part, size: str, precision: str, lanes: int, seconds: float) -> Any:
    """Yield the rows of PyTorch's process; end it after ``seconds``."""
    command = [sys.executable, "-m", "benchmarks.peers.pytorch_card"]
    messages = part.work / "pytorch.log"
    with messages.open("w") as log:
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert child.stdin is not None
    assert child.stdout is not None
    late = threading.Timer(max(1.0, seconds), child.kill)
    late.start()
    try:
        wish = json.dumps(_wish(part, size, precision, lanes))
        with suppress(BrokenPipeError):  # it has ended already, and its exit code is told below
            child.stdin.write(wish + "\n")
            child.stdin.close()
        for line in child.stdout:
            if line.startswith("{"):  # libraries may print, too
                yield json.loads(line)
        if code := child.wait():
            said = messages.read_text()[-600:].strip()
            name = "skipped" if code < 0 else "error"
            told = f"no time left (exit code {code})" if code < 0 else f"exit code {code}: {said}"
            yield {"variant": "pytorch, the others", name: told}
    finally:
        late.cancel()
        child.kill()
        child.wait()


def _wish(part: Part, size: str, precision: str, lanes: int) -> dict[str, Any]:
    """Return the request, with the weights, trajectories and losses of two networks in files."""
    import jax
    import numpy as np

    from ..samework import example

    # a high rate, so that the compared losses of the first steps differ; it costs no time
    spec, files = replace(spec_of(part, size, precision), learning_rate=1e-3), []
    for seed in (0, 1):
        # the losses are compared with those of float32 products
        arrays, loss = example(replace(spec, seed=seed, matmul_precision="float32"))
        files.append(str(part.work / f"given-{size}-{precision}-{seed}.npz"))
        given: dict[str, Any] = arrays | {"loss": np.float64(loss)}
        np.savez(files[-1], **given)
    return {
        "config": json.dumps(config_of(spec, Way(True, 1))),
        "networks": lanes,
        "precision": precision,
        "platform": jax.default_backend(),
        "given": files,
        "seconds": 0.01 if part.tiny else 0.3,
        "repeats": 2 if part.tiny else 5,
    }
