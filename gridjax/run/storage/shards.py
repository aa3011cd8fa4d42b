"""The results of one block of networks on disk: a folder of tables and arrays with their sha256."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from errno import ELOOP
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.lib.npyio import NpzFile

from gridjax.errors import DamageError, Place, Problem
from gridjax.io.atomic_files import (
    digest,
    dump_checksummed_json,
    load_checksummed_json,
    new_folder,
    read_regular,
    remove_temporaries,
    replace_file,
    retry_while_replaced,
)
from gridjax.io.json_schema import check_schema
from gridjax.io.npy_errors import NOT_NPZ
from gridjax.run.planning.blocks import block_name
from gridjax.run.storage.block_results import Arrays, BlockResults
from gridjax.run.storage.tables.earlier_versions import ALWAYS, completed, is_of_earlier_version
from gridjax.run.storage.tables.schema import TABLES

SEAL = "shard.json"
MAPS = "maps.npz"
WEIGHTS = "weights.npz"
KEPT_WEIGHTS = "kept_weights.npz"
"""Weights that remain after the weights of other networks were removed."""
_NAMES = {f"{name}.parquet" for name in TABLES} | {MAPS, WEIGHTS, KEPT_WEIGHTS}
_SCHEMA = {"run_ids": [str], "files": {str: {"bytes": int, "sha256": str}}}
_FIX = "run the sweep command again: it moves the block to damaged/ and trains its networks again"


class Shard:
    """The results of one block in a run folder; the name of its folder is that of the block."""

    def __init__(self, folder: Path):
        self.folder = folder

    @classmethod
    def write(cls, folder: Path, results: BlockResults) -> Shard:
        """Write the results of a block, completely or not at all; replace a damaged shard."""
        files = {f"{name}.parquet": to_parquet(table) for name, table in results.tables.items()}
        if results.maps:
            files[MAPS] = _npz(results.maps)
        if results.weights:
            files[WEIGHTS] = _npz(results.weights)
        with new_folder(folder, replace=True) as aside:
            for name, content in files.items():
                (aside / name).write_bytes(content)
            (aside / SEAL).write_bytes(_seal(results.run_ids, _listed(files)))
        return cls(folder)

    def read(self, weights: bool = True) -> BlockResults:
        """Return all results of the shard, or all except the weights."""
        tables = {name: self.table(name) for name in TABLES}
        run_ids = tuple(self.run_ids())
        maps = {run_id: arrays for run_id in run_ids if (arrays := self.maps(run_id))}
        with_weights = run_ids if weights else ()
        kept = {run_id: arrays for run_id in with_weights if (arrays := self.weights(run_id))}
        return BlockResults(run_ids, tables, maps, kept)

    def run_ids(self) -> list[str]:
        """Return the networks whose results the shard contains, in order."""
        content: list[str] = self._read_seal()["run_ids"]
        return content

    def table(self, name: str) -> pa.Table:
        """Return the rows of a table, none for a table that the writing version did not have."""
        content = retry_while_replaced(self.folder / SEAL, lambda: self._content(f"{name}.parquet"))
        if content is None:
            if name in ALWAYS:
                raise self._damage(f"{name}.parquet", "is missing")
            return TABLES[name].empty_table()
        return read_parquet(content, self.folder / f"{name}.parquet", name)

    def maps(self, run_id: str) -> Arrays | None:
        """Return the arrays of the stored rate maps of a network; None if there are none."""
        return retry_while_replaced(self.folder / SEAL, lambda: self._arrays(MAPS, run_id))

    def weights(self, run_id: str) -> Arrays | None:
        """Return the stored weights of a network by path; None if there are none."""
        return retry_while_replaced(
            self.folder / SEAL, lambda: self._arrays(self._weights_name(), run_id)
        )

    def with_weights(self) -> list[str]:
        """Return the networks whose weights are stored."""
        return retry_while_replaced(self.folder / SEAL, self._with_weights)

    def keep_weights(self, run_ids: AbstractSet[str]) -> None:
        """Remove the weights of all networks except ``run_ids``.

        The other weights are first written to a new file. A listed file is therefore never missing.
        """
        there = self._with_weights()
        kept = [run_id for run_id in there if run_id in run_ids]
        if kept == there:
            return
        seal, old = self._read_seal(), self._weights_name()
        new = KEPT_WEIGHTS if old == WEIGHTS else WEIGHTS
        files = {name: each for name, each in seal["files"].items() if name != old}
        if kept:
            arrays = {run_id: self._arrays(old, run_id) or {} for run_id in kept}
            content = _npz(arrays)
            replace_file(self.folder / new, content)
            files |= _listed({new: content})
        replace_file(self.folder / SEAL, _seal(seal["run_ids"], files))
        (self.folder / old).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove the files that remain if a writer was killed while it removed weights."""
        remove_temporaries(self.folder)
        listed = self._read_seal()["files"]
        for name in (WEIGHTS, KEPT_WEIGHTS):
            if name not in listed:
                (self.folder / name).unlink(missing_ok=True)

    def is_intact(self) -> bool:
        """Return whether the shard exists and no file of it is damaged."""
        if not os.path.lexists(self.folder):
            return False
        try:
            self.check()
        except DamageError:
            return False
        return True

    def check(self, rows: bool = True) -> None:
        """Raise DamageError if a file is damaged, or a table has columns that the schema lacks.

        ``rows=False`` reads the SHA-256 and the schema of the tables, but not their rows.
        """
        read = _read_table if rows else pq.read_schema
        retry_while_replaced(self.folder / SEAL, lambda: self._check(read))

    def _check(self, read: Callable[[pa.BufferReader], Any]) -> None:
        listed = self._read_seal()["files"]
        contents = {name: self._listed_content(name, each) for name, each in listed.items()}
        for name in TABLES:
            file = f"{name}.parquet"
            if file in contents:
                _checked(read, contents[file], self.folder / file, name)
            elif name in ALWAYS:
                raise self._damage(SEAL, f"lists no {file}")

    def _weights_name(self) -> str:
        return KEPT_WEIGHTS if KEPT_WEIGHTS in self._read_seal()["files"] else WEIGHTS

    def _with_weights(self) -> list[str]:
        content = self._content(self._weights_name())
        if content is None:
            return []
        with self._opened(self._weights_name(), content) as file:
            return list(dict.fromkeys(key.partition("/")[0] for key in file.files))

    def _arrays(self, name: str, run_id: str) -> Arrays | None:
        """Return the arrays of one network in a file; None if the file has none.

        No object is unpickled, and no data is decompressed to more bytes than the file has.
        """
        content = self._content(name)
        if content is None:
            return None
        prefix = f"{run_id}/"
        try:
            with self._opened(name, content) as file:
                keys = [key for key in file.files if key.startswith(prefix)]
                arrays = {key.removeprefix(prefix): file[key] for key in keys}
            if not all(isinstance(array, np.ndarray) for array in arrays.values()):
                raise ValueError("it contains other things than arrays")
        except NOT_NPZ as error:
            raise self._unreadable(name, error) from None
        return arrays or None

    def _opened(self, name: str, content: bytes) -> Any:
        try:
            file = np.load(io.BytesIO(content), allow_pickle=False)
            if not isinstance(file, NpzFile) or file.zip is None:
                raise ValueError("it is a single array")
            if sum(each.file_size for each in file.zip.infolist()) > len(content):
                raise ValueError("it is compressed, which gridjax never writes")
        except NOT_NPZ as error:
            raise self._unreadable(name, error) from None
        return file

    def _unreadable(self, name: str, error: BaseException) -> DamageError:
        why = f"{type(error).__name__}: {error}".splitlines()[0]
        return self._damage(name, f"cannot be read: {why}")

    def _content(self, name: str) -> bytes | None:
        listed = self._read_seal()["files"].get(name)
        return None if listed is None else self._listed_content(name, listed)

    def _listed_content(self, name: str, listed: Mapping[str, Any]) -> bytes:
        """Return the bytes of a file, of which the seal lists size and SHA-256."""
        try:
            content = self._read(name)
        except OSError as error:
            raise self._damage(name, f"cannot be read: {error.strerror}") from None
        if {"bytes": len(content), "sha256": digest(content)} != listed:
            raise self._damage(name, "has another sha256")
        return content

    def _read(self, name: str) -> bytes:
        """Return the bytes of a file of this folder; refuse links."""
        for path in (self.folder, self.folder / name):
            if path.is_symlink():
                raise OSError(ELOOP, "is a link, which is not followed")
        return read_regular(self.folder / name)

    def _read_seal(self) -> dict[str, Any]:
        try:
            content = load_checksummed_json(self._read(SEAL))
            check_schema(content, _SCHEMA, "it")
            if block_name(content["run_ids"]) != self.folder.name:
                raise ValueError("its list is that of another block")
            if not _NAMES.issuperset(content["files"]):
                raise ValueError("it lists other files than those of a block")
        except (OSError, ValueError, RecursionError) as error:
            raise self._damage(SEAL, f"cannot be trusted: {error}") from None
        return content

    def _damage(self, name: str, what: str) -> DamageError:
        return DamageError(Problem(f"damaged: {what}", Place(str(self.folder / name)), fix=_FIX))


