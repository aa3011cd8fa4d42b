"""Networks that train on all workers at once, as `gridjax sweep` trains them."""

from __future__ import annotations

import queue
from dataclasses import replace
from typing import Any

from gridjax.run.calibration.timed_worker import AnyTimedWorker, TrainingTime
from gridjax.run.calibration.timed_workers import TimedWorkers
from gridjax.run.planning.blocks import Block
from gridjax.run.planning.lane_width import default_lane_width
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.run_settings import EvaluationSettings
from gridjax.training.memory_analysis import bytes_needed, compile_chunk, shapes_of_block

from .timing import CpuTime, seconds_of


class Fleet:
    """One block of networks for each worker, all of one shape."""

    def __init__(self, spec: NetworkSpec, device_kind: str, workers: TimedWorkers):
        self.spec = spec
        of_bucket = spec.static, spec.n_bins_reported, EvaluationSettings()
        self.lane_width, _ = default_lane_width(device_kind, *of_bucket)
        self.cpu = CpuTime()
        """processor time of the workers"""
        self._workers = workers

    @property
    def n_networks(self) -> int:
        """Number of networks in the resident blocks, one block for each worker."""
        return len(self._workers) * self.lane_width

    def first_step(self) -> float:
        """Return the seconds until the first steps of all workers are made, with compilation."""
        return seconds_of(
            lambda: self._workers.at_once(lambda number, each: each.begin(self._block(number)))
        )

    def train(self, n_steps: int) -> float:
        """Train the resident block of each worker for ``n_steps`` steps; return the seconds."""

        def on(number: int, worker: AnyTimedWorker) -> None:
            self._note(worker.train(n_steps), n_steps)

        return seconds_of(lambda: self._workers.at_once(on))

    def train_population(self, n_networks: int, n_steps: int) -> float:
        """Initialise and train ``n_networks`` networks; return the seconds.

        Each worker takes the next block. It initialises, trains and frees a block before it takes
        another.
        """
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in range(-(-n_networks // self.lane_width)):
            waiting.put(number)

        def on(_: int, worker: AnyTimedWorker) -> None:
            while True:
                try:
                    number = waiting.get_nowait()
                except queue.Empty:
                    return
                self._note(worker.train_new(self._block(number), n_steps), n_steps)

        return seconds_of(lambda: self._workers.at_once(on))

    def compiled(self) -> tuple[float, int]:
        """Compile the steps again; return the seconds, and the bytes that a block needs."""
        static, found = self.spec.static, list[Any]()
        shapes = shapes_of_block(self.spec, static, self.lane_width)
        seconds = seconds_of(lambda: found.append(compile_chunk(static, self.lane_width, *shapes)))
        return seconds, bytes_needed(found[0])

    def _block(self, number: int) -> Block:
        """The networks of one block, each with a seed of its own."""
        first = number * self.lane_width
        specs = [replace(self.spec, seed=first + lane) for lane in range(self.lane_width)]
        return Block(self.spec.static, self.lane_width, {spec: (spec,) for spec in specs})

    def _note(self, made: TrainingTime, n_steps: int) -> None:
        complete = made.n_steps == n_steps * self.lane_width
        assert complete, "a network diverged, so its time is not valid"
        self.cpu.add(made.cpu_s)
