"""The workers of this machine for measurements: they train at the same time, as in a run.

Accelerators have one worker each, in this process. A CPU has one process for each core, which
computes in one thread.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from gridjax.errors import MemoryShortageError, Problem
from gridjax.run.calibration.timed_worker import AnyTimedWorker, TimedWorker, TrainingTime
from gridjax.run.execution import messages
from gridjax.run.execution.child_process import (
    Message,
    cause_of_end,
    decode,
    encode,
    pipe_of,
    sources_message,
    start_python,
)
from gridjax.run.execution.devices import start_devices
from gridjax.run.execution.plugins import plugin_sources
from gridjax.run.planning.blocks import Block
from gridjax.run.worker.machine import default_workers, device_kind, n_threads
from gridjax.spec.network import NetworkSpec

T = TypeVar("T")


class TimedWorkers:
    """Workers that measure training at the same time."""

    def __init__(self, workers: Sequence[AnyTimedWorker]):
        self._workers = tuple(workers)
        self._threads = ThreadPoolExecutor(len(self._workers))

    def __len__(self) -> int:
        return len(self._workers)

    def at_once(self, work: Callable[[int, AnyTimedWorker], T]) -> list[T]:
        """Return the results of ``work(number, worker)`` for all workers, in their order.

        The first error is raised after all of them have ended.
        """
        waiting = [
            self._threads.submit(work, number, worker)
            for number, worker in enumerate(self._workers)
        ]
        errors = [error for each in waiting if (error := each.exception()) is not None]
        if errors:
            raise errors[0]
        return [each.result() for each in waiting]

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers:
            worker.close()
        self._threads.shutdown()


@contextmanager
def timed_workers(specs: Sequence[NetworkSpec], merge: bool = False) -> Iterator[TimedWorkers]:
    """Yield the workers that a run of ``specs`` has on this machine.

    ``merge`` is the setting of the run: blocks have padded sizes. As in a run
    (gridjax.run.execution.engine), a CPU has GRIDJAX_WORKERS processes, or one for each core. There
    is one worker, in this process, in two cases: one worker and one thread are set, or a plugin
    cannot be loaded by another process. Programs are not read from the program cache.
    """
    sources = plugin_sources(specs)
    is_local = sources is None or (default_workers() == 1 and n_threads() == 1)
    with tempfile.TemporaryDirectory(prefix="gridjax-") as folder:
        workers: list[AnyTimedWorker]
        if device_kind() != "cpu" or is_local or sources is None:
            workers = [TimedWorker(device) for device in start_devices(keep_programs=False)]
        else:
            maps = messages.write_place_maps(specs, Path(folder))
            setup = sources_message(sources.files, sources.modules, maps)
            workers = [TimedProcess(setup, merge) for _ in range(default_workers())]
        them = TimedWorkers(workers)
        try:
            yield them
        finally:
            them.close()


class TimedProcess:
    """A worker for measurements in its own process, which starts at the first call."""

    def __init__(self, setup: Message, merge: bool):
        self._setup, self._merge = setup, merge
        self._process: subprocess.Popen[str] | None = None

    def begin(self, block: Block, is_fused: bool = False) -> TrainingTime:
        """See AnyTimedWorker."""
        return self._call("begin", block=messages.message_of_block(block), is_fused=is_fused)

    def train(self, n_steps: int) -> TrainingTime:
        """See AnyTimedWorker."""
        return self._call("train", n_steps=n_steps)

    def train_for(self, seconds: float) -> TrainingTime:
        """See AnyTimedWorker."""
        return self._call("train_for", seconds=seconds)

    def train_new(self, block: Block, n_steps: int) -> TrainingTime:
        """See AnyTimedWorker."""
        return self._call("train_new", block=messages.message_of_block(block), n_steps=n_steps)

    def close(self) -> None:
        """See AnyTimedWorker."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()  # it stores nothing
            process.communicate()

    def _call(self, name: str, **arguments: Any) -> TrainingTime:
        if self._process is None:
            self._process = start_python("gridjax.run.calibration.timed_process", self._setup)
        message = {"call": name, "arguments": arguments, "merge": self._merge}
        with suppress(OSError):  # the process has ended; the next read of its output detects this
            pipe = pipe_of(self._process.stdin)
            pipe.write(encode(message))
            pipe.flush()
        line = pipe_of(self._process.stdout).readline()
        if not line.endswith("\n"):
            code = self._process.wait()
            self.close()
            what = f"a process that measures training ended: {cause_of_end(code)}"
            fix = "if the system has too little memory, use fewer workers: GRIDJAX_WORKERS=N"
            raise MemoryShortageError(Problem(what, fix=fix))
        answer = decode(line)
        if "time" not in answer:
            raise messages.exception_of(answer)
        return TrainingTime(*answer["time"])