def read_parquet(content: bytes, path: Path, name: str) -> pa.Table:
    """Return the table in the bytes of a Parquet file; refuse columns that the schema lacks.

    Columns that only the schema has are added (gridjax.run.storage.tables.earlier_versions).
    """
    table: pa.Table = _checked(_read_table, content, path, name)
    return table if table.schema.equals(TABLES[name]) else completed(table, name)


def _read_table(source: pa.BufferReader) -> pa.Table:
    """Return the table of a Parquet file, read in this thread alone.

    The scanner behind ``pq.read_table`` may still hold the bytes in a thread of its own when it
    returns. If Python ends before that thread releases them, the process is aborted.
    """
    with pq.ParquetFile(source) as file:
        return file.read(use_threads=False)


def _checked(read: Callable[[pa.BufferReader], Any], content: bytes, path: Path, name: str) -> Any:
    """Return the table, or its schema, that ``read`` finds in the bytes of a Parquet file."""
    try:
        found = read(pa.BufferReader(content))
    except (OSError, pa.ArrowException) as error:
        raise DamageError(Problem(f"damaged: cannot be read: {error}", Place(str(path)))) from None
    schema = found if isinstance(found, pa.Schema) else found.schema
    if not (schema.equals(TABLES[name]) or is_of_earlier_version(schema, name)):
        raise DamageError(Problem("damaged: has other columns", Place(str(path)), _FIX))
    return found


