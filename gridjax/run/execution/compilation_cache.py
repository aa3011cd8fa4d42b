"""The compiled functions of this process: trainings by bucket and device, evaluations by shape.

On a CPU every compiled function uses memory maps, and a process can have at most 65,530 of them.
The training of one bucket on one device uses 720; the evaluation of one network shape uses 800.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Hashable

import jax

from gridjax.run.evaluation.evaluation import forget_compiled
from gridjax.spec.lowering import StaticConfig
from gridjax.training import population
from gridjax.training.population import Device, Trainer

MOST_TRAININGS = 40
"""Largest number of compiled trainings that are kept, each for one bucket and one device."""
MOST_SHAPES = 12
"""Largest number of network shapes whose compiled evaluation is kept."""
MOST_DROPS = 8
"""Number of times that evaluations are dropped until everything is dropped.

Each time, small compiled operations of every shape remain in the caches of JAX."""

_Bucket = tuple[StaticConfig, int]


class Compiled:
    """Counter of compiled functions that drops unused ones when a limit is reached.

    The caches of JAX exist once per process, so this object does too: see ``COMPILED``.
    """

    def __init__(self) -> None:
        self._running: dict[Device, _Bucket] = {}
        self._trainings: set[tuple[_Bucket, Device]] = set()
        self._shapes: set[Hashable] = set()
        self._n_drops = 0
        self._lock = threading.Lock()

    def trainer(self, static: StaticConfig, lane_width: int, device: Device) -> Trainer:
        """Return the training functions of a bucket; JAX compiles them at their first call."""
        with self._lock:
            bucket = (static, lane_width)
            self._running[device] = bucket
            is_new = (bucket, device) not in self._trainings
            self._trainings.add((bucket, device))
            if is_new and len(self._trainings) > MOST_TRAININGS:
                self._drop_trainings()
            return population.make_trainer(static, lane_width)

    def rest(self, device: Device) -> None:
        """Record that a device is not training at present."""
        with self._lock:
            self._running.pop(device, None)

    def evaluate(self, shape: Hashable) -> None:
        """Record that the calling thread evaluates networks of this shape next."""
        with self._lock:
            if shape not in self._shapes and len(self._shapes) >= MOST_SHAPES:
                forget_compiled()
                self._shapes.clear()
                self._n_drops += 1
                if self._n_drops >= MOST_DROPS:
                    self._drop_all()
            self._shapes.add(shape)

    def drop(self) -> None:
        """Drop all compiled functions; functions in use are freed when they end."""
        with self._lock:
            self._drop_all()
        gc.collect()

    def _drop_all(self) -> None:
        self._drop_trainings()
        jax.clear_caches()
        self._shapes.clear()
        self._n_drops = 0

    def _drop_trainings(self) -> None:
        population.make_trainer.cache_clear()
        # a block in training keeps its functions, on all devices that have compiled them
        running = set(self._running.values())
        self._trainings = {pair for pair in self._trainings if pair[0] in running}


COMPILED = Compiled()
"""The compiled functions of this process."""
