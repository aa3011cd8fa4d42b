"""The store of the results of a run in a folder.

The folder contains ``manifest.json``, one shard for each network in ``shards/``, the tables made
from the shards, and ``tables.json`` with the checksums of the tables. A shard is written under a
temporary name and then renamed, so it is complete or absent. Each file is compared with its sha256
when it is read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from gridjax.errors import DamageError, Place, Problem
from gridjax.io.atomic_files import (
    digest,
    dump_checksummed_json,
    load_checksummed_json,
    read_regular,
    remove_temporaries,
    rename,
    replace_file,
    retry_while_replaced,
    writing,
)
from gridjax.io.json_schema import check_schema
from gridjax.run.evaluation.evaluation import KeptMaps
from gridjax.run.storage.manifest import MANIFEST, read_manifest
from gridjax.run.storage.result_store import assemble, in_order
from gridjax.run.storage.schema import TABLES, NetworkResult
from gridjax.run.storage.shards import MAPS, WEIGHTS, Shard, read_parquet, to_parquet

SHARDS = "shards"
DAMAGED = "damaged"
TABLE_SEAL = "tables.json"
_REBUILD = "run the sweep command again: it makes the file again"


class FolderStore:
    """The results in a run folder."""

    def __init__(self, folder: Path, manifest: dict[str, Any]):
        self.folder = folder
        self.manifest = manifest
        self.set_aside: list[str] = []
        """damaged files whose shards were moved to ``damaged/``"""

    @classmethod
    def create(
        cls, folder: Path, manifest: dict[str, Any], damaged: Mapping[str, str]
    ) -> FolderStore:
        """Create a run, or resume the run in the folder, with the manifest ``manifest``.

        Removes the temporary files that a killed writer left. Moves damaged shards to ``damaged/``,
        so that their networks are trained again.
        """
        store = cls(folder, manifest)
        store.set_aside = list(damaged.values())
        path = folder / MANIFEST
        sealed = dump_checksummed_json(manifest)
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            remove_temporaries(folder)
            if not path.exists() or read_regular(path) != sealed:
                replace_file(path, sealed)
            (folder / SHARDS).mkdir(exist_ok=True)
            remove_temporaries(folder / SHARDS)
            for run_id in damaged:
                store._set_aside(store.shard(run_id).folder)
            for run_id in store.committed():
                store.shard(run_id).tidy()
            if damaged or not store._tables_are_whole():
                store._forget_tables()
        return store

    @classmethod
    def open(cls, folder: Path) -> FolderStore:
        """Open a run folder for reading.

        Raises GridjaxError if the folder holds no run.
        """
        return cls(folder, read_manifest(folder))

    def committed(self) -> set[str]:
        """Return the run_ids whose results are complete."""
        shards = self.folder / SHARDS
        if not shards.is_dir() or shards.is_symlink():
            return set()
        wanted = set(self.manifest["run_ids"])
        return {
            path.name for path in shards.iterdir() if path.name in wanted and not path.is_symlink()
        }

    def is_committed(self, run_id: str) -> bool:
        """Return whether the results of one network of the manifest are complete."""
        shards, shard = self.folder / SHARDS, self.shard(run_id).folder
        return not shards.is_symlink() and shard.is_dir() and not shard.is_symlink()

    def commit(self, result: NetworkResult) -> None:
        """Write the shard of one network, under a temporary name until it is complete."""
        with writing(self.folder):
            Shard.write(self.folder / SHARDS / result.run_id, result)

    def drop_weights(self, run_ids: Iterable[str]) -> None:
        """Remove the weights of some networks."""
        with writing(self.folder):
            for run_id in run_ids:
                self.shard(run_id).drop_weights()

    def has_weights(self, run_id: str) -> bool:
        """Return whether the weights of a network are stored, without reading them."""
        return self.shard(run_id).holds(WEIGHTS)

    def finish(self) -> None:
        """Write the Parquet tables, then their checksums, unless they are up to date."""
        run_ids = in_order(self.manifest, self.committed())
        if not run_ids or self._table_seal().get("run_ids") == run_ids:
            return
        listed = {}
        with writing(self.folder):
            self._forget_tables()
            for name in TABLES:
                content = to_parquet(self._from_shards(name, run_ids))
                replace_file(self.folder / f"{name}.parquet", content)
                listed[name] = digest(content)
            replace_file(
                self.folder / TABLE_SEAL,
                dump_checksummed_json({"run_ids": run_ids, "tables": listed}),
            )

    def table(self, name: str) -> pa.Table:
        """Return one table: the written table if it has all networks, else a table from the shards.

        Raises DamageError if a file is damaged.
        """
        return retry_while_replaced(self.folder / TABLE_SEAL, lambda: self._table(name))

    def _table(self, name: str) -> pa.Table:
        run_ids = in_order(self.manifest, self.committed())
        sealed = self._table_seal()
        if sealed and set(run_ids) <= set(sealed["run_ids"]):
            return self._written(name, sealed)
        return self._from_shards(name, run_ids)

    def maps(self, run_id: str) -> KeptMaps | None:
        """Return the stored rate maps of one network; None if there are none."""
        arrays = self.shard(run_id).arrays(MAPS)
        try:
            return KeptMaps(**arrays) if arrays else None
        except TypeError:
            place = Place(str(self.shard(run_id).folder / MAPS))
            raise DamageError(Problem("damaged: contains arrays other than maps", place)) from None

    def weights(self, run_id: str) -> dict[str, np.ndarray] | None:
        """Return the stored weights and layout of one network, by path; None if there are none."""
        return self.shard(run_id).arrays(WEIGHTS)

    def shard(self, run_id: str) -> Shard:
        """Return the shard of one network."""
        return Shard(self.folder / SHARDS / run_id)

    def damaged(self) -> dict[str, str]:
        """Return run_id -> damaged file, for each network with a damaged file."""
        found = {path.name: f"{path} is a link" for path in self._links()}
        for run_id in in_order(self.manifest, self.committed()):
            try:
                self.shard(run_id).check()
            except DamageError as error:
                found[run_id] = str(error.problems[0].place)
        return found

    def check(self) -> Iterator[DamageError]:
        """Read every shard and table; yield an error for each damaged one."""
        sealed: dict[str, Any] = {}
        shards = self.folder / SHARDS
        if shards.is_symlink() or (shards.exists() and not shards.is_dir()):
            yield DamageError(Problem("damaged: is not a folder", Place(str(shards))))
        for path in self._links():
            yield DamageError(
                Problem("damaged: is a link, which is not followed", Place(str(path)))
            )
        for run_id in in_order(self.manifest, self.committed()):
            try:
                self.shard(run_id).check()
            except DamageError as error:
                yield error
        try:
            sealed = self._table_seal()
        except DamageError as error:
            yield error
        for name in sealed.get("tables", ()):
            try:
                retry_while_replaced(
                    self.folder / TABLE_SEAL, lambda name=name: self._check_table(name)
                )
            except DamageError as error:
                yield error
        for run_id in sorted(set(sealed.get("run_ids", ())) - self.committed()):
            yield DamageError(
                Problem("damaged: is missing", Place(str(self.shard(run_id).folder)), fix=_REBUILD)
            )

    def _check_table(self, name: str) -> None:
        if sealed := self._table_seal():
            self._written(name, sealed)

    def _links(self) -> list[Path]:
        """Return the links among the shards; a link can point anywhere and is never followed."""
        shards = self.folder / SHARDS
        if not shards.is_dir() or shards.is_symlink():
            return []
        wanted = set(self.manifest["run_ids"])
        return sorted(p for p in shards.iterdir() if p.name in wanted and p.is_symlink())

    def _set_aside(self, path: Path) -> None:
        damaged = self.folder / DAMAGED
        damaged.mkdir(exist_ok=True)
        places = (damaged / f"{path.name}-{number}" for number in count(1))
        free = next(place for place in places if not os.path.lexists(place))
        rename(path, free)

    def _tables_are_whole(self) -> bool:
        try:
            sealed = self._table_seal()
            for name in sealed.get("tables", ()):
                self._written(name, sealed)
        except DamageError:
            return False
        return sealed.get("run_ids") == in_order(self.manifest, self.manifest["run_ids"])

    def _forget_tables(self) -> None:
        """Remove the checksums, then the tables of an earlier call: newer shards will follow."""
        for path in (self.folder / TABLE_SEAL, *(self.folder / f"{n}.parquet" for n in TABLES)):
            path.unlink(missing_ok=True)

    def _table_seal(self) -> dict[str, Any]:
        """Return the checksums and networks of the tables; an empty dict if there are no tables."""
        path = self.folder / TABLE_SEAL
        try:
            content = load_checksummed_json(read_regular(path))
            check_schema(content, {"run_ids": [str], "tables": {str: str}}, "it")
            if content["tables"].keys() != TABLES.keys():
                raise ValueError("its list of tables is another one")
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            problem = Problem(f"damaged: cannot be trusted: {error}", Place(str(path)), _REBUILD)
            raise DamageError(problem) from None
        return content

    def _written(self, name: str, sealed: dict[str, Any]) -> pa.Table:
        path = self.folder / f"{name}.parquet"
        try:
            content = read_regular(path)
        except OSError as error:
            message = f"damaged: cannot be read: {error.strerror}"
            raise DamageError(Problem(message, Place(str(path)), _REBUILD)) from None
        if digest(content) != sealed["tables"][name]:
            message = "damaged: has another sha256"
            raise DamageError(Problem(message, Place(str(path)), _REBUILD))
        return read_parquet(content, path, name)

    def _from_shards(self, name: str, run_ids: Sequence[str]) -> pa.Table:
        return assemble(name, [self.shard(run_id).table(name) for run_id in run_ids])
