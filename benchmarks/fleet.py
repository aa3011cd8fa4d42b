"""Networks that train on all devices at once, as `gridjax sweep` trains them."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from gridjax.run.planning.plan import default_lane_width
from gridjax.spec.network import NetworkSpec
from gridjax.training import population
from gridjax.training.memory_analysis import bytes_needed, compile_chunk

from .timing import seconds_of


class Fleet:
    """One thread for each device; each trains the blocks of one bucket, one after the other."""

    def __init__(self, spec: NetworkSpec, devices: Sequence[Any]):
        self.spec = spec
        self.devices = devices
        self.lane_width = default_lane_width(devices[0].device_kind, spec.static)
        self._trainer = population.make_trainer(spec.static, self.lane_width)
        self._threads = ThreadPoolExecutor(len(devices))
        self.blocks = [self._block(number, device) for number, device in enumerate(self.devices)]
        self._made = 0

    @property
    def n_networks(self) -> int:
        """Number of networks in the resident blocks, one block for each device."""
        return len(self.devices) * self.lane_width

    def first_step(self) -> float:
        """Return the seconds of the first step on all devices, compilation included."""
        return self.train(1)

    def train(self, n_steps: int) -> float:
        """Train the resident block of each device for ``n_steps`` steps; return the seconds."""
        until = self._made = self._made + n_steps

        def on(device_and_block: tuple[Any, list[Any]]) -> None:
            device, block = device_and_block
            with jax.default_device(device):
                traced, state = block
                if state is None:
                    state = self._trainer.init(traced)
                block[1] = self._chunk(traced, state, until, device)

        pairs = list(zip(self.devices, self.blocks, strict=True))
        return seconds_of(lambda: list(self._threads.map(on, pairs)))

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
                    traced, _ = self._block(number, device)
                    self._chunk(traced, self._trainer.init(traced), n_steps, device)

        return seconds_of(lambda: list(self._threads.map(on, self.devices)))

    def compiled(self) -> tuple[float, int]:
        """Compile the steps again; return the seconds, and the bytes that a block needs."""
        traced, _ = self._block(0, self.devices[0])
        state = self._trainer.init(traced)
        until = self._until(1, self.devices[0])
        found: list[Any] = []
        given = (self.spec.static, self.lane_width, traced, state, until)
        seconds = seconds_of(lambda: found.append(compile_chunk(*given)))
        return seconds, bytes_needed(found[0])

    def _block(self, number: int, device: Any) -> list[Any]:
        first = number * self.lane_width
        specs = [replace(self.spec, seed=first + lane) for lane in range(self.lane_width)]
        return [self._trainer.stack(specs, device), None]

    def _until(self, step: int, device: Any) -> Any:
        return jax.device_put(np.full(self.lane_width, step, np.int32), device)

    def _chunk(self, traced: Any, state: Any, until: int, device: Any) -> Any:
        state = self._trainer.chunk(traced, state, self._until(until, device))
        jax.block_until_ready(state)
        made = np.asarray(state.step)
        assert (made == until).all(), "a network diverged, so its time is not valid"
        return state
