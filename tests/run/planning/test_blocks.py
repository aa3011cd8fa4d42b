"""Blocks: the lists of networks that workers train, and their names."""

from dataclasses import replace

from gridjax.run.planning.blocks import block_name, missing_blocks
from gridjax.run.planning.plan import make_plan
from gridjax.spec.network import NetworkSpec

SPECS = [NetworkSpec(seed=seed, n_epochs=1) for seed in range(10)]


def plan_of(specs, lane_width=2):
    return make_plan(specs, lane_width=lane_width)


def lists(blocks):
    return [block.run_ids for block in blocks]


def test_the_blocks_of_a_plan_have_each_network_once():
    blocks = missing_blocks(plan_of(SPECS), set())
    assert [len(block.run_ids) for block in blocks] == [2] * 5
    assert sorted(sum(lists(blocks), ())) == sorted(spec.run_id for spec in SPECS)
    assert [block.name for block in blocks] == [block_name(block.run_ids) for block in blocks]
    assert len({block.name for block in blocks}) == 5


def test_the_lists_of_other_blocks_do_not_change_when_blocks_are_committed():
    plan = plan_of(SPECS)
    blocks = missing_blocks(plan, set())
    for gone in range(len(blocks)):
        left = missing_blocks(plan, set(blocks[gone].run_ids))
        assert lists(left) == lists(blocks[:gone] + blocks[gone + 1 :])


def test_a_block_with_a_checkpoint_keeps_its_list_when_the_sweep_grows():
    started = missing_blocks(plan_of(SPECS[4:]), set())[1]
    plan = plan_of(SPECS)
    blocks = missing_blocks(plan, set(), [started.run_ids])
    assert started.run_ids in lists(blocks)
    assert sorted(sum(lists(blocks), ())) == sorted(spec.run_id for spec in SPECS)


def test_a_started_list_with_a_committed_or_unknown_network_is_not_a_block():
    plan = plan_of(SPECS)
    first = missing_blocks(plan, set())[0].run_ids
    committed = {first[0]}
    for started in (first, ("0" * 16, first[1])):
        blocks = missing_blocks(plan, committed, [started])
        assert sorted(sum(lists(blocks), ())) == sorted({spec.run_id for spec in SPECS} - committed)


def test_specs_of_one_computation_are_rows_of_one_network():
    twin = replace(SPECS[0], place_field_values="cartesian", Np=2, place_field_loss="mse")
    other = replace(twin, place_cell_rf=0.3)
    assert twin.equivalence_key == other.equivalence_key
    (block,) = missing_blocks(plan_of([twin, other]), set())
    assert block.specs == (twin,)
    assert block.run_ids == (twin.run_id, other.run_id)
    (rest,) = missing_blocks(plan_of([twin, other]), {twin.run_id})
    assert rest.specs == (twin,)
    assert rest.run_ids == (other.run_id,)
