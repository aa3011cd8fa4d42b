"""Timing in alternating rounds: each program runs once in each round, under the same load."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Mapping

MOST_STEPS = 100_000


def seconds_of(work: Callable[[], object]) -> float:
    """Return the wall-clock seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


class Stopwatch:
    """Wall-clock time of work, and the processor time of this process for it.

    On a busy machine, processor time measures the work and wall-clock time the waiting.
    """

    def __init__(self):
        self.cpu_s: list[float] = []

    def time(self, work: Callable[[], float]) -> float:
        """Return the result of ``work``, and append its processor time to ``cpu_s``."""
        before = time.process_time()
        told = work()
        self.cpu_s.append(time.process_time() - before)
        return told


class CpuTime:
    """Processor time of several workers, which report it themselves."""

    def __init__(self):
        self._lock = threading.Lock()
        self._seconds = 0.0

    def add(self, seconds: float) -> None:
        """Add the processor time of one worker."""
        with self._lock:
            self._seconds += seconds

    def take(self) -> float:
        """Return the sum since the last call, in seconds."""
        with self._lock:
            seconds, self._seconds = self._seconds, 0.0
        return seconds


def in_turns(works: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """Call each of ``works`` once in each round; return the results of all rounds."""
    told: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            told[name].append(work())
    return told


def ratio(these: list[float], those: list[float]) -> float:
    """Return the median over rounds of the ratio of two measurements of the same round."""
    return statistics.median(a / b for a, b in zip(these, those, strict=True))


def steps_for(seconds: float, train: Callable[[int], float]) -> int:
    """Return the number of steps that take about ``seconds``; ``train(n)`` returns its seconds."""
    n_steps = 1
    while (taken := train(n_steps)) < seconds / 4 and n_steps < MOST_STEPS:
        n_steps *= 4 if taken < seconds / 16 else 2
    return max(1, round(n_steps * seconds / max(taken, 1e-9)))
