"""Block of networks of one bucket that are trained together in the lanes of one device.

A finished network is moved to the host, so that its lane is free for the next network. The results
of a network do not depend on its neighbours, its lane or the time when it enters the block.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from gridjax.run.checkpointing.block_checkpoints import BlockCheckpointer
from gridjax.spec.network import NetworkSpec
from gridjax.training import population
from gridjax.training.lane import Trainee
from gridjax.training.population import Device, Trainer
from gridjax.training.train_step import NOT_DIVERGED, Progress, TrainState


@dataclass(frozen=True)
class Trained:
    """Networks after their training, on the host, before their evaluation."""

    trainees: Sequence[Trainee]
    state: TrainState
    """NumPy arrays with a leading axis of these networks"""
    checkpointer: BlockCheckpointer

    @property
    def run_ids(self) -> list[str]:
        """The run_ids of the networks."""
        return [trainee.spec.run_id for trainee in self.trainees]

    def save_if_due(self) -> None:
        """Save the networks if their next checkpoint is due."""
        if self.checkpointer.is_due:
            self.save()

    def save(self) -> None:
        """Save the networks, for instance when a run stops before their evaluation."""
        self.checkpointer.save(self.trainees, self.state, range(len(self.trainees)))


class Block:
    """The lanes of one device, the networks in them, and their state."""

    def __init__(
        self,
        trainer: Trainer,
        lane_width: int,
        device: Device,
        checkpointer: BlockCheckpointer | None = None,
    ):
        self.lane_width = lane_width
        self.trainees: dict[int, Trainee] = {}
        """the networks in training, by lane"""
        self._trainer, self._device = trainer, device
        self._checkpointer = checkpointer or BlockCheckpointer()
        self._specs: list[NetworkSpec] = []  # one for every lane, including free lanes
        self._traced: Any = None
        self._state: Any = None
        self._since = time.perf_counter()

    @property
    def n_free(self) -> int:
        """Lanes without a network."""
        return self.lane_width - len(self.trainees)

    def fill(self, specs: Sequence[NetworkSpec]) -> None:
        """Put networks into free lanes, in the state of their newest checkpoints.

        There must be a free lane for each network.
        """
        if not specs:
            return
        self._spend()
        self._specs = self._specs or [specs[-1]] * self.lane_width
        free = [lane for lane in range(self.lane_width) if lane not in self.trainees]
        newcomers = {lane: Trainee(spec) for lane, spec in zip(free, specs, strict=False)}
        self.trainees |= newcomers
        for lane, trainee in newcomers.items():
            self._specs[lane] = trainee.spec
        self._traced = self._trainer.stack(self._specs, self._device)
        drawn = self._trainer.init(self._traced)
        drawn = self._checkpointer.restore(drawn, newcomers, self._device)
        if self._state is None:
            self._state = drawn
        else:
            is_new = np.isin(np.arange(self.lane_width), list(newcomers))
            is_new = jax.device_put(is_new, self._device)
            self._state = population.replace_lanes(self._state, drawn, is_new)
        self._find_diverged()

    def train_to(self, until: Mapping[int, int]) -> int:
        """Train each lane to its step in ``until``; return the sum of the steps of all networks.

        If a network diverges, its remaining steps count as made.
        """
        before = self._n_made()
        steps = np.zeros(self.lane_width, np.int32)
        for lane, step in until.items():
            steps[lane] = step
        steps = jax.device_put(steps, self._device)
        self._state = self._trainer.chunk(self._traced, self._state, steps)
        jax.block_until_ready(self._state)
        for lane, step in until.items():
            self.trainees[lane].made = max(step, self.trainees[lane].made)
        self._find_diverged()
        return self._n_made() - before

    def train_steps(self, n_steps: int) -> int:
        """Train each network for ``n_steps`` further steps, even beyond its last step.

        Returns the number of steps made, without those of diverged networks.
        """
        going = [lane for lane, trainee in self.trainees.items() if not trainee.has_diverged]
        if not going:
            return 0
        self.train_to({lane: self.trainees[lane].made + n_steps for lane in going})
        return n_steps * sum(not self.trainees[lane].has_diverged for lane in going)

    def measure(self) -> Progress:
        """Measure all networks; extend the histories of those that are due; return the means."""
        progress = self._trainer.progress(self._traced, self._state)
        measured = jax.tree.map(np.asarray, progress)
        for lane, trainee in self.trainees.items():
            if trainee.is_due:
                trainee.measure(population.lane(measured, lane))
        lanes = list(self.trainees)
        return jax.tree.map(lambda value: float(value[lanes].mean()), measured)

    def take_out(self) -> Trained | None:
        """Move the finished networks to the host and free their lanes; None if there are none."""
        lanes = [lane for lane, trainee in sorted(self.trainees.items()) if trainee.is_done]
        if not lanes:
            return None
        self._spend()
        state = jax.tree.map(lambda leaf: np.asarray(leaf)[lanes], self._state)
        done = [self.trainees.pop(lane) for lane in lanes]
        return Trained(done, state, self._checkpointer.detach(done))

    def save_if_due(self) -> None:
        """Save the networks in training if their next checkpoint is due."""
        if self._checkpointer.is_due:
            self.save()

    def save(self) -> None:
        """Save the networks in training."""
        self._spend()
        lanes = sorted(self.trainees)
        self._checkpointer.save([self.trainees[lane] for lane in lanes], self._state, lanes)

    def _n_made(self) -> int:
        return sum(trainee.made for trainee in self.trainees.values())

    def _find_diverged(self) -> None:
        diverged = np.asarray(self._state.diverged_at) != NOT_DIVERGED
        for lane, trainee in self.trainees.items():
            if diverged[lane] and not trainee.has_diverged:
                trainee.diverge()

    def _spend(self) -> None:
        """Divide the time since the last call among the networks in training."""
        now = time.perf_counter()
        for trainee in self.trainees.values():
            trainee.seconds += (now - self._since) / len(self.trainees)
        self._since = now
