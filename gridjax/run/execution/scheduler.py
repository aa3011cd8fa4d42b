"""The main loop of a run: training of blocks, then evaluation and commit of their networks.

Each training device has its own thread. One more thread evaluates and commits the trained networks
on one device, so that scoring functions are compiled once and training does not wait.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from typing import Any

import jax

from gridjax.callbacks import CallbackList, NetworkFinished, RunEvent, RunWarning
from gridjax.errors import MemoryShortageError
from gridjax.run.checkpointing.block_checkpoints import BlockCheckpointer, CheckpointPolicy
from gridjax.run.execution.block_queue import BlockQueue
from gridjax.run.execution.compilation_cache import COMPILED
from gridjax.run.execution.device_memory import Turns
from gridjax.run.execution.devices import Devices
from gridjax.run.execution.evaluation_queue import Waiting
from gridjax.run.execution.lane_block import Block, Trained
from gridjax.run.execution.out_of_memory import (
    SCARCE,
    asked_for,
    is_exhausted,
    shortage_in_evaluation,
    shortage_in_training,
)
from gridjax.run.execution.result_commit import ResultCommitter
from gridjax.run.execution.train_loop import train_block
from gridjax.run.planning.plan import Plan, flop_per_step
from gridjax.run.storage.result_store import Store
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.run_settings import Settings
from gridjax.training import population
from gridjax.training.population import Device

_POLL_S = 0.2
"""Longest time between two polls of the callbacks, seconds."""


class Runner:
    """Trains the networks of a plan that have no results in the store; commits their results."""

    def __init__(
        self,
        plan: Plan,
        settings: Settings,
        store: Store,
        devices: Devices,
        policy: CheckpointPolicy,
    ):
        self._plan = plan
        self._devices = devices
        self._policy = policy
        self._committer = ResultCommitter(plan, settings, store, policy.segment)
        if policy.checkpoints is not None:
            policy.checkpoints.drop(store.committed())
        self._stop = threading.Event()
        self._events: queue.Queue[RunEvent | BaseException | None] = queue.Queue()
        n_devices = len(devices.training)
        widest = max(bucket.lane_width for bucket in plan.buckets)
        self._waiting = Waiting(n_devices * widest, n_devices)
        self._turns = Turns()

    def run(self, callbacks: CallbackList) -> None:
        """Train, evaluate and commit every missing network.

        An exception of a callback stops every device at the end of its chunk; the blocks are saved.
        """
        networks = BlockQueue(self._plan.buckets, self._committer.is_missing)
        threads: list[threading.Thread] = []
        callbacks.on_poll()  # before a thread makes its first steps
        self._committer.recall()
        try:
            for device in self._devices.training:
                threads.append(self._start(self._train_on, device, networks))
            threads.append(self._start(self._evaluate_all))
            self._pass_on_events(callbacks)
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()
            self._waiting.save()
            self._pass_on_last_events(callbacks)

    def _pass_on_events(self, callbacks: CallbackList) -> None:
        while True:
            callbacks.on_poll()
            try:
                event = self._events.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if isinstance(event, BaseException):
                raise event
            if event is None:
                return
            callbacks.on_event(event)

    def _pass_on_last_events(self, callbacks: CallbackList) -> None:
        """Pass on the events that arrived while the devices stopped; raise the first error."""
        last: list[RunEvent | BaseException | None] = []
        while not self._events.empty():
            last.append(self._events.get())
        errors = [each for each in last if isinstance(each, BaseException)]
        callbacks.on_last_events(
            [each for each in last if each is not None and not isinstance(each, BaseException)]
        )
        if errors:
            raise errors[0]

    def _start(self, target: Any, *arguments: Any) -> threading.Thread:
        def guarded() -> None:
            try:
                target(*arguments)
            except BaseException as error:  # the thread of run() raises it
                self._events.put(error)

        thread = threading.Thread(target=guarded, daemon=True)
        thread.start()
        return thread

    def _train_on(self, device: Device, networks: BlockQueue) -> None:
        with jax.default_device(device):
            while not self._stop.is_set() and (taken := networks.take(device)) is not None:
                index, specs = taken
                if self._turns.is_scarce(device):
                    self._waiting.drain(self._stop)
                with self._turns.turn(device, self._stop) as is_alone:
                    if self._stop.is_set():
                        break
                    try:
                        left, error = self._train(device, index, specs, networks)
                    finally:
                        COMPILED.rest(device)
                networks.put_back(index, left)
                if error:
                    shortage = shortage_in_training(self._plan.buckets[index], error)
                    self._make_room(device, is_alone, error, shortage)
        self._waiting.end()

    def _train(
        self, device: Device, index: int, specs: Sequence[NetworkSpec], networks: BlockQueue
    ) -> tuple[list[NetworkSpec], str]:
        """Train a block; return the networks that did not fit into memory, and the JAX message."""
        bucket = self._plan.buckets[index]
        trainer = COMPILED.trainer(bucket.static, bucket.lane_width, device)
        checkpointer = BlockCheckpointer(self._policy, self._events.put)
        block = Block(trainer, bucket.lane_width, device, checkpointer)
        flop = flop_per_step(bucket.static)

        def more(n_lanes: int) -> Sequence[NetworkSpec]:
            return () if self._turns.is_scarce(device) else networks.more(index, n_lanes)

        try:
            for trained in train_block(block, specs, more, self._stop, self._events.put, flop):
                self._waiting.put(trained, self._stop)
        except jax.errors.JaxRuntimeError as error:
            if not is_exhausted(error):
                raise
            return [trainee.spec for trainee in block.trainees.values()], str(error)
        return [], ""

    def _make_room(
        self, device: Device, was_alone: bool, error: str, shortage: MemoryShortageError
    ) -> None:
        """Drop unused programs and limit the memory to one user; raise if it had only one."""
        if was_alone:
            raise shortage
        COMPILED.drop()
        if self._turns.find_scarce(device):
            self._waiting.lift_bound()
            self._events.put(RunWarning(SCARCE.format(asked=asked_for(error))))

    def _evaluate_all(self) -> None:
        with jax.default_device(self._devices.evaluation):
            while not self._stop.is_set() and not self._waiting.is_over:
                if (trained := self._waiting.get()) is not None:
                    self._evaluate(trained)
                    self._waiting.done()
        self._events.put(None)

    def _evaluate(self, trained: Trained) -> None:
        for number in range(len(trained.trainees)):
            finished = None
            while finished is None:
                if self._stop.is_set():
                    return trained.save()
                finished = self._finish(trained, number)
            self._events.put(finished)
        if self._policy.checkpoints is not None:
            self._policy.checkpoints.drop(trained.run_ids)
        return None

    def _finish(self, trained: Trained, number: int) -> NetworkFinished | None:
        """Evaluate and commit one network of a group; None on lack of memory or on a stop."""
        device, trainee = self._devices.evaluation, trained.trainees[number]

        def save_if_due() -> None:
            trained.save_if_due()
            self._waiting.save_if_due()

        save_if_due()
        with self._turns.turn(device, self._stop, save_if_due) as is_alone:
            if self._stop.is_set():
                return None
            try:
                state = population.unpadded_lane(trained.state, number, trainee.spec)
                state = jax.device_put(state, device)
                return self._committer.commit(trainee, state)
            except jax.errors.JaxRuntimeError as caught:
                if not is_exhausted(caught):
                    raise
                error = str(caught)
        shortage = shortage_in_evaluation(trainee.spec.run_id, error)
        self._make_room(device, is_alone, error, shortage)
        return None
