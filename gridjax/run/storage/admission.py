"""Admission of workers to a running run: those of other devices or versions must be accepted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gridjax.io.atomic_files import dump_checksummed_json, replace_file, writing
from gridjax.run.storage.manifest import MANIFEST
from gridjax.run.storage.resume_policy import (
    Manifest,
    merge_manifests,
    segment_number,
    segment_of,
)
from gridjax.run.storage.run_folder import FolderStore


def admit_worker(
    store: FolderStore, requested: Manifest, accept: Sequence[str], worker: dict[str, Any]
) -> int:
    """Return the number of the segment to which the rows of a worker belong.

    The caller holds the lock of the folder.

    Args:
        store: the run; its manifest gets a new segment if the worker differs in an accepted way.
        requested: the manifest of the run under the conditions of its first worker.
        accept: names of the accepted changes.
        worker: entries ``device``, ``gridjax`` and ``versions`` of the worker.

    Raises GridjaxError, with the option that accepts the worker, if it is refused.
    """
    requested = requested | worker
    number = segment_number(store.manifest, requested)
    if number is not None:
        return number
    requested = requested | {"segments": [segment_of(requested)]}
    manifest = merge_manifests(store.manifest, requested, store.folder, accept, set())
    with writing(store.folder):
        replace_file(store.folder / MANIFEST, dump_checksummed_json(manifest))
    store.manifest = manifest
    return len(manifest["segments"]) - 1


def has_used(manifest: Manifest, worker: dict[str, Any]) -> bool:
    """Return whether a segment of a run has the device and the versions of a worker."""
    return any(
        all(segment.get(name) == value for name, value in worker.items())
        for segment in manifest["segments"]
    )
