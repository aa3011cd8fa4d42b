"""Times of all variants of the PyTorch trainer on one device, in a process without JAX.

`python -m benchmarks.peers.pytorch_card` reads one request (JSON) from stdin and writes one row
(JSON) for each variant as soon as it is measured. A variant with other losses is not timed.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch  # pyright: ignore[reportMissingImports]

from ..timing import seconds_of, steps_for
from .pytorch_population import STEPS_AHEAD
from .pytorch_rnn import Config
from .pytorch_variants import VARIANTS, Variant, why_not

CHECKED_STEPS = 3
RTOL = {"float32": 1e-4, "tf32": 2e-3}
"""Largest relative difference of losses, by precision of the products."""


def main() -> None:
    """Answer the request."""
    wish = json.loads(sys.stdin.readline())
    for row in rows(wish):
        print(json.dumps(row), flush=True)


def rows(wish: Mapping[str, Any]) -> Any:
    """Yield a row for each variant.

    The request has ``config`` (a line of Config.to_json, without device), ``networks`` (of a
    population), ``precision``, ``given`` (npz files of samework.example with their ``loss``),
    ``seconds`` and ``repeats`` of a measurement, and optionally ``variants`` and ``platform``, the
    kind of device that gridjax used.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and wish.get("platform") == "gpu":
        yield {"variant": "pytorch", "error": "gridjax ran on a GPU, but PyTorch finds no CUDA"}
        return
    config = Config.from_json(json.dumps(json.loads(wish["config"]) | {"device": device}))
    if wish["precision"] not in RTOL:
        reason = f"precision {wish['precision']}: PyTorch is compared in {' and '.join(RTOL)}"
        yield {"variant": "pytorch", "skipped": reason}
        return
    _prepare(wish["precision"], device)
    given = [dict(np.load(file)) for file in wish["given"]]
    about = {
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "torch": torch.__version__,
    }
    rtol = RTOL[wish["precision"]]
    expected = _expected(config, given)
    off = max(
        abs(one[0] / float(each["loss"]) - 1) for one, each in zip(expected, given, strict=True)
    )
    if off > rtol:
        yield about | {"variant": "eager", "error": f"its loss differs from gridjax's by {off:.2g}"}
        return
    trained = expected[0][-1] / expected[0][0] - 1  # a difference must be small beside this
    for name in wish.get("variants") or VARIANTS:
        row: dict[str, Any] = {"variant": name, **about}
        if reason := why_not(name, device):
            yield row | {"skipped": reason}
            continue
        try:
            row |= _row(name, config, wish, given, expected, rtol)
            row |= {"loss_change": trained, "difference_from_gridjax": off}
        except Exception as error:
            row["error"] = f"{type(error).__name__}: {error}"[:600]
        yield row
        torch._dynamo.reset()
        gc.collect()
        if device == "cuda":
            torch.cuda.empty_cache()


def _prepare(precision: str, device: str) -> None:
    if device == "cpu":
        torch.set_num_threads(1)
    else:
        torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
        torch.backends.cudnn.allow_tf32 = precision == "tf32"


def _expected(config: Config, given: Sequence[Mapping[str, Any]]) -> list[list[float]]:
    """Return the losses of the eager trainer, [network][step]."""
    loop = Variant("loop", config, 1)
    return [[step[0] for step in loop.losses([each], CHECKED_STEPS + 1)] for each in given]


def difference(
    variant: Variant, given: Sequence[Mapping[str, Any]], expected: Sequence[Sequence[float]]
) -> float:
    """Return the largest relative difference of the variant's losses from the expected ones."""
    theirs = np.array(variant.losses(given, len(expected[0])))
    ours = np.array([expected[place % len(expected)] for place in range(theirs.shape[1])]).T
    return float(np.abs(theirs / ours - 1).max())


def _row(
    name: str,
    config: Config,
    wish: Mapping[str, Any],
    given: Sequence[Mapping[str, Any]],
    expected: Sequence[Sequence[float]],
    rtol: float,
) -> dict[str, Any]:
    """Build a variant, compare its losses, and time it: the median of repeats after a warm-up."""
    if config.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    built: list[Variant] = []

    def first_step() -> None:
        built.append(Variant(name, config, wish["networks"]))
        built[0].train(1)

    first_s, variant = seconds_of(first_step), built[0]
    off = difference(variant, given, expected)
    if not off < rtol:
        return {
            "error": f"its losses differ by {off:.2g}, more than {rtol}",
            "first_step_s": first_s,
        }

    def seconds(n_steps: int) -> float:
        return seconds_of(lambda: variant.train(n_steps))

    seconds(STEPS_AHEAD)
    wanted = steps_for(wish["seconds"], seconds)
    n_steps = STEPS_AHEAD * -(-wanted // STEPS_AHEAD)  # whole simulations of trajectories
    taken = statistics.median(seconds(n_steps) for _ in range(wish["repeats"]))
    peak = torch.cuda.max_memory_allocated() if config.device == "cuda" else None
    return {
        "networks": variant.n_networks,
        "steps": n_steps,
        "ms_per_step": taken / n_steps * 1e3,
        "network_steps_per_s": variant.n_networks * n_steps / taken,
        "first_step_s": first_s,
        "loss_difference": off,
        "peak_bytes": peak,
    }


if __name__ == "__main__":
    main()
