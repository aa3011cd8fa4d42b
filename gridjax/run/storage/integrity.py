"""Verification of a run folder: comparison of every file with its sha256."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from gridjax.errors import DamageError, Place, Problem
from gridjax.run.checkpointing.block_folder import block_folders
from gridjax.run.checkpointing.checkpoint_list import UNREADABLE
from gridjax.run.storage.partial_results import partial_shards
from gridjax.run.storage.parts.part_folders import damaged_divisions
from gridjax.run.storage.run_folder import FolderStore

_CHECKPOINT_FIX = "nothing is needed; a resumed sweep uses the checkpoint before it"
_PARTIAL_FIX = "nothing is needed; a resumed sweep trains its networks again"


def verify(folder: Path) -> None:
    """Read every file of a run folder and compare it with its sha256.

    Raises DamageError that names every damaged file, and GridjaxError if the folder holds no run.
    """
    store = FolderStore.open(folder)
    problems = [problem for error in store.check() for problem in error.problems]
    problems += [each for error in damaged_divisions(folder) for each in error.problems]
    problems += _damaged_partial_results(folder)
    problems += _damaged_checkpoints(folder)
    if problems:
        raise DamageError(problems)


def verify_results(folder: Path) -> None:
    """Verify the results of a run without its checkpoints; raise the same errors as ``verify``."""
    problems = [each for error in FolderStore.open(folder).check() for each in error.problems]
    if problems:
        raise DamageError(problems)


def _damaged_partial_results(folder: Path) -> Iterator[Problem]:
    for shard in partial_shards(folder):
        try:
            shard.check()
        except DamageError as error:
            if os.path.lexists(shard.folder):  # otherwise a run has committed the block meanwhile
                yield from (replace(each, fix=_PARTIAL_FIX) for each in error.problems)


def _damaged_checkpoints(folder: Path) -> Iterator[Problem]:
    blocks, damage = block_folders(folder)
    for block in blocks:
        for checkpoint in block.listed():
            try:
                checkpoint.read()
            except UNREADABLE as error:
                if os.path.lexists(checkpoint.folder):  # otherwise a run has removed it meanwhile
                    damage.append(f"{checkpoint.folder}: {error}")
        damage += block.damage
    for each in damage:
        place, _, what = each.partition(": ")
        yield Problem(f"damaged: {what}", Place(place), fix=_CHECKPOINT_FIX)
