"""Division of a plan into parts of about equal predicted cost, for the tasks of a job array.

The parts are a pure function of the plan: every task computes the same division, whatever has been
trained before. The module imports no JAX.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from gridjax.run.planning.blocks import Block, missing_blocks
from gridjax.run.planning.merging import Rates, nominal
from gridjax.run.planning.plan import Plan, flop_per_step

_HALVINGS = 40
"""Halvings of the interval in which the largest cost of a part is searched."""


class Part(NamedTuple):
    """One part of a run; parts are numbered from 1."""

    number: int
    n_parts: int

    def __str__(self) -> str:
        return f"{self.number}/{self.n_parts}"


def divide(plan: Plan, n_parts: int) -> list[list[Block]]:
    """Return the blocks of each part of a plan; a part is empty if there are fewer blocks.

    The cost of a part is the predicted time of its blocks and of the compilation of each of their
    shapes, once. Two divisions are compared, and that with the smaller largest cost is used: runs
    of consecutive blocks, which compile few shapes, and the longest blocks first, each to the part
    that has it done first, which balances blocks of unequal length.
    """
    blocks = missing_blocks(plan, set())
    rates = nominal(plan.device_kind, 1)
    numbers = {static: n for n, static in enumerate(dict.fromkeys(b.static for b in blocks))}
    seconds = [block_seconds(block, rates) for block in blocks]
    costs = _Costs(seconds, [numbers[block.static] for block in blocks], rates.compile_s)
    n_used = min(n_parts, max(len(blocks), 1))
    divisions = _consecutive(costs, n_used), _longest_first(costs, n_used)
    best = min(divisions, key=lambda parts: max(map(costs.of_part, parts)))
    used = [[blocks[index] for index in sorted(part)] for part in best]
    return used + [[] for _ in range(n_parts - n_used)]


def plan_of_blocks(plan: Plan, blocks: Sequence[Block]) -> Plan:
    """Return the part of a plan that consists of some of its blocks."""
    own = {spec for block in blocks for spec in block.specs}
    buckets = (
        replace(bucket, specs=tuple(spec for spec in bucket.specs if spec in own))
        for bucket in plan.buckets
    )
    return Plan(
        plan.device_kind,
        tuple(bucket for bucket in buckets if bucket.specs),
        {spec: rows for spec, rows in plan.equivalent_specs.items() if spec in own},
    )


def run_ids_of(blocks: Sequence[Block]) -> list[str]:
    """Return the networks of blocks, in order."""
    return [run_id for block in blocks for run_id in block.run_ids]


def block_seconds(block: Block, rates: Rates) -> float:
    """Return the predicted time of the training of a block, seconds, without compilation.

    An empty lane costs as much as a full lane.
    """
    steps = [spec.n_grad_steps for spec in block.specs]
    of_lanes = max(max(steps) * block.lane_width, sum(steps))
    launching = of_lanes / block.lane_width * rates.launch_s
    return of_lanes * flop_per_step(block.static) / rates.flop_per_s + launching


class _Costs(NamedTuple):
    seconds: Sequence[float]
    """of each block"""
    shapes: Sequence[int]
    """number of the compiled shape of each block"""
    compile_s: float
    """seconds of the compilation of a shape"""

    def of_part(self, blocks: Sequence[int]) -> float:
        """Return the cost of a part with these blocks, seconds."""
        shapes = {self.shapes[index] for index in blocks}
        return sum(self.seconds[index] for index in blocks) + self.compile_s * len(shapes)


def _consecutive(costs: _Costs, n_parts: int) -> list[list[int]]:
    """Divide the list of blocks into runs; the largest cost of a run is the smallest possible."""
    whole = costs.of_part(range(len(costs.seconds)))
    below, above = 0.0, 1.001 * whole  # sums of floats depend on their order
    for _ in range(_HALVINGS):
        middle = (below + above) / 2
        if len(_runs(costs, middle)) <= n_parts:
            above = middle
        else:
            below = middle
    runs = _runs(costs, above)
    return runs + [[] for _ in range(n_parts - len(runs))]


def _runs(costs: _Costs, largest: float) -> list[list[int]]:
    """Return consecutive runs of blocks, each of at most a cost, or of a single block."""
    runs: list[list[int]] = []
    cost, last_shape = 0.0, -1
    for index, (seconds, shape) in enumerate(zip(costs.seconds, costs.shapes, strict=True)):
        more = seconds + (costs.compile_s if shape != last_shape else 0.0)
        if runs and cost + more <= largest:
            runs[-1].append(index)
            cost += more
        else:
            runs.append([index])
            cost = seconds + costs.compile_s
        last_shape = shape
    return runs


def _longest_first(costs: _Costs, n_parts: int) -> list[list[int]]:
    """Give the longest blocks first to the part that would end first with the block."""
    parts: list[list[int]] = [[] for _ in range(n_parts)]
    loads = np.zeros(n_parts)
    compiled: dict[int, list[int]] = {}
    for index in sorted(range(len(costs.seconds)), key=lambda i: (-costs.seconds[i], i)):
        own = compiled.setdefault(costs.shapes[index], [])
        ends = loads + (costs.seconds[index] + costs.compile_s)
        ends[own] -= costs.compile_s
        part = int(ends.argmin())
        loads[part] = ends[part]
        parts[part].append(index)
        if part not in own:
            own.append(part)
    return parts
