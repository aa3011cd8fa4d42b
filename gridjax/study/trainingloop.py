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
from gridjax.study.blockkeeper import BlockKeeper, History
from gridjax.training import population
from gridjax.training.population import Device, Trainer
from gridjax.training.single import NOT_DIVERGED, Progress, TrainState

N_HISTORY = 64
"""Log-spaced steps of the training history, besides step 0; fewer in shorter trainings."""
CHUNK_SECONDS = 0.5
"""Length of a chunk: signals wait that long. It changes no number."""
FIRST_CHUNK_STEPS = 16


class TrainedBlock(NamedTuple):
    """A block at the end of its training; ``state`` has an axis of lanes, padding included."""

    specs: tuple[NetworkSpec, ...]
    state: TrainState
    histories: list[History]
    seconds: list[float]
    """wall-clock time of the block over its networks, for each, earlier stops included"""
    resumed: list[bool]
    """whether a network went on where bits are not promised"""
    keeper: BlockKeeper

    @property
    def run_ids(self) -> list[str]:
        """The networks of the block."""
        return [spec.run_id for spec in self.specs]


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
    keeper: BlockKeeper,
) -> TrainedBlock | None:
    """Train a block of networks of one bucket, or save it and return None when asked to stop.

    Every network goes on from its own newest checkpoint.
    """
    traced = trainer.stack(specs, device)
    progress = keeper.begin(trainer.init(traced), specs, device)
    state, made, histories = progress.state, progress.made, progress.histories
    steps = [history_steps(spec.n_grad_steps) for spec in specs]
    steps += [steps[-1]] * (lane_width - len(specs))
    at = np.asarray([len(history) for history in histories] + [0] * (lane_width - len(specs)))
    chunk_steps = FIRST_CHUNK_STEPS
    while any(at[lane] < len(steps[lane]) for lane in range(len(specs))):
        target = np.asarray(
            [own[min(index, len(own) - 1)] for own, index in zip(steps, at, strict=True)], np.int32
        )
        while (made < target).any():
            if watch.stop.is_set():
                keeper.save(state, made, histories)
                return None
            until = np.maximum(made, np.minimum(target, made + chunk_steps))
            before = time.perf_counter()
            state = trainer.chunk(traced, state, jax.device_put(until, device))
            jax.block_until_ready(state)
            chunk_steps = _next_chunk(int((until - made).max()), time.perf_counter() - before)
            watch.steps(int((until - made)[: len(specs)].sum()))
            made = until
            keeper.save_if_due(state, made, histories)
        measured = jax.tree.map(np.asarray, trainer.progress(traced, state))
        alive = np.asarray(state.diverged_at) == NOT_DIVERGED
        for lane, history in enumerate(histories):
            if at[lane] < len(steps[lane]) and alive[lane]:
                history.append((steps[lane][at[lane]], population.lane(measured, lane)))
        at += 1
        watch.measured(jax.tree.map(lambda value: float(value[: len(specs)].mean()), measured))
    keeper.end(state, made, histories)
    return TrainedBlock(specs, state, histories, keeper.seconds(), progress.resumed, keeper)


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
