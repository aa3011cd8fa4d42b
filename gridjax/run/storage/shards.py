"""The results of one network on disk: a folder of tables and arrays with their sha256."""

from __future__ import annotations

import io
from collections.abc import Mapping
from errno import ELOOP
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

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
from gridjax.run.storage.schema import TABLES, NetworkResult

SEAL = "shard.json"
MAPS = "maps.npz"
WEIGHTS = "weights.npz"
_NAMES = {f"{name}.parquet" for name in TABLES} | {MAPS, WEIGHTS}
_SCHEMA = {"run_id": str, "files": {str: {"bytes": int, "sha256": str}}}
_FIX = "run the sweep command again: it moves the file to damaged/ and trains this network again"


class Shard:
    """The results of one network in a run folder."""

    def __init__(self, folder: Path):
        self.folder = folder

    @classmethod
    def write(cls, folder: Path, result: NetworkResult) -> Shard:
        """Write the results of one network, completely or not at all."""
        files = {f"{name}.parquet": to_parquet(table) for name, table in result.tables().items()}
        if result.maps is not None:
            files[MAPS] = _npz(vars(result.maps))
        if result.weights:
            files[WEIGHTS] = _npz(result.weights)
        with new_folder(folder) as aside:
            for name, content in files.items():
                (aside / name).write_bytes(content)
            (aside / SEAL).write_bytes(_seal(result.run_id, _listed(files)))
        return cls(folder)

    def table(self, name: str) -> pa.Table:
        """Return the rows of this network in a table."""
        content = retry_while_replaced(self.folder / SEAL, lambda: self._content(f"{name}.parquet"))
        if content is None:
            raise self._damage(f"{name}.parquet", "is missing")
        return read_parquet(content, self.folder / f"{name}.parquet", name)

    def arrays(self, name: str) -> dict[str, np.ndarray] | None:
        """Return the arrays of ``maps.npz`` or ``weights.npz``; None if they are not stored.

        No object is unpickled, and no data is decompressed to more bytes than the file has.
        """
        content = retry_while_replaced(self.folder / SEAL, lambda: self._content(name))
        if content is None:
            return None
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                if sum(each.file_size for each in file.zip.infolist()) > len(content):
                    raise ValueError("it is compressed, which gridjax never writes")
                arrays = {key: file[key] for key in file.files}
            if not all(isinstance(array, np.ndarray) for array in arrays.values()):
                raise ValueError("it contains other things than arrays")
            return arrays
        except NOT_NPZ as error:
            why = f"{type(error).__name__}: {error}".splitlines()[0]
            raise self._damage(name, f"cannot be read: {why}") from None

    def holds(self, name: str) -> bool:
        """Return whether the shard lists a file."""
        return name in self._listed()

    def tidy(self) -> None:
        """Remove the files that remain if a writer was killed while it removed the weights."""
        remove_temporaries(self.folder)
        if not self.holds(WEIGHTS):
            (self.folder / WEIGHTS).unlink(missing_ok=True)

    def drop_weights(self) -> None:
        """Remove the weights from the list, then the file: a listed file is then never missing."""
        listed = self._listed()
        if listed.pop(WEIGHTS, None) is not None:
            replace_file(self.folder / SEAL, _seal(self.folder.name, listed))
        (self.folder / WEIGHTS).unlink(missing_ok=True)

    def check(self) -> None:
        """Raise DamageError if a file is damaged."""
        retry_while_replaced(self.folder / SEAL, self._check)

    def _check(self) -> None:
        listed = self._listed()
        for name in listed:
            self._content(name)
        for name in TABLES:
            if f"{name}.parquet" not in listed:
                raise self._damage(SEAL, f"lists no {name}.parquet")
            self.table(name)

    def _content(self, name: str) -> bytes | None:
        listed = self._listed().get(name)
        if listed is None:
            return None
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

    def _listed(self) -> dict[str, Any]:
        try:
            content = load_checksummed_json(self._read(SEAL))
            check_schema(content, _SCHEMA, "it")
            files = content["files"]
            if content["run_id"] != self.folder.name or not _NAMES.issuperset(files):
                raise ValueError("its list is that of another network")
            return dict(files)
        except (OSError, ValueError, RecursionError) as error:
            raise self._damage(SEAL, f"cannot be trusted: {error}") from None

    def _damage(self, name: str, what: str) -> DamageError:
        return DamageError(Problem(f"damaged: {what}", Place(str(self.folder / name)), fix=_FIX))


def read_parquet(content: bytes, path: Path, name: str) -> pa.Table:
    """Return the table in the bytes of a Parquet file; refuse columns other than the schema's."""
    try:
        table = pq.read_table(pa.BufferReader(content))
    except (OSError, pa.ArrowException) as error:
        raise DamageError(Problem(f"damaged: cannot be read: {error}", Place(str(path)))) from None
    if not table.schema.equals(TABLES[name]):
        raise DamageError(Problem("damaged: has other columns", Place(str(path)), _FIX))
    return table


def _listed(files: Mapping[str, bytes]) -> dict[str, Any]:
    return {name: {"bytes": len(each), "sha256": digest(each)} for name, each in files.items()}


def _seal(run_id: str, listed: Mapping[str, Any]) -> bytes:
    return dump_checksummed_json({"run_id": run_id, "files": dict(listed)})


def to_parquet(table: pa.Table) -> bytes:
    """Return a table as the bytes of a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def _npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    sink = io.BytesIO()
    np.savez(sink, allow_pickle=False, **arrays)
    return sink.getvalue()
