"""The main loop of a run: blocks are trained, networks are evaluated and committed.

One thread drives each training device. One more thread evaluates and commits what they have
trained, on one device, so that scoring functions are compiled once and training does not wait.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax

from gridjax.errors import MemoryShortageError
from gridjax.run.checkpointing.block_checkpoints import BlockKeeper, Keeping
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
from gridjax.run.execution.result_commit import Finished, Finisher
from gridjax.run.execution.stop_signal import Stopped, StopSwitch
from gridjax.run.execution.train_loop import Watch, train_block
from gridjax.run.planning.plan import Bucket, Plan, flop_per_step
from gridjax.run.storage.result_store import Store
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.run_settings import Settings
from gridjax.training import population
from gridjax.training.population import Device
from gridjax.training.train_step import Progress

_SECONDS_BETWEEN_LOOKS = 0.2
"""How long a signal or the time limit may wait to be seen."""


@dataclass(frozen=True)
class Event:
    """Something to show."""

    n_finished: int = 0
    """networks evaluated and committed, diverged ones too"""
    n_diverged: int = 0
    network_steps: int = 0
    """gradient steps made, over the networks of a block"""
    flop: float = 0.0
    """the same in floating-point operations"""
    progress: Progress | None = None
    """means over a block, where newly measured"""
    remark: str = ""
    """something to say once: what went on from where, what was found damaged"""


class Runner:
    """Trains what a store does not hold yet, and commits it there."""

    def __init__(
        self,
        plan: Plan,
        settings: Settings,
        store: Store,
        devices: Devices,
        keeping: Keeping,
        switch: StopSwitch,
    ):
        self._plan = plan
        self._devices = devices
        self._keeping = replace(keeping, told=lambda what: self._events.put(Event(remark=what)))
        self._switch = switch
        self._finisher = Finisher(plan, settings, store, keeping.segment)
        if keeping.checkpoints is not None:
            keeping.checkpoints.drop(store.committed())
        self._stop = threading.Event()
        self._events: queue.Queue[Event | BaseException | None] = queue.Queue()
        n_devices = len(devices.training)
        widest = max(bucket.lane_width for bucket in plan.buckets)
        self._waiting = Waiting(n_devices * widest, n_devices)
        self._turns = Turns()

    def run(self) -> Generator[Event]:
        """Train all that is missing and yield what happens.

        Closing the iterator stops every device at the end of its chunk, with its block saved.

        Raises Stopped where the run was asked to stop.
        """
        networks = BlockQueue(self._plan.buckets, self._finisher.is_missing)
        threads: list[threading.Thread] = []
        self._raise_stop()  # before a thread makes its first steps
        self._finisher.recall()
        try:
            for device in self._devices.training:
                threads.append(self._start(self._train_on, device, networks))
            threads.append(self._start(self._evaluate_all))
            yield from self._happening()
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()
            self._waiting.save()
            self._raise_what_saving_met()

    def _happening(self) -> Generator[Event]:
        while True:
            self._raise_stop()
            try:
                event = self._events.get(timeout=_SECONDS_BETWEEN_LOOKS)
            except queue.Empty:
                continue
            if isinstance(event, BaseException):
                raise event
            if event is None:
                return
            if event.network_steps or event.n_finished:
                self._switch.progress()
            yield event

    def _raise_stop(self) -> None:
        if self._switch.reason is not None:
            raise Stopped(self._switch.reason)

    def _raise_what_saving_met(self) -> None:
        """Raise an error of a thread that stopped after nobody listened any more."""
        while not self._events.empty():
            event = self._events.get()
            if isinstance(event, BaseException):
                raise event

    def _start(self, target: Any, *arguments: Any) -> threading.Thread:
        def guarded() -> None:
            try:
                target(*arguments)
            except BaseException as error:  # handed to the thread that runs run()
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
        """Train a block; return the networks that do not fit into memory, and what JAX said."""
        bucket = self._plan.buckets[index]
        trainer = COMPILED.trainer(bucket.static, bucket.lane_width, device)
        block = Block(trainer, bucket.lane_width, device, BlockKeeper(self._keeping))
        watch = Watch(self._stop, self._steps_of(bucket), self._measured)

        def more(n_lanes: int) -> Sequence[NetworkSpec]:
            return () if self._turns.is_scarce(device) else networks.more(index, n_lanes)

        try:
            for trained in train_block(block, specs, more, watch):
                self._waiting.put(trained, self._stop)
        except jax.errors.JaxRuntimeError as error:
            if not is_exhausted(error):
                raise
            return [trainee.spec for trainee in block.trainees.values()], str(error)
        return [], ""

    def _make_room(
        self, device: Device, was_alone: bool, error: str, shortage: MemoryShortageError
    ) -> None:
        """Let go of what can be, and take turns from now on; raise where that was done already."""
        if was_alone:
            raise shortage
        COMPILED.drop()
        if self._turns.find_scarce(device):
            self._waiting.lift_bound()
            self._events.put(Event(remark=SCARCE.format(asked=asked_for(error))))

    def _steps_of(self, bucket: Bucket) -> Callable[[int], None]:
        flop = flop_per_step(bucket.static)
        return lambda n: self._events.put(Event(network_steps=n, flop=n * flop))

    def _measured(self, progress: Progress) -> None:
        self._events.put(Event(progress=progress))

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
            self._events.put(Event(*finished))
        if self._keeping.checkpoints is not None:
            self._keeping.checkpoints.drop(trained.run_ids)
        return None

    def _finish(self, trained: Trained, number: int) -> Finished | None:
        """Evaluate and commit one of some networks; None where memory did not suffice."""
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
                return self._finisher.finish(trainee, state)
            except jax.errors.JaxRuntimeError as caught:
                if not is_exhausted(caught):
                    raise
                error = str(caught)
        shortage = shortage_in_evaluation(trainee.spec.run_id, error)
        self._make_room(device, is_alone, error, shortage)
        return None
