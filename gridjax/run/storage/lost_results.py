"""Networks of damaged shards: their results are lost, but they still belong to the run."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from gridjax.io.atomic_files import load_checksummed_json, read_regular
from gridjax.run.planning.blocks import block_name
from gridjax.run.storage.run_folder import DAMAGED, SHARDS
from gridjax.run.storage.shards import SEAL

_UNREADABLE = (OSError, ValueError, RecursionError, LookupError, TypeError, pa.ArrowException)


def networks_with_results(folder: Path, known: Iterable[str]) -> set[str]:
    """Return the run_ids in all shards of a run folder, also in damaged ones and in ``damaged/``.

    A damaged shard names its networks twice, in its list and in its table of networks. If neither
    can be read, its name tells its network if it had only one. Otherwise its networks are unknown
    and left out. Links among the shards are not followed.

    Args:
        folder: the run folder.
        known: run_ids of the networks of the run.
    """
    alone = {block_name((run_id,)): run_id for run_id in known}
    found: set[str] = set()
    for root in (folder / SHARDS, folder / DAMAGED):
        if root.is_dir() and not root.is_symlink():
            for path in (Path(entry) for entry in os.scandir(root)):
                if path.is_symlink():
                    continue
                name = path.name.partition("-")[0]  # in damaged/ a number follows
                found |= _networks_of(path) or ({alone[name]} if name in alone else set())
    return found


def _networks_of(shard: Path) -> set[str]:
    try:
        return set(map(str, load_checksummed_json(read_regular(shard / SEAL))["run_ids"]))
    except _UNREADABLE:
        pass
    try:
        with pq.ParquetFile(io.BytesIO(read_regular(shard / "networks.parquet"))) as file:
            return set(file.read(["run_id"], use_threads=False)["run_id"].to_pylist())
    except _UNREADABLE:
        return set()
