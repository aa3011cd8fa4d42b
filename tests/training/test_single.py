"""Training one network: its steps against float64, its streams, its chunks and its divergence."""

import subprocess
import sys
from dataclasses import replace

import jax
import numpy as np
import pytest
from oracles import encodings as code_oracle
from oracles import network as oracle
from oracles import optimizers as optimizer_oracle
from training.blocks import DIVERGING, SPEC, Block, assert_same_bits, compilations

from gridjax.random import Stream, stream
from gridjax.spec import Traced
from gridjax.training.population import lane
from gridjax.training.single import NOT_DIVERGED
from gridjax.world import motion

N_STEPS = 3
CARTESIAN = replace(
    SPEC, Np=2, place_field_values="cartesian", place_field_loss="mse", activation="linear"
)


@pytest.fixture(scope="module")
def cartesian():
    """Blocks of one network with another target, loss and activation."""
    return Block(1, CARTESIAN.static)


def trajectories_of(spec, purpose, step):
    key = stream(spec.motion_seed, purpose, step)
    paths = motion._simulate(key, spec.sequence_length, spec.batch_size, spec.traced)
    return [np.asarray(array, np.float64) for array in paths]


def encode(spec, layout, positions):
    if spec.place_field_values == "cartesian":
        return positions
    sigma_i = code_oracle.surround_width(
        spec.place_cell_rf, spec.surround_scale, spec.surround_convention
    )
    return code_oracle.difference_of_softmaxes(
        positions, layout.centres, spec.place_cell_rf, sigma_i
    )


def flat(tree):
    return {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree.leaves_with_path(tree)}


@pytest.mark.parametrize("spec", [SPEC, CARTESIAN], ids=["cells", "cartesian"])
def test_three_steps_agree_with_float64(spec, request):
    block = request.getfixturevalue("block" if spec is SPEC else "cartesian")
    states = [lane(block.train([spec], step), 0) for step in range(N_STEPS + 1)]
    params = oracle.as_float64(states[0].params)
    optimizer = optimizer_oracle.Adam(spec.learning_rate)
    for step in range(N_STEPS):
        start, moves, positions = trajectories_of(spec, Stream.MOTION, step)
        start_code = encode(spec, states[0].layout, start)
        targets = encode(spec, states[0].layout, positions)

        def objective(tree, start_code=start_code, moves=moves, targets=targets):
            given = (spec.activation, spec.place_field_loss, spec.weight_decay)
            return oracle.objective(tree, start_code, moves, targets, *given)

        gradients = oracle.central_differences(objective, params)
        updates = optimizer.updates(flat(gradients))
        leaves, structure = jax.tree.flatten(params)
        moved = [leaf + updates[name] for leaf, name in zip(leaves, flat(params), strict=True)]
        params = jax.tree.unflatten(structure, moved)

        reached = states[step + 1]
        assert int(reached.step) == step + 1
        assert int(reached.optimizer.n_updates) == step + 1
        assert int(reached.diverged_at) == NOT_DIVERGED
        for name, ours in flat(reached.optimizer.mean).items():
            theirs = optimizer.m[name]
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4 * np.abs(theirs).max())
        for name, ours in flat(reached.params).items():
            # in units of the largest step an update makes; gradients are good to 1e-6 or so, and
            # one as small as that is blown up to a step by Adam
            difference = np.abs(ours - flat(params)[name]) / spec.learning_rate
            assert difference.max() < 0.01, (name, step)


def test_progress_agrees_with_float64_on_its_own_trajectories(block):
    traced = block.stack([SPEC])
    state = block.trainer.chunk(traced, block.trainer.init(traced), block.until(2))
    measured = block.trainer.progress(traced, state)
    state = lane(jax.tree.map(np.array, state), 0)
    start, moves, positions = trajectories_of(SPEC, Stream.PROGRESS, 2)
    params, layout = oracle.as_float64(state.params), state.layout
    hidden = oracle.activity(params, encode(SPEC, layout, start), moves, SPEC.activation)
    outputs = oracle.logits(params, hidden)
    targets = encode(SPEC, layout, positions)
    loss = oracle.cross_entropy(outputs, targets).mean()
    decoded = code_oracle.decode_top_cells(outputs, layout.centres)
    error = np.linalg.norm(decoded - positions, axis=-1).mean()
    assert float(measured.loss[0]) == pytest.approx(loss, rel=1e-5)
    excess = loss - oracle.entropy(targets).mean()
    assert float(measured.loss_excess[0]) == pytest.approx(excess, abs=1e-5)
    assert float(measured.position_error_m[0]) == pytest.approx(error, rel=1e-5)


@pytest.mark.parametrize("name", Traced._fields)
def test_every_traced_field_moves_the_result_and_none_compiles(block, name):
    usual = block.train([SPEC], N_STEPS)
    traced = block.stack([SPEC])
    value = getattr(traced, name)
    other = value + 1 if value.dtype == np.int32 else value * np.float32(2)
    traced = traced._replace(**{name: other})
    with compilations() as compiled:
        moved = block.trainer.chunk(traced, block.trainer.init(traced), block.until(N_STEPS))
    assert not compiled
    differs = [
        not np.array_equal(a, b) for a, b in zip(*map(leaves_of, (usual, moved)), strict=True)
    ]
    # the number of steps is read above the steps: by the loop that gives them their target
    assert all(differs) == (name != "n_grad_steps")
    assert any(differs) == (name != "n_grad_steps")


