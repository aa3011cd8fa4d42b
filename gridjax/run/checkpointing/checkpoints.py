"""The checkpoints of a run: save, restore and removal.

Only its folder and its checksums identify a checkpoint. A damaged checkpoint is never used;
the previous one is used instead. Networks can move to another block during training, so each
network has its own newest checkpoint.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gridjax.io.atomic_files import (
    TEMP_PREFIX,
    dump_checksummed_json,
    new_folder,
    remove_folder,
    remove_temporaries,
    remove_tree,
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
"""Number of checkpoints that are kept for each network: the newest, and one as a fallback."""
UNREADABLE = (OSError, ValueError, KeyError, TypeError, RecursionError)
"""Exceptions that can occur when a damaged checkpoint is read."""
_BLOCK = re.compile("[0-9a-f]{16}")


@dataclass
class Checkpoints:
    """The checkpoints of a run folder.

    The one writer of the folder reads the lists of its checkpoints from disk once, at its first
    call, and keeps them in memory. ``listed`` reads them again; other processes use it to read
    while a writer is active.
    """

    folder: Path
    damage: list[str] = field(default_factory=list)
    """one sentence for each damaged checkpoint that was found"""
    _known: dict[Path, Checkpoint] | None = None
    """intact checkpoints by folder; None before the first reading"""
    _saved: dict[str, int] = field(default_factory=dict)
    """run_id -> steps of the newest checkpoint that this object saved"""
    _committed: set[str] = field(default_factory=set)
    _written: set[Path] = field(default_factory=set)
    """folders of the blocks that are being saved at this moment"""
    _n_reported: int = 0
    """number of sentences of ``damage`` that ``new_damage`` has returned"""
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def save(self, snapshot: Snapshot) -> None:
        """Commit a checkpoint of a block, then remove the checkpoints that are no longer needed.

        Raises StorageError if the disk has too little space; the older checkpoints then stay.
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
        path = block / f"{sum(content['steps']):015d}"
        with writing(self.folder), self._writing_to(block):
            with self._lock:
                self._read_once().pop(path, None)
            if block.is_symlink() or not block.is_dir():
                remove_tree(block)  # for a link, removes the link itself
            block.parent.mkdir(exist_ok=True)
            block.mkdir(exist_ok=True)
            remove_tree(path)  # a checkpoint of the same steps: damaged, or identical
            with new_folder(path) as aside:
                arrays = {array_name(i): each for i, each in enumerate(snapshot.leaves.values())}
                save_arrays(aside / ARRAYS, arrays)
                content["files"] = file_digests(aside / ARRAYS)
                (aside / LIST).write_bytes(dump_checksummed_json(content))
            saved = Checkpoint(path, tuple(content["run_ids"]), tuple(content["steps"]), content)
            with self._lock:
                self._read_once()[path] = saved
        self._remove_superfluous(dict(zip(saved.run_ids, saved.steps, strict=True)), set())

    def restore(self, run_ids: Iterable[str], shapes: dict[str, Any]) -> dict[str, Lane]:
        """Return the newest intact state of each network that has one.

        ``shapes`` gives shape and dtype of each array of one network; a checkpoint with other
        arrays counts as damaged. Damaged checkpoints are skipped and named in ``damage``.
        """
        with self._lock:
            known = by_network(self._read_once().values())
        # newest first, by the network's own steps: folder names sum the steps of a whole block
        left = {run_id: known.get(run_id, []) for run_id in dict.fromkeys(run_ids)}
        lanes: dict[str, Lane] = {}
        while waiting := [run_id for run_id, own in left.items() if own and run_id not in lanes]:
            checkpoint = left[waiting[0]][0]
            try:
                checkpoint = read_list(checkpoint.folder)
                leaves = checkpoint.read()
                check_shapes(leaves, shapes, len(checkpoint.run_ids))
            except UNREADABLE as error:
                self.add_damage(checkpoint.folder, str(error))
                with self._lock:
                    self._read_once().pop(checkpoint.folder, None)
                left = {
                    run_id: [each for each in own if each.folder != checkpoint.folder]
                    for run_id, own in left.items()
                }
                continue
            for run_id in waiting:
                if left[run_id][0].folder == checkpoint.folder:
                    lanes[run_id] = checkpoint.lane(run_id, leaves)
        return lanes

    def new_damage(self) -> list[str]:
        """Return the sentences of ``damage`` that no earlier call has returned."""
        with self._lock:
            new = self.damage[self._n_reported :]
            self._n_reported += len(new)
        return new

    def listed(self) -> Iterator[Checkpoint]:
        """Yield the checkpoints with an intact list; name the others in ``damage``."""
        root = self.folder / CHECKPOINTS
        try:
            blocks = [] if root.is_symlink() else sorted(root.iterdir())
        except FileNotFoundError:  # no checkpoint yet, or removed by the run meanwhile
            blocks = []
        except OSError as error:
            self.add_damage(root, f"cannot be read: {error.strerror}")
            blocks = []
        if root.is_symlink():
            self.add_damage(root, "is a link, which is not followed")
        for block in blocks:
            if not _BLOCK.fullmatch(block.name) or block.is_symlink():
                self.add_damage(block, "is not a checkpoint of gridjax")
                continue
            try:
                paths = _step_folders(block)
            except FileNotFoundError:  # removed by the run meanwhile
                continue
            except OSError as error:
                self.add_damage(block, f"cannot be read: {error.strerror}")
                continue
            for path in paths:
                try:
                    yield read_list(path)
                except UNREADABLE as error:
                    if os.path.lexists(path):  # else removed by the run meanwhile
                        self.add_damage(path, str(error))

    def drop(self, run_ids: Iterable[str]) -> None:
        """Mark networks as committed and remove the checkpoints that no other network needs."""
        self._remove_superfluous({}, set(run_ids))

    def _remove_superfluous(self, saved: dict[str, int], committed: set[str]) -> None:
        """Remove checkpoints that no network needs, and the folders of blocks that need none."""
        with self._lock, writing(self.folder):
            self._saved |= saved
            self._committed |= committed
            known = self._read_once()
            needed = needed_of(known.values(), self._saved, self._committed)
            blocks = {each.parent for each in needed} | self._written
            superfluous = known.keys() - needed
            unused = {path.parent for path in superfluous} - blocks
            for path in (*unused, *(each for each in superfluous if each.parent in blocks)):
                with suppress(FileNotFoundError):  # removed by another program
                    remove_folder(path)
            for path in superfluous:
                del known[path]

    def _read_once(self) -> dict[Path, Checkpoint]:
        """Return the known checkpoints, read from disk by the first call; needs the lock."""
        if self._known is None:
            self._known = {each.folder: each for each in self.listed()}
        return self._known

    @contextmanager
    def _writing_to(self, block: Path) -> Iterator[None]:
        """Protect the folder of a block from removal while a checkpoint is written to it."""
        with self._lock:
            self._written.add(block)
        try:
            yield
        finally:
            with self._lock:
                self._written.discard(block)

    def drop_finished(self, committed: set[str]) -> None:
        """Remove the remaining checkpoints after every network of a sweep is committed.

        A block stays if it has a network of an earlier sweep that is still in training, so that the
        earlier sweep can be resumed.
        """
        root = self.folder / CHECKPOINTS
        with self._lock, writing(self.folder):
            known = self._read_once()
            kept = {path.parent for path, each in known.items() if set(each.run_ids) - committed}
            self._known = {path: each for path, each in known.items() if path.parent in kept}
            if not kept:
                remove_tree(root)
                return
            for block in set(root.iterdir()) - kept:
                remove_folder(block)

    def remove_temporaries(self) -> None:
        """Remove the temporary files of a killed writer."""
        root = self.folder / CHECKPOINTS
        remove_temporaries(root)
        if root.is_dir() and not root.is_symlink():
            for block in root.iterdir():
                if block.is_dir() and not block.is_symlink():
                    remove_temporaries(block)

    def add_damage(self, path: Path, what: str) -> None:
        """Add a sentence to ``damage`` if it is new and the path is not a temporary one."""
        damage = f"{path}: {what}"
        if not path.name.startswith(TEMP_PREFIX) and damage not in self.damage:
            self.damage.append(damage)


