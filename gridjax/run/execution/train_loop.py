"""Training of a block, chunk by chunk, with histories; free lanes are refilled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gridjax.run.execution.lane_block import Block, Trained
from gridjax.spec.network import NetworkSpec
from gridjax.training.train_step import Progress

CHUNK_SECONDS = 0.5
"""Length of a chunk: signals wait that long. It changes no number."""
FIRST_CHUNK_STEPS = 16
IDLE_STEPS = 0.25
"""Steps of a whole block that its lanes may idle together for being measured once less, which takes
half a step: there is no backward pass."""


@dataclass(frozen=True)
class Watch:
    """How the loop hears that it should stop, and tells how it gets on."""

    stop: threading.Event
    steps: Callable[[int], None]
    """network-steps made since the last call"""
    measured: Callable[[Progress], None]
    """means over the block"""


def train_block(
    block: Block,
    specs: Sequence[NetworkSpec],
    waiting: Callable[[int], Sequence[NetworkSpec]],
    watch: Watch,
) -> Iterator[Trained]:
    """Train networks in an empty block, and others as lanes become free; yield those trained.

    A network leaves when it has made its last step, or diverged, and no later. While others are
    still in training its lane goes to the next network that waits: ``waiting`` gives up to a number
    of them. Asked to stop, the networks in training are saved.
    """
    chunk_steps = FIRST_CHUNK_STEPS
    block.fill(specs)
    while block.trainees:
        in_lanes = block.trainees
        steps = {lane: trainee.to_next for lane, trainee in in_lanes.items()}
        most = steps_together(list(steps.values()), block.lane_width)
        goal = {lane: in_lanes[lane].made + min(most, steps[lane]) for lane in steps}
        while any(in_lanes[lane].made < goal[lane] for lane in goal) and not _any_done(block):
            if watch.stop.is_set():
                block.save()
                return
            until = {lane: min(goal[lane], in_lanes[lane].made + chunk_steps) for lane in goal}
            longest = max(until[lane] - in_lanes[lane].made for lane in until)
            before = time.perf_counter()
            made = block.train_to(until)
            chunk_steps = _next_chunk(longest, time.perf_counter() - before)
            watch.steps(made)
            block.save_if_due()
        if any(trainee.is_due for trainee in in_lanes.values()):
            watch.measured(block.measure())
        if (trained := block.take_out()) is not None:
            yield trained
            if block.trainees and not watch.stop.is_set():
                block.fill(waiting(block.n_free))


def steps_together(steps: Sequence[int], lane_width: int) -> int:
    """Return how many steps a block makes before it is measured.

    ``steps`` are those of each network to where it must be measured. A network that is there first
    waits for others as long as the idling of all costs no more than half a measurement.
    """
    near = np.sort(np.asarray(steps, np.int64))
    idle = near * np.arange(len(near)) - (np.cumsum(near) - near)
    return int(near[idle <= IDLE_STEPS * lane_width].max())


def _any_done(block: Block) -> bool:
    return any(trainee.is_done for trainee in block.trainees.values())


def _next_chunk(n_steps: int, seconds: float) -> int:
    """Return how many steps fill CHUNK_SECONDS, growing at most eightfold at a time."""
    wanted = n_steps * CHUNK_SECONDS / max(seconds, 1e-6)
    return max(1, min(int(wanted), 8 * n_steps + FIRST_CHUNK_STEPS))
