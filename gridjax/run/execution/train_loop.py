"""Training of a block in chunks: histories, checkpoints, and new networks in free lanes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from gridjax.callbacks import RunEvent, TrainingMeasures, TrainingSteps
from gridjax.run.execution.lane_block import Block, Trained
from gridjax.spec.network import NetworkSpec

CHUNK_SECONDS = 0.5
"""Wanted length of a chunk in seconds. A stop waits for the end of a chunk. The length does not
change the results."""
FIRST_CHUNK_STEPS = 16
IDLE_STEPS = 0.25
"""Largest idle time of the lanes that is accepted to avoid one measurement, in steps of a block.
A measurement takes about half a step, because it has no backward pass."""


def train_block(
    block: Block,
    specs: Sequence[NetworkSpec],
    more: Callable[[int], Sequence[NetworkSpec]],
    stop: threading.Event,
    emit: Callable[[RunEvent], None],
    flop_per_step: int = 0,
) -> Iterator[Trained]:
    """Train networks in an empty block, refill free lanes, and yield the trained networks.

    A network leaves the block at its last step, or when it diverges. While others are still in
    training, ``more(n)`` returns up to ``n`` further networks for the free lanes. ``emit`` receives
    an event for the steps of each chunk and for each measurement. ``flop_per_step`` is the number
    of floating-point operations of one step of one network. Once ``stop`` is set, the current chunk
    is the last one, and the networks in training are saved.
    """
    chunk_steps = FIRST_CHUNK_STEPS
    block.fill(specs)
    while block.trainees:
        in_lanes = block.trainees
        steps = {lane: trainee.to_next for lane, trainee in in_lanes.items()}
        most = steps_together(list(steps.values()), block.lane_width)
        goal = {lane: in_lanes[lane].made + min(most, steps[lane]) for lane in steps}
        while any(in_lanes[lane].made < goal[lane] for lane in goal) and not _any_done(block):
            if stop.is_set():
                block.save()
                return
            until = {lane: min(goal[lane], in_lanes[lane].made + chunk_steps) for lane in goal}
            longest = max(until[lane] - in_lanes[lane].made for lane in until)
            before = time.perf_counter()
            made = block.train_to(until)
            chunk_steps = next_chunk(longest, time.perf_counter() - before, CHUNK_SECONDS)
            emit(TrainingSteps(made, made * flop_per_step))
            block.save_if_due()
        if any(trainee.is_due for trainee in in_lanes.values()):
            emit(TrainingMeasures(*map(float, block.measure())))
        if (trained := block.take_out()) is not None:
            yield trained
            if block.trainees and not stop.is_set():
                block.fill(more(block.n_free))


def steps_together(steps: Sequence[int], lane_width: int) -> int:
    """Return the number of steps that a block makes before its next measurement.

    ``steps`` are the steps of each network to its own next measurement. A network that reaches its
    measurement early waits for others if the idle time of all lanes is at most IDLE_STEPS.
    """
    near = np.sort(np.asarray(steps, np.int64))
    idle = near * np.arange(len(near)) - (np.cumsum(near) - near)
    return int(near[idle <= IDLE_STEPS * lane_width].max())


def _any_done(block: Block) -> bool:
    return any(trainee.is_done for trainee in block.trainees.values())


def next_chunk(n_steps: int, seconds: float, wanted_s: float) -> int:
    """Return the steps of a chunk of ``wanted_s`` seconds if the last ``n_steps`` took ``seconds``.

    A chunk has at most about eight times the steps of the previous chunk.
    """
    wanted = n_steps * wanted_s / max(seconds, 1e-6)
    return max(1, min(int(wanted), 8 * n_steps + FIRST_CHUNK_STEPS))
