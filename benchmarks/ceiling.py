"""Highest rate of plain matrix products on all devices at once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np

from gridjax.training.population import MATMUL_PRECISION

from .timing import Stopwatch, seconds_of, steps_for

Shape = tuple[int, int, int]
"""m, k, n of [m, k] @ [k, n]."""


class Ceiling:
    """Matrix products of one shape, with operands on every device."""

    def __init__(self, shape: Shape, devices: Sequence[Any], seconds: float):
        m, k, n = shape
        rng = np.random.default_rng(0)
        pair = rng.standard_normal((m, k), np.float32), rng.standard_normal((k, n), np.float32)
        self._pairs = [jax.device_put(pair, device) for device in devices]
        self._product = jax.jit(lambda a, b: a @ b)
        self._threads = ThreadPoolExecutor(len(devices))
        self.flop_per_cpu_s: list[float] = []
        self._flop = 2 * m * k * n * len(devices)
        self._seconds_for(1)
        self._times = steps_for(seconds, self._seconds_for)

    def gflop_per_s(self) -> float:
        """Return the rate of all devices together, in GFLOP/s."""
        watch, flop = Stopwatch(), self._flop * self._times
        rate = flop / watch.time(lambda: self._seconds_for(self._times)) / 1e9
        self.flop_per_cpu_s.append(flop / max(watch.cpu_s[0], 1e-9))
        return rate

    def _seconds_for(self, times: int) -> float:
        def multiply(pair: Any) -> None:
            with jax.default_matmul_precision(MATMUL_PRECISION):
                for _ in range(times):
                    self._product(*pair).block_until_ready()

        return seconds_of(lambda: list(self._threads.map(multiply, self._pairs)))


def ceilings(shapes: Sequence[Shape], devices: Sequence[Any], seconds: float) -> dict[str, Ceiling]:
    """Return the products of every shape; one measurement takes about ``seconds``."""
    return {"x".join(map(str, shape)): Ceiling(shape, devices, seconds) for shape in shapes}
