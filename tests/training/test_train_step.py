"""Training one network: its streams, its chunks and its divergence."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from training.blocks import (
    CARTESIAN,
    CUBE,
    DIVERGING,
    IN_ENVIRONMENTS,
    LANDMARKS,
    MEASURED,
    N_STEPS,
    NOISY,
    OTHER_MOTION,
    RICH,
    SPEC,
    Block,
    assert_same_bits,
    compilations,
)

from gridjax.spec.fidelity import PUBLISHED
from gridjax.spec.lowering import TracedParams
from gridjax.spec.records.optimizer_info import OPTIMIZER_NUMBERS
from gridjax.training import environments as environments_of_steps
from gridjax.training import train_step
from gridjax.training.population import lane
from gridjax.training.train_step import NOT_DIVERGED


def test_one_environment_runs_the_plain_path(monkeypatch):
    """With one environment, nothing of gridjax.task.environments is called or stored."""
    static, traced = SPEC.static, SPEC.traced

    def program():
        return str(jax.make_jaxpr(lambda state: train_step.step(static, traced, state))(state))

    def refuse(*_):
        raise AssertionError("one environment needs no choice of a layout")

    state = jax.eval_shape(lambda: train_step.init(static, traced))
    assert state.layout.further is None
    assert state.layout.environment is None
    assert "randint" in str(
        jax.make_jaxpr(
            lambda state: train_step.step(IN_ENVIRONMENTS.static, IN_ENVIRONMENTS.traced, state)
        )(jax.eval_shape(lambda: train_step.init(IN_ENVIRONMENTS.static, IN_ENVIRONMENTS.traced)))
    )
    assert "randint" not in program()
    for name in ("draw_environments", "layout_in"):
        monkeypatch.setattr(environments_of_steps, name, refuse)
    program()


@pytest.mark.slow
def test_progress_is_measured_in_single_precision_whatever_training_rounds(block):
    rounded = Block(1, replace(SPEC, matmul_precision="bf16").static)
    state, traced = block.train([SPEC], N_STEPS), block.stack([SPEC])
    whole, other = (each.trainer.progress(traced, state) for each in (block, rounded))
    assert_same_bits(whole, other)
    assert not np.array_equal(
        rounded.train([SPEC], N_STEPS).params["decoder"], state.params["decoder"]
    )


OF_MAPS = pytest.param("place_maps", marks=pytest.mark.slow)  # a compilation of its own


@pytest.mark.parametrize(
    "name",
    [OF_MAPS, *(name for name in TracedParams._fields if name not in ("padding", "place_maps"))],
)
def test_every_traced_field_moves_the_result_and_none_compiles(name, request):
    is_map = name == "place_maps"
    others = {
        "place_maps": ("measured", MEASURED),
        **dict.fromkeys(("vertical_scale", *LANDMARKS), ("cube", CUBE)),
        **dict.fromkeys(("turn_kappa", *OPTIMIZER_NUMBERS), ("other_motion", OTHER_MOTION)),
    }
    fixture, spec = others.get(name, ("rich", RICH))
    block = request.getfixturevalue(fixture)
    usual = block.train([spec], N_STEPS)
    traced = block.stack([spec])
    value = getattr(traced, name)
    if is_map:
        other = jax.device_put(np.asarray(value)[:, ::-1], block.device)
    else:
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


@pytest.mark.slow
def test_dropout_of_nothing_is_no_dropout(block):
    dropping = Block(1, replace(SPEC, recurrent_dropout=0.5).static)
    traced = dropping.stack([SPEC])
    state = dropping.trainer.chunk(traced, dropping.trainer.init(traced), dropping.until(N_STEPS))
    usual = block.train([SPEC], N_STEPS)

    def near(ours, theirs):
        # masks of ones change no number, but the compiler may round otherwise
        assert np.abs(ours - theirs).max() < 0.01 * SPEC.learning_rate

    jax.tree.map(near, state.params, usual.params)
    for rates in ({"recurrent_dropout": 0.5}, {"readout_dropout": 0.5}):
        dropped = dropping.train([replace(SPEC, **rates)], N_STEPS)
        for ours, theirs in zip(*map(leaves_of, (dropped, usual)), strict=True):
            # a step of Adam whose gradient changes its sign differs by twice the rate
            assert np.abs(ours - theirs).max() > 0.5 * SPEC.learning_rate


@pytest.mark.bits
def test_noise_of_chunks_is_that_of_one_chunk_bit_for_bit(noisy):
    at_once = noisy.train([NOISY], N_STEPS)
    assert_same_bits(noisy.train([NOISY], 1, N_STEPS), at_once)
    other = noisy.train([replace(NOISY, state_noise=0.2)], N_STEPS)
    assert not np.array_equal(other.params["decoder"], at_once.params["decoder"])


def test_inert_dropout_is_no_dropout_bit_for_bit():
    inert = replace(SPEC, readout_dropout=0.5, recurrent_dropout=0.4, fidelity=PUBLISHED)
    assert inert.static == replace(SPEC, fidelity=PUBLISHED).static
    assert inert.traced == replace(SPEC, fidelity=PUBLISHED).traced
    assert inert.static == SPEC.static


@pytest.mark.slow
@pytest.mark.bits
def test_no_clipping_is_clipping_at_infinity_and_a_limit_is_felt(block):
    usual = block.train([SPEC], N_STEPS)
    far = block.train([replace(SPEC, gradient_clip=1e3)], N_STEPS)
    assert_same_bits(far, usual)
    near = block.train([replace(SPEC, gradient_clip=1e-4)], N_STEPS)
    assert all(
        not np.array_equal(a, b) for a, b in zip(*map(leaves_of, (near, usual)), strict=True)
    )
    largest = max(np.abs(leaf).max() for leaf in jax.tree.leaves(near.optimizer.mean))
    assert largest <= 1e-4 * (1 + 1e-5)


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
        assert same(other[1].code.centres, layout.code.centres) == (moved != 1)


@pytest.mark.bits
def test_the_length_of_a_chunk_changes_no_bits(block):
    at_once = block.train([SPEC], 12)
    for steps in (range(1, 13), (5, 12), (3, 3, 4, 12), (12, 7)):
        assert_same_bits(block.train([SPEC], *steps), at_once)


@pytest.mark.slow
@pytest.mark.bits
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


@pytest.mark.bits
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
