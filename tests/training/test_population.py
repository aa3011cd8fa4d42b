"""From one network to many: a network's bits are its own, whoever trains beside it."""

import subprocess
import sys
from dataclasses import replace

import jax
import numpy as np
import pytest
from training.blocks import DIVERGING, SPEC, assert_same_bits, compilations

from gridjax.training import population
from gridjax.training.train_step import NOT_DIVERGED

pytestmark = pytest.mark.bits

N_STEPS = 5
WIDTHS = [2, pytest.param(4, marks=pytest.mark.slow)]
"""The second is slow because every width compiles its own training."""
OTHERS = (
    replace(SPEC, layout_seed=30, weight_seed=50, motion_seed=70),
    replace(SPEC, learning_rate=1e-4, place_cell_rf=0.5, box_width_in_m=3.0, weight_decay=0.0),
    DIVERGING,
)


def neighbourhoods(width):
    """Blocks that hold SPEC: alone with padding, in every slot, beside networks of any kind."""
    others = (OTHERS * width)[: width - 1]
    yield [SPEC]
    yield [SPEC, *others]
    for slot in range(1, width):
        yield [*others[:slot], SPEC, *others[slot:]]
    yield [*reversed(others), SPEC]
    yield [DIVERGING] * (width - 1) + [SPEC]
    yield [*others[:1], SPEC]


@pytest.mark.parametrize("width", WIDTHS)
def test_bits_depend_on_no_neighbour_slot_order_or_padding(blocks, width):
    block = blocks[width]
    alone = population.lane(block.train([SPEC], N_STEPS), 0)
    assert int(alone.step) == N_STEPS
    for specs in neighbourhoods(width):
        trained = block.train(specs, N_STEPS)
        assert_same_bits(population.lane(trained, specs.index(SPEC)), alone)


def test_a_block_of_one_gives_the_same_bits_whatever_was_trained_before(block):
    alone = block.train([SPEC], N_STEPS)
    for other in OTHERS:
        block.train([other], 2)
        assert_same_bits(block.train([SPEC], N_STEPS), alone)


@pytest.mark.parametrize("width", WIDTHS)
def test_another_width_differs_by_rounding_alone(blocks, width):
    one = population.lane(blocks[1].train([SPEC], N_STEPS), 0)
    other = population.lane(blocks[width].train([SPEC, *OTHERS][:width], N_STEPS), 0)

    def near(a, b):
        # in units of a step of Adam, which blows a gradient as small as rounding up to one
        assert np.abs(a - b).max() < 0.01 * SPEC.learning_rate

    assert_same_bits(one.layout, other.layout)
    jax.tree.map(near, one.params, other.params)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_lane_stops_at_its_own_step(blocks, width):
    block = blocks[width]
    targets = np.array([2, 7, 0, 5])[:width]
    trained = block.train([SPEC] * width, targets)
    assert trained.step.tolist() == targets.tolist()
    for slot, target in enumerate(targets):
        alone = population.lane(block.train([SPEC], target), 0)
        assert_same_bits(population.lane(trained, slot), alone)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_length_of_a_chunk_changes_no_bits_of_a_block(blocks, width):
    specs = [SPEC, *OTHERS][:width]
    at_once = blocks[width].train(specs, N_STEPS)
    assert_same_bits(blocks[width].train(specs, 1, 3, N_STEPS), at_once)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_diverged_lane_is_frozen_and_its_neighbours_go_on(blocks, width):
    block = blocks[width]
    specs = ([DIVERGING, SPEC, *OTHERS])[:width]
    trained = block.train(specs, 1, N_STEPS)
    expected = [1 if spec is DIVERGING else NOT_DIVERGED for spec in specs]
    assert trained.diverged_at.tolist() == expected
    assert trained.step.tolist() == [1 if spec is DIVERGING else N_STEPS for spec in specs]
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(trained))
    frozen = population.lane(block.train([DIVERGING], 1), 0)
    assert_same_bits(population.lane(trained, 0).replace(diverged_at=frozen.diverged_at), frozen)
    calm = [SPEC, *specs[1:]]
    beside_calm = block.train(calm, N_STEPS)
    for slot in range(1, width):
        assert_same_bits(population.lane(trained, slot), population.lane(beside_calm, slot))


@pytest.mark.parametrize("width", WIDTHS)
def test_a_block_of_other_networks_compiles_nothing(blocks, width):
    blocks[width].train([SPEC], 1)
    with compilations() as compiled:
        blocks[width].train([*OTHERS, SPEC][-width:], 2)
    assert not compiled


def test_blocks_reuse_the_memory_of_their_state(blocks):
    traced = blocks[2].stack([SPEC])
    state = blocks[2].trainer.init(traced)
    blocks[2].trainer.chunk(traced, state, blocks[2].until(1))
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(state))


def test_a_stack_is_padded_with_its_last_network():
    specs = [SPEC, OTHERS[0]]
    stacked = population.make_trainer(SPEC.static, 4).stack(specs, jax.devices()[0])
    for name, leaf in stacked._asdict().items():
        given = [getattr(spec.traced, name) for spec in specs]
        if name in ("place_maps", "padding"):
            assert leaf is None
            continue
        assert leaf.shape == (4,)
        assert leaf.dtype == given[0].dtype
        np.testing.assert_array_equal(leaf, [*given, given[1], given[1]])
        assert leaf.committed
    assert population.lane(stacked, 1) == OTHERS[0].traced


@pytest.mark.parametrize("width", [1, 2, 4])
def test_functions_of_one_network_are_mapped_over_all_arguments(width):
    seen = []

    def of_one(a, b):
        seen.append((a.shape, b["x"].shape))
        return {"sum": a.sum() + b["x"], "a": a}

    a, x = np.arange(width * 3.0).reshape(width, 3), np.arange(width) * 100.0
    out = population.over_networks(of_one, width)(a, {"x": x})
    assert seen == [((3,), ())]
    np.testing.assert_allclose(out["sum"], a.sum(axis=1) + x)
    np.testing.assert_allclose(out["a"], a)


def test_the_same_bucket_and_width_give_the_same_functions():
    trainer = population.make_trainer(SPEC.static, 1)  # other tests' may have displaced the block's
    assert population.make_trainer(replace(SPEC, seed=4).static, 1) is trainer
    assert population.make_trainer(SPEC.static, 2) is not trainer


BITS = """
import hashlib, sys
sys.path.insert(0, {tests!r})
import jax
from training.blocks import SPEC, Block
state = Block({width}).train([SPEC], *{steps})
print(hashlib.sha256(b"".join(leaf.tobytes() for leaf in jax.tree.leaves(state))).hexdigest())
"""


@pytest.mark.slow
@pytest.mark.parametrize("width", [1, 2])
def test_another_process_with_other_chunks_gives_the_same_bits(width, request):
    tests = str(request.config.rootpath / "tests")

    def told(*steps):
        code = BITS.format(tests=tests, width=width, steps=steps)
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        return done.stdout

    one = told(9)
    assert len(one) == 65
    assert told(2, 3, 9) == one
    assert told(8) != one
