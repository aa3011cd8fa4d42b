"""The loop of a run: train each block on some device, evaluate it, commit it.

One thread drives each device: it takes the next block, runs its chunks, evaluates its networks and
commits them. Which device trains a block changes no number, so blocks go where their functions are
already compiled.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import jax
import numpy as np

from gridjax.spec import NetworkSpec
from gridjax.study.evaluation import NullScores, evaluate, keep_best
from gridjax.study.plan import Bucket, Plan, flop_per_step
from gridjax.study.schema import NetworkResult
from gridjax.study.settings import Settings
from gridjax.study.stores import Store
from gridjax.study.weights import flatten_weights
from gridjax.train import population
from gridjax.train.population import Trainer
from gridjax.train.training import NOT_DIVERGED, Progress, TrainState

N_HISTORY = 64
"""Log-spaced steps of the training history, besides step 0; fewer in shorter trainings."""
CHUNK_SECONDS = 0.5
"""Length of a chunk: signals wait that long. It changes no number."""
FIRST_CHUNK_STEPS = 16
STEAL_BLOCKS = 2
"""Blocks a bucket must have left before a second device compiles its functions too."""


@dataclass(frozen=True)
class Event:
    """Something to show: networks finished, or how a block in training does."""

    n_finished: int
    n_diverged: int
    network_steps: int
    """gradient steps made since the last event, over the networks of a block"""
    flop: float
    """the same in floating-point operations"""
    progress: Progress | None = None
    """means over the block, where newly measured"""


@dataclass
class Job:
    """One block on its way, on one device."""

    bucket: Bucket
    specs: tuple[NetworkSpec, ...]
    trainer: Trainer
    device: jax.Device


@dataclass
class _Queue:
    """The blocks still to be trained, handed out so that few devices compile the same bucket."""

    blocks: dict[int, list[tuple[NetworkSpec, ...]]]
    owners: dict[int, set[jax.Device]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, device: jax.Device, buckets: tuple[Bucket, ...]) -> tuple[int, tuple] | None:
        """Take a block: of a bucket this device has compiled, else of one nobody has, else any."""
        with self.lock:
            left = {
                index: self._work(index, buckets) for index, ours in self.blocks.items() if ours
            }
            mine = [index for index in left if device in self.owners.get(index, ())]
            free = [index for index in left if not self.owners.get(index)]
            rest = [index for index in left if len(self.blocks[index]) >= STEAL_BLOCKS]
            candidates = mine or free or rest
            if not candidates:
                return None
            index = max(candidates, key=left.__getitem__)
            self.owners.setdefault(index, set()).add(device)
            return index, self.blocks[index].pop(0)

    def _work(self, index: int, buckets: tuple[Bucket, ...]) -> int:
        steps = sum(spec.n_grad_steps for block in self.blocks[index] for spec in block)
        return steps * flop_per_step(buckets[index].static)


class Runner:
    """Trains what a store does not hold yet, and commits it there."""

    def __init__(self, plan: Plan, settings: Settings, store: Store, devices: list[jax.Device]):
        self.plan = plan
        self.settings = settings
        self.store = store
        self.devices = devices
        self._stop = threading.Event()
        self._events: queue.Queue[Event | BaseException | None] = queue.Queue()
        self._commit_lock = threading.Lock()
        self._nulls: dict[str, NullScores] = {}
        self._committed: set[str] = set()

    def stop(self) -> None:
        """Ask every device to stop at the end of its chunk."""
        self._stop.set()

    def run(self) -> Iterator[Event]:
        """Train all blocks; yield what happens. Ends early, and quietly, after stop()."""
        self._committed = self.store.committed()
        waiting = _Queue(
            {
                index: [block for block in bucket.blocks if any(map(self._is_missing, block))]
                for index, bucket in enumerate(self.plan.buckets)
            }
        )
        threads = [
            threading.Thread(target=self._drive, args=(device, waiting), daemon=True)
            for device in self.devices
        ]
        for thread in threads:
            thread.start()
        running = len(threads)
        try:
            while running:
                event = self._events.get()
                if event is None:
                    running -= 1
                elif isinstance(event, BaseException):
                    raise event
                else:
                    yield event
        finally:
            self.stop()
            for thread in threads:
                thread.join()

    def _drive(self, device: jax.Device, waiting: _Queue) -> None:
        trainers: dict[int, Trainer] = {}
        try:
            with jax.default_device(device):
                while not self._stop.is_set():
                    taken = waiting.take(device, self.plan.buckets)
                    if taken is None:
                        break
                    index, specs = taken
                    bucket = self.plan.buckets[index]
                    if index not in trainers:
                        trainers[index] = population.make_trainer(bucket.static, bucket.lane_width)
                    self._run_block(Job(bucket, specs, trainers[index], device))
        except BaseException as error:  # handed to the thread that shows it
            self._events.put(error)
        finally:
            self._events.put(None)

    def _run_block(self, job: Job) -> None:
        start = time.perf_counter()
        trained = self._train(job)
        if trained is None:
            return
        state, histories = trained
        seconds = (time.perf_counter() - start) / len(job.specs)
        for index, spec in enumerate(job.specs):
            if self._stop.is_set():
                return
            if self._is_missing(spec):
                self._finish(spec, population.lane(state, index), histories[index], seconds)

    def _is_missing(self, spec: NetworkSpec) -> bool:
        return spec.run_id not in self._committed

    def _train(self, job: Job) -> tuple[TrainState, list[list[tuple[int, Progress]]]] | None:
        """Train a block to its end, or return None when asked to stop."""
        n_lanes = job.bucket.lane_width
        traced = population.stack(job.specs, n_lanes, job.device)
        steps = [history_steps(spec.n_grad_steps) for spec in job.specs]
        steps += [steps[-1]] * (n_lanes - len(steps))
        histories: list[list[tuple[int, Progress]]] = [[] for _ in job.specs]
        state = job.trainer.init(traced)
        made = np.zeros(n_lanes, np.int32)
        chunk_steps = FIRST_CHUNK_STEPS
        for index in range(max(map(len, steps))):
            targets = np.asarray([own[min(index, len(own) - 1)] for own in steps], np.int32)
            while (made < targets).any():
                if self._stop.is_set():
                    return None
                until = np.minimum(targets, made + chunk_steps)
                n_steps = int((until - made)[: len(job.specs)].sum())
                before = time.perf_counter()
                state = job.trainer.chunk(traced, state, jax.device_put(until, job.device))
                jax.block_until_ready(state)
                seconds = time.perf_counter() - before
                longest = int((until - made).max())
                chunk_steps = _next_chunk(longest, seconds)
                made = until
                flop = n_steps * flop_per_step(job.bucket.static)
                self._events.put(Event(0, 0, n_steps, flop))
            measured = jax.tree.map(np.asarray, job.trainer.progress(traced, state))
            alive = np.asarray(state.diverged_at) == NOT_DIVERGED
            for network, history in enumerate(histories):
                if index < len(steps[network]) and alive[network]:
                    one = jax.tree.map(lambda value, n=network: value[n], measured)
                    history.append((steps[network][index], one))
            mean = jax.tree.map(lambda value: float(np.mean(value[: len(job.specs)])), measured)
            self._events.put(Event(0, 0, 0, 0, mean))
        return state, histories

    def _finish(
        self,
        spec: NetworkSpec,
        state: TrainState,
        history: list[tuple[int, Progress]],
        seconds: float,
    ) -> None:
        """Evaluate one trained network and commit it."""
        evaluation = evaluate(spec, state, self.settings.evaluation, self._nulls)
        if evaluation.null is not None:
            self._nulls[evaluation.null.null_id] = evaluation.null
        keep = self.settings.keep_maps
        n_kept = 0 if keep == "none" else None if keep == "all" else int(keep.split(":")[1])
        result = NetworkResult(
            evaluation=evaluation,
            history=history,
            maps=None if n_kept == 0 else keep_best(evaluation, n_kept),
            weights={} if self.settings.keep_weights == "none" else flatten_weights(state),
            train_seconds=seconds,
        )
        with self._commit_lock:
            self.store.commit(result)
            self._prune_weights()
        diverged = int(evaluation.network["status"] == "diverged")
        self._events.put(Event(1, diverged, 0, 0))

    def _prune_weights(self) -> None:
        """Keep the weights of the N best networks so far, where so many are asked for."""
        keep = self.settings.keep_weights
        if not keep.startswith("best:"):
            return
        networks = self.store.table("networks").select(["run_id", "score_60_by_neuron_max"])
        rows = networks.to_pylist()
        rows.sort(key=lambda row: -_or_lowest(row["score_60_by_neuron_max"]))
        self.store.drop_weights(row["run_id"] for row in rows[int(keep.split(":")[1]) :])


def history_steps(n_grad_steps: int) -> list[int]:
    """Return the steps of a training's history: 0, then log-spaced, up to the last.

    A function of the training's length alone; N_HISTORY different steps where it is long enough.
    """
    if n_grad_steps <= N_HISTORY:
        return list(range(n_grad_steps + 1))
    n_points = N_HISTORY
    while True:
        steps = np.unique(np.round(np.geomspace(1, n_grad_steps, n_points)).astype(int))
        if len(steps) >= N_HISTORY:
            return [0, *(int(step) for step in steps)]
        n_points += 1


def _next_chunk(n_steps: int, seconds: float) -> int:
    """Return how many steps fill CHUNK_SECONDS, growing at most eightfold at a time."""
    wanted = n_steps * CHUNK_SECONDS / max(seconds, 1e-6)
    return max(1, min(int(wanted), 8 * n_steps + FIRST_CHUNK_STEPS))


def _or_lowest(value: float) -> float:
    return -math.inf if math.isnan(value) else value
