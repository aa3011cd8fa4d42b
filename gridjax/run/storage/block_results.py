"""The results of several networks together: the rows of their tables, their maps and weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from gridjax.run.planning.blocks import block_name
from gridjax.run.storage.tables.network_result import NetworkResult
from gridjax.run.storage.tables.schema import TABLES
from gridjax.run.storage.tables.table_order import in_order

Arrays = dict[str, np.ndarray]
"""Arrays of one network by name."""
_SCORE, _SCORE_OF_CUBES = "score_60_by_neuron_max", "symmetry_max"


@dataclass(frozen=True)
class BlockResults:
    """The results of a block, or of some of its networks."""

    run_ids: tuple[str, ...]
    tables: Mapping[str, pa.Table]
    maps: Mapping[str, Arrays]
    """run_id -> stored rate maps, for networks that have some"""
    weights: Mapping[str, Arrays]
    """run_id -> stored weights and layout, for networks that have some"""

    @property
    def name(self) -> str:
        """The name of the block that has these networks."""
        return block_name(self.run_ids)

    def with_weights_of(self, run_ids: AbstractSet[str]) -> BlockResults:
        """Return these results with the weights of the networks ``run_ids`` alone."""
        kept = {run_id: own for run_id, own in self.weights.items() if run_id in run_ids}
        return replace(self, weights=kept)


def score_by_run_id(networks: pa.Table) -> dict[str, float]:
    """Return the largest grid score of each network; -infinity for a network without scores.

    In a cube it is the largest correlation with an ideal lattice.
    """
    names = ("run_id", _SCORE, _SCORE_OF_CUBES)
    found = {}
    for run_id, score, of_cube in zip(*(networks[n].to_pylist() for n in names), strict=True):
        score = of_cube if math.isnan(score) else score
        found[run_id] = -math.inf if math.isnan(score) else score
    return found


def results_of(networks: Sequence[NetworkResult]) -> BlockResults:
    """Return the results of single networks as one value."""
    tables = [network.tables() for network in networks]
    return BlockResults(
        run_ids=tuple(network.run_id for network in networks),
        tables=_joined(tables, [network.run_id for network in networks]),
        maps={one.run_id: dict(vars(one.maps)) for one in networks if one.maps is not None},
        weights={one.run_id: one.weights for one in networks if one.weights},
    )


def join_results(parts: Sequence[BlockResults], run_ids: Sequence[str]) -> BlockResults:
    """Return the results of several parts as one value, networks in the order of ``run_ids``."""
    maps = {run_id: own for part in parts for run_id, own in part.maps.items()}
    weights = {run_id: own for part in parts for run_id, own in part.weights.items()}
    return BlockResults(
        run_ids=tuple(run_ids),
        tables=_joined([part.tables for part in parts], run_ids),
        maps={run_id: maps[run_id] for run_id in run_ids if run_id in maps},
        weights={run_id: weights[run_id] for run_id in run_ids if run_id in weights},
    )


def null_ids_of(networks: pa.Table) -> list[str]:
    """Return the null_ids of networks in order, each once; a diverged network has none."""
    return [null_id for null_id in networks["null_id"].unique().to_pylist() if null_id]


def _joined(parts: Sequence[Mapping[str, pa.Table]], run_ids: Sequence[str]) -> dict[str, pa.Table]:
    """Join the tables of several parts; null scores that networks share occur once."""
    networks = in_order("networks", [part["networks"] for part in parts], run_ids)
    keys = dict.fromkeys(TABLES, run_ids) | {"nulls": null_ids_of(networks)}
    return {name: in_order(name, [part[name] for part in parts], keys[name]) for name in TABLES}
