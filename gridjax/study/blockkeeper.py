"""A block's way to its checkpoints and back: what is saved of it, and how often."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import numpy as np

from gridjax.spec import NetworkSpec
from gridjax.study.arrayfiles import Leaves
from gridjax.study.checkpoint import Checkpoints, Lane, Snapshot
from gridjax.study.weights import leaf_name
from gridjax.training.population import Device
from gridjax.training.single import Progress, TrainState

History = list[tuple[int, Progress]]
"""(step, measures) of one network"""
_STEPS, _MEASURES, _COUNT = "history/steps", "history/measures", "history/count"
_LONGEST = 256
"""Room for a network's history in a checkpoint; histories are shorter."""


class Begun(NamedTuple):
    """Where a block begins or goes on."""

    state: TrainState
    made: np.ndarray
    """gradient steps of every lane"""
    histories: list[History]
    resumed: list[bool]


@dataclass(frozen=True)
class Keeping:
    """How the blocks of a run are kept; without checkpoints nothing is."""

    checkpoints: Checkpoints | None
    every_s: float
    segment: int
    exact: bool
    """whether training that goes on gives the bits of training that never stopped"""
    told: Callable[[str], None]


@dataclass
class BlockKeeper:
    """Saves one block while it trains."""

    keeping: Keeping
    specs: tuple[NetworkSpec, ...] = ()
    _start: float = field(default_factory=time.perf_counter)
    _saved_at: float = field(default_factory=time.monotonic)
    _saved: int = 0
    _earlier_s: list[float] = field(default_factory=list)
    _resumed: list[bool] = field(default_factory=list)
    _unsaved: tuple[Any, ...] | None = None

    def begin(self, state: TrainState, specs: tuple[NetworkSpec, ...], device: Device) -> Begun:
        """Return the block as drawn, each network brought to where its checkpoint left it."""
        self.specs = specs
        lanes = self._restore(state)
        leaves, structure = jax.tree_util.tree_flatten_with_path(state)
        made = np.zeros(len(leaves[0][1]), np.int32)
        self._earlier_s = [lane.seconds if lane else 0.0 for lane in lanes]
        self._resumed = [bool(lane) and self._is_inexact(lane) for lane in lanes]
        if not any(lanes):
            return Begun(state, made, [[] for _ in specs], self._resumed)
        arrays = [np.array(leaf) for _, leaf in leaves]
        for number, lane in enumerate(lanes):
            if lane is not None:
                made[number] = lane.steps
                for array, (path, _) in zip(arrays, leaves, strict=True):
                    array[number] = lane.leaves[leaf_name(path)]
        self._saved = int(made[: len(specs)].sum())
        restored = jax.device_put(jax.tree.unflatten(structure, arrays), device)
        return Begun(restored, made, [_history(lane) for lane in lanes], self._resumed)

    def save_if_due(self, state: TrainState, made: np.ndarray, histories: list[History]) -> None:
        """Save the block where its last checkpoint is older than wanted."""
        if time.monotonic() - self._saved_at >= self.keeping.every_s:
            self.save(state, made, histories)

    def save(self, state: TrainState, made: np.ndarray, histories: list[History]) -> None:
        """Save the block, unless it stands where it was saved last."""
        checkpoints = self.keeping.checkpoints
        steps = made[: len(self.specs)]
        if checkpoints is None or int(steps.sum()) == self._saved:
            return
        n = len(self.specs)
        flat, _ = jax.tree_util.tree_flatten_with_path(state)
        leaves = {leaf_name(path): np.array(leaf)[:n] for path, leaf in flat}
        run_ids = [spec.run_id for spec in self.specs]
        snapshot = Snapshot(
            run_ids=run_ids,
            steps=[int(one) for one in steps],
            leaves=leaves | _packed(histories),
            seconds=self.seconds(),
            segment=self.keeping.segment,
            resumed=self._resumed,
        )
        checkpoints.save(snapshot)
        self._saved, self._saved_at = int(steps.sum()), time.monotonic()

    def end(self, state: TrainState, made: np.ndarray, histories: list[History]) -> None:
        """Remember the trained block, so that it can be saved while it waits for its turn."""
        self._unsaved = (state, made, histories)

    def save_waiting(self) -> None:
        """Save the trained block where its last checkpoint is older than wanted."""
        if self._unsaved is not None:
            self.save_if_due(*self._unsaved)

    def save_now(self) -> None:
        """Save the trained block: the run stops before its turn."""
        if self._unsaved is not None:
            self.save(*self._unsaved)

    def seconds(self) -> list[float]:
        """Return the time spent on each network, that of earlier stops included."""
        each = (time.perf_counter() - self._start) / len(self.specs)
        return [earlier + each for earlier in self._earlier_s]

    def _restore(self, state: TrainState) -> Sequence[Lane | None]:
        if self.keeping.checkpoints is None:
            return [None] * len(self.specs)
        flat, _ = jax.tree_util.tree_flatten_with_path(state)
        shapes = {leaf_name(path): jax.ShapeDtypeStruct(a.shape[1:], a.dtype) for path, a in flat}
        shapes |= {
            name: jax.ShapeDtypeStruct(a.shape[1:], a.dtype) for name, a in _packed([[]]).items()
        }
        run_ids = [spec.run_id for spec in self.specs]
        before = len(self.keeping.checkpoints.damage)
        lanes = self.keeping.checkpoints.restore(run_ids, shapes)
        for spec in self.specs:
            lane = lanes.get(spec.run_id)
            if lane is not None and not _is_of(lane, spec):
                del lanes[spec.run_id]
                self.keeping.told(f"checkpoint of {spec.run_id}, not used: of steps it never makes")
        for damage in self.keeping.checkpoints.damage[before:]:
            self.keeping.told(f"damaged checkpoint, not used: {damage}")
        for spec in self.specs:
            if spec.run_id in lanes:
                steps = lanes[spec.run_id].steps
                self.keeping.told(f"{spec.run_id} goes on at step {steps} of {spec.n_grad_steps}")
        return [lanes.get(run_id) for run_id in run_ids]

    def _is_inexact(self, lane: Lane) -> bool:
        same = lane.segment == self.keeping.segment
        return lane.resumed or not (self.keeping.exact and same)


def _is_of(lane: Lane, spec: NetworkSpec) -> bool:
    """Whether a state is one that the training of a network passes."""
    count = int(lane.leaves[_COUNT])
    return 0 <= lane.steps <= spec.n_grad_steps and 0 <= count <= _LONGEST


def _packed(histories: list[History]) -> Leaves:
    """Return histories as arrays with a leading axis of lanes, to the bit."""
    steps = np.zeros((len(histories), _LONGEST), np.int64)
    measures = np.zeros((len(histories), _LONGEST, len(Progress._fields)), np.float32)
    for lane, history in enumerate(histories):
        for row, (step, progress) in enumerate(history):
            steps[lane, row], measures[lane, row] = step, progress
    count = np.asarray([len(history) for history in histories], np.int64)
    return {_STEPS: steps, _MEASURES: measures, _COUNT: count}


def _history(lane: Lane | None) -> History:
    if lane is None:
        return []
    rows = range(int(lane.leaves[_COUNT]))
    steps, measures = lane.leaves[_STEPS], lane.leaves[_MEASURES]
    return [(int(steps[row]), Progress(*measures[row])) for row in rows]
