"""The workers of a run, one thread for each, and the passing of their events to the callbacks."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from gridjax.callbacks import CallbackList, RunEvent
from gridjax.run.execution.block_queue import BlockQueue
from gridjax.run.planning.blocks import Block

_POLL_S = 0.2
"""Longest time between two polls of the callbacks, seconds."""


class AnyWorker(Protocol):
    """A worker in this process or in another one."""

    def run(self, block: Block) -> None:
        """Train, evaluate and commit a block, or save its networks if the run must stop."""
        ...

    def ask_to_stop(self) -> None:
        """Request that the worker saves its networks at the end of the current chunk."""
        ...

    def close(self) -> None:
        """End the worker."""
        ...


class WorkerPool:
    """Workers that take blocks from one queue until it is empty or the run must stop."""

    def __init__(
        self,
        blocks: Sequence[Block],
        make_workers: Callable[[Callable[[RunEvent], None]], Sequence[AnyWorker]],
    ):
        """``make_workers`` returns the workers, given the function that receives their events."""
        self._blocks = BlockQueue(blocks)
        self._events: queue.Queue[RunEvent | BaseException | None] = queue.Queue()
        self._workers = make_workers(self._events.put)
        self._stop = threading.Event()

    def run(self, callbacks: CallbackList) -> None:
        """Run all blocks.

        An exception of a callback stops every worker at the end of its chunk; the blocks are saved.
        The first exception of a callback or a worker is raised after all workers have stopped.
        """
        callbacks.on_poll()  # before a worker makes its first steps
        threads = [
            threading.Thread(target=self._serve, args=(worker,), daemon=True)
            for worker in self._workers
        ]
        for thread in threads:
            thread.start()
        try:
            self._pass_on_events(callbacks, len(threads))
        finally:
            self._stop.set()
            for worker in self._workers:
                worker.ask_to_stop()
            for thread in threads:
                thread.join()
            self._pass_on_last_events(callbacks)

    def _serve(self, worker: AnyWorker) -> None:
        try:
            while not self._stop.is_set() and (block := self._blocks.take(worker)) is not None:
                worker.run(block)
        except BaseException as error:  # the thread of run() raises it
            self._events.put(error)
        finally:
            worker.close()
            self._events.put(None)

    def _pass_on_events(self, callbacks: CallbackList, n_working: int) -> None:
        while n_working:
            callbacks.on_poll()
            try:
                event = self._events.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if isinstance(event, BaseException):
                raise event
            if event is None:
                n_working -= 1
            else:
                callbacks.on_event(event)

    def _pass_on_last_events(self, callbacks: CallbackList) -> None:
        """Pass on the events that arrived while the workers stopped; raise the first error."""
        last: list[RunEvent | BaseException] = []
        while not self._events.empty():
            event = self._events.get()
            if event is not None:
                last.append(event)
        errors = [each for each in last if isinstance(each, BaseException)]
        callbacks.on_last_events([each for each in last if not isinstance(each, BaseException)])
        if errors:
            raise errors[0]
