"""Parts of a plan: whole blocks, each once, of about equal predicted cost."""

import itertools
import random
from dataclasses import replace

import pytest

from gridjax.run.planning.blocks import missing_blocks
from gridjax.run.planning.merging import nominal
from gridjax.run.planning.parts import (
    block_seconds,
    divide,
    plan_of_blocks,
)
from gridjax.run.planning.plan import make_plan
from gridjax.spec.network import NetworkSpec

ONE = NetworkSpec(n_epochs=1)


def plan_of(shapes, lane_width=1, n_steps=1000):
    """Networks of several widths: (Ng, number of networks) of each."""
    specs = [replace(ONE, seed=seed, Ng=ng) for ng, n in shapes for seed in range(n)]
    specs = [replace(spec, n_grad_steps_per_epoch=n_steps) for spec in specs]
    return make_plan(specs, lane_width=lane_width)


def cost_of(blocks, rates):
    shapes = {block.static for block in blocks}
    return sum(block_seconds(block, rates) for block in blocks) + rates.compile_s * len(shapes)


@pytest.mark.parametrize("n_parts", [1, 2, 5, 16])
def test_every_block_of_a_plan_is_in_one_part_and_the_division_is_repeatable(n_parts):
    plan = plan_of([(16, 9), (32, 4), (64, 3)], lane_width=2)
    parts = divide(plan, n_parts)
    assert len(parts) == n_parts
    names = sorted(block.name for part in parts for block in part)
    assert names == sorted(block.name for block in missing_blocks(plan, set()))
    assert parts == divide(plan, n_parts)


@pytest.mark.parametrize("n_parts", [2, 3, 7])
def test_the_plan_of_a_part_has_the_blocks_of_the_plan(n_parts):
    plan = plan_of([(16, 9), (32, 4), (64, 3)], lane_width=2)
    for blocks in divide(plan, n_parts):
        own = plan_of_blocks(plan, blocks)
        assert [block.name for block in missing_blocks(own, set())] == [b.name for b in blocks]
        left = missing_blocks(own, set(blocks[0].run_ids))
        assert [block.name for block in left] == [block.name for block in blocks[1:]]
        assert own.n_networks == sum(len(block.run_ids) for block in blocks)


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 8))]
)
def test_the_largest_part_is_near_the_smallest_possible(seed):
    """The oracle tries every division of up to eight blocks into three parts."""
    draw = random.Random(seed)
    shapes = [(draw.choice([16, 64, 256, 512, 1024]), draw.randint(1, 3)) for _ in range(4)]
    plan = plan_of(list(dict(shapes).items()))
    blocks, rates = missing_blocks(plan, set()), nominal("cpu", 1)
    assert len(blocks) > 3
    best = min(
        max(
            cost_of([b for b, to in zip(blocks, chosen, strict=True) if to == part], rates)
            for part in range(3)
        )
        for chosen in itertools.product(range(3), repeat=len(blocks))
    )
    assert best <= max(cost_of(part, rates) for part in divide(plan, 3)) <= 1.34 * best


def test_parts_of_short_blocks_compile_few_shapes():
    """Eight shapes whose training is shorter than their compilation: one for each part."""
    plan = plan_of([(8 * n, 4) for n in range(1, 9)], n_steps=10)
    for blocks in divide(plan, 8):
        assert len({block.static for block in blocks}) == 1
        assert len(blocks) == 4


def test_long_blocks_of_unequal_length_are_balanced():
    plan = plan_of([(1024, 3), (512, 12)])
    rates = nominal("cpu", 1)
    costs = [cost_of(blocks, rates) for blocks in divide(plan, 3)]
    assert max(costs) < 1.1 * min(costs)


def test_more_parts_than_blocks_leave_parts_empty():
    parts = divide(plan_of([(16, 2)]), 5)
    assert sorted(map(len, parts)) == [0, 0, 0, 1, 1]
    assert len(divide(plan_of([(16, 2)]), 100_000)) == 100_000
    assert divide(plan_of([]), 2) == [[], []]
    (empty, *_) = (part for part in parts if not part)
    assert plan_of_blocks(plan_of([(16, 2)]), empty).n_networks == 0
