"""The start and the end of one part of a run, in a folder that other parts write too."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from gridjax.errors import GridjaxError, Problem
from gridjax.io.atomic_files import create_file, dump_checksummed_json, replace_file, writing
from gridjax.io.folder_lock import locked, workers_lock
from gridjax.run.planning.blocks import Block
from gridjax.run.storage.kept_weights.weight_retention import keep_best_of_run
from gridjax.run.storage.lost_results import networks_with_results
from gridjax.run.storage.manifest import MANIFEST
from gridjax.run.storage.output_folder import remove_leftovers
from gridjax.run.storage.parts.part_folders import is_manifest_visible, running_parts
from gridjax.run.storage.resume_policy import merge_manifests, segment_number
from gridjax.run.storage.run_folder import FolderStore


def join_folder(
    folder: Path, requested: dict[str, Any], accept: tuple[str, ...], blocks: Sequence[Block]
) -> tuple[FolderStore, int]:
    """Create a run, or join the run that the folder contains, as one of its parts.

    Other parts may write the folder at the same time; this process holds the lock of the manifest.

    Args:
        folder: the run folder.
        requested: the manifest of the whole run under the conditions of this process.
        accept: names of the accepted changes.
        blocks: the blocks of the part.

    Returns the store, and the number of the segment of the run to which the part's rows belong.
    Raises GridjaxError if the folder contains another run, and if its sweep or settings must change
    while other parts are running.
    """
    with writing(folder):
        if not (folder / MANIFEST).exists():
            create_file(folder / MANIFEST, dump_checksummed_json(requested))
    is_manifest_visible(folder)  # another part may have created it
    store = FolderStore.open(folder)
    own = {run_id for block in blocks for run_id in block.run_ids}
    damaged = store.damaged({block.name for block in blocks} | store.names_of(own))
    number = segment_number(store.manifest, requested)
    if number is not None:
        return FolderStore.join(folder, store.manifest, damaged), number
    intact = store.committed_in(damaged.keys())
    if own <= intact:  # this machine computes nothing
        intact |= set(requested["run_ids"])
    lost = networks_with_results(folder, store.manifest["run_ids"]) - intact
    manifest = merge_manifests(store.manifest, requested, folder, accept, intact, lost)
    if manifest is not store.manifest:
        changed = {"sweep", "settings"} & set(manifest["segments"][-1]["accepted"])
        for part in running_parts(folder) if changed else ():
            message = f"--out {folder}: part {part} of the run before this change is running"
            raise GridjaxError(Problem(message, fix="wait for all of its parts to end"))
        with writing(folder):
            replace_file(folder / MANIFEST, dump_checksummed_json(manifest), by_several=True)
    return FolderStore.join(folder, manifest, damaged), len(manifest["segments"]) - 1


def finish_parts(folder: Path, keep_weights: str, run_ids: AbstractSet[str]) -> None:
    """Do what a run does at its end, if every network is finished and no other part is running.

    A part calls this after it has released its own locks. Whoever ends last, of parts that end at
    the same time, finds the folder free.

    Args:
        folder: the run folder.
        keep_weights: the setting of the run.
        run_ids: the networks of the sweep.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(folder))
            stack.enter_context(workers_lock(folder))
        except GridjaxError:  # the process that holds a lock comes to its own end later
            return
        store = FolderStore.open(folder)
        committed = store.committed()
        if not committed.issuperset(store.manifest["run_ids"]):
            return
        store = FolderStore.create(folder, store.manifest, {}, is_stored=True)
        keep_best_of_run(store, keep_weights)
        remove_leftovers(folder, committed | run_ids)
