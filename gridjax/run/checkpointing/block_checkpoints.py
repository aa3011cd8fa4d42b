"""Checkpoints of a block: the decision when to save its networks, and their restoration."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import jax
import numpy as np

from gridjax.callbacks import CheckpointSaved, NetworkResumed, RunEvent, RunWarning
from gridjax.run.checkpointing.array_files import Leaves, leaf_name
from gridjax.run.checkpointing.checkpoints import Checkpoints, Lane, Snapshot
from gridjax.spec.network import NetworkSpec
from gridjax.training.lane import History, Trainee
from gridjax.training.population import Device
from gridjax.training.train_step import Progress, TrainState

_STEPS, _MEASURES, _COUNT = "history/steps", "history/measures", "history/count"
_LONGEST = 256
"""Rows that a checkpoint reserves for the history of a network; every history is shorter."""


@dataclass(frozen=True)
class CheckpointPolicy:
    """Place and frequency of the checkpoints of a run; by default no checkpoints are saved."""

    checkpoints: Checkpoints | None = None
    every_s: float = math.inf
    """seconds between two checkpoints of a block"""
    segment: int = 0
    """number of the continuation of the run, which checkpoints record"""
    exact: bool = True
    """whether resumed training gives the same bits as uninterrupted training"""


def _ignore(event: RunEvent) -> None:
    """Drop an event."""


@dataclass
class BlockCheckpointer:
    """Saves and restores the networks of one block, in training or waiting for evaluation."""

    policy: CheckpointPolicy = field(default_factory=CheckpointPolicy)
    emit: Callable[[RunEvent], None] = _ignore
    """receives saved checkpoints, resumed networks and warnings about damaged checkpoints"""
    _saved_at: float = field(default_factory=time.monotonic)
    _saved: dict[str, int] = field(default_factory=dict)
    """run_id -> steps of its newest checkpoint"""

    def restore(
        self, state: TrainState, newcomers: Mapping[int, Trainee], device: Device
    ) -> TrainState:
        """Return the state with the lanes of new networks set to their newest checkpoints.

        ``newcomers`` maps lanes to the new networks; their steps, histories and times are set too.
        A network without an intact checkpoint keeps its initial state.
        """
        restored = self._read(state, [newcomer.spec for newcomer in newcomers.values()])
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
        """Whether the last checkpoint is older than the policy allows."""
        return time.monotonic() - self._saved_at >= self.policy.every_s

    def save(self, trainees: Sequence[Trainee], state: TrainState, lanes: Iterable[int]) -> None:
        """Save networks and their lanes of a state if a step was made since the last checkpoint."""
        checkpoints, lanes = self.policy.checkpoints, list(lanes)
        steps = {trainee.spec.run_id: trainee.made for trainee in trainees}
        is_saved = all(self._saved.get(run_id, 0) == made for run_id, made in steps.items())
        if checkpoints is None or is_saved:
            return
        flat, _ = jax.tree_util.tree_flatten_with_path(state)
        leaves = {leaf_name(path): np.asarray(leaf)[lanes] for path, leaf in flat}
        snapshot = Snapshot(
            run_ids=list(steps),
            steps=list(steps.values()),
            leaves=leaves | _packed([trainee.history for trainee in trainees]),
            seconds=[trainee.seconds for trainee in trainees],
            segment=self.policy.segment,
            resumed=[trainee.resumed for trainee in trainees],
        )
        checkpoints.save(snapshot)
        self._saved, self._saved_at = steps, time.monotonic()
        self.emit(CheckpointSaved(tuple(steps), tuple(steps.values())))

    def detach(self, trainees: Iterable[Trainee]) -> BlockCheckpointer:
        """Return the checkpointer of networks that leave the block."""
        run_ids = [trainee.spec.run_id for trainee in trainees]
        theirs = {name: self._saved.pop(name) for name in run_ids if name in self._saved}
        return BlockCheckpointer(self.policy, self.emit, self._saved_at, theirs)

    def _read(self, state: TrainState, specs: Sequence[NetworkSpec]) -> dict[str, Lane]:
        checkpoints = self.policy.checkpoints
        if checkpoints is None:
            return {}
        flat, _ = jax.tree_util.tree_flatten_with_path(state)
        shapes = {leaf_name(path): jax.ShapeDtypeStruct(a.shape[1:], a.dtype) for path, a in flat}
        shapes |= {
            name: jax.ShapeDtypeStruct(a.shape[1:], a.dtype) for name, a in _packed([[]]).items()
        }
        lanes = checkpoints.restore([spec.run_id for spec in specs], shapes)
        for spec in specs:
            lane = lanes.get(spec.run_id)
            if lane is not None and not _is_of(lane, spec):
                del lanes[spec.run_id]
                what = f"its steps are not those of a training of {spec.n_grad_steps}"
                self.emit(RunWarning(f"checkpoint of {spec.run_id} is not used: {what}"))
        for damage in checkpoints.new_damage():
            self.emit(RunWarning(f"damaged checkpoint is not used: {damage}"))
        for spec in specs:
            if spec.run_id in lanes:
                self.emit(NetworkResumed(spec.run_id, lanes[spec.run_id].steps, spec.n_grad_steps))
        return lanes

    def _is_inexact(self, lane: Lane) -> bool:
        is_same = lane.segment == self.policy.segment
        return lane.resumed or not (self.policy.exact and is_same)


def _is_of(lane: Lane, spec: NetworkSpec) -> bool:
    """Return whether a saved state can belong to the training of a network."""
    count = int(lane.leaves[_COUNT])
    return 0 <= lane.steps <= spec.n_grad_steps and 0 <= count <= _LONGEST


def _packed(histories: list[History]) -> Leaves:
    """Return histories as arrays with a leading axis of lanes; no information is lost."""
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
