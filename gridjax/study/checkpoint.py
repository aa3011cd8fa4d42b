"""Networks in the middle of their training, on disk: commit, verify, restore.

A checkpoint is a folder ``checkpoints/BLOCK/STEPS``: NumPy leaves written by orbax, and a sealed
list of them and of orbax's files with the sha256 of each. Which checkpoints there are is read from
our own folders and seals alone; one that is not what was written is never used, and the next older
one is taken.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gridjax.study.arrayfiles import Leaves, file_digests, load_arrays, save_arrays
from gridjax.study.durable import (
    ASIDE,
    clear_asides,
    new_folder,
    read_regular,
    remove_folder,
    remove_tree,
    seal,
    unseal,
    write_file,
    writing,
)

CHECKPOINTS = "checkpoints"
KEPT = 2
"""Checkpoints of a block that stay: the newest, and one to fall back to."""
_LIST = "checkpoint.json"
_ARRAYS = "arrays"
_BLOCK = re.compile("[0-9a-f]{16}")
_STEPS = re.compile("[0-9]{15}")


class Lane(NamedTuple):
    """One network in the middle of its training."""

    steps: int
    """gradient steps made"""
    leaves: Leaves
    """its arrays by name"""
    seconds: float
    """wall-clock time spent on it so far"""
    segment: int
    """the run's continuation under which it was saved"""
    resumed: bool
    """whether it was resumed where bits are not promised"""


class Snapshot(NamedTuple):
    """A block in the middle of its training."""

    run_ids: Sequence[str]
    steps: Sequence[int]
    """gradient steps made, for each network"""
    leaves: Leaves
    """arrays by name, with a leading axis of lanes"""
    seconds: Sequence[float]
    segment: int
    resumed: Sequence[bool]


@dataclass(frozen=True)
class Checkpoint:
    """One checkpoint that is there, by its sealed list; its arrays are read when asked for."""

    folder: Path
    run_ids: tuple[str, ...]
    steps: tuple[int, ...]
    content: dict[str, Any]

    def read(self) -> Leaves:
        """Return the arrays. Raises ValueError where one, or a file, is not what was written.

        Orbax is given none but the bytes it wrote: it parses what it reads.
        """
        listed = self.content["leaves"]
        try:
            files = file_digests(self.folder / _ARRAYS)
        except OSError as error:
            raise ValueError(f"{_ARRAYS} cannot be read: {error.strerror}") from None
        for name in sorted(files.keys() | self.content["files"].keys()):
            if files.get(name) != self.content["files"].get(name):
                raise ValueError(f"{_ARRAYS}/{name} is not what was written (sha256)")
        arrays = load_arrays(self.folder / _ARRAYS)
        if len(arrays) != len(listed):
            raise ValueError(f"{len(arrays)} arrays, not {len(listed)}")
        leaves = {}
        for number, (name, told) in enumerate(listed.items()):
            array = arrays.get(_key(number))
            if array is None or array.dtype.hasobject:
                raise ValueError(f"{name} is missing")
            if _describe(array) != told:
                raise ValueError(f"{name} is not what was written (sha256)")
            leaves[name] = array
        return leaves