def by_network(checkpoints: Iterable[Checkpoint]) -> dict[str, list[Checkpoint]]:
    """Return the checkpoints that contain each network, by run_id, sorted by steps, most first."""
    found: dict[str, list[tuple[int, Checkpoint]]] = {}
    for checkpoint in checkpoints:
        for run_id, steps in zip(checkpoint.run_ids, checkpoint.steps, strict=True):
            found.setdefault(run_id, []).append((steps, checkpoint))
    return {
        run_id: [
            each for _, each in sorted(own, key=lambda one: (-one[0], -one[1].content["segment"]))
        ]
        for run_id, own in found.items()
    }


def needed_of(
    checkpoints: Iterable[Checkpoint], saved: Mapping[str, int], committed: AbstractSet[str]
) -> set[Path]:
    """Return the folders of the checkpoints that a network needs.

    A committed network needs no checkpoint. ``saved`` maps the run_id of each network that this
    process saved to its steps at that time. Such a network needs its KEPT newest checkpoints up to
    these steps. Checkpoints of more steps, from which the run did not resume, also stay. A
    network that is not in ``saved`` keeps all its checkpoints.
    """
    needed: set[Path] = set()
    for run_id, own in by_network(checkpoints).items():
        if run_id in committed:
            continue
        of_more = [each for each in own if each.steps_of(run_id) > saved.get(run_id, -1)]
        needed |= {each.folder for each in (*of_more, *own[len(of_more) :][:KEPT])}
    return needed


def _step_folders(block: Path) -> list[Path]:
    """Return the entries of the folder of a block except temporary ones, most steps first."""
    return sorted((p for p in block.iterdir() if not p.name.startswith(TEMP_PREFIX)), reverse=True)
