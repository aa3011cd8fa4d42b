"""The finished networks of a block whose other networks are still in training."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from gridjax.errors import DamageError
from gridjax.io.atomic_files import (
    TEMP_PREFIX,
    remove_folder,
    remove_temporaries,
    remove_tree,
    writing,
)
from gridjax.run.storage.block_results import BlockResults
from gridjax.run.storage.shards import Shard

PARTIAL = "partial"


class PartialResults:
    """The folder ``partial/BLOCK`` of a run: results that the shard of the block will contain.

    They are written with the checkpoints of the block, so that a stopped or killed run need not
    train these networks again. Each part has the form of a shard.
    """

    def __init__(self, run_folder: Path, block: str):
        self.folder = run_folder / PARTIAL / block

    def add(self, results: BlockResults) -> None:
        """Write the results of some networks."""
        with writing(self.folder.parent.parent):
            self.folder.parent.mkdir(exist_ok=True)
            self.folder.mkdir(exist_ok=True)
            Shard.write(self.folder / results.name, results)

    def read(self, is_alone: bool = True) -> tuple[list[BlockResults], list[str]]:
        """Return the intact parts, and a sentence for each damaged one, which is not used.

        ``is_alone`` says that no other process can write parts of the block. The temporary files
        of a killed writer are then removed.
        """
        parts: list[BlockResults] = []
        damage: list[str] = []
        if self.folder.is_symlink() or not self.folder.is_dir():
            return parts, damage
        if is_alone:
            remove_temporaries(self.folder)
        seen: set[str] = set()
        for path in sorted(self.folder.iterdir()):
            if path.name.startswith(TEMP_PREFIX):
                continue
            try:
                part = Shard(path).read()
            except DamageError as error:
                damage.append(str(error.problems[0]))
                continue
            if not seen & set(part.run_ids):
                parts.append(part)
                seen |= set(part.run_ids)
        return parts, damage

    def remove(self) -> None:
        """Remove the folder after the block was committed."""
        with writing(self.folder.parent.parent), suppress(FileNotFoundError):
            if self.folder.is_symlink():
                remove_tree(self.folder)
            else:
                remove_folder(self.folder)


def partial_run_ids(run_folder: Path) -> set[str]:
    """Return the run_ids of the networks with partial results; damaged parts are left out."""
    found: set[str] = set()
    for shard in partial_shards(run_folder):
        with suppress(DamageError):
            found |= set(shard.run_ids())
    return found


def partial_shards(run_folder: Path) -> list[Shard]:
    """Return all parts of all blocks of a run; links are not followed."""
    root = run_folder / PARTIAL
    if root.is_symlink():
        return []
    return [Shard(path) for path in sorted(root.glob("[0-9a-f]*/[0-9a-f]*"))]
