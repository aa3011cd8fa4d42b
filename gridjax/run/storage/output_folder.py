"""The output folder of a run: checks before writing, and creation or resumption."""

from __future__ import annotations

import shutil
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path
from typing import Any

from gridjax.errors import GridjaxError, Problem, StorageError
from gridjax.io.atomic_files import TEMP_PREFIX, remove_temporaries, remove_tree, writing
from gridjax.io.folder_lock import LOCK, WORKERS_LOCK, WRITER
from gridjax.io.numbers import quantity
from gridjax.io.output_paths import check_writable, special_path
from gridjax.run.checkpointing.block_folder import CHECKPOINTS, KEPT, block_folders
from gridjax.run.planning.memory_model import bytes_of_checkpoint
from gridjax.run.planning.plan import Plan
from gridjax.run.storage.lost_results import networks_with_results
from gridjax.run.storage.manifest import MANIFEST, manifest_of_sweep
from gridjax.run.storage.partial_results import PARTIAL
from gridjax.run.storage.parts.part_folders import (
    PARTS,
    is_manifest_visible,
    refuse_other_files,
    remove_part_folders,
)
from gridjax.run.storage.resume_policy import check_sweep, merge_manifests
from gridjax.run.storage.run_folder import DAMAGED, SHARDS, FolderStore
from gridjax.sweep.sweep import Sweep


def check_folder(folder: Path, sweep: Sweep, accept: tuple[str, ...] = ()) -> None:
    """Refuse a folder that cannot be written, or that holds the results of another sweep.

    Creates the folder if it is missing; changes no existing file.
    """
    try:
        refuse_others(folder)
        is_run = (folder / MANIFEST).exists()
        if not is_run and folder.is_dir() and not all(map(_is_ours, folder.iterdir())):
            is_run = is_manifest_visible(folder)  # another part may have written it meanwhile
            if not is_run:
                message = f"--out {folder} is not empty and is not the folder of a run"
                raise GridjaxError(Problem(message, fix="name a new or empty folder"))
        if is_run:
            existing, requested = FolderStore.open(folder), manifest_of_sweep(sweep)
            if existing.committed().issuperset(requested["run_ids"]):
                requested.pop("lane_widths", None)  # nothing is left to train
            check_sweep(folder, existing.manifest, requested, accept)
        folder.mkdir(parents=True, exist_ok=True)
        check_writable(folder)
    except OSError as error:
        message = f"--out {folder} cannot be written: {error.strerror or error}"
        raise GridjaxError(Problem(message, fix="name a folder that you can write to")) from None


def refuse_others(folder: Path) -> None:
    """Refuse a run folder if one of its parts is a link, a pipe, or a file instead of a folder.

    Through a link, gridjax would write outside of the folder. Opening a pipe would never return.
    """
    folders = (SHARDS, CHECKPOINTS, PARTIAL, DAMAGED, PARTS)
    for name in (*folders, LOCK, WORKERS_LOCK, WRITER):
        is_folder = name in folders
        what = special_path(folder / name, may_be_folder=is_folder, may_be_file=not is_folder)
        if what:
            message = f"--out {folder} cannot be written: its {name} is {what}"
            fix = "remove it and run the command again"
            if what == "a link":
                fix = "replace the link by what it points to"
            raise GridjaxError(Problem(message, fix=fix))
    refuse_other_files(folder)


def check_space(folder: Path, plan: Plan, n_workers: int) -> None:
    """Refuse a folder if its disk has too little space for the checkpoints of all workers.

    A finished run needs no space. Raises StorageError.
    """
    if (folder / MANIFEST).exists():
        existing = FolderStore.open(folder)
        if existing.committed().issuperset(existing.manifest["run_ids"]):
            return
    each = (bytes_of_checkpoint(bucket.static, bucket.lane_width) for bucket in plan.buckets)
    largest = max(each, default=0)
    needed = (KEPT + 1) * min(n_workers, plan.n_blocks) * largest
    free = shutil.disk_usage(folder).free
    if free < needed:
        message = (
            f"--out {folder} has {quantity(free)}B free; its checkpoints need {quantity(needed)}B"
        )
        raise StorageError(Problem(message, fix="free some space, or name another folder"))


def open_folder(folder: Path, requested: dict[str, Any], accept: tuple[str, ...]) -> FolderStore:
    """Create a run in a locked folder, or resume the run that the folder contains."""
    manifest, damaged, is_stored = requested, {}, False
    if (folder / MANIFEST).exists():
        store = FolderStore.open(folder)
        damaged = store.damaged()
        intact = store.committed_in(damaged.keys())
        lost = networks_with_results(folder, store.manifest["run_ids"]) - intact
        manifest = merge_manifests(store.manifest, requested, folder, accept, intact, lost)
        is_stored = manifest is store.manifest
    return FolderStore.create(folder, manifest, damaged, is_stored)


def started_blocks(folder: Path) -> list[tuple[str, ...]]:
    """Return the run_ids of each block that has a checkpoint."""
    lists = []
    for block in block_folders(folder)[0]:
        for checkpoint in block.listed()[:1]:
            lists.append(checkpoint.networks)
    return lists


def remove_leftovers(folder: Path, committed: AbstractSet[str]) -> None:
    """Remove checkpoints, partial results and the locks of parts at the end of a sweep.

    The checkpoints of a block stay if it has a network that is not in ``committed``, so that an
    earlier sweep can be resumed. Temporary files of a killed writer are removed.
    """
    kept = set()
    remove_part_folders(folder)
    for block in block_folders(folder)[0]:
        listed = block.listed()
        if listed and set(listed[0].networks) - committed:
            kept.add(block.folder.name)
    with writing(folder):
        for root in (folder, folder / SHARDS):
            remove_temporaries(root)
        for name in (CHECKPOINTS, PARTIAL):
            root = folder / name
            if not root.is_dir() or root.is_symlink():
                continue
            with suppress(FileNotFoundError):  # another part may remove it at the same time
                for path in root.iterdir():
                    if path.name not in kept:
                        remove_tree(path)
                if not kept:
                    root.rmdir()


def _is_ours(entry: Path) -> bool:
    """Return whether an entry of a folder without a run can come from a start that was stopped."""
    names = (LOCK, WORKERS_LOCK, WRITER, PARTS)
    return entry.name in names or entry.name.startswith(TEMP_PREFIX)
