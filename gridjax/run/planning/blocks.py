"""Blocks: the lists of networks that a worker trains, evaluates and stores as one unit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

from gridjax.run.planning.plan import Bucket, Plan, flop_per_step
from gridjax.spec.lowering import StaticConfig
from gridjax.spec.network import NetworkSpec


@dataclass(frozen=True)
class Block:
    """A fixed list of networks of one bucket, and the specs that their results describe."""

    static: StaticConfig
    lane_width: int
    rows: Mapping[NetworkSpec, tuple[NetworkSpec, ...]]
    """network to train -> specs of the same computation that have no results yet"""

    @property
    def specs(self) -> tuple[NetworkSpec, ...]:
        """The networks to train, in order."""
        return tuple(self.rows)

    @cached_property
    def run_ids(self) -> tuple[str, ...]:
        """The run_ids of the results of the block, in order."""
        return tuple(spec.run_id for specs in self.rows.values() for spec in specs)

    @cached_property
    def name(self) -> str:
        """The name of the block: a hash of its run_ids."""
        return block_name(self.run_ids)

    @property
    def flop(self) -> int:
        """Floating-point operations of the training of the block."""
        return flop_per_step(self.static) * sum(spec.n_grad_steps for spec in self.rows)


def block_name(run_ids: Sequence[str]) -> str:
    """Return the name of the block with the results ``run_ids``: 16 hexadecimal digits."""
    return hashlib.sha256(" ".join(run_ids).encode()).hexdigest()[:16]


def missing_blocks(
    plan: Plan, committed: Set[str], started: Iterable[Sequence[str]] = ()
) -> list[Block]:
    """Return the blocks of the networks without results, bucket by bucket.

    ``committed`` are the run_ids with results. ``started`` are the lists of run_ids of blocks that
    have a checkpoint. Such a list stays a block if all its networks are in one bucket of the plan
    and have no results. The other networks of a bucket form blocks of ``Bucket.block_size``. While
    blocks are committed as a whole, the lists of the other blocks therefore do not change.
    """
    lists = [tuple(run_ids) for run_ids in started]
    blocks = []
    for bucket in plan.buckets:
        missing: dict[NetworkSpec, tuple[NetworkSpec, ...]] = {}
        for spec in bucket.specs:
            rows = tuple(s for s in plan.equivalent_specs[spec] if s.run_id not in committed)
            if rows:
                missing[spec] = rows
        for part in _parts(bucket, missing, lists):
            rows_of_part = {spec: missing[spec] for spec in part}
            blocks.append(Block(bucket.static, bucket.lane_width, rows_of_part))
    return blocks


def _parts(
    bucket: Bucket,
    missing: Mapping[NetworkSpec, tuple[NetworkSpec, ...]],
    lists: Iterable[tuple[str, ...]],
) -> list[list[NetworkSpec]]:
    of_row = {row.run_id: spec for spec, rows in missing.items() for row in rows}
    parts: list[list[NetworkSpec]] = []
    left = list(missing)
    for run_ids in lists:
        part = list(dict.fromkeys(of_row[run_id] for run_id in run_ids if run_id in of_row))
        whole = tuple(row.run_id for spec in part for row in missing[spec])
        if part and whole == run_ids and set(part) <= set(left):
            parts.append(part)
            left = [spec for spec in left if spec not in set(part)]
    size = bucket.block_size
    return parts + [left[start : start + size] for start in range(0, len(left), size)]