@dataclass
class Checkpoints:
    """The checkpoints of a run folder."""

    folder: Path
    damage: list[str] = field(default_factory=list)
    """what was found damaged, as sentences"""

    def save(self, snapshot: Snapshot) -> None:
        """Commit a checkpoint of a block and drop those that it makes superfluous.

        Raises StorageError where the disk takes no more; the older checkpoints stay.
        """
        block = self.folder / CHECKPOINTS / _block_name(snapshot.run_ids)
        listed = {name: _describe(array) for name, array in snapshot.leaves.items()}
        content = {
            "run_ids": list(snapshot.run_ids),
            "steps": [int(steps) for steps in snapshot.steps],
            "seconds": [float(seconds) for seconds in snapshot.seconds],
            "segment": snapshot.segment,
            "resumed": [bool(resumed) for resumed in snapshot.resumed],
            "leaves": listed,
        }
        with writing(self.folder):
            if block.is_symlink() or not block.is_dir():
                remove_tree(block)  # of a link, the link itself
            block.parent.mkdir(exist_ok=True)
            block.mkdir(exist_ok=True)
            path = block / f"{sum(content['steps']):015d}"
            remove_tree(path)  # of the same steps: found damaged, or this one again
            with new_folder(path) as aside:
                arrays = {_key(i): each for i, each in enumerate(snapshot.leaves.values())}
                save_arrays(aside / _ARRAYS, arrays)
                content["files"] = file_digests(aside / _ARRAYS)
                write_file(aside / _LIST, seal(content))
            ours = [each for each in _step_folders(block) if _STEPS.fullmatch(each.name)]
            # one of more steps was found damaged, or it would have been gone on from
            for old in [each for each in ours if each.name <= path.name][KEPT:]:
                remove_folder(old)

    def restore(self, run_ids: Iterable[str], shapes: dict[str, Any]) -> dict[str, Lane]:
        """Return the newest intact state of each network that has one.

        ``shapes`` says shape and dtype of each array of one network; others are not taken.
        """
        there = list(self.listed())
        left: dict[str, list[Checkpoint]] = {}
        for run_id in dict.fromkeys(run_ids):
            own = [each for each in there if run_id in each.run_ids]
            # by its own steps: blocks of other lane widths sum over other numbers of networks
            left[run_id] = sorted(own, key=lambda each: _age_of(each, run_id))
        lanes: dict[str, Lane] = {}
        while waiting := [run_id for run_id, own in left.items() if own and run_id not in lanes]:
            checkpoint = left[waiting[0]][0]
            try:
                leaves = checkpoint.read()
                _check_shapes(leaves, shapes, len(checkpoint.run_ids))
            except ValueError as error:
                self.tell(checkpoint.folder, str(error))
                left = {
                    run_id: [each for each in own if each is not checkpoint]
                    for run_id, own in left.items()
                }
                continue
            for run_id in waiting:
                if left[run_id][0] is checkpoint:
                    lanes[run_id] = _lane(checkpoint, leaves, checkpoint.run_ids.index(run_id))
        return lanes

    def listed(self) -> Iterator[Checkpoint]:
        """Yield the checkpoints whose lists are whole; tell of the others in ``damage``."""
        root = self.folder / CHECKPOINTS
        try:
            blocks = [] if root.is_symlink() else sorted(root.iterdir())
        except FileNotFoundError:  # none yet, or all networks were committed meanwhile
            blocks = []
        except OSError as error:
            self.tell(root, f"cannot be read: {error.strerror}")
            blocks = []
        if root.is_symlink():
            self.tell(root, "is a link, which is not followed")
        for block in blocks:
            if not _BLOCK.fullmatch(block.name) or block.is_symlink():
                self.tell(block, "is no checkpoint of ours")
                continue
            try:
                paths = _step_folders(block)
            except FileNotFoundError:  # its networks were committed meanwhile
                continue
            except OSError as error:
                self.tell(block, f"cannot be read: {error.strerror}")
                continue
            for path in paths:
                try:
                    yield _read_list(path)
                except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
                    if os.path.lexists(path):  # else its block went on, or was committed, meanwhile
                        self.tell(path, str(error))

    def drop(self, run_ids: Sequence[str]) -> None:
        """Remove the checkpoints of a block whose networks are all committed."""
        block = self.folder / CHECKPOINTS / _block_name(run_ids)
        if block.exists():
            with writing(self.folder):
                remove_folder(block)

    def drop_finished(self, committed: set[str]) -> None:
        """Remove what is left when every network of a sweep is committed.

        Blocks that hold a network of an earlier sweep, still in training, stay as they are: whoever
        returns to that sweep goes on from there.
        """
        root = self.folder / CHECKPOINTS
        kept = {each.folder.parent for each in self.listed() if set(each.run_ids) - committed}
        with writing(self.folder):
            if not kept:
                remove_tree(root)
                return
            for block in set(root.iterdir()) - kept:
                remove_folder(block)

    def clear_asides(self) -> None:
        """Remove what a killed writer left half done."""
        root = self.folder / CHECKPOINTS
        clear_asides(root)
        if root.is_dir() and not root.is_symlink():
            for block in root.iterdir():
                if block.is_dir() and not block.is_symlink():
                    clear_asides(block)

    def tell(self, path: Path, what: str) -> None:
        """Remember, once, what is wrong with what lies at a path."""
        told = f"{path}: {what}"
        if not path.name.startswith(ASIDE) and told not in self.damage:
            self.damage.append(told)


