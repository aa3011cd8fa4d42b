"""Where a run's results go: a folder of shards, or memory. Both read back alike.

A folder holds ``manifest.json``, one shard per network under ``shards/``, and the tables that are
put together from the shards. A shard is written aside and renamed, so it is there whole or not.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gridjax.errors import GridjaxError, Place, Problem
from gridjax.study.evaluation import KeptMaps
from gridjax.study.manifest import MANIFEST, continued, read_manifest
from gridjax.study.schema import ROW_KEYS, TABLES, NetworkResult

SHARDS = "shards"
_ASIDE = ".aside-"


class Store(Protocol):
    """What the runner writes to and a Run reads from."""

    manifest: dict[str, Any]

    def committed(self) -> set[str]:
        """Return the run_ids whose results are here, whole."""
        ...

    def commit(self, result: NetworkResult) -> None:
        """Take in one network's results, all or nothing."""
        ...

    def drop_weights(self, run_ids: Iterable[str]) -> None:
        """Forget the weights of some networks."""
        ...

    def finish(self) -> None:
        """Put the tables together from what is committed."""
        ...

    def table(self, name: str) -> pa.Table:
        """Return one table, networks in the order of the sweep."""
        ...

    def maps(self, run_id: str) -> KeptMaps | None:
        """Return the kept maps of one network."""
        ...

    def weights(self, run_id: str) -> dict[str, np.ndarray] | None:
        """Return the kept weights and layout of one network, by path."""
        ...


class MemoryStore:
    """Results kept in memory, gone with the process."""

    def __init__(self, manifest: dict[str, Any]):
        self.manifest = manifest
        self._results: dict[str, NetworkResult] = {}

    def committed(self) -> set[str]:
        """Return the run_ids whose results are here."""
        return set(self._results)

    def commit(self, result: NetworkResult) -> None:
        """Take in one network's results."""
        self._results[result.run_id] = result

    def drop_weights(self, run_ids: Iterable[str]) -> None:
        """Forget the weights of some networks."""
        for run_id in run_ids:
            self._results[run_id] = replace(self._results[run_id], weights={})

    def finish(self) -> None:
        """Do nothing: the tables are put together when asked for."""

    def table(self, name: str) -> pa.Table:
        """Return one table, networks in the order of the sweep."""
        ordered = in_order(self.manifest, self._results)
        return assemble(name, [self._results[run_id].tables()[name] for run_id in ordered])

    def maps(self, run_id: str) -> KeptMaps | None:
        """Return the kept maps of one network."""
        return self._results[run_id].maps

    def weights(self, run_id: str) -> dict[str, np.ndarray] | None:
        """Return the kept weights and layout of one network, by path."""
        return self._results[run_id].weights or None


