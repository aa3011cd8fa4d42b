"""A worker in a process of its own, as the process of the run sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gridjax.callbacks import RunEvent, RunWarning
from gridjax.errors import MemoryShortageError, Problem
from gridjax.run.execution import messages
from gridjax.run.execution.child_process import Message, cause_of_end, sources_message
from gridjax.run.execution.worker_link import WorkerLink
from gridjax.run.planning.blocks import Block
from gridjax.run.worker.worker import Job

MOST_ATTEMPTS = 2
"""How often a block is started, if its process is killed during the block."""


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
        return sources_message(self.plugin_files, self.plugin_modules, self.place_maps)


class ProcessWorker:
    """Runs blocks in a process of its own, which is started at the first block.

    A process whose compiled programs use too many memory maps ends after its block, and the next
    block starts a new one. If the process is killed, the block is started once more.
    """

    def __init__(self, setup: WorkerSetup, emit: Callable[[RunEvent], None]):
        self._emit, self._job = emit, messages.message_of_job(setup.job)
        self._link = WorkerLink(
            setup.message(), lambda message: emit(messages.event_of(message)), setup.locks
        )

    def run(self, block: Block) -> None:
        """Run a block in the process.

        Raises the GridjaxError of the process, MemoryShortageError if the process was killed
        MOST_ATTEMPTS times, and RuntimeError with the traceback of any other error.
        """
        for attempt in range(1, MOST_ATTEMPTS + 1):
            answer = self._link.run({"job": self._job} | messages.message_of_block(block))
            if isinstance(answer, dict):
                if "done" not in answer:
                    raise messages.exception_of(answer)
                return
            what = f"a worker process ended in block {block.name}: {cause_of_end(answer)}"
            if attempt == MOST_ATTEMPTS:
                fix = (
                    "if the system has too little memory, use fewer workers: --workers N; the same"
                    " command resumes the run"
                )
                raise MemoryShortageError(Problem(what, fix=fix))
            self._emit(RunWarning(f"{what}; a new process continues from its checkpoint"))

    def ask_to_stop(self) -> None:
        """Request that the process saves its networks at the end of the current chunk."""
        self._link.ask_to_stop()

    def close(self) -> None:
        """End the process, after the files that it is writing are complete or removed."""
        self._link.close()
