"""Checkpoints of a block: which networks are saved, how often, and their restoration."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import jax
import numpy as np

from gridjax.run.checkpointing.array_files import Leaves, leaf_name
from gridjax.run.checkpointing.checkpoints import Checkpoints, Lane, Snapshot
from gridjax.spec.network import NetworkSpec
from gridjax.training.lane import History, Trainee
from gridjax.training.population import Device
from gridjax.training.train_step import Progress, TrainState

_STEPS, _MEASURES, _COUNT = "history/steps", "history/measures", "history/count"
_LONGEST = 256
"""Room for a network's history in a checkpoint; histories are shorter."""


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
    """Saves the networks of one block while they train, or while they wait to be evaluated."""

    keeping: Keeping
    _saved_at: float = field(default_factory=time.monotonic)
    _saved: dict[str, int] = field(default_factory=dict)
    """run_id -> steps of its newest checkpoint"""

    def begin(
        self, state: TrainState, newcomers: Mapping[int, Trainee], device: Device
    ) -> TrainState:
        """Bring networks, by lane, from a block as drawn to where their checkpoints left them."""
        restored = self._restore(state, [newcomer.spec for newcomer in newcomers.values()])
        if not restored:
            return state
        leaves, structure = jax.tree_util.tree_flatten_with_path(state)
        arrays = [np.array(leaf) for _, leaf in leaves]
        for number, trainee in newcomers.items():
            lane = restored.get(trainee.spec.run_id)
            if lane is None:
                continue
            for array, (path, _) in zip(arrays, leaves, strict=True):
                array[number] = lane.leaves[leaf_name(path)]
            trainee.made, trainee.seconds = lane.steps, lane.seconds
            trainee.history, trainee.resumed = _history(lane), self._is_inexact(lane)
            self._saved[trainee.spec.run_id] = lane.steps
        return jax.device_put(jax.tree.unflatten(structure, arrays), device)

    @property
    def is_due(self) -> bool:
        """Whether the last checkpoint is older than wanted."""
        return time.monotonic() - self._saved_at >= self.keeping.every_s

    def save(self, trainees: Sequence[Trainee], state: TrainState, lanes: Iterable[int]) -> None:
        """Save networks and their lanes of a state, unless all stand where they were saved last."""
        checkpoints, lanes = self.keeping.checkpoints, list(lanes)
        steps = {trainee.spec.run_id: trainee.made for trainee in trainees}
        stand = all(self._saved.get(run_id, 0) == made for run_id, made in steps.items())
        if checkpoints is None or stand:
            return
        flat, _ = jax.tree_util.tree_flatten_with_path(state)
        leaves = {leaf_name(path): np.asarray(leaf)[lanes] for path, leaf in flat}
        snapshot = Snapshot(
            run_ids=list(steps),
            steps=list(steps.values()),
            leaves=leaves | _packed([trainee.history for trainee in trainees]),
            seconds=[trainee.seconds for trainee in trainees],
            segment=self.keeping.segment,
            resumed=[trainee.resumed for trainee in trainees],
        )
        checkpoints.save(snapshot)
        self._saved, self._saved_at = steps, time.monotonic()

    def of(self, trainees: Iterable[Trainee]) -> BlockKeeper:
        """Return a keeper of networks that leave the block."""
        run_ids = [trainee.spec.run_id for trainee in trainees]
        theirs = {name: self._saved.pop(name) for name in run_ids if name in self._saved}
        return BlockKeeper(self.keeping, self._saved_at, theirs)

    def _restore(self, state: TrainState, specs: Sequence[NetworkSpec]) -> dict[str, Lane]:
        checkpoints, told = self.keeping.checkpoints, self.keeping.told
        if checkpoints is None:
            return {}
        flat, _ = jax.tree_util.tree_flatten_with_path(state)
        shapes = {leaf_name(path): jax.ShapeDtypeStruct(a.shape[1:], a.dtype) for path, a in flat}
        shapes |= {
            name: jax.ShapeDtypeStruct(a.shape[1:], a.dtype) for name, a in _packed([[]]).items()
        }
        before = len(checkpoints.damage)
        lanes = checkpoints.restore([spec.run_id for spec in specs], shapes)
        for spec in specs:
            lane = lanes.get(spec.run_id)
            if lane is not None and not _is_of(lane, spec):
                del lanes[spec.run_id]
                told(f"checkpoint of {spec.run_id}, not used: of steps it never makes")
        for damage in checkpoints.damage[before:]:
            told(f"damaged checkpoint, not used: {damage}")
        for spec in specs:
            if spec.run_id in lanes:
                steps = lanes[spec.run_id].steps
                told(f"{spec.run_id} goes on at step {steps} of {spec.n_grad_steps}")
        return lanes

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


def _history(lane: Lane) -> History:
    rows = range(int(lane.leaves[_COUNT]))
    steps, measures = lane.leaves[_STEPS], lane.leaves[_MEASURES]
    return [(int(steps[row]), Progress(*measures[row])) for row in rows]
