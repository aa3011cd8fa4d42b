"""The checkpoints of one block: save in the background, restore, removal.

One process works on a block and writes its folder ``checkpoints/BLOCK``; other processes may read
it at any time. A damaged checkpoint is never used; the one before it is used instead.

On several hosts, a process that was taken for dead can still write. There, each attempt at a block
writes a folder of its own, ``checkpoints/BLOCK-ATTEMPT``, and resumes from the newest checkpoint of
all of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from gridjax.errors import StorageError
from gridjax.io.atomic_files import (
    TEMP_PREFIX,
    dump_checksummed_json,
    new_folder,
    remove_folder,
    remove_temporaries,
    remove_tree,
    writing,
)
from gridjax.run.checkpointing.async_arrays import ArrayWriter
from gridjax.run.checkpointing.checkpoint_list import (
    ARRAYS,
    LIST,
    STEPS,
    UNREADABLE,
    Checkpoint,
    Lane,
    Snapshot,
    check_shapes,
    describe_array,
    describe_files,
    read_list,
)
from gridjax.run.checkpointing.host_copy import HostBuffer, on_host

CHECKPOINTS = "checkpoints"
KEPT = 2
"""Number of checkpoints that are kept of a block: the newest, and one as a fallback."""
_BLOCK = re.compile("([0-9a-f]{16,64})(-[0-9a-f]{8})?")


class BlockFolder:
    """The checkpoints of one block, or of one attempt at it, in a folder of their own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.damage: list[str] = []
        """one sentence for each damaged checkpoint that was found"""
        self._intact: list[int] | None = None
        """block steps of the checkpoints that are not known to be damaged; None: not yet read"""
        self._buffer, self._writer = HostBuffer(), ArrayWriter()
        self._thread: ThreadPoolExecutor | None = None
        self._saving: Future[None] | None = None

    def save(self, snapshot: Snapshot) -> None:
        """Copy a snapshot and start to write it; return before it is on the disk.

        First waits until the previous save is committed, and raises its error. When ``save``
        returns, the arrays of the snapshot can be donated or overwritten. A checkpoint of the same
        ``block_steps`` is replaced. After the commit, all but the KEPT newest are removed.
        """
        self.wait()
        content = snapshot.listed(self.folder.name)
        arrays = self._buffer.detach(snapshot.leaves)
        self._thread = self._thread or ThreadPoolExecutor(1, "checkpoint")
        self._saving = self._thread.submit(self._write, content, arrays)

    def wait(self) -> None:
        """Wait until the last save is committed on the disk.

        Raises StorageError, once, if it could not be written; the older checkpoints then stay.
        """
        saving, self._saving = self._saving, None
        if saving is not None:
            saving.result()

    def restore(
        self, shapes: dict[str, Any], others: Sequence[BlockFolder] = ()
    ) -> dict[str, Lane]:
        """Return the networks of the newest intact checkpoint, by run_id; none if there is none.

        Damaged checkpoints are skipped and named in ``damage``.

        Args:
            shapes: shape and dtype of each array of one network; a checkpoint with other arrays
                counts as damaged.
            others: the folders of other attempts at the block.
        """
        self.wait()
        own, lanes = self.listed(), {}
        intact = [each.block_steps for each in own]
        listed = [*own, *(each for other in others for each in other.listed())]
        for damage in (damage for other in others for damage in other.damage):
            self.damage.append(damage)
        for checkpoint in sorted(listed, key=lambda each: -each.block_steps):
            try:
                leaves = checkpoint.read()
                check_shapes(leaves, shapes, len(checkpoint.run_ids))
            except UNREADABLE as error:
                if os.path.lexists(checkpoint.folder):  # else removed by its writer meanwhile
                    self._add_damage(checkpoint.folder, str(error))
                if checkpoint.folder.parent == self.folder:
                    intact.remove(checkpoint.block_steps)
                continue
            lanes = checkpoint.lanes(leaves)
            break
        self._intact = intact
        return lanes

    def listed(self) -> list[Checkpoint]:
        """Return the checkpoints with an intact list, newest first; name others in ``damage``.

        Reads the folder from the disk at every call; its writer may be active meanwhile.
        """
        for path in (self.folder.parent, self.folder):
            if path.is_symlink():
                self._add_damage(path, "is a link, which is not followed")
                return []
        try:
            paths = sorted(self.folder.iterdir(), reverse=True)
        except FileNotFoundError:  # no checkpoint yet, or removed by the writer meanwhile
            return []
        except OSError as error:
            self._add_damage(self.folder, f"cannot be read: {error.strerror}")
            return []
        found = []
        for path in paths:
            if path.name.startswith(TEMP_PREFIX):
                continue
            try:
                found.append(read_list(path))
            except UNREADABLE as error:
                if os.path.lexists(path):  # else removed by the writer meanwhile
                    self._add_damage(path, str(error))
        return found

    def remove(self) -> None:
        """Remove the folder, after the rows of the block are committed. Raises StorageError."""
        with suppress(StorageError):  # a checkpoint that nobody needs could not be written
            self.wait()
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = None
        self._intact, self._buffer = [], HostBuffer()
        with writing(self.folder), suppress(FileNotFoundError):
            remove_folder(self.folder)

    def remove_temporaries(self) -> None:
        """Remove the temporary files that a killed writer of this block left."""
        remove_tree(self.folder.with_name(TEMP_PREFIX + self.folder.name))
        if not self.folder.is_symlink() and not self.folder.parent.is_symlink():
            remove_temporaries(self.folder)

    def _write(self, content: dict[str, Any], arrays: dict[str, Any]) -> None:
        """Commit a checkpoint, then remove the superfluous ones; runs in the thread."""
        path = self.folder / f"{content['block_steps']:015d}"
        with writing(self.folder):
            intact = self._intact
            if intact is None:
                intact = [each.block_steps for each in self.listed()]
            self._make_folder()
            with new_folder(path, replace=True) as aside:
                leaves = on_host(arrays)
                self._writer.start(aside / ARRAYS, leaves)
                try:  # hash while orbax writes
                    content["leaves"] = {name: describe_array(a) for name, a in leaves.items()}
                finally:
                    self._writer.wait()
                content["files"] = describe_files(aside / ARRAYS)
                (aside / LIST).write_bytes(dump_checksummed_json(content))
            newest = content["block_steps"]
            self._intact = self._remove_superfluous(sorted({*intact, newest}), newest)

    def _make_folder(self) -> None:
        """Make the folder and its parent, in place of a link or a file of the name.

        It never removes a folder: the worker of another block may have made the parent meanwhile.
        """
        for path in (self.folder.parent, self.folder):
            if path.is_symlink() or not path.is_dir():
                with suppress(FileNotFoundError, IsADirectoryError, PermissionError):
                    path.unlink()
            path.mkdir(exist_ok=True)

    def _remove_superfluous(self, intact: list[int], newest: int) -> list[int]:
        """Remove all checkpoints before the KEPT newest intact ones, damaged ones included.

        Those with more steps than the newest stay: training did not resume from them.
        """
        kept = [steps for steps in intact if steps <= newest][-KEPT:]
        for path in self.folder.iterdir():
            if STEPS.fullmatch(path.name) and int(path.name) < kept[0]:
                with suppress(FileNotFoundError):  # removed by another program
                    remove_folder(path)
        return [steps for steps in intact if steps >= kept[0]]

    def _add_damage(self, path: Path, what: str) -> None:
        damage = f"{path}: {what}"
        if damage not in self.damage:
            self.damage.append(damage)


def attempt_folders(run_folder: Path, block: str) -> list[BlockFolder]:
    """Return the folders of a block: its own one, and those of the attempts at it."""
    return [each for each in block_folders(run_folder)[0] if block_of(each.folder) == block]


def block_of(folder: Path) -> str:
    """Return the name of the block whose checkpoints a folder holds."""
    return folder.name.partition("-")[0]


def block_folders(run_folder: Path) -> tuple[list[BlockFolder], list[str]]:
    """Return the folders of checkpoints of a run, and one sentence for each alien entry.

    A block has several folders if there were several attempts at it.
    """
    root = run_folder / CHECKPOINTS
    if root.is_symlink():
        return [], [f"{root}: is a link, which is not followed"]
    try:
        paths = sorted(root.iterdir())
    except FileNotFoundError:
        return [], []
    except OSError as error:
        return [], [f"{root}: cannot be read: {error.strerror}"]
    blocks, damage = [], []
    for path in paths:
        if path.name.startswith(TEMP_PREFIX):
            continue
        if _BLOCK.fullmatch(path.name) and not path.is_symlink():
            blocks.append(BlockFolder(path))
        else:
            damage.append(f"{path}: is not a checkpoint of gridjax")
    return blocks, damage
