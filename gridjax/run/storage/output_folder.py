"""The output folder of a run: checks before writing, and creation or resumption."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from gridjax.errors import GridjaxError, Problem, StorageError
from gridjax.io.atomic_files import ASIDE, writing
from gridjax.io.folder_lock import LOCK, WRITER
from gridjax.io.numbers import quantity
from gridjax.run.checkpointing.checkpoints import CHECKPOINTS, KEPT, Checkpoints
from gridjax.run.planning.memory_model import bytes_of_checkpoint
from gridjax.run.planning.plan import Plan
from gridjax.run.storage.manifest import MANIFEST, of_sweep
from gridjax.run.storage.resume_policy import check_sweep, go_on
from gridjax.run.storage.run_folder import DAMAGED, SHARDS, FolderStore
from gridjax.sweep.sweep import Sweep


def check_folder(folder: Path, sweep: Sweep, accept: tuple[str, ...] = ()) -> None:
    """Refuse a folder that cannot be written, or that holds another sweep's results.

    Changes nothing that was there; makes the folder where it is missing.
    """
    try:
        refuse_others(folder)
        if (folder / MANIFEST).exists():
            begun, here = FolderStore.open(folder), of_sweep(sweep)
            if begun.committed().issuperset(here["run_ids"]):
                here.pop("lane_widths", None)  # nothing is left to train under another
            check_sweep(folder, begun.manifest, here, accept)
        elif folder.is_dir() and not all(map(_is_ours, folder.iterdir())):
            message = f"--out {folder} is not empty and holds no run"
            raise GridjaxError(Problem(message, fix="name a new or empty folder"))
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        message = f"--out {folder} cannot be written: {error.strerror or error}"
        raise GridjaxError(Problem(message, fix="name a folder that you may write to")) from None


def refuse_others(folder: Path) -> None:
    """Refuse a run folder that would be written outside of itself, or holds other than its files.

    A pipe in the place of a file would be waited for, for ever.
    """
    for name in (SHARDS, CHECKPOINTS, DAMAGED, LOCK, WRITER):
        path, is_folder = folder / name, name in (SHARDS, CHECKPOINTS, DAMAGED)
        if path.is_symlink():
            message = f"--out {folder} cannot be written: its {name} is a link"
            raise GridjaxError(Problem(message, fix="put in its place what it leads to"))
        if path.exists() and not (path.is_dir() if is_folder else path.is_file()):
            what = "folder" if is_folder else "regular file"
            message = f"--out {folder} cannot be written: its {name} is no {what}"
            raise GridjaxError(Problem(message, fix="remove it; the same command then goes on"))


def check_space(folder: Path, plan: Plan, n_devices: int) -> None:
    """Refuse a folder whose disk cannot hold the checkpoints of one block a device.

    A finished run needs no space. Raises StorageError.
    """
    if (folder / MANIFEST).exists():
        begun = FolderStore.open(folder)
        if begun.committed().issuperset(begun.manifest["run_ids"]):
            return
    each = (bytes_of_checkpoint(bucket.static, bucket.lane_width) for bucket in plan.buckets)
    largest = max(each, default=0)
    needed = (KEPT + 1) * n_devices * largest
    free = shutil.disk_usage(folder).free
    if free < needed:
        message = (
            f"--out {folder} has {quantity(free)}B free; checkpoints take up to {quantity(needed)}B"
        )
        raise StorageError(Problem(message, fix="make room, or name a folder on another disk"))


def open_folder(
    folder: Path, here: dict[str, Any], accept: tuple[str, ...]
) -> tuple[FolderStore, Checkpoints]:
    """Begin a run in a folder that is locked, or go on with the one that is there."""
    manifest, damaged = here, {}
    if (folder / MANIFEST).exists():
        store = FolderStore.open(folder)
        damaged = store.damaged()
        whole = store.committed() - damaged.keys()
        manifest = go_on(store.manifest, here, folder, accept, whole)
    checkpoints = Checkpoints(folder)
    with writing(folder):
        checkpoints.clear_asides()
    return FolderStore.create(folder, manifest, damaged), checkpoints


def _is_ours(entry: Path) -> bool:
    """Whether a stopped or killed start may have left this in a folder that holds no run yet."""
    return entry.name in (LOCK, WRITER) or entry.name.startswith(ASIDE)
