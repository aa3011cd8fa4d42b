"""The store of the results of a run in a folder.

The folder contains ``manifest.json`` and one shard for each finished block in ``shards/``. A shard
is written under a temporary name and then renamed, so it is complete or absent. Its name is a hash
of its networks: a block that two processes finish has one shard. Each file is
compared with its sha256 when it is read. The tables of a run are those of its shards, joined when
they are read.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Container, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from gridjax.errors import DamageError, Place, Problem
from gridjax.io.atomic_files import (
    dump_checksummed_json,
    remove_temporaries,
    rename,
    replace_file,
    retry_while_replaced,
    writing,
)
from gridjax.run.evaluation.evaluation import KeptMaps
from gridjax.run.storage.block_results import BlockResults, null_ids_of
from gridjax.run.storage.manifest import MANIFEST, read_manifest
from gridjax.run.storage.shards import MAPS, SEAL, Shard
from gridjax.run.storage.tables.table_order import in_order

SHARDS = "shards"
DAMAGED = "damaged"
_NAME = re.compile("[0-9a-f]{16}")
_WRITTEN_MEANWHILE = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT)
"""Errors of a rename after another process has committed the same block."""


class FolderStore:
    """The results in a run folder."""

    def __init__(self, folder: Path, manifest: dict[str, Any]):
        self.folder = folder
        self.manifest = manifest
        self.set_aside: list[str] = []
        """damaged files whose shards were moved to ``damaged/``"""
        self._run_ids: dict[tuple[str, int, int], list[str]] = {}
        """run_ids of each shard by its name and the time and size of its list"""

    @classmethod
    def create(
        cls,
        folder: Path,
        manifest: dict[str, Any],
        damaged: Mapping[Path, str],
        is_stored: bool = False,
    ) -> FolderStore:
        """Create a run, or resume the run in the folder, with the manifest ``manifest``.

        Removes the temporary files that a killed writer left. Moves damaged shards to ``damaged/``,
        so that their networks are trained again. ``is_stored`` says that the folder already
        contains this manifest.
        """
        store = cls(folder, manifest)
        store.set_aside = list(damaged.values())
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            remove_temporaries(folder)
            if not is_stored:
                replace_file(folder / MANIFEST, dump_checksummed_json(manifest))
            (folder / SHARDS).mkdir(exist_ok=True)
            remove_temporaries(folder / SHARDS)
            for shard in damaged:
                store._set_aside(shard)
            for shard in store._shards():
                shard.tidy()
        return store

    @classmethod
    def join(
        cls, folder: Path, manifest: dict[str, Any], damaged: Mapping[Path, str]
    ) -> FolderStore:
        """Open a run for writing while other parts of the run write it too.

        Moves the damaged shards of this part to ``damaged/`` and changes nothing else.
        """
        store = cls(folder, manifest)
        store.set_aside = list(damaged.values())
        with writing(folder):
            (folder / SHARDS).mkdir(exist_ok=True)
            for shard in damaged:
                store._set_aside(shard)
        return store

    @classmethod
    def open(cls, folder: Path) -> FolderStore:
        """Open a run folder for reading.

        Raises GridjaxError if the folder holds no run.
        """
        return cls(folder, read_manifest(folder))

    def committed(self) -> set[str]:
        """Return the run_ids of the manifest whose results are complete."""
        return self.committed_in(())

    def committed_in(self, damaged: Container[Path]) -> set[str]:
        """Return the run_ids whose results are complete, without those of damaged shards."""
        wanted = set(self.manifest["run_ids"])
        found: set[str] = set()
        for shard in self._shards():
            if shard.folder in damaged:
                continue
            try:
                found |= wanted.intersection(self._run_ids_of(shard))
            except DamageError:
                continue  # check() reports it; reading a table raises it
        return found

    def table(self, name: str) -> pa.Table:
        """Return one table, networks in the order of the sweep.

        Raises DamageError if a file is damaged.
        """
        shards = self._shards()
        for shard in shards:
            self._run_ids_of(shard)
        keys = self.manifest["run_ids"]
        if name == "nulls":
            keys = null_ids_of(self.table("networks"))
        return in_order(name, [shard.table(name) for shard in shards], keys)

    def maps(self, run_id: str) -> KeptMaps | None:
        """Return the stored rate maps of one network; None if there are none."""
        shard = self._shard_of(run_id)
        arrays = None if shard is None else shard.maps(run_id)
        try:
            return KeptMaps(**arrays) if shard is not None and arrays else None
        except TypeError:
            place = None if shard is None else Place(str(shard.folder / MAPS))
            raise DamageError(Problem("damaged: contains arrays other than maps", place)) from None

    def weights(self, run_id: str) -> dict[str, np.ndarray] | None:
        """Return the stored weights and layout of one network, by path; None if there are none."""
        shard = self._shard_of(run_id)
        return None if shard is None else shard.weights(run_id)

    def results_of(self, run_ids: AbstractSet[str]) -> Iterator[BlockResults]:
        """Yield the results, without weights, of each shard that contains one of some networks."""
        for shard in self._shards():
            if not run_ids.isdisjoint(self._run_ids_of(shard)):
                yield shard.read(weights=False)

    def with_weights(self) -> set[str]:
        """Return the run_ids of the networks whose weights are stored."""
        return {run_id for shard in self._shards() for run_id in shard.with_weights()}

    def keep_weights(self, run_ids: AbstractSet[str]) -> None:
        """Remove the weights of all networks except ``run_ids``."""
        with writing(self.folder):
            for shard in self._shards():
                shard.keep_weights(run_ids)

    def last_finished(self) -> float | None:
        """Return the time of the newest shard in seconds since the epoch; None without shards."""
        times = []
        for shard in self._shards():
            try:
                times.append(shard.folder.stat().st_mtime)
            except OSError:
                continue
        return max(times, default=None)

    def damaged(self, blocks: Container[str] | None = None) -> dict[Path, str]:
        """Return the folder of each damaged shard -> its damaged file.

        ``blocks`` are the names of the shards that are looked at; None: all.
        """
        found = {path: f"{path} is a link" for path in self._links()}
        for shard in self._shards():
            if blocks is not None and shard.folder.name not in blocks:
                continue
            try:
                shard.check(rows=False)
            except DamageError as error:
                found[shard.folder] = str(error.problems[0].place)
        if blocks is not None:
            found = {path: file for path, file in found.items() if path.name in blocks}
        return found

    def names_of(self, run_ids: AbstractSet[str]) -> set[str]:
        """Return the names of the shards that contain one of some networks."""
        names = set()
        for shard in self._shards():
            with suppress(DamageError):  # its networks are unknown
                if not run_ids.isdisjoint(self._run_ids_of(shard)):
                    names.add(shard.folder.name)
        return names

    def check(self) -> Iterator[DamageError]:
        """Read every shard; yield an error for each damaged one."""
        shards = self.folder / SHARDS
        if shards.is_symlink() or (shards.exists() and not shards.is_dir()):
            yield DamageError(Problem("damaged: is not a folder", Place(str(shards))))
        for path in self._links():
            what = "damaged: is a link, which is not followed"
            yield DamageError(Problem(what, Place(str(path))))
        for shard in self._shards():
            try:
                shard.check()
            except DamageError as error:
                yield error

    def _shards(self) -> list[Shard]:
        """Return the shards of the folder by name; links and other entries are left out."""
        return [Shard(path) for path in self._entries() if not path.is_symlink()]

    def _links(self) -> list[Path]:
        """Return the links among the shards; a link can point anywhere and is never followed."""
        return [path for path in self._entries() if path.is_symlink()]

    def _entries(self) -> list[Path]:
        shards = self.folder / SHARDS
        if not shards.is_dir() or shards.is_symlink():
            return []
        names = (entry.name for entry in os.scandir(shards))
        return [shards / name for name in sorted(names) if _NAME.fullmatch(name)]

    def _shard_of(self, run_id: str) -> Shard | None:
        for shard in self._shards():
            if run_id in self._run_ids_of(shard):
                return shard
        return None

    def _run_ids_of(self, shard: Shard) -> list[str]:
        """Return the networks of a shard; its list is read again only after it changed."""
        try:
            found = (shard.folder / SEAL).lstat()
            key = (shard.folder.name, found.st_mtime_ns, found.st_size)
        except OSError:
            return shard.run_ids()  # raises the error for a damaged shard
        if key not in self._run_ids:
            self._run_ids[key] = retry_while_replaced(shard.folder / SEAL, shard.run_ids)
        return self._run_ids[key]

    def _set_aside(self, path: Path) -> None:
        damaged = self.folder / DAMAGED
        damaged.mkdir(exist_ok=True)
        places = (damaged / f"{path.name}-{number}" for number in count(1))
        free = next(place for place in places if not os.path.lexists(place))
        rename(path, free)


def commit_block(folder: Path, results: BlockResults) -> None:
    """Write the shard of a block to a run folder, under a temporary name until it is complete.

    If the folder has an intact shard of the block, nothing is changed: another process has finished
    the block, and its results have the same bits.
    """
    shard = Shard(folder / SHARDS / results.name)
    with writing(folder):
        if shard.is_intact():
            return
        try:
            Shard.write(shard.folder, results)
        except OSError as error:
            if error.errno not in _WRITTEN_MEANWHILE or not shard.is_intact():
                raise


def networks_of_block(folder: Path, name: str) -> pa.Table | None:
    """Return the table of the networks of a committed block; None if it has no intact shard."""
    shard = Shard(folder / SHARDS / name)
    try:
        return shard.table("networks") if shard.is_intact() else None
    except DamageError:
        return None
