"""Highest rate of plain matrix products on this machine, with JAX, NumPy and PyTorch.

JAX multiplies on all accelerators at once; on a CPU, JAX, NumPy and PyTorch use all cores for one
product. The ceiling of a benchmark is the highest of their rates, whatever the library.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np

from gridjax.training.population import MATMUL_PRECISION

from .peers.processes import has_pytorch
from .timing import Stopwatch, seconds_of, steps_for

Shape = tuple[int, int, int]
"""m, k, n of [m, k] @ [k, n]."""


class Ceiling:
    """Matrix products of one shape with one library."""

    def __init__(self, flop: int, multiply: Callable[[int], None], seconds: float):
        """``multiply(n)`` makes n products one after the other, of ``flop`` operations each."""
        self.flop_per_cpu_s: list[float] = []
        self._flop, self._multiply = flop, multiply
        self._seconds_for(1)
        self._times = steps_for(seconds, self._seconds_for)

    def gflop_per_s(self) -> float:
        """Return the rate in GFLOP/s, of all devices together."""
        watch, flop = Stopwatch(), self._flop * self._times
        rate = flop / watch.time(lambda: self._seconds_for(self._times)) / 1e9
        self.flop_per_cpu_s.append(flop / max(watch.cpu_s[0], 1e-9))
        return rate

    def _seconds_for(self, times: int) -> float:
        return seconds_of(lambda: self._multiply(times))


def ceilings(
    shapes: Sequence[Shape], devices: Sequence[Any], seconds: float, with_pytorch: bool
) -> dict[str, Ceiling]:
    """Return the products of every library and shape, by ``LIBRARY MxKxN``.

    One measurement takes about ``seconds``. On an accelerator only JAX and PyTorch use it, so NumPy
    is left out there.
    """
    libraries: dict[str, Callable[[Shape, Sequence[Any]], tuple[int, Callable[[int], None]]]]
    libraries = {"jax": _with_jax}
    if devices[0].platform == "cpu":
        libraries["numpy"] = _with_numpy
    if with_pytorch and has_pytorch():
        libraries["pytorch"] = _with_pytorch
    return {
        f"{library} {'x'.join(map(str, shape))}": Ceiling(*make(shape, devices), seconds)
        for library, make in libraries.items()
        for shape in shapes
    }


def _operands(shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    m, k, n = shape
    rng = np.random.default_rng(0)
    return rng.standard_normal((m, k), np.float32), rng.standard_normal((k, n), np.float32)


def _with_jax(shape: Shape, devices: Sequence[Any]) -> tuple[int, Callable[[int], None]]:
    pairs = [jax.device_put(_operands(shape), device) for device in devices]
    product, threads = jax.jit(lambda a, b: a @ b), ThreadPoolExecutor(len(devices))

    def on_device(pair: Any, times: int) -> None:
        with jax.default_matmul_precision(MATMUL_PRECISION):
            for _ in range(times):
                product(*pair).block_until_ready()

    def multiply(times: int) -> None:
        list(threads.map(lambda pair: on_device(pair, times), pairs))

    return 2 * shape[0] * shape[1] * shape[2] * len(devices), multiply


def _with_numpy(shape: Shape, devices: Sequence[Any]) -> tuple[int, Callable[[int], None]]:
    (one, other), out = _operands(shape), np.empty((shape[0], shape[2]), np.float32)

    def multiply(times: int) -> None:
        for _ in range(times):
            np.matmul(one, other, out=out)

    return 2 * shape[0] * shape[1] * shape[2], multiply


def _with_pytorch(shape: Shape, devices: Sequence[Any]) -> tuple[int, Callable[[int], None]]:
    import torch  # pyright: ignore[reportMissingImports]  (an extra, absent from the gate)

    is_gpu = devices[0].platform == "gpu" and torch.cuda.is_available()
    one, other = (torch.from_numpy(each) for each in _operands(shape))
    if is_gpu:
        one, other = one.cuda(), other.cuda()

    def multiply(times: int) -> None:
        for _ in range(times):
            torch.matmul(one, other)
        if is_gpu:
            torch.cuda.synchronize()

    return 2 * shape[0] * shape[1] * shape[2], multiply