def leaves_of(state):
    return jax.tree.leaves(state.params)


def test_the_list_of_compilations_can_be_other_than_empty():
    def fresh(x):
        return x * 3 + 1

    with compilations() as compiled:
        jax.jit(fresh)(np.float32(2))
    assert ["jit(fresh)" in message for message in compiled] == [True]


def test_the_second_call_compiles_nothing(block):
    block.train([SPEC], 1)
    with compilations() as compiled:
        block.train([replace(SPEC, seed=9, layout_seed=None, learning_rate=0.1)], 2, 5)
    assert not compiled


def test_each_seed_moves_its_own_stream_alone(block):
    def initial(**seeds):
        state = lane(block.train([replace(SPEC, **seeds)]), 0)
        return state.params, state.layout

    def same(one, other):
        equal = jax.tree.map(np.array_equal, one, other)
        values = jax.tree.leaves(equal)
        assert all(values) or not any(values)
        return all(values)

    params, layout = initial()
    for name, moved in {"layout_seed": 1, "weight_seed": 0, "motion_seed": None}.items():
        other = initial(**{name: 99})
        assert same(other[0], params) == (moved != 0)
        assert same(other[1].centres, layout.centres) == (moved != 1)
    # that trajectories come from motion_seed alone: three_steps_agree gives each seed its own value


def test_the_length_of_a_chunk_changes_no_bits(block):
    at_once = block.train([SPEC], 12)
    for steps in (range(1, 13), (5, 12), (3, 3, 4, 12), (12, 7)):
        assert_same_bits(block.train([SPEC], *steps), at_once)


def test_a_chunk_to_a_step_already_made_changes_nothing(block):
    made = block.train([SPEC], 6)
    assert_same_bits(block.train([SPEC], 6, 6, 2, 0), made)
    assert made.step.tolist() == [6]


def test_chunks_reuse_the_memory_of_the_state_and_not_of_the_settings(block):
    traced = block.stack([SPEC])
    state = block.trainer.init(traced)
    following = block.trainer.chunk(traced, state, block.until(2))
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(state))
    assert not any(leaf.is_deleted() for leaf in jax.tree.leaves((traced, following)))
    block.trainer.progress(traced, following)
    assert not any(leaf.is_deleted() for leaf in jax.tree.leaves(following))


def test_a_diverged_network_keeps_the_weights_of_its_last_finite_step(block):
    before = block.train([DIVERGING], 1)
    assert before.diverged_at.tolist() == [NOT_DIVERGED]
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(before))
    diverged = block.train([DIVERGING], 20)
    assert diverged.diverged_at.tolist() == diverged.step.tolist() == [1]
    assert_same_bits(diverged.replace(diverged_at=before.diverged_at), before)
    assert_same_bits(block.train([DIVERGING], 1, 2, 3, 50), diverged)


def test_a_network_whose_squared_gradients_overflow_has_diverged(cartesian):
    state = cartesian.train([replace(CARTESIAN, learning_rate=300.0)], 40)
    # sqrt(v) = inf would make every later update 0: trained to its end, but not moving
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(state))
    assert state.diverged_at.tolist() == state.step.tolist()


STRICT = """
import inspect
import jax, numpy as np
from jaxtyping import install_import_hook, TypeCheckError

packages = ["gridjax.random", "gridjax.world", "gridjax.model", "gridjax.training"]
with install_import_hook(packages, "beartype.beartype"):
    from gridjax.training import single
    from gridjax.world import arena, encodings
from gridjax.spec import NetworkSpec

for tree in (single.TrainState, encodings.PlaceCells):
    tree.__init__ = inspect.unwrap(tree.__init__)  # JAX rebuilds its trees with leaves of any kind
jax.config.update("jax_numpy_dtype_promotion", "strict")


def train(spec, traced, until):
    state = single.init(spec.static, traced)
    following = single.chunk(spec.static, traced, state, until)
    return following, single.progress(spec.static, traced, following)


for code, loss, n in (
    ("difference_of_gaussians", "crossentropy", 7), ("gaussian", "mse", 7), ("cartesian", "mse", 2)
):
    spec = NetworkSpec(
        Ng=5, Np=n, batch_size=3, sequence_length=4, place_field_values=code, place_field_loss=loss
    )
    out = jax.eval_shape(lambda *given: train(spec, *given), spec.traced, np.int32(3))
    for leaf in jax.tree.leaves(out):
        assert leaf.dtype in (np.float32, np.int32) and not leaf.weak_type, leaf
    assert all(leaf.shape == () for leaf in out[1])
try:
    arena.nearest_wall(np.zeros((4, 3), np.float32), np.float32(1))
except TypeCheckError:
    print("checked")
"""


def test_shapes_are_as_annotated_and_dtypes_need_no_promotion():
    # a process of its own: annotations are checked where modules are imported under the hook
    done = subprocess.run(
        [sys.executable, "-c", STRICT], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout == "checked\n"
