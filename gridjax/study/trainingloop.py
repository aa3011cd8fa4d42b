"""Training one block to its end, chunk by chunk, with its history."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import numpy as np

from gridjax.spec import NetworkSpec
from gridjax.training import population
from gridjax.training.population import Device, Trainer
from gridjax.training.single import NOT_DIVERGED, Progress, TrainState

N_HISTORY = 64
"""Log-spaced steps of the training history, besides step 0; fewer in shorter trainings."""
CHUNK_SECONDS = 0.5
"""Length of a chunk: signals wait that long. It changes no number."""
FIRST_CHUNK_STEPS = 16

History = list[tuple[int, Progress]]
"""(step, measures) of one network"""


class TrainedBlock(NamedTuple):
    """A block at the end of its training; ``state`` has an axis of lanes, padding included."""

    specs: tuple[NetworkSpec, ...]
    state: TrainState
    histories: list[History]
    seconds_each: float
    """wall-clock time of the block over its networks"""


@dataclass(frozen=True)
class Watch:
    """How the loop hears that it should stop, and tells how it gets on."""

    stop: threading.Event
    steps: Callable[[int], None]
    """network-steps made since the last call"""
    measured: Callable[[Progress], None]
    """means over the block"""


def train_block(
    trainer: Trainer,
    specs: tuple[NetworkSpec, ...],
    lane_width: int,
    device: Device,
    watch: Watch,
) -> TrainedBlock | None:
    """Train a block of networks of one bucket, or return None when asked to stop."""
    start = time.perf_counter()
    traced = population.stack(specs, lane_width, device)
    steps = [history_steps(spec.n_grad_steps) for spec in specs]
    steps += [steps[-1]] * (lane_width - len(specs))
    histories: list[History] = [[] for _ in specs]
    state = trainer.init(traced)
    made = np.zeros(lane_width, np.int32)
    chunk_steps = FIRST_CHUNK_STEPS
    for index in range(max(map(len, steps))):
        target = np.asarray([own[min(index, len(own) - 1)] for own in steps], np.int32)
        while (made < target).any():
            if watch.stop.is_set():
                return None
            until = np.minimum(target, made + chunk_steps)
            before = time.perf_counter()
            state = trainer.chunk(traced, state, jax.device_put(until, device))
            jax.block_until_ready(state)
            chunk_steps = _next_chunk(int((until - made).max()), time.perf_counter() - before)
            watch.steps(int((until - made)[: len(specs)].sum()))
            made = until
        measured = jax.tree.map(np.asarray, trainer.progress(traced, state))
        alive = np.asarray(state.diverged_at) == NOT_DIVERGED
        for lane, history in enumerate(histories):
            if index < len(steps[lane]) and alive[lane]:
                history.append((steps[lane][index], population.lane(measured, lane)))
        watch.measured(jax.tree.map(lambda value: float(value[: len(specs)].mean()), measured))
    seconds_each = (time.perf_counter() - start) / len(specs)
    return TrainedBlock(specs, state, histories, seconds_each)


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
