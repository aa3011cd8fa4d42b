"""The checkpoints of a run: commit, verify, restore.

The checkpoints of a run are found by their own folders and checksums alone. A damaged one is never
used; the next older one is taken. Networks change blocks while they train, so that saving and
restoring is decided for each network.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gridjax.io.atomic_files import (
    ASIDE,
    clear_asides,
    new_folder,
    remove_folder,
    remove_tree,
    seal,
    writing,
)
from gridjax.run.checkpointing.array_files import file_digests, save_arrays
from gridjax.run.checkpointing.checkpoint_format import (
    ARRAYS,
    LIST,
    Checkpoint,
    Lane,
    Snapshot,
    array_name,
    block_name,
    check_shapes,
    describe,
    read_list,
)

CHECKPOINTS = "checkpoints"
KEPT = 2
"""Checkpoints of a network that stay: the newest, and one to fall back to."""
_BLOCK = re.compile("[0-9a-f]{16}")


@dataclass
class Checkpoints:
    """The checkpoints of a run folder."""

    folder: Path
    damage: list[str] = field(default_factory=list)
    """what was found damaged, as sentences"""
    _saved: dict[str, int] = field(default_factory=dict)
    """run_id -> steps of its newest checkpoint, of those saved by this object"""
    _committed: set[str] = field(default_factory=set)
    _damaged: set[Path] = field(default_factory=set)
    _written: set[Path] = field(default_factory=set)
    """blocks that are being saved at this moment"""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def save(self, snapshot: Snapshot) -> None:
        """Commit a checkpoint of a block and drop those that it makes superfluous.

        Raises StorageError where the disk takes no more; the older checkpoints stay.
        """
        block = self.folder / CHECKPOINTS / block_name(snapshot.run_ids)
        listed = {name: describe(array) for name, array in snapshot.leaves.items()}
        content = {
            "run_ids": list(snapshot.run_ids),
            "steps": [int(steps) for steps in snapshot.steps],
            "seconds": [float(seconds) for seconds in snapshot.seconds],
            "segment": snapshot.segment,
            "resumed": [bool(resumed) for resumed in snapshot.resumed],
            "leaves": listed,
        }
        with writing(self.folder), self._writing_to(block):
            if block.is_symlink() or not block.is_dir():
                remove_tree(block)  # of a link, the link itself
            block.parent.mkdir(exist_ok=True)
            block.mkdir(exist_ok=True)
            path = block / f"{sum(content['steps']):015d}"
            remove_tree(path)  # of the same steps: found damaged, or this one again
            with new_folder(path) as aside:
                arrays = {array_name(i): each for i, each in enumerate(snapshot.leaves.values())}
                save_arrays(aside / ARRAYS, arrays)
                content["files"] = file_digests(aside / ARRAYS)
                (aside / LIST).write_bytes(seal(content))
            self._damaged.discard(path)
        saved = dict(zip(content["run_ids"], content["steps"], strict=True))
        self._remove_superfluous(saved, set())

    def restore(self, run_ids: Iterable[str], shapes: dict[str, Any]) -> dict[str, Lane]:
        """Return the newest intact state of each network that has one.

        ``shapes`` says shape and dtype of each array of one network; others are not taken.
        """
        there = list(self.listed())
        left: dict[str, list[Checkpoint]] = {}
        for run_id in dict.fromkeys(run_ids):
            # by its own steps: other blocks sum over other networks
            left[run_id] = of_network(there, run_id)
        lanes: dict[str, Lane] = {}
        while waiting := [run_id for run_id, own in left.items() if own and run_id not in lanes]:
            checkpoint = left[waiting[0]][0]
            try:
                leaves = checkpoint.read()
                check_shapes(leaves, shapes, len(checkpoint.run_ids))
            except ValueError as error:
                self.tell(checkpoint.folder, str(error))
                self._damaged.add(checkpoint.folder)
                left = {
                    run_id: [each for each in own if each is not checkpoint]
                    for run_id, own in left.items()
                }
                continue
            for run_id in waiting:
                if left[run_id][0] is checkpoint:
                    lanes[run_id] = checkpoint.lane(run_id, leaves)
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
                    yield read_list(path)
                except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
                    if os.path.lexists(path):  # else its block went on, or was committed, meanwhile
                        self.tell(path, str(error))

    def drop(self, run_ids: Iterable[str]) -> None:
        """Remove what was kept for networks alone that are committed."""
        self._remove_superfluous({}, set(run_ids))

    def _remove_superfluous(self, saved: dict[str, int], committed: set[str]) -> None:
        """Remove checkpoints that no network needs any more, and blocks of nothing else."""
        with self._lock, writing(self.folder):
            self._saved |= saved
            self._committed |= committed
            # damage is told where it is restored from, not here
            there = [
                each
                for each in Checkpoints(self.folder).listed()
                if each.folder not in self._damaged
            ]
            needed = needed_of(there, self._saved, self._committed)
            blocks = {each.parent for each in needed} | self._written
            for block in {each.folder.parent for each in there} - blocks:
                remove_folder(block)
            for each in there:
                if each.folder not in needed and each.folder.parent in blocks:
                    remove_folder(each.folder)

    @contextmanager
    def _writing_to(self, block: Path) -> Iterator[None]:
        """Let a block's folder stay, though it holds nothing that is needed yet."""
        with self._lock:
            self._written.add(block)
        try:
            yield
        finally:
            with self._lock:
                self._written.discard(block)

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


def of_network(checkpoints: Iterable[Checkpoint], run_id: str) -> list[Checkpoint]:
    """Return the checkpoints that hold a network, those of its most steps first."""
    own = [each for each in checkpoints if run_id in each.run_ids]
    return sorted(own, key=lambda each: (-each.steps_of(run_id), -each.content["segment"]))


def needed_of(
    checkpoints: Sequence[Checkpoint], saved: Mapping[str, int], committed: AbstractSet[str]
) -> set[Path]:
    """Return the folders of the checkpoints that a network needs.

    One that is committed needs none; one that was ``saved`` now, at some step, its newest KEPT up
    to there. Those of more steps stay, for they were not gone on from; so do those of others.
    """
    needed: set[Path] = set()
    for run_id in {run_id for each in checkpoints for run_id in each.run_ids} - committed:
        own = of_network(checkpoints, run_id)
        of_more = [each for each in own if each.steps_of(run_id) > saved.get(run_id, -1)]
        needed |= {each.folder for each in (*of_more, *own[len(of_more) :][:KEPT])}
    return needed


def _step_folders(block: Path) -> list[Path]:
    """What lies in the folder of a block, newest first."""
    return sorted((p for p in block.iterdir() if not p.name.startswith(ASIDE)), reverse=True)
