"""A worker in a process of its own, as the process of the run sees it."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from gridjax.callbacks import RunEvent, RunWarning
from gridjax.errors import MemoryShortageError, Problem
from gridjax.run.execution import messages
from gridjax.run.execution.child_process import cause_of_end, pipe_of, sources_message, start_python
from gridjax.run.execution.messages import Message
from gridjax.run.planning.blocks import Block
from gridjax.run.worker.worker import Job

MOST_ATTEMPTS = 2
"""How often a block is started, if its process is killed during the block."""
_END_S = 60.0
_PROGRAM = "gridjax.run.execution.worker_process"


@dataclass(frozen=True)
class WorkerSetup:
    """What a worker process needs to know before its first block."""

    job: Job
    plugin_files: tuple[str, ...] = ()
    plugin_modules: tuple[str, ...] = ()
    place_maps: tuple[tuple[str, str], ...] = ()
    """(sha256, .npy file) of measured place cells"""
    locks: tuple[int, ...] = ()
    """file descriptors of locks that the process holds until it ends"""

    def message(self) -> Message:
        """Return the first message to the process."""
        sources = sources_message(self.plugin_files, self.plugin_modules, self.place_maps)
        return sources | {"job": messages.message_of_job(self.job)}


class ProcessWorker:
    """Runs blocks in a process of its own, which is started at the first block.

    A process whose compiled programs use too many memory maps ends after its block, and the next
    block starts a new one. If the process is killed, the block is started once more.
    """

    def __init__(self, setup: WorkerSetup, emit: Callable[[RunEvent], None]):
        self._setup, self._emit = setup, emit
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._must_stop = False

    def run(self, block: Block) -> None:
        """Run a block in the process.

        Raises the GridjaxError of the process, MemoryShortageError if the process was killed
        MOST_ATTEMPTS times, and RuntimeError with the traceback of any other error.
        """
        for attempt in range(1, MOST_ATTEMPTS + 1):
            code = self._run_once(block)
            if code is None:
                return
            what = f"a worker process ended in block {block.name}: {cause_of_end(code)}"
            if attempt == MOST_ATTEMPTS:
                fix = (
                    "if the system has too little memory, use fewer workers: --workers N; the same"
                    " command resumes the run"
                )
                raise MemoryShortageError(Problem(what, fix=fix))
            self._emit(RunWarning(f"{what}; a new process continues from its checkpoint"))

    def ask_to_stop(self) -> None:
        """Request that the process saves its networks at the end of the current chunk."""
        with self._lock:
            self._must_stop = True
            if self._process is not None:
                self._send(self._process, {"stop": True})

    def close(self) -> None:
        """End the process, after the files that it is writing are complete or removed."""
        process, self._process = self._process, None
        if process is None:
            return
        self._send(process, {"end": True})
        with suppress(OSError):
            pipe_of(process.stdin).close()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        pipe_of(process.stdout).close()

    def _run_once(self, block: Block) -> int | None:
        """Run a block; return None if it is done, or the exit code of a process that ended."""
        process = self._started()
        self._send(process, messages.message_of_block(block))
        for line in pipe_of(process.stdout):
            if not line.endswith("\n"):
                break  # the process was killed while it wrote
            message = messages.decode(line)
            if "event" in message:
                self._emit(messages.event_of(message))
            elif "done" in message:
                if message["is_full"]:
                    self.close()
                return None
            else:
                self.close()
                raise messages.exception_of(message)
        code = process.wait()
        self.close()
        return code

    def _started(self) -> subprocess.Popen[str]:
        with self._lock:
            if self._process is None:
                setup = self._setup
                self._process = start_python(_PROGRAM, setup.message(), setup.locks)
                if self._must_stop:
                    self._send(self._process, {"stop": True})
            return self._process

    def _send(self, process: subprocess.Popen[str], message: Message) -> None:
        with suppress(OSError, ValueError):  # the process has ended: reading its output shows it
            pipe = pipe_of(process.stdin)
            pipe.write(messages.encode(message))
            pipe.flush()
