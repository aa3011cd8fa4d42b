"""Training of one block at a time on one device, for measurements; no result is stored."""

from __future__ import annotations

import time
from typing import NamedTuple, Protocol

import jax

from gridjax.run.planning.blocks import Block
from gridjax.run.worker.lanes import Lanes
from gridjax.run.worker.out_of_memory import is_exhausted, shortage_in_training
from gridjax.run.worker.train_loop import next_chunk
from gridjax.training import population
from gridjax.training.population import Device

_FIRST_STEPS = 2
_CHUNK_SECONDS = 0.25


class TrainingTime(NamedTuple):
    """Number of gradient steps, and the time that they took."""

    n_steps: int
    """steps of all networks, without those of diverged networks"""
    seconds: float
    cpu_s: float
    """processor time of the process, seconds"""


class AnyTimedWorker(Protocol):
    """A worker for measurements, in this process or in another one."""

    def begin(self, block: Block, is_fused: bool = False) -> TrainingTime:
        """Compile the training of a block, initialise it and make its first steps.

        Raises MemoryShortageError if the device has too little memory.
        """
        ...

    def train(self, n_steps: int) -> TrainingTime:
        """Make further steps of each network of the block."""
        ...

    def train_for(self, seconds: float) -> TrainingTime:
        """Make further steps for about ``seconds``."""
        ...

    def train_new(self, block: Block, n_steps: int) -> TrainingTime:
        """Initialise a block, make steps of each of its networks, and free it."""
        ...

    def close(self) -> None:
        """End the worker."""
        ...


class TimedWorker:
    """A worker for measurements in this process."""

    def __init__(self, device: Device):
        self._device = device
        self._lanes: Lanes | None = None

    def begin(self, block: Block, is_fused: bool = False) -> TrainingTime:
        """See AnyTimedWorker."""
        watch = _Watch()
        population.make_trainer.cache_clear()  # every worker compiles the block
        self._lanes = None
        try:
            self._lanes = self._filled(block, is_fused)
            return watch.time(self._lanes.train_steps(_FIRST_STEPS))
        except jax.errors.JaxRuntimeError as error:
            if not is_exhausted(error):
                raise
            raise shortage_in_training(block, str(error)) from None

    def train(self, n_steps: int) -> TrainingTime:
        """See AnyTimedWorker."""
        watch = _Watch()
        return watch.time(self._resident.train_steps(n_steps))

    def train_for(self, seconds: float) -> TrainingTime:
        """See AnyTimedWorker."""
        watch, n_steps, chunk = _Watch(), 0, _FIRST_STEPS
        while (elapsed := watch.time(n_steps)).seconds < seconds:
            made = self._resident.train_steps(chunk)
            if made == 0:
                break
            n_steps += made
            took = watch.time(n_steps).seconds - elapsed.seconds
            chunk = next_chunk(chunk, took, _CHUNK_SECONDS)
        return watch.time(n_steps)

    def train_new(self, block: Block, n_steps: int) -> TrainingTime:
        """See AnyTimedWorker."""
        watch = _Watch()
        return watch.time(self._filled(block, is_fused=False).train_steps(n_steps))

    def close(self) -> None:
        """Free the block."""
        self._lanes = None

    @property
    def _resident(self) -> Lanes:
        assert self._lanes is not None, "begin() was called"
        return self._lanes

    def _filled(self, block: Block, is_fused: bool) -> Lanes:
        trainer = population.make_trainer(block.static, block.lane_width, is_fused)
        lanes = Lanes(trainer, block.lane_width, self._device)
        with jax.default_device(self._device):
            lanes.fill(block.specs)
        return lanes


class _Watch:
    """Wall-clock time and processor time since the creation of this object, seconds."""

    def __init__(self):
        self._start, self._cpu_start = time.perf_counter(), time.process_time()

    def time(self, n_steps: int) -> TrainingTime:
        seconds, cpu_s = time.perf_counter() - self._start, time.process_time() - self._cpu_start
        return TrainingTime(n_steps, seconds, cpu_s)