def to_parquet(table: pa.Table) -> bytes:
    """Return a table as the bytes of a Parquet file.

    The bytes of numbers are stored by their place in the number (BYTE_STREAM_SPLIT): measures have
    random last digits, and the files become 40 % smaller without loss.
    """
    numbers = [each.name for each in table.schema if pa.types.is_floating(each.type)]
    others = [name for name in table.column_names if name not in numbers]
    split = dict.fromkeys(numbers, "BYTE_STREAM_SPLIT")
    sink = pa.BufferOutputStream()
    how: dict[str, Any] = {"use_dictionary": others, "column_encoding": split or None}
    pq.write_table(table, sink, compression="zstd", **how)
    return sink.getvalue().to_pybytes()


def _listed(files: Mapping[str, bytes]) -> dict[str, Any]:
    return {name: {"bytes": len(each), "sha256": digest(each)} for name, each in files.items()}


def _seal(run_ids: Sequence[str], listed: Mapping[str, Any]) -> bytes:
    return dump_checksummed_json({"run_ids": list(run_ids), "files": dict(listed)})


def _npz(arrays: Mapping[str, Arrays]) -> bytes:
    """Return the arrays of several networks as the bytes of a .npz file, by ``RUN_ID/NAME``."""
    flat = {f"{run_id}/{name}": a for run_id, own in arrays.items() for name, a in own.items()}
    sink = io.BytesIO()
    np.savez(sink, allow_pickle=False, **flat)
    return sink.getvalue()
