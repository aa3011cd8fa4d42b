"""Networks that train on all devices at once, as `gridjax sweep` trains them."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import jax

from gridjax.run.planning.plan import default_lane_width
from gridjax.run.worker.lanes import Lanes
from gridjax.spec.network import NetworkSpec
from gridjax.training import population
from gridjax.training.memory_analysis import bytes_needed, compile_chunk, shapes_of_block

from .timing import seconds_of


class Fleet:
    """One thread for each device; each trains the blocks of one bucket, one after the other."""

    def __init__(self, spec: NetworkSpec, devices: Sequence[Any]):
        self.spec = spec
        self.devices = devices
        self.lane_width = default_lane_width(devices[0].device_kind, spec.static)
        self._trainer = population.make_trainer(spec.static, self.lane_width)
        self._threads = ThreadPoolExecutor(len(devices))
        self._blocks = [self._empty_block(device) for device in devices]

    @property
    def n_networks(self) -> int:
        """Number of networks in the resident blocks, one block for each device."""
        return len(self.devices) * self.lane_width

    def first_step(self) -> float:
        """Return the seconds of the first step on all devices, compilation included."""
        return self.train(1)

    def train(self, n_steps: int) -> float:
        """Train the resident block of each device for ``n_steps`` steps; return the seconds."""

        def on(number: int) -> None:
            with jax.default_device(self.devices[number]):
                block = self._blocks[number]
                if not block.networks:
                    block.fill(self._specs(number))
                self._train(block, n_steps)

        numbers = range(len(self.devices))
        return seconds_of(lambda: list(self._threads.map(on, numbers)))

    def train_population(self, n_networks: int, n_steps: int) -> float:
        """Initialise and train ``n_networks`` networks; return the seconds.

        Each device takes the next block. It initialises, trains and frees a block before it takes
        another.
        """
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in range(-(-n_networks // self.lane_width)):
            waiting.put(number)

        def on(device: Any) -> None:
            with jax.default_device(device):
                while True:
                    try:
                        number = waiting.get_nowait()
                    except queue.Empty:
                        return
                    block = self._empty_block(device)
                    block.fill(self._specs(number))
                    self._train(block, n_steps)

        return seconds_of(lambda: list(self._threads.map(on, self.devices)))

    def compiled(self) -> tuple[float, int]:
        """Compile the steps again; return the seconds, and the bytes that a block needs."""
        static, found = self.spec.static, []
        shapes = shapes_of_block(self.spec, static, self.lane_width)
        seconds = seconds_of(lambda: found.append(compile_chunk(static, self.lane_width, *shapes)))
        return seconds, bytes_needed(found[0])

    def _empty_block(self, device: Any) -> Lanes:
        return Lanes(self._trainer, self.lane_width, device)

    def _specs(self, number: int) -> list[NetworkSpec]:
        """The networks of one block, each with a seed of its own."""
        first = number * self.lane_width
        return [replace(self.spec, seed=first + lane) for lane in range(self.lane_width)]

    def _train(self, block: Lanes, n_steps: int) -> None:
        made = block.train_steps(n_steps)
        assert made == n_steps * self.lane_width, "a network diverged, so its time is not valid"
