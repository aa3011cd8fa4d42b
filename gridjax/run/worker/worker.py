"""The worker: training, evaluation and commit of one block after the other on one device."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable
from socket import gethostname

import jax

from gridjax.callbacks import BlockStarted, RunEvent, RunWarning
from gridjax.errors import MemoryShortageError
from gridjax.run.evaluation.evaluation import NullScores
from gridjax.run.planning.blocks import Block
from gridjax.run.worker.block_run import BlockRun
from gridjax.run.worker.job import Job
from gridjax.run.worker.machine import n_memory_maps, processor
from gridjax.training import population
from gridjax.training.population import Device

MOST_MEMORY_MAPS = 40_000
"""Number of memory maps of a process above which it drops its compiled programs. Linux allows
65,530; the programs of one shape use about 1,500 on a CPU."""


class Worker:
    """Trains, evaluates and commits blocks on one device."""

    def __init__(
        self,
        job: Job,
        device: Device,
        emit: Callable[[RunEvent], None],
        stop: threading.Event | None = None,
    ):
        """``emit`` receives the events; ``stop`` is read after every chunk."""
        self._job, self._device, self._emit = job, device, emit
        self._kind = processor() if device.platform == "cpu" else device.device_kind
        self._stop = stop or threading.Event()
        self._nulls: dict[str, NullScores] = {}
        self._had_shortage = False

    def run(self, block: Block, attempt: str = "") -> None:
        """Train, evaluate and commit a block; if the run must stop, save its networks instead.

        ``attempt`` names this attempt at the block if there can be another one at the same time.
        At the first lack of memory, the compiled programs are dropped and the block continues from
        its checkpoint. Raises MemoryShortageError at the second, and StorageError if the folder
        cannot be written.
        """
        self._emit(
            BlockStarted(block.name, len(block.rows), gethostname(), os.getpid(), self._kind)
        )
        with jax.default_device(self._device):
            try:
                self._block_run(block, attempt).run()
            except MemoryShortageError as error:
                if self._had_shortage:
                    raise
                self._had_shortage = True
                what = error.problems[0].message
                self._emit(RunWarning(f"{what}; once more, without the compiled programs so far"))
                forget_programs()
                self._block_run(block, attempt).run()
        if n_memory_maps() > MOST_MEMORY_MAPS:
            forget_programs()

    def _block_run(self, block: Block, attempt: str) -> BlockRun:
        must_stop = self._stop.is_set
        return BlockRun(block, self._job, self._device, self._emit, must_stop, self._nulls, attempt)

    def ask_to_stop(self) -> None:
        """Request that the worker saves its networks at the end of the current chunk."""
        self._stop.set()

    def close(self) -> None:
        """Do nothing: the worker is in this process."""


def forget_programs() -> None:
    """Drop all compiled programs of this process."""
    population.make_trainer.cache_clear()
    jax.clear_caches()
    gc.collect()
