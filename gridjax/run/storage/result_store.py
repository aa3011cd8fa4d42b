"""Stores of the results of a run: the protocol, and a store in memory.

The store in a folder is in run_folder.py.
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
    """Destination of the results of a run, and the source that a Run reads."""

    manifest: dict[str, Any]

    def committed(self) -> set[str]:
        """Return the run_ids whose results are complete."""
        ...

    def is_committed(self, run_id: str) -> bool:
        """Return whether the results of one network of the run are complete."""
        ...

    def commit(self, result: NetworkResult) -> None:
        """Add the results of one network, completely or not at all."""
        ...

    def drop_weights(self, run_ids: Iterable[str]) -> None:
        """Remove the weights of some networks."""
        ...

    def has_weights(self, run_id: str) -> bool:
        """Return whether the weights of a network are stored."""
        ...

    def finish(self) -> None:
        """Write the tables of all committed networks."""
        ...

    def table(self, name: str) -> pa.Table:
        """Return one table, networks in the order of the sweep."""
        ...

    def maps(self, run_id: str) -> KeptMaps | None:
        """Return the stored rate maps of one network; None if there are none."""
        ...

    def weights(self, run_id: str) -> dict[str, np.ndarray] | None:
        """Return the stored weights and layout of one network, by path; None if there are none."""
        ...


class MemoryStore:
    """Results in memory, lost at the end of the process."""

    def __init__(self, manifest: dict[str, Any]):
        self.manifest = manifest
        self._results: dict[str, NetworkResult] = {}

    def committed(self) -> set[str]:
        """Return the run_ids whose results are in the store."""
        return set(self._results)

    def is_committed(self, run_id: str) -> bool:
        """Return whether the results of one network are in the store."""
        return run_id in self._results

    def commit(self, result: NetworkResult) -> None:
        """Add the results of one network."""
        self._results[result.run_id] = result

    def drop_weights(self, run_ids: Iterable[str]) -> None:
        """Remove the weights of some networks."""
        for run_id in run_ids:
            self._results[run_id] = replace(self._results[run_id], weights={})

    def has_weights(self, run_id: str) -> bool:
        """Return whether the weights of a network are stored."""
        return bool(self._results[run_id].weights)

    def finish(self) -> None:
        """Do nothing, because ``table`` joins the results at each call."""

    def table(self, name: str) -> pa.Table:
        """Return one table, networks in the order of the sweep."""
        ordered = in_order(self.manifest, self._results)
        return assemble(name, [self._results[run_id].tables()[name] for run_id in ordered])

    def maps(self, run_id: str) -> KeptMaps | None:
        """Return the stored rate maps of one network; None if there are none."""
        return self._results[run_id].maps

    def weights(self, run_id: str) -> dict[str, np.ndarray] | None:
        """Return the stored weights and layout of one network, by path; None if there are none."""
        return self._results[run_id].weights or None


def in_order(manifest: dict[str, Any], run_ids: Iterable[str]) -> list[str]:
    """Return run_ids in the order of the sweep."""
    wanted = set(run_ids)
    return [run_id for run_id in manifest["run_ids"] if run_id in wanted]


def assemble(name: str, parts: Sequence[pa.Table]) -> pa.Table:
    """Join the rows of several networks; null scores that they share occur once."""
    unique = []
    seen: set[str] = set()
    for part in parts:
        keys = set(part[ROW_KEYS[name]].unique().to_pylist())
        if not keys & seen:
            unique.append(part)
            seen |= keys
    return pa.concat_tables(unique) if unique else TABLES[name].empty_table()
