"""The loop of a run: train the blocks, evaluate their networks, commit them.

One thread drives each training device; one more evaluates and commits what they have trained, on
one device, so that scoring functions are compiled once and training does not wait for them.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

import jax

from gridjax.halves import Static
from gridjax.padding import told
from gridjax.spec import NetworkSpec
from gridjax.study.bestweights import BestWeights
from gridjax.study.blockkeeper import BlockKeeper, Keeping
from gridjax.study.blockqueue import BlockQueue
from gridjax.study.devices import Devices
from gridjax.study.evaluation import DIVERGED, NullScores, evaluate, keep_best
from gridjax.study.networkrow import spec_columns
from gridjax.study.plan import Bucket, Plan, flop_per_step
from gridjax.study.schema import NetworkResult
from gridjax.study.settings import Settings
from gridjax.study.stopping import Stopped, StopSwitch
from gridjax.study.stores import Store
from gridjax.study.trainingloop import TrainedBlock, Watch, train_block
from gridjax.study.weights import flatten_weights
from gridjax.training import population
from gridjax.training.population import Device
from gridjax.training.single import Progress, TrainState

_SECONDS_BETWEEN_LOOKS = 0.2
"""How long a signal or the time limit may wait to be seen."""
MOST_SHAPES = 12
"""Buckets whose compiled functions are kept. Each takes 1,600 memory maps on a CPU, of which a
process may have 65,530; after them what is shared, scoring above all, is compiled again."""


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
        self._settings = settings
        self._store = store
        self._devices = devices
        self._keeping = replace(keeping, told=lambda what: self._events.put(Event(remark=what)))
        self._switch = switch
        self._committed = store.committed()
        self._best = BestWeights(store, settings.keep_weights)
        self._nulls: dict[str, NullScores] = {}
        self._compiled: set[Static] = set()
        self._stop = threading.Event()
        self._events: queue.Queue[Event | BaseException | None] = queue.Queue()
        # Bounded: trained blocks keep their memory until they are evaluated.
        self._trained: queue.Queue[TrainedBlock | None] = queue.Queue(len(devices.training))

    def run(self) -> Generator[Event]:
        """Train all that is missing and yield what happens.

        Closing the iterator stops every device at the end of its chunk, with its block saved.

        Raises Stopped where the run was asked to stop.
        """
        blocks = BlockQueue(self._plan.buckets, self._is_missing)
        threads: list[threading.Thread] = []
        self._best.recall()
        try:
            for device in self._devices.training:
                threads.append(self._start(self._train_on, device, blocks))
            threads.append(self._start(self._evaluate_all, len(threads)))
            yield from self._happening()
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()
            self._save_unevaluated()
            self._raise_what_saving_met()

    def _happening(self) -> Generator[Event]:
        while True:
            if self._switch.reason is not None:
                raise Stopped(self._switch.reason)
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

    def _save_unevaluated(self) -> None:
        """Save the trained blocks whose turn to be evaluated did not come."""
        while not self._trained.empty():
            if (trained := self._trained.get()) is not None:
                trained.keeper.save_now()

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

    def _is_missing(self, spec: NetworkSpec) -> bool:
        return any(one.run_id not in self._committed for one in self._plan.replicates[spec])

    def _train_on(self, device: Device, blocks: BlockQueue) -> None:
        with jax.default_device(device):
            while not self._stop.is_set() and (taken := blocks.take(device)) is not None:
                index, specs = taken
                bucket = self._plan.buckets[index]
                trainer = population.make_trainer(bucket.static, bucket.lane_width)
                watch = Watch(self._stop, self._steps_of(bucket), self._measured)
                keeper = BlockKeeper(self._keeping)
                trained = train_block(trainer, specs, bucket.lane_width, device, watch, keeper)
                if trained is not None:
                    self._hand_over(trained)
        self._hand_over(None)

    def _steps_of(self, bucket: Bucket) -> Any:
        flop = flop_per_step(bucket.static)
        return lambda n: self._events.put(Event(network_steps=n, flop=n * flop))

    def _measured(self, progress: Progress) -> None:
        self._events.put(Event(progress=progress))

    def _hand_over(self, trained: TrainedBlock | None) -> None:
        while not self._stop.is_set():
            try:
                return self._trained.put(trained, timeout=0.1)
            except queue.Full:
                if trained is not None:
                    trained.keeper.save_waiting()
        if trained is not None:
            trained.keeper.save_now()

    def _evaluate_all(self, n_trainers: int) -> None:
        with jax.default_device(self._devices.evaluation):
            while n_trainers and not self._stop.is_set():
                try:
                    trained = self._trained.get(timeout=0.1)
                except queue.Empty:
                    continue
                if trained is None:
                    n_trainers -= 1
                    continue
                self._evaluate_block(trained)
        self._events.put(None)

    def _forget_compiled(self, static: Static) -> None:
        """Drop what is compiled once it is of too many buckets; what runs stays until it ends."""
        if static not in self._compiled and len(self._compiled) == MOST_SHAPES:
            population.make_trainer.cache_clear()
            jax.clear_caches()
            self._compiled.clear()
        self._compiled.add(static)

    def _evaluate_block(self, trained: TrainedBlock) -> None:
        for lane, spec in enumerate(trained.specs):
            if not self._is_missing(spec):
                continue
            self._forget_compiled(spec.static)
            if self._stop.is_set():
                return trained.keeper.save_now()
            for waiting in (trained, *self._trained.queue):
                if waiting is not None:
                    waiting.keeper.save_waiting()
            state = population.own_lane(trained.state, lane, spec)
            state = jax.device_put(state, self._devices.evaluation)
            self._finish(spec, state, trained, lane)
        if self._keeping.checkpoints is not None:
            self._keeping.checkpoints.drop(trained.run_ids)
        return None

    def _finish(
        self, spec: NetworkSpec, state: TrainState, trained: TrainedBlock, lane: int
    ) -> None:
        """Evaluate one trained network and commit it under each of its descriptions."""
        evaluation = evaluate(spec, state, self._settings.evaluation, self._nulls)
        if evaluation.null is not None:
            self._nulls[evaluation.null.null_id] = evaluation.null
        maps = keep_best(evaluation, self._settings.keep_maps)
        weights = {} if self._settings.keep_weights == "none" else flatten_weights(state)
        missing = [s for s in self._plan.replicates[spec] if s.run_id not in self._committed]
        for described in missing:
            padded_to = told(described) if self._settings.merge else ""
            columns = evaluation.network | spec_columns(described)
            columns["padded_to"] = padded_to
            result = NetworkResult(
                evaluation=replace(evaluation, network=columns),
                history=trained.histories[lane],
                maps=maps,
                weights=weights,
                train_seconds=trained.seconds[lane],
                segment=self._keeping.segment,
                resumed=trained.resumed[lane],
            )
            self._store.commit(result)
            self._best.add(described.run_id, columns["score_60_by_neuron_max"])
        diverged = len(missing) if evaluation.network["status"] == DIVERGED else 0
        self._events.put(Event(n_finished=len(missing), n_diverged=diverged))