def _age_of(checkpoint: Checkpoint, run_id: str) -> tuple[int, int]:
    """What sorts the checkpoints of one network, its newest first."""
    return -checkpoint.steps[checkpoint.run_ids.index(run_id)], -checkpoint.content["segment"]


def _lane(checkpoint: Checkpoint, leaves: Leaves, lane: int) -> Lane:
    content = checkpoint.content
    return Lane(
        steps=checkpoint.steps[lane],
        leaves={name: array[lane] for name, array in leaves.items()},
        seconds=content["seconds"][lane],
        segment=content["segment"],
        resumed=content["resumed"][lane],
    )


def _read_list(path: Path) -> Checkpoint:
    """Read the sealed list of a checkpoint. Raises ValueError or OSError where it is damaged."""
    links = any(each.is_symlink() for each in (path, path / _LIST, path / _ARRAYS))
    if links or not _STEPS.fullmatch(path.name):
        raise ValueError("is no checkpoint of ours")
    content = unseal(read_regular(path / _LIST))
    _check_list(content)
    checkpoint = Checkpoint(path, tuple(content["run_ids"]), tuple(content["steps"]), content)
    if sum(checkpoint.steps) != int(path.name):
        raise ValueError(f"its list is that of step {sum(checkpoint.steps)}")
    if _block_name(checkpoint.run_ids) != path.parent.name:
        raise ValueError("its list is that of other networks")
    return checkpoint


def _check_list(content: dict[str, Any]) -> None:
    """Raise ValueError unless every part of a list that is read later has its form."""
    kinds: dict[str, Any] = {"run_ids": str, "steps": int, "resumed": bool, "seconds": float | int}
    n_lanes = len(content["run_ids"])
    for name, kind in kinds.items():
        each = content[name]
        if not isinstance(each, list) or len(each) != n_lanes:
            raise ValueError(f"its list has no {name} of {n_lanes} networks")
        if not all(isinstance(one, kind) for one in each):
            raise ValueError(f"its list has no {name}")
    if not isinstance(content["segment"], int) or not isinstance(content["leaves"], dict):
        raise ValueError("its list has no segment and leaves")
    if not isinstance(content["files"], dict):
        raise ValueError("its list has no files")


def _step_folders(block: Path) -> list[Path]:
    """What lies in the folder of a block, newest first."""
    return sorted((p for p in block.iterdir() if not p.name.startswith(ASIDE)), reverse=True)


def _block_name(run_ids: Sequence[str]) -> str:
    return hashlib.sha256(" ".join(run_ids).encode()).hexdigest()[:16]


def _key(number: int) -> str:
    return f"leaf_{number:04d}"


def _describe(array: np.ndarray) -> dict[str, Any]:
    content = np.ascontiguousarray(array)
    sha = hashlib.sha256(content.reshape(-1).view(np.uint8).data).hexdigest()
    return {"shape": list(array.shape), "dtype": str(array.dtype), "sha256": sha}


def _check_shapes(leaves: Leaves, shapes: dict[str, Any], n_lanes: int) -> None:
    found = {name: (array.shape[1:], str(array.dtype)) for name, array in leaves.items()}
    wanted = {name: (tuple(each.shape), str(each.dtype)) for name, each in shapes.items()}
    if any(array.shape[:1] != (n_lanes,) for array in leaves.values()):
        raise ValueError("its arrays are of another number of networks")
    if found != wanted:
        raise ValueError("its arrays are those of another network")
