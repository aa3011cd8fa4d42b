"""Training of the networks of a block in chunks: histories, and new networks in free lanes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from gridjax.callbacks import RunEvent, TrainingMeasures, TrainingSteps
from gridjax.run.worker.lanes import DueNetworks, Lanes
from gridjax.spec.network import NetworkSpec

CHUNK_SECONDS = 0.5
"""Wanted length of a chunk in seconds. A stop waits for the end of a chunk. The length does not
change the results."""
FIRST_CHUNK_STEPS = 16
IDLE_STEPS = 0.25
"""Largest idle time of the lanes that is accepted to avoid one measurement, in steps of a block.
A measurement takes about half a step, because it has no backward pass."""


def train_lanes(
    lanes: Lanes,
    waiting: Sequence[NetworkSpec],
    must_stop: Callable[[], bool],
    after_chunk: Callable[[], None],
    emit: Callable[[RunEvent], None],
    flop_per_step: int = 0,
    block: str = "",
) -> Iterator[DueNetworks]:
    """Train networks in empty lanes, refill free lanes, and yield the networks to be evaluated.

    A network is yielded at each step at which its evaluation is due; the caller then extends its
    ``emergence``. It leaves its lane at its last step, or when it diverges; the next of ``waiting``
    enters it. ``emit`` receives an event for the steps of each chunk and for each measurement.
    ``flop_per_step`` is the number of floating-point operations of one step of one network, and
    ``block`` the name of the block in the events. The iteration ends early at the end of a chunk
    after which ``must_stop`` returns True. The networks in training then stay in their lanes.
    ``after_chunk`` is called after every chunk.
    """
    chunk_steps = FIRST_CHUNK_STEPS
    queue = deque(waiting)
    lanes.fill(_next(queue, lanes.n_free))
    while lanes.networks:
        steps = {lane: progress.to_next for lane, progress in lanes.networks.items()}
        most = steps_together(list(steps.values()), lanes.lane_width)
        goal = {lane: lanes.networks[lane].made + min(most, steps[lane]) for lane in steps}
        while any(lanes.networks[lane].made < goal[lane] for lane in goal) and not _any_done(lanes):
            if must_stop():
                return
            until = {
                lane: min(goal[lane], lanes.networks[lane].made + chunk_steps) for lane in goal
            }
            longest = max(until[lane] - lanes.networks[lane].made for lane in until)
            before = time.perf_counter()
            made = lanes.train_to(until)
            chunk_steps = next_chunk(longest, time.perf_counter() - before, CHUNK_SECONDS)
            emit(TrainingSteps(made, made * flop_per_step, block))
            after_chunk()
        if any(progress.is_due for progress in lanes.networks.values()):
            emit(TrainingMeasures(*map(float, lanes.measure())))
        lanes.spend()
        if (due := lanes.due()) is not None:
            yield due
            lanes.skip_time()
            lanes.free_finished()
            lanes.fill(() if must_stop() else _next(queue, lanes.n_free))


def steps_together(steps: Sequence[int], lane_width: int) -> int:
    """Return the number of steps that a block makes before its next measurement.

    ``steps`` are the steps of each network to its own next measurement. A network that reaches its
    measurement early waits for others if the idle time of all lanes is at most IDLE_STEPS.
    """
    near = np.sort(np.asarray(steps, np.int64))
    idle = near * np.arange(len(near)) - (np.cumsum(near) - near)
    return int(near[idle <= IDLE_STEPS * lane_width].max())


def _next(queue: deque[NetworkSpec], n: int) -> list[NetworkSpec]:
    return [queue.popleft() for _ in range(min(n, len(queue)))]


def _any_done(lanes: Lanes) -> bool:
    return any(progress.is_done for progress in lanes.networks.values())


def next_chunk(n_steps: int, seconds: float, wanted_s: float) -> int:
    """Return the steps of a chunk of ``wanted_s`` seconds if the last ``n_steps`` took ``seconds``.

    A chunk has at most about eight times the steps of the previous chunk.
    """
    wanted = n_steps * wanted_s / max(seconds, 1e-6)
    return max(1, min(int(wanted), 8 * n_steps + FIRST_CHUNK_STEPS))
