"""Stores of a run's results: their protocol, and one in memory. run_folder.py has one in a folder.

Both read back alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from gridjax.run.evaluation.evaluation import KeptMaps
from gridjax.run.storage.schema import ROW_KEYS, TABLES, NetworkResult


class Store(Protocol):
    """What the runner writes to and a Run reads from."""

    manifest: dict[str, Any]

    def committed(self) -> set[str]:
        """Return the run_ids whose results are here, whole."""
        ...

    def is_committed(self, run_id: str) -> bool:
        """Return whether the results of one network of the run are complete."""
        ...

    def commit(self, result: NetworkResult) -> None:
        """Take in one network's results, all or nothing."""
        ...

    def drop_weights(self, run_ids: Iterable[str]) -> None:
        """Forget the weights of some networks."""
        ...

    def has_weights(self, run_id: str) -> bool:
        """Tell whether the weights of a network are kept."""
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

    def is_committed(self, run_id: str) -> bool:
        """Return whether the results of one network are here."""
        return run_id in self._results

    def commit(self, result: NetworkResult) -> None:
        """Take in one network's results."""
        self._results[result.run_id] = result

    def drop_weights(self, run_ids: Iterable[str]) -> None:
        """Forget the weights of some networks."""
        for run_id in run_ids:
            self._results[run_id] = replace(self._results[run_id], weights={})

    def has_weights(self, run_id: str) -> bool:
        """Tell whether the weights of a network are kept."""
        return bool(self._results[run_id].weights)

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
