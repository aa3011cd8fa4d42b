"""The compiled functions of this process: trainings by bucket and device, evaluations by shape.

On a CPU every compiled function takes memory maps, of which a process may have 65,530: 720 for the
training of one bucket on one device, 800 for the evaluation of networks of one shape.
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
"""Trainings, each of one bucket on one device, that are kept."""
MOST_SHAPES = 12
"""Shapes of networks whose evaluation is kept."""
MOST_DROPS = 8
"""How often evaluations are dropped before all is: small operations of every shape are left."""

_Bucket = tuple[StaticConfig, int]


class Compiled:
    """Counts what is compiled, and drops what nobody uses once it is much.

    Caches of JAX belong to the process, and so does this: see ``COMPILED``.
    """

    def __init__(self) -> None:
        self._running: dict[Device, _Bucket] = {}
        self._trainings: set[tuple[_Bucket, Device]] = set()
        self._shapes: set[Hashable] = set()
        self._n_drops = 0
        self._lock = threading.Lock()

    def trainer(self, static: StaticConfig, lane_width: int, device: Device) -> Trainer:
        """Return the training of a bucket, which the device compiles if it has not."""
        with self._lock:
            bucket = (static, lane_width)
            self._running[device] = bucket
            is_new = (bucket, device) not in self._trainings
            self._trainings.add((bucket, device))
            if is_new and len(self._trainings) > MOST_TRAININGS:
                self._drop_trainings()
            return population.make_trainer(static, lane_width)

    def rest(self, device: Device) -> None:
        """Note that a device trains nothing for now."""
        with self._lock:
            self._running.pop(device, None)

    def evaluate(self, shape: Hashable) -> None:
        """Note that networks of a shape are evaluated next, in the thread that calls."""
        with self._lock:
            if shape not in self._shapes and len(self._shapes) >= MOST_SHAPES:
                forget_compiled()
                self._shapes.clear()
                self._n_drops += 1
                if self._n_drops >= MOST_DROPS:
                    self._drop_all()
            self._shapes.add(shape)

    def drop(self) -> None:
        """Drop everything; what runs stays until it ends."""
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
        # what trains is held by its block, on all devices that have compiled it
        running = set(self._running.values())
        self._trainings = {pair for pair in self._trainings if pair[0] in running}


COMPILED = Compiled()
"""What this process has compiled."""
