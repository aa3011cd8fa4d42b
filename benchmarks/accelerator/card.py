"""Part a: card, versions, rates of plain matrix products by precision, copy bandwidth."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from .part import Part

_TORCH = """
import json, statistics, sys, time, torch
n = int(sys.argv[1])
def seconds(work):
    for _ in range(3): work()
    torch.cuda.synchronize()
    taken = []
    for _ in range(5):
        before = time.perf_counter()
        for _ in range(10): work()
        torch.cuda.synchronize()
        taken.append((time.perf_counter() - before) / 10)
    return statistics.median(taken)
rates = {}
for name, dtype, tf32 in (("float32", torch.float32, False), ("tf32", torch.float32, True),
                          ("bf16", torch.bfloat16, False)):
    torch.backends.cuda.matmul.allow_tf32 = tf32
    a, b = (torch.randn(n, n, device="cuda", dtype=dtype) for _ in range(2))
    rates[name] = 2 * n**3 / seconds(lambda: a @ b) / 1e12
print(json.dumps({"version": torch.__version__, "tflop_per_s": rates}))
"""


def measure(part: Part) -> None:
    """Write versions, rates and bandwidth."""
    import jax
    import jax.numpy as jnp

    from ..machine import machine

    device = jax.devices()[0]
    memory = (device.memory_stats() or {}).get("bytes_limit")
    part.save(machine=machine(), bytes_limit=memory, nvidia_smi=_nvidia_smi())
    n = 256 if part.tiny else 8192
    key = jax.random.key(0)
    for name, dtype, precision in (
        ("float32", jnp.float32, "highest"),
        ("tf32", jnp.float32, "tensorfloat32"),
        ("bf16", jnp.bfloat16, None),
        ("float64", jnp.float64, None),
    ):
        with jax.enable_x64(name == "float64"):
            size = n // 2 if name == "float64" else n
            a, b = (jax.random.normal(k, (size, size), dtype) for k in jax.random.split(key))
            product = jax.jit(
                lambda a, b, precision=precision: jnp.matmul(a, b, precision=precision)
            )
            seconds = _seconds(partial(product, a, b), 2 if part.tiny else 10)
            part.row(
                "products",
                {"precision": name, "n": size, "tflop_per_s": 2 * size**3 / seconds / 1e12},
            )
    x = jnp.zeros((1 << (20 if part.tiny else 28),), jnp.float32)
    add = jax.jit(lambda x: x + 1)
    seconds = _seconds(lambda: add(x), 2 if part.tiny else 10)
    part.save(copy_gb_per_s=2 * x.nbytes / seconds / 1e9)
    print(f"  copy: {part.data['copy_gb_per_s']:.0f} GB/s read and written", flush=True)
    part.save(torch=_torch(n) if device.platform == "gpu" else None)
    print(f"  torch: {part.data['torch']}", flush=True)


def _seconds(work: Callable[[], Any], times: int) -> float:
    """Return the median seconds of one call, out of five rounds of many asynchronous ones."""
    last = work().block_until_ready()
    taken = []
    for _ in range(5):
        before = time.perf_counter()
        for _ in range(times):
            last = work()
        last.block_until_ready()
        taken.append((time.perf_counter() - before) / times)
    return statistics.median(taken)


def _nvidia_smi() -> str | None:
    query = "--query-gpu=name,driver_version,memory.total,clocks.sm,clocks.mem"
    try:
        told = subprocess.run(["nvidia-smi", query, "--format=csv"], capture_output=True, text=True)
    except OSError:
        return None
    return told.stdout.strip()


def _torch(n: int) -> dict[str, Any] | str:
    """Return PyTorch's rates, from a separate process, which frees the card's memory at its end."""
    told = subprocess.run(
        [sys.executable, "-c", _TORCH, str(n)], capture_output=True, text=True, timeout=60
    )
    return json.loads(told.stdout) if told.returncode == 0 else told.stderr[-500:]
