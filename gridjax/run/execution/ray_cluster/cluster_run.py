"""The blocks of a run on the actors of a cluster: who gets which, and again after a loss."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gridjax.callbacks import (
    BlockFinished,
    CallbackList,
    CheckpointSaved,
    NetworkFinished,
    RunEvent,
    RunWarning,
)
from gridjax.errors import GridjaxError, MemoryShortageError, Problem, StorageError
from gridjax.run.execution import messages
from gridjax.run.execution.block_queue import BlockQueue
from gridjax.run.execution.child_process import Message, cause_of_end
from gridjax.run.execution.ray_cluster.actors import Actor, Actors
from gridjax.run.planning.blocks import Block
from gridjax.run.storage.run_folder import SHARDS, networks_of_block
from gridjax.run.worker.worker import Job

Admit = Callable[[Message], int]
"""(device and versions of a worker) -> the segment of its rows, or a GridjaxError to refuse it."""
MOST_LOSSES = 8
"""How often a block may be lost in a row, without a checkpoint or a finished network in between."""
MOST_SHORTAGES = 2
"""How often a block may find too little memory; each time it gets a new process."""
VISIBLE_S = 120.0
"""Longest wait for finished blocks of other hosts, seconds."""
_POLL_S = 0.2


@dataclass
class Work:
    """A block that an actor has."""

    block: Block
    number: int
    """number of the order"""
    worker: str
    """host and process of the actor"""


class ClusterRun:
    """Gives the blocks of a run to the actors of a cluster until all of them are finished."""

    def __init__(
        self,
        actors: Actors,
        job: Job,
        blocks: Sequence[Block],
        admit: Admit,
        callbacks: CallbackList,
    ):
        self._actors, self._job, self._admit, self._callbacks = actors, job, admit, callbacks
        self._queue = BlockQueue(blocks)
        self._names = [block.name for block in blocks]
        self._unfinished = set(self._names)
        self._committed: set[str] = set()
        self._work: dict[Actor, Work] = {}
        self._job_of: dict[Actor, tuple[str, Message]] = {}
        """the job of each admitted actor, and the process of the actor for which it holds"""
        self._unusable: dict[str, GridjaxError] = {}
        """nodes that get no blocks, and why"""
        self._replies: deque[tuple[Actor, Message | None]] = deque()
        self._losses: Counter[str] = Counter()
        self._shortages: Counter[str] = Counter()
        self._attempts: dict[str, int] = {}
        self._pass_on: Callable[[RunEvent], None] = callbacks.on_event

    def run(self) -> None:
        """Run all blocks.

        An exception of a callback stops all workers at the end of their chunks; the blocks are
        saved. Raises the error of a worker, after the other workers have stopped in the same way;
        StorageError if every worker fails to write the folder; and MemoryShortageError if a block
        ends its process again and again.
        """
        try:
            while self._unfinished:
                self._callbacks.on_poll()
                self._fit()
                self._give_blocks()
                self._read_replies()
            self._wait_until_visible()
        except BaseException as error:
            later = self._stop()
            if later and not isinstance(error, GridjaxError | RuntimeError):
                raise later[0] from None  # a stopped run whose networks could not be saved
            raise

    def _fit(self) -> None:
        n_unusable = sum(not self._is_usable(actor) for actor in self._actors)
        self._actors.fit(len(self._unfinished), self._is_idle, n_unusable)
        if self._unusable and n_unusable == len(self._actors) >= self._actors.n_places > 0:
            raise next(reversed(self._unusable.values()))

    def _give_blocks(self) -> None:
        for actor in self._actors:
            if not self._is_idle(actor) or not actor.is_started:
                continue
            job = self._admitted(actor)
            block = None if job is None else self._queue.take(actor)
            if job is None or block is None:
                continue
            attempt = {"job": job, "attempt": self._attempt(block)}
            actor.give(attempt | messages.message_of_block(block))
            self._work[actor] = Work(block, actor.number, actor.name)

    def _is_usable(self, actor: Actor) -> bool:
        return not actor.failure and actor.reply.get("node") not in self._unusable

    def _is_idle(self, actor: Actor) -> bool:
        return actor not in self._work and self._is_usable(actor)

    def _admitted(self, actor: Actor) -> Message | None:
        """Return the job of an actor; None if its device or its versions are refused."""
        process = actor.reply["incarnation"]
        known = self._job_of.get(actor)
        if known is not None and known[0] == process:
            return known[1]
        try:
            segment = self._admit(actor.reply["start"]["ready"])
        except StorageError:
            raise
        except GridjaxError as error:
            self._exclude(actor, error, "is not used")
            return None
        job = replace(self._job, policy=replace(self._job.policy, segment=segment))
        message = messages.message_of_job(job)
        self._job_of[actor] = (process, message)
        return message

    def _exclude(self, actor: Actor, error: GridjaxError, what: str) -> None:
        """Give no further blocks to the node of an actor; say so once."""
        node = actor.reply["node"]
        if node not in self._unusable:
            self._unusable[node] = error
            reason = "; ".join(map(_in_one_line, error.problems))
            self._pass_on(RunWarning(f"{actor.reply['host']} {what}: {reason}"))

    def _attempt(self, block: Block) -> str:
        """Return the name of a new attempt: later attempts have larger names."""
        number = max(int(time.time()), self._attempts.get(block.name, 0) + 1)
        self._attempts[block.name] = number
        return f"{number:08x}"

    def _read_replies(self) -> None:
        """Read the replies of all actors; after an exception, the next call reads the others."""
        self._replies.extend(self._actors.turn(0.0 if self._replies else _POLL_S))
        while self._replies:
            self._read(*self._replies.popleft())

    def _read(self, actor: Actor, reply: Message | None) -> None:
        """Read the reply of an actor, or note that what it was doing is lost."""
        if reply is None:
            self._read_loss(actor)
            return
        work = self._work.get(actor)
        is_answered = work is not None and reply["order"] == work.number and reply["answer"]
        if is_answered:
            del self._work[actor]
        for message in reply["events"]:
            event = messages.event_of(message)
            if isinstance(event, CheckpointSaved | NetworkFinished) and work is not None:
                self._losses[work.block.name] = 0
            if isinstance(event, BlockFinished):
                self._committed.add(event.block)
            self._pass_on(event)
        if (error := start_error(actor, self._job.folder)) is not None:
            self._exclude(actor, error, "is not used")
        if work is not None and is_answered:
            self._read_answer(actor, work.block, reply["answer"])

    def _read_loss(self, actor: Actor) -> None:
        if actor.failure and not any(each.is_started for each in self._actors):
            raise actor_failure(actor)
        work = self._work.pop(actor, None)
        if work is not None:
            self._lose(work.block, f"{work.worker} was lost in block {work.block.name}")

    def _read_answer(self, actor: Actor, block: Block, answer: Message) -> None:
        if "done" in answer:
            if block.name in self._committed:
                self._unfinished.discard(block.name)
            else:  # it was asked to stop
                self._queue.give_back(block)
            return
        if "ended" in answer:
            cause = cause_of_end(answer["ended"])
            self._lose(block, f"the process of {actor.name} ended in block {block.name}: {cause}")
            return
        error = messages.exception_of(answer)
        if isinstance(error, StorageError):
            if networks_of_block(self._job.folder, block.name) is not None:
                self._unfinished.discard(block.name)  # it was written before the error
                return
            self._queue.give_back(block)
            error = StorageError(Problem(error.problems[0].message))
            self._exclude(actor, error, "is not used any more, and another worker gets its block")
        elif isinstance(error, MemoryShortageError):
            self._shortages[block.name] += 1
            if self._shortages[block.name] >= MOST_SHORTAGES:
                raise error
            self._lose(block, error.problems[0].message)
        else:
            raise error

    def _lose(self, block: Block, what: str) -> None:
        """Give a block back after a loss. Raises MemoryShortageError after too many of them."""
        self._losses[block.name] += 1
        if self._losses[block.name] >= MOST_LOSSES:
            message = f"block {block.name} was lost {MOST_LOSSES} times in a row; the last: {what}"
            fix = "see whether the hosts have too little memory; the same command resumes the run"
            raise MemoryShortageError(Problem(message, fix=fix))
        self._queue.give_back(block)
        self._pass_on(RunWarning(f"{what}; it continues from its last checkpoint"))

    def _wait_until_visible(self) -> None:
        """Wait until this host sees all blocks: a network file system shows new folders late."""
        shards, deadline = self._job.folder / SHARDS, time.monotonic() + VISIBLE_S
        while hidden := [name for name in self._names if not (shards / name).is_dir()]:
            self._callbacks.on_poll()
            if time.monotonic() > deadline:
                message = f"{len(hidden)} blocks that other hosts have finished are not in {shards}"
                fix = "see whether all hosts have mounted the same folder; repeat the command later"
                raise StorageError(Problem(message, fix=fix))
            time.sleep(_POLL_S)

    def _stop(self) -> list[Exception]:
        """Wait until all workers have saved their networks; return the errors of workers."""
        events: list[RunEvent] = []
        errors: list[Exception] = []
        self._pass_on = events.append
        self._actors.ask_to_stop()
        while self._work:
            try:
                self._read_replies()
            except Exception as error:
                errors.append(error)
        self._callbacks.on_last_events(events)
        return errors


def _in_one_line(problem: Problem) -> str:
    return f"{problem.message} ({problem.fix})" if problem.fix else problem.message


def start_error(actor: Actor, folder: Path) -> GridjaxError | None:
    """Return why an actor can run no blocks; None if it can, or has not started yet.

    Raises RuntimeError with the traceback of an error that is not for the user.
    """
    if actor.reply["sees_folder"] is False:
        message = f"it does not see the files of this run in {folder}"
        fix = "name a folder with --out that all hosts of the cluster share"
        return GridjaxError(Problem(message, fix=fix))
    start = actor.reply["start"]
    if start is None or "ready" in start:
        return None
    if "ended" in start:
        message = f"its worker process does not start: {cause_of_end(start['ended'])}"
        return GridjaxError(Problem(message))
    error = messages.exception_of(start)
    if not isinstance(error, GridjaxError):
        raise error
    return error


def actor_failure(actor: Actor) -> GridjaxError:
    """Return the error for an actor that Ray cannot start."""
    message = f"an actor cannot start on the cluster: {actor.failure}"
    return GridjaxError(Problem(message, fix="install the same gridjax on all hosts"))
