"""Checkpoints of a block: the decision when to save its networks, and their restoration."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from gridjax.callbacks import CheckpointSaved, NetworkResumed, RunEvent, RunWarning
from gridjax.errors import StorageError
from gridjax.run.checkpointing.async_arrays import Leaves
from gridjax.run.checkpointing.block_folder import CHECKPOINTS, KEPT, BlockFolder, attempt_folders
from gridjax.run.checkpointing.checkpoint_list import Lane, Snapshot
from gridjax.run.evaluation.emergence import COLUMNS
from gridjax.run.planning.blocks import Block
from gridjax.spec.network import NetworkSpec
from gridjax.training.lane_progress import N_HISTORY, History, LaneProgress
from gridjax.training.leaf_names import leaf_name
from gridjax.training.population import Device
from gridjax.training.position_metrics import Progress
from gridjax.training.train_step import TrainState

_STEPS, _MEASURES, _COUNT = "history/steps", "history/measures", "history/count"
_LONGEST = 256
"""Rows that a checkpoint reserves for the history of a network; every history is shorter."""
_EVALUATIONS, _N_EVALUATIONS = "emergence/rows", "emergence/count"
_MOST_EVALUATIONS = N_HISTORY + 1
"""Rows that a checkpoint reserves for evaluations along training, which are at steps of the
history."""


@dataclass(frozen=True)
class CheckpointPolicy:
    """Frequency of the checkpoints of a run, and the conditions under which they are exact."""

    every_s: float = math.inf
    """seconds between two checkpoints of a block"""
    segment: int = 0
    """number of the continuation of the run, which checkpoints record"""
    exact: bool = True
    """whether resumed training gives the same bits as uninterrupted training"""


class BlockCheckpointer:
    """Saves and restores the networks in training of one block of a run folder."""

    def __init__(
        self,
        run_folder: Path,
        block: Block,
        policy: CheckpointPolicy,
        emit: Callable[[RunEvent], None],
        attempt: str = "",
    ):
        """``emit`` receives saved checkpoints, resumed networks and warnings about damage.

        ``attempt`` is the name of this attempt at the block if there can be another one at the same
        time: eight hexadecimal digits, in the order of the attempts. It has a folder of its own.
        """
        self._block, self._policy, self._emit = block, policy, emit
        self._run_folder = run_folder
        name = f"{block.name}-{attempt}" if attempt else block.name
        self._folder = BlockFolder(run_folder / CHECKPOINTS / name)
        self._earlier: list[BlockFolder] = []
        """folders of other attempts, until this one has its own checkpoints"""
        self._n_saved = 0
        self._folder.remove_temporaries()
        self.unfinished = {spec.run_id for spec in block.specs}
        """networks without results; saved states of others are not used"""
        self._lanes: dict[str, Lane] | None = None
        """saved states of the networks that have not yet entered a lane"""
        self._saved: dict[str, int] = {}
        self._saved_at = time.monotonic()
        self._announced: CheckpointSaved | None = None

    def restore(
        self, state: TrainState, newcomers: Mapping[int, LaneProgress], device: Device
    ) -> TrainState:
        """Return the state with the lanes of new networks set to their saved states.

        ``newcomers`` maps lanes to the new networks; their steps, histories and times are set too.
        A network without an intact checkpoint keeps its initial state.
        """
        flat, structure = jax.tree_util.tree_flatten_with_path(state)
        lanes = self._read(flat)
        restored = {
            number: lanes.pop(progress.spec.run_id)
            for number, progress in newcomers.items()
            if progress.spec.run_id in lanes
        }
        if not restored:
            return state
        arrays = [np.array(leaf) for _, leaf in flat]
        for number, lane in restored.items():
            for array, (path, _) in zip(arrays, flat, strict=True):
                array[number] = lane.leaves[leaf_name(path)]
            progress = newcomers[number]
            progress.made, progress.seconds = lane.steps, lane.seconds
            progress.history, progress.emergence = _history(lane), _emergence(lane)
            progress.resumed = self._is_inexact(lane)
            run_id, n_steps = progress.spec.run_id, progress.spec.n_grad_steps
            self._saved[run_id] = lane.steps
            self._emit(NetworkResumed(run_id, lane.steps, n_steps))
        return jax.device_put(jax.tree.unflatten(structure, arrays), device)

    @property
    def is_due(self) -> bool:
        """Whether the last checkpoint is older than the policy allows."""
        return time.monotonic() - self._saved_at >= self._policy.every_s

    def save(self, lanes: Mapping[int, LaneProgress], state: TrainState, block_steps: int) -> None:
        """Start to save the networks in ``lanes`` if a step was made since the last checkpoint.

        Saved states that wait for a lane, as after a lane width was lowered, are saved again.
        ``block_steps`` are the gradient steps of the block, those of finished networks included.
        """
        steps = {progress.spec.run_id: progress.made for progress in lanes.values()}
        if not steps or steps == {run_id: self._saved.get(run_id, 0) for run_id in steps}:
            return
        flat, _ = jax.tree_util.tree_flatten_with_path(state)
        is_whole = list(lanes) == list(range(len(state.step)))
        leaves: dict[str, Any] = {
            leaf_name(path): leaf if is_whole else leaf[np.asarray(list(lanes))]
            for path, leaf in flat
        }
        in_training, waiting = list(lanes.values()), self._lanes or {}
        of_waiting = waiting.values()
        snapshot = Snapshot(
            run_ids=[*steps, *waiting],
            steps=[*steps.values(), *(lane.steps for lane in of_waiting)],
            leaves=_extended(leaves | _packed(in_training), [lane.leaves for lane in of_waiting]),
            seconds=[each.seconds for each in (*in_training, *of_waiting)],
            segment=self._policy.segment,
            resumed=[
                *(progress.resumed for progress in in_training),
                *map(self._is_inexact, of_waiting),
            ],
            networks=self._block.run_ids,
            block_steps=block_steps + sum(lane.steps for lane in of_waiting),
        )
        self.wait()
        self._folder.save(snapshot)
        self._saved, self._saved_at = steps, time.monotonic()
        self._announced = CheckpointSaved(tuple(steps), tuple(steps.values()))
        if self._policy.every_s == 0:
            self.wait()

    def wait(self) -> None:
        """Wait until the last checkpoint is on the disk; raise the error of its writing."""
        self._folder.wait()
        if self._announced is not None:
            self._emit(self._announced)
            self._announced = None
            self._n_saved += 1
            if self._n_saved == KEPT:
                self._remove_earlier()

    def remove(self) -> None:
        """Remove the checkpoints after the block was committed."""
        self._announced = None
        self._folder.remove()
        self._earlier = self._others()
        self._remove_earlier()

    def _others(self) -> list[BlockFolder]:
        found = attempt_folders(self._run_folder, self._block.name)
        return [each for each in found if each.folder != self._folder.folder]

    def _remove_earlier(self) -> None:
        """Remove the folders of earlier attempts; one that still writes fails or starts anew."""
        earlier, self._earlier = self._earlier, []
        for each in earlier:
            with suppress(StorageError):
                each.remove()

    def _read(self, flat: Sequence[tuple[Any, Any]]) -> dict[str, Lane]:
        """Return the saved networks that have not yet entered a lane; read them at the first call.

        ``flat`` are the paths and leaves of the state of a block.
        """
        if self._lanes is None:
            shapes = {
                leaf_name(path): jax.ShapeDtypeStruct(a.shape[1:], a.dtype) for path, a in flat
            }
            shapes |= {
                name: jax.ShapeDtypeStruct(a.shape[1:], a.dtype) for name, a in _packed([]).items()
            }
            others, own = self._others(), self._folder.folder.name
            found = self._folder.restore(shapes, others)
            self._lanes = {name: lane for name, lane in found.items() if name in self.unfinished}
            self._earlier = [each for each in others if own > each.folder.name or "-" not in own]
            for damage in self._folder.damage:
                self._emit(RunWarning(f"damaged checkpoint is not used: {damage}"))
            for spec in self._block.specs:
                lane = self._lanes.get(spec.run_id)
                if lane is not None and not _is_of(lane, spec):
                    del self._lanes[spec.run_id]
                    what = f"its steps are not those of a training of {spec.n_grad_steps}"
                    self._emit(RunWarning(f"checkpoint of {spec.run_id} is not used: {what}"))
        return self._lanes

    def _is_inexact(self, lane: Lane) -> bool:
        is_same = lane.segment == self._policy.segment
        return lane.resumed or not (self._policy.exact and is_same)


def _is_of(lane: Lane, spec: NetworkSpec) -> bool:
    """Return whether a saved state can belong to the training of a network."""
    count, evaluations = (int(lane.leaves[name]) for name in (_COUNT, _N_EVALUATIONS))
    are_counts = 0 <= count <= _LONGEST and 0 <= evaluations <= _MOST_EVALUATIONS
    return are_counts and 0 <= lane.steps <= spec.n_grad_steps


def _extended(leaves: dict[str, Any], others: Sequence[Leaves]) -> dict[str, Any]:
    """Return arrays of networks, with the arrays of other networks after them."""
    if not others:
        return leaves
    return {
        name: np.concatenate([np.asarray(leaf), [other[name] for other in others]])
        for name, leaf in leaves.items()
    }


def _packed(networks: Sequence[LaneProgress]) -> Leaves:
    """Return the histories and the evaluations of networks as arrays; no information is lost.

    All arrays have a leading axis of networks.
    """
    steps = np.zeros((len(networks), _LONGEST), np.int64)
    measures = np.zeros((len(networks), _LONGEST, len(Progress._fields)), np.float32)
    evaluations = np.zeros((len(networks), _MOST_EVALUATIONS, len(COLUMNS)), np.float64)
    for lane, network in enumerate(networks):
        for row, (step, progress) in enumerate(network.history):
            steps[lane, row], measures[lane, row] = step, progress
        for row, evaluation in enumerate(network.emergence):
            evaluations[lane, row] = [evaluation[name] for name in COLUMNS]
    return {
        _STEPS: steps,
        _MEASURES: measures,
        _COUNT: np.asarray([len(network.history) for network in networks], np.int64),
        _EVALUATIONS: evaluations,
        _N_EVALUATIONS: np.asarray([len(network.emergence) for network in networks], np.int64),
    }


def _history(lane: Lane) -> History:
    rows = range(int(lane.leaves[_COUNT]))
    steps, measures = lane.leaves[_STEPS], lane.leaves[_MEASURES]
    return [(int(steps[row]), Progress(*measures[row])) for row in rows]


def _emergence(lane: Lane) -> list[dict[str, float]]:
    rows = lane.leaves[_EVALUATIONS][: int(lane.leaves[_N_EVALUATIONS])]
    found = [dict(zip(COLUMNS, map(float, row), strict=True)) for row in rows]
    return [row | {"step": int(row["step"])} for row in found]
