"""Verification of a run folder: every file against its sha256."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from gridjax.errors import DamageError, Place, Problem
from gridjax.run.checkpointing.checkpoints import Checkpoints
from gridjax.run.storage.run_folder import FolderStore

_CHECKPOINT_FIX = "a sweep that goes on does not use it: it takes the one before"


def verify(folder: Path) -> None:
    """Read a whole run folder.

    Raises DamageError naming every file that is not what was written, and GridjaxError where there
    is no run.
    """
    store = FolderStore.open(folder)
    problems = [problem for error in store.check() for problem in error.problems]
    problems += _damaged_checkpoints(folder)
    if problems:
        raise DamageError(problems)


def verify_results(folder: Path) -> None:
    """Read the results of a run, without its checkpoints; raises like ``verify``."""
    problems = [each for error in FolderStore.open(folder).check() for each in error.problems]
    if problems:
        raise DamageError(problems)


def _damaged_checkpoints(folder: Path) -> Iterator[Problem]:
    checkpoints = Checkpoints(folder)
    for checkpoint in checkpoints.listed():
        try:
            checkpoint.read()
        except ValueError as error:
            if os.path.lexists(checkpoint.folder):  # else its block went on meanwhile
                checkpoints.tell(checkpoint.folder, str(error))
    for damage in checkpoints.damage:
        place, _, what = damage.partition(": ")
        yield Problem(f"damaged: {what}", Place(place), fix=_CHECKPOINT_FIX)
