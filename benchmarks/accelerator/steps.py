"""Part c: gradient steps per second, by size, precision and lane width."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from gridjax.spec.network import NetworkSpec

from ..options import SIZES
from .kernels import profile
from .part import Part

FUSED = "fused"
"""Mark of a row with the recurrence in one kernel (the setting ``fused_recurrence``)."""
ROWS = (
    ("small", "tf32", 256),
    ("small", "tf32", 256, FUSED),
    ("paper", "tf32", 16),
    ("medium", "tf32", 128),
    ("medium", "tf32", 128, FUSED),
    ("small", "tf32", 64),
    ("paper", "bf16", 32),
    ("small", "bf16", 512),
    ("small", "bf16", 512, FUSED),
    ("paper", "tf32", 64),
    ("small", "float32", 256),
    ("paper", "float32", 16),
    ("medium", "bf16", 256),
    ("medium", "bf16", 256, FUSED),
    ("medium", "tf32", 32),
    ("paper", "bf16", 64),
    ("small", "tf32", 1024),
    ("medium", "float32", 128),
)
"""Size, precision and lane width of each row, the most informative first.

Rows with FUSED follow the same rows without it.
"""
PROFILED = (
    ("small", "tf32", 256),
    ("small", "tf32", 256, FUSED),
    ("paper", "tf32", 16),
    ("paper", "bf16", 64),
)
"""Rows whose kernels are also timed separately."""
_TINY = (("small", "tf32", 4), ("small", "tf32", 4, FUSED), ("small", "float32", 1))
_SECONDS = 1.5
"""Seconds of the measurement of a row."""
MOST_DIFFERENCE = 0.1
"""Largest relative difference of gradients with and without FUSED; rounding gives 1e-2 or less."""


def measure(part: Part) -> None:
    """Write a row for each size, precision, width and form until the time is spent."""
    ceilings = {
        r["precision"]: r["tflop_per_s"] for r in part.known.get("a", {}).get("products", [])
    }
    chosen = [row.split(":") for row in part.rows]
    rows = [(size, precision, int(lanes), *form) for size, precision, lanes, *form in chosen]
    gradients: dict[tuple[Any, ...], Any] = {}
    for size, precision, lanes, *form in rows or (_TINY if part.tiny else ROWS):
        longest = max([0, *(row.get("row_s", 0) for row in part.data.get("rows", []))])
        if part.left < longest + 5:
            names = {"size": size, "precision": precision, "lanes": lanes}
            part.row("left_out", names | {"fused": FUSED in form})
            continue
        before = time.perf_counter()
        row: dict[str, Any] = {"size": size, "precision": precision, "lanes": lanes}
        row["fused"] = FUSED in form
        try:
            row |= row_of(part, size, precision, lanes, *form, gradients=gradients)
        except Exception as error:
            row["error"] = f"{type(error).__name__}: {error}"[:600]
        if (ceiling := ceilings.get(precision)) and "tflop_per_s" in row:
            row["share_of_ceiling"] = row["tflop_per_s"] / ceiling
        row["row_s"] = time.perf_counter() - before
        part.row("rows", row)


def spec_of(part: Part, size: str, precision: str) -> NetworkSpec:
    """Return the network of a row."""
    spec = replace(SIZES[size], matmul_precision=precision)
    return replace(spec, Ng=32, Np=32, batch_size=16) if part.tiny else spec


def row_of(
    part: Part,
    size: str,
    precision: str,
    lanes: int,
    *form: str,
    gradients: dict[tuple[Any, ...], Any] | None = None,
) -> dict[str, Any]:
    """Compile the step of one size and width, and return its rates; ``form`` is FUSED or empty.

    A row with FUSED is compared with the gradients of its first step without FUSED, if that row
    came before: ``gradients`` keeps them. A difference above MOST_DIFFERENCE is an error.
    """
    import jax
    import numpy as np

    from gridjax.accelerators.compiled_program import launches_per_step, read_program
    from gridjax.run.planning.plan import flop_per_step
    from gridjax.spec import shapes
    from gridjax.training import population
    from gridjax.training.memory_analysis import bytes_needed, compile_chunk

    spec = spec_of(part, size, precision)
    trainer = population.make_trainer(spec.static, lanes)
    specs = [replace(spec, seed=seed) for seed in range(lanes)]
    traced = trainer.stack(specs, jax.devices()[0])
    state = trainer.init(traced)

    def until(step: int) -> Any:
        return jax.device_put(np.full(lanes, step, np.int32), jax.devices()[0])

    before = time.perf_counter()
    compiled = compile_chunk(spec.static, lanes, traced, state, until(1), FUSED in form)
    row: dict[str, Any] = {"compile_s": time.perf_counter() - before}
    program = read_program(compiled.as_text() or "")
    launched = launches_per_step(program, shapes.steps_ahead(spec.static))
    row["kernels_per_step"] = launched.n_kernels
    row["bytes_per_block"] = bytes_needed(compiled)

    state = jax.block_until_ready(compiled(traced, state, until(1)))  # libraries start here
    if gradients is not None:
        of_loop = gradients.pop((size, precision, lanes), None)
        found = jax.tree.map(np.array, state.optimizer.mean)  # copies, since chunks donate
        if FUSED not in form:
            gradients[size, precision, lanes] = found
        elif of_loop is not None:
            row["gradient_difference"] = off = difference(found, of_loop)
            if not off < MOST_DIFFERENCE:
                row["error"] = f"its gradients differ from those of the loop by {off:.2g}"
    made, n_steps, seconds = 1, 8, 0.0
    while seconds < (0.2 if part.tiny else _SECONDS):
        n_steps = min(
            int(n_steps * 4), int(n_steps * max(1.2, 1.3 * _SECONDS / max(seconds, 1e-3)))
        )
        made += n_steps
        before = time.perf_counter()
        state = jax.block_until_ready(compiled(traced, state, until(made)))
        seconds = time.perf_counter() - before
    assert (np.asarray(state.step) == made).all(), "a network diverged"
    flop = flop_per_step(spec.static) * lanes * n_steps
    row |= {
        "steps": n_steps,
        "ms_per_block_step": seconds / n_steps * 1e3,
        "network_steps_per_s": lanes * n_steps / seconds,
        "tflop_per_s": flop / seconds / 1e12,
    }
    if (size, precision, lanes, *form) in PROFILED and not part.tiny:

        def some() -> None:
            jax.block_until_ready(compiled(traced, state, until(made + 32)))

        try:
            row["profile"] = profile(some) | {"steps": 32}
            told = {k: round(v, 5) for k, v in row["profile"].items() if isinstance(v, float)}
            name = " ".join(["profile of", size, precision, str(lanes), *form])
            print(f"  {name}: {told}", flush=True)
        except Exception as error:
            row["profile"] = {"error": str(error)[:300]}
    row["loops"] = program.to_json()
    return row


def difference(these: Any, those: Any) -> float:
    """Return the largest relative difference of gradients, over networks and arrays.

    Arrays have a leading axis of networks. The difference is that of Euclidean norms.
    """
    import jax
    import numpy as np

    def of_array(this: Any, that: Any) -> float:
        this, that = (np.reshape(each, (len(each), -1)).astype(np.float64) for each in (this, that))
        return float((np.linalg.norm(this - that, axis=1) / np.linalg.norm(that, axis=1)).max())

    return float(np.max(jax.tree.leaves(jax.tree.map(of_array, these, those))))
