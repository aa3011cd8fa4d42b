"""The lanes of one device: the networks that are trained together, and their state.

The results of a network do not depend on its neighbours, its lane or the time when it enters a
lane. A finished network can therefore be replaced by the next network while its neighbours
continue.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from gridjax.spec.network import NetworkSpec
from gridjax.training import population
from gridjax.training.lane_progress import LaneProgress
from gridjax.training.population import Device, Trainer
from gridjax.training.position_metrics import Progress
from gridjax.training.train_step import NOT_DIVERGED, TrainState

Restore = Callable[[TrainState, Mapping[int, LaneProgress], Device], TrainState]
"""(state, new networks by lane, device) -> the state with the saved states of these networks"""


class DueNetworks(NamedTuple):
    """Networks at a step at which they are evaluated: at their end, or along their training."""

    progress: Sequence[LaneProgress]
    state: TrainState
    """state of a whole block on its device; these networks are in its first lanes"""


class Lanes:
    """The lanes of one device, the networks in them, and their state."""

    def __init__(
        self,
        trainer: Trainer,
        lane_width: int,
        device: Device,
        restore: Restore | None = None,
        n_evaluations: int = 0,
    ):
        """``restore`` sets new networks to their saved states; None starts them at step 0.

        ``n_evaluations`` is the number of evaluations of each network along its training.
        """
        self.lane_width, self._n_evaluations = lane_width, n_evaluations
        self.networks: dict[int, LaneProgress] = {}
        """the networks in training, by lane, in the order of the lanes"""
        self.state: Any = None
        """state of all lanes; free lanes contain copies of networks"""
        self._trainer, self._device, self._restore = trainer, device, restore
        self._specs: list[NetworkSpec] = []  # one for every lane, including free lanes
        self._traced: Any = None
        self._since = time.perf_counter()

    @property
    def n_free(self) -> int:
        """Lanes without a network."""
        return self.lane_width - len(self.networks)

    @property
    def n_steps_made(self) -> int:
        """Gradient steps of all networks in training, those of earlier calls included."""
        return sum(progress.made for progress in self.networks.values())

    def fill(self, specs: Sequence[NetworkSpec]) -> None:
        """Put networks into free lanes, in their saved states. There must be enough free lanes."""
        if not specs:
            return
        self.spend()
        self._specs = self._specs or [specs[-1]] * self.lane_width
        free = [lane for lane in range(self.lane_width) if lane not in self.networks]
        newcomers = {
            lane: LaneProgress(spec, self._n_evaluations)
            for lane, spec in zip(free, specs, strict=False)
        }
        self.networks = dict(sorted((self.networks | newcomers).items()))
        for lane, progress in newcomers.items():
            self._specs[lane] = progress.spec
        self._traced = self._trainer.stack(self._specs, self._device)
        drawn = self._trainer.init(self._traced)
        if self._restore is not None:
            drawn = self._restore(drawn, newcomers, self._device)
        if self.state is None:
            self.state = drawn
        else:
            is_new = np.isin(np.arange(self.lane_width), list(newcomers))
            is_new = jax.device_put(is_new, self._device)
            self.state = population.replace_lanes(self.state, drawn, is_new)
        self._find_diverged()

    def train_to(self, until: Mapping[int, int]) -> int:
        """Train each lane to its step in ``until``; return the sum of the steps of all networks.

        If a network diverges, its remaining steps count as made.
        """
        before = self.n_steps_made
        steps = np.zeros(self.lane_width, np.int32)
        for lane, step in until.items():
            steps[lane] = step
        steps = jax.device_put(steps, self._device)
        self.state = self._trainer.chunk(self._traced, self.state, steps)
        jax.block_until_ready(self.state)
        for lane, step in until.items():
            self.networks[lane].made = max(step, self.networks[lane].made)
        self._find_diverged()
        return self.n_steps_made - before

    def train_steps(self, n_steps: int) -> int:
        """Train each network for ``n_steps`` further steps, even beyond its last step.

        Returns the number of steps made, without those of diverged networks.
        """
        going = [lane for lane, progress in self.networks.items() if not progress.has_diverged]
        if not going:
            return 0
        self.train_to({lane: self.networks[lane].made + n_steps for lane in going})
        return n_steps * sum(not self.networks[lane].has_diverged for lane in going)

    def measure(self) -> Progress:
        """Measure all networks; extend the histories of those that are due; return the means."""
        measured = jax.device_get(self._trainer.progress(self._traced, self.state))
        for lane, progress in self.networks.items():
            if progress.is_due:
                progress.measure(population.lane(measured, lane))
        lanes = list(self.networks)
        return jax.tree.map(lambda value: float(value[lanes].mean()), measured)

    def due(self) -> DueNetworks | None:
        """Return the networks that must be evaluated at their step; None if there are none.

        Networks that reached their last step or diverged are among them.
        """
        lanes = [lane for lane, progress in self.networks.items() if progress.is_evaluation_due]
        if not lanes:
            return None
        state = self.state
        if lanes != list(range(len(lanes))):
            index = np.asarray(lanes + [lanes[-1]] * (self.lane_width - len(lanes)))
            state = population.take_lanes(state, jax.device_put(index, self._device))
        return DueNetworks([self.networks[lane] for lane in lanes], state)

    def free_finished(self) -> None:
        """Free the lanes of the networks that reached their last step or diverged."""
        self.networks = {
            lane: progress for lane, progress in self.networks.items() if not progress.is_done
        }

    def spend(self) -> None:
        """Divide the time since the last call among the networks in training."""
        now = time.perf_counter()
        for progress in self.networks.values():
            progress.seconds += (now - self._since) / len(self.networks)
        self._since = now

    def skip_time(self) -> None:
        """Charge the time since the last call of ``spend`` to no network."""
        self._since = time.perf_counter()

    def _find_diverged(self) -> None:
        diverged = np.asarray(self.state.diverged_at) != NOT_DIVERGED
        for lane, progress in self.networks.items():
            if diverged[lane] and not progress.has_diverged:
                progress.diverge()
