"""Which trainings are compiled for which devices, and how many a process keeps."""

from __future__ import annotations

import threading

from gridjax.study.plan import Bucket
from gridjax.training import population
from gridjax.training.population import Device, Trainer

MOST_COMPILED = 48
"""Trainings of one bucket on one device that are kept. On a CPU each takes 720 memory maps, of
which a process may have 65,530."""


class CompiledTrainings:
    """Hands out the trainings of buckets, and drops those that nobody uses once they are many."""

    def __init__(self) -> None:
        self._running: dict[Device, int] = {}
        self._kept: set[tuple[int, Device]] = set()
        self._lock = threading.Lock()

    def trainer(self, index: int, bucket: Bucket, device: Device) -> Trainer:
        """Return the training of a bucket, which the device compiles if it has not."""
        with self._lock:
            self._running[device] = index
            is_new = (index, device) not in self._kept
            self._kept.add((index, device))
            if is_new and len(self._kept) > MOST_COMPILED:
                # what trains holds its own, on all devices that have compiled it
                population.make_trainer.cache_clear()
                running = set(self._running.values())
                self._kept = {pair for pair in self._kept if pair[0] in running}
            return population.make_trainer(bucket.static, bucket.lane_width)