class FolderStore:
    """Results in a run folder."""

    def __init__(self, folder: Path, manifest: dict[str, Any]):
        self.folder = folder
        self.manifest = manifest

    @classmethod
    def create(cls, folder: Path, manifest: dict[str, Any]) -> FolderStore:
        """Begin a run, or go on with the one that is there; clear what a killed writer left.

        Raises GridjaxError where it was begun with other lane widths.
        """
        shards = folder / SHARDS
        shards.mkdir(parents=True, exist_ok=True)
        for left in (*shards.glob(f"{_ASIDE}*"), *folder.glob(f"{_ASIDE}*")):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        there = read_manifest(folder) if (folder / MANIFEST).exists() else None
        store = cls(folder, there or manifest)
        if there is None or len(store.committed()) < len(manifest["run_ids"]):
            store.manifest = manifest if there is None else continued(there, manifest, folder)
            if store.manifest is not there:
                write_aside(folder / MANIFEST, json.dumps(store.manifest, indent=1).encode())
            for name in TABLES:  # of an earlier stop: never beside newer shards
                (folder / f"{name}.parquet").unlink(missing_ok=True)
        return store

    @classmethod
    def open(cls, folder: Path) -> FolderStore:
        """Open a run folder for reading.

        Raises GridjaxError where it holds no manifest, or one that cannot be read.
        """
        return cls(folder, read_manifest(folder))

    def committed(self) -> set[str]:
        """Return the run_ids whose results are here, whole."""
        shards = self.folder / SHARDS
        if not shards.is_dir():
            return set()
        wanted = set(self.manifest["run_ids"])
        return {path.name for path in shards.iterdir() if path.name in wanted}

    def commit(self, result: NetworkResult) -> None:
        """Write one network's shard aside, then rename it into place."""
        aside = self.folder / SHARDS / f"{_ASIDE}{result.run_id}"
        with writing(self.folder):
            aside.mkdir()
            for name, table in result.tables().items():
                pq.write_table(table, aside / f"{name}.parquet")
            if result.maps is not None:
                np.savez(aside / "maps.npz", allow_pickle=False, **vars(result.maps))
            if result.weights:
                np.savez(aside / "weights.npz", allow_pickle=False, **result.weights)
            aside.rename(self._shard(result.run_id))

    def drop_weights(self, run_ids: Iterable[str]) -> None:
        """Delete the weights of some networks."""
        for run_id in run_ids:
            (self._shard(run_id) / "weights.npz").unlink(missing_ok=True)

    def finish(self) -> None:
        """Write the Parquet tables from the shards, unless they are there; networks last."""
        if self._complete():
            return
        names = sorted(TABLES, key=lambda name: name == "networks")
        with writing(self.folder):
            for name in names:
                pq.write_table(self._from_shards(name), self.folder / f"{_ASIDE}{name}.parquet")
            for name in names:
                aside = self.folder / f"{_ASIDE}{name}.parquet"
                aside.replace(self.folder / f"{name}.parquet")

    def table(self, name: str) -> pa.Table:
        """Return one table: the written one where it is complete, else from the shards."""
        written = self.folder / f"{name}.parquet"
        if written.exists() and self._complete():
            return _read_table(written)
        return self._from_shards(name)

    def maps(self, run_id: str) -> KeptMaps | None:
        """Return the kept maps of one network."""
        arrays = _read_arrays(self._shard(run_id) / "maps.npz")
        return KeptMaps(**arrays) if arrays else None

    def weights(self, run_id: str) -> dict[str, np.ndarray] | None:
        """Return the kept weights and layout of one network, by path."""
        return _read_arrays(self._shard(run_id) / "weights.npz")

    def _shard(self, run_id: str) -> Path:
        return self.folder / SHARDS / run_id

    def _complete(self) -> bool:
        networks = self.folder / "networks.parquet"
        n_written = pq.read_metadata(networks).num_rows if networks.exists() else 0
        return n_written >= max(len(self.committed()), 1)

    def _from_shards(self, name: str) -> pa.Table:
        ordered = in_order(self.manifest, self.committed())
        return assemble(name, [_read_table(self._shard(r) / f"{name}.parquet") for r in ordered])


def in_order(manifest: dict[str, Any], run_ids: Iterable[str]) -> list[str]:
    """Return run_ids in the order of the sweep."""
    wanted = set(run_ids)
    return [run_id for run_id in manifest["run_ids"] if run_id in wanted]


def assemble(name: str, parts: Sequence[pa.Table]) -> pa.Table:
    """Put one table together; a null that several networks share stands once."""
    unique = []
    seen: set[str] = set()
    for part in parts:
        keys = set(part[ROW_KEYS[name]].unique().to_pylist())
        if not keys & seen:
            unique.append(part)
            seen |= keys
    return pa.concat_tables(unique) if unique else TABLES[name].empty_table()


def write_aside(path: Path, content: bytes) -> None:
    """Write a file aside and rename it, so that a reader sees the old or the new one whole."""
    aside = path.with_name(_ASIDE + path.name)
    aside.write_bytes(content)
    aside.replace(path)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn what the file system refuses into one clear message."""
    try:
        yield
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror or error}"
        fix = "make room or allow writing; the same command then goes on"
        raise GridjaxError(Problem(message, fix=fix)) from error


def _read_table(path: Path) -> pa.Table:
    try:
        return pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        raise GridjaxError(Problem(f"cannot be read: {error}", Place(str(path)))) from None


def _read_arrays(path: Path) -> dict[str, np.ndarray] | None:
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError) as error:
        raise GridjaxError(Problem(f"cannot be read: {error}", Place(str(path)))) from None
