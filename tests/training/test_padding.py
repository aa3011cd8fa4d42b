"""Networks trained in padded shapes against the same networks in their own."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training.blocks import compilations

from gridjax import prng
from gridjax.spec.fields.distributions import Poisson, Uniform
from gridjax.spec.lowering import StaticConfig
from gridjax.spec.network import NetworkSpec
from gridjax.spec.padding import OPTIMIZERS, RUNGS, is_padded, padded_config, padded_sizes, rung
from gridjax.training import population

SMALL = NetworkSpec(
    Ng=16,
    Np=21,
    batch_size=9,
    sequence_length=6,
    place_cell_rf=0.23,
    surround_scale=1.7,
    learning_rate=0.01,
    weight_decay=0.02,
    layout_seed=3,
    weight_seed=4,
    motion_seed=5,
)
SPECS = {
    "dos": SMALL,
    "gaussian": replace(SMALL, place_field_values="gaussian", rnn_type="SRNN", batch_size=11),
    "dog": replace(SMALL, place_field_values="true_difference_of_gaussians", rnn_type="UGRNN"),
    "general": replace(
        SMALL,
        place_field_values="general_difference_of_gaussians",
        place_cell_alpha_e=3.0,
        place_cell_alpha_i=0.5,
        place_field_loss="mse",
    ),
    "sod": replace(SMALL, place_field_values="softmax_of_differences", rnn_type="GRU"),
    "shares": replace(
        SMALL,
        place_field_values="gaussian",
        place_field_normalization="none",
        place_field_loss="binarycrossentropy",
        rnn_type="LSTM",
    ),
    "fields": replace(SMALL, n_place_fields_per_cell=Poisson(1.5), place_cell_rf=Uniform(0.1, 0.4)),
    "three fields": replace(SMALL, n_place_fields_per_cell=3),
    "cartesian": replace(SMALL, place_field_values="cartesian", Np=2, place_field_loss="mse"),
    "affine": replace(SMALL, place_field_values="high_dim_cartesian", place_field_loss="mse"),
    "polar": replace(
        SMALL, place_field_values="high_dim_polar", Np=22, place_field_loss="mse", rnn_type="SRNN"
    ),
    "heads": replace(SMALL, n_head_direction_cells=5, inputs="egocentric"),
    "dropout": replace(SMALL, recurrent_dropout=0.3, readout_dropout=0.4, rnn_type="LSTM"),
    "noise": replace(SMALL, state_noise=0.1, velocity_noise=0.2, rnn_type="GRU"),
    "rmsprop": replace(SMALL, optimizer="rmsprop"),
    "sgd": replace(SMALL, optimizer="sgd", learning_rate=0.5),
    "adagrad": replace(SMALL, optimizer="adagrad"),
    "glorot_normal": replace(SMALL, initializer="glorot_normal"),
    "orthogonal": replace(SMALL, initializer="orthogonal", rnn_type="LSTM"),
    "pytorch": replace(SMALL, initializer="pytorch_uniform", rnn_type="SRNN"),
    "variance": replace(SMALL, surround_convention="variance"),
}
N_STEPS = 3


def trained(specs, static, width=1, n_steps=N_STEPS):
    trainer = population.make_trainer(static, width)
    device = jax.devices()[0]
    traced = trainer.stack(specs, device)
    state = trainer.chunk(traced, trainer.init(traced), np.full(width, n_steps, np.int32))
    progress = trainer.progress(traced, state)
    return [
        (population.unpadded_lane(state, lane, spec), population.lane(progress, lane))
        for lane, spec in enumerate(specs)
    ]


def assert_near(spec, ours, theirs):
    (state, progress), (expected, measured) = ours, theirs
    ((start, _),) = trained([spec], spec.static, n_steps=0)
    moves = jax.tree.map(lambda a, b: np.abs(a - b).max(), expected.params, start.params)
    moved = max(jax.tree.leaves(moves))
    assert moved > 1e-3  # agreement is not that of networks that stand still
    assert int(state.step) == int(expected.step) == N_STEPS
    assert jax.tree.structure(state.params) == jax.tree.structure(expected.params)
    assert jax.tree.structure(state.layout) == jax.tree.structure(expected.layout)
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-6), state.layout, expected.layout)
    # an update of Adam is as long as the rate however small a gradient, whose last bits differ
    near = partial(np.testing.assert_allclose, rtol=0, atol=0.01 * moved)
    jax.tree.map(near, state.params, expected.params)
    for one, other in zip(progress, measured, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, equal_nan=True)


def padded_and_own(spec):
    return padded_config(spec.static), spec.static


@pytest.mark.slow
@pytest.mark.parametrize("name", SPECS)
def test_a_padded_network_trains_as_in_its_own_shapes(name):
    spec = SPECS[name]
    static = padded_config(spec.static)
    assert static is not None
    assert is_padded(static)
    sizes = {size for size in RUNGS if getattr(static, size) > getattr(spec.static, size)}
    assert {"batch_size", "sequence_length"} <= sizes
    assert ("Np" in sizes) == (name not in ("cartesian", "affine", "polar", "heads"))
    (ours,), (theirs,) = trained([spec], static), trained([spec], spec.static)
    assert_near(spec, ours, theirs)


@pytest.mark.slow
def test_networks_of_different_sizes_and_optimisers_share_a_block_and_a_compilation():
    """Their shapes are padded in cells, batches, moves and fields."""
    sizes = {"Np": 30, "batch_size": 12, "sequence_length": 9, "seed": 1}
    other = replace(SPECS["fields"], **sizes, optimizer="rmsprop", initializer="orthogonal")
    specs = [SPECS["fields"], other]
    (static,) = {padded_config(spec.static) for spec in specs}
    assert all(getattr(static, size) > getattr(SPECS["fields"].static, size) for size in RUNGS)
    together = trained(specs, static, width=4)
    for spec, ours in zip(specs, together, strict=True):
        (theirs,) = trained([spec], spec.static)
        assert_near(spec, ours, theirs)
    with compilations() as compiled:
        trainer = population.make_trainer(static, 4)
        traced = trainer.stack(specs[::-1], jax.devices()[0])
        trainer.chunk(traced, trainer.init(traced), np.full(4, 2, np.int32))
    assert not compiled


@pytest.mark.slow
def test_gradient_descent_diverges_where_it_does_in_its_own_shapes():
    changes = {"place_field_values": "cartesian", "Np": 2, "place_field_loss": "mse"}
    changes |= {"activation": "linear", "optimizer": "sgd", "sequence_length": 1}
    spec = replace(SMALL, **changes, learning_rate=1e5)
    steps = [trained([spec], static)[0][0].diverged_at for static in padded_and_own(spec)]
    # its second gradients have squares that are infinite, and its third is infinite itself
    assert [int(step) for step in steps] == [2, 2]


@pytest.mark.slow
def test_what_pads_stays_nothing():
    static = padded_config(SMALL.static)
    trainer = population.make_trainer(static, 1)
    traced = trainer.stack([SMALL], jax.devices()[0])
    state = trainer.chunk(traced, trainer.init(traced), np.full(1, N_STEPS, np.int32))
    assert static.Np > SMALL.Np
    assert np.asarray(state.params["encoder"])[0, : SMALL.Np].any(axis=1).all()
    assert not np.asarray(state.params["encoder"])[0, SMALL.Np :].any()
    assert not np.asarray(state.params["decoder"])[0, :, SMALL.Np :].any()


@pytest.mark.slow
@settings(max_examples=5, deadline=None)  # each compiles
@given(
    st.lists(st.integers(1, 7), min_size=1, max_size=3),
    st.lists(st.integers(0, 5), min_size=3, max_size=3),
    st.integers(0, 2**31 - 1),
)
def test_a_draw_in_a_larger_shape_holds_the_own_draw(own, further, seed):
    key = jax.random.key(seed, impl="threefry2x32")
    shape = tuple(n + more for n, more in zip(own, further, strict=False))
    ours = prng.uniform(key, shape, tuple(map(jnp.int32, own)), low=-0.7, high=1.9)
    theirs = jax.random.uniform(key, own, minval=-0.7, maxval=1.9)
    own_part = np.asarray(ours)[tuple(map(slice, own))]
    # the same random bits, stretched to the same range by another order of rounding
    np.testing.assert_allclose(own_part, theirs, rtol=0, atol=3e-7)


@given(st.sampled_from(sorted(RUNGS.values())), st.integers(1, 100_000))
def test_a_rung_is_the_smallest_that_holds_a_size(around, size):
    ladder = [around * 2**k for k in range(40)] + [-(-around // 2**k) for k in range(20)]
    assert rung(size, around) == min(step for step in ladder if step >= size)


def test_the_study_s_own_sizes_are_rungs():
    static = padded_config(NetworkSpec().static)
    assert (static.batch_size, static.sequence_length, static.Np) == (200, 20, 512)
    assert (
        padded_sizes(NetworkSpec()) == "batch_size 200, sequence_length 20, Np 512, n_field_slots 1"
    )


def test_a_rung_depends_on_its_own_spec_alone():
    names = {"batch_size", "sequence_length", "Np", "n_field_slots", "optimizer", "initializer"}
    one, other = padded_config(SPECS["dos"].static), padded_config(SPECS["adagrad"].static)
    assert one == other
    for field in StaticConfig.__dataclass_fields__:
        if field not in names:
            assert getattr(one, field) == getattr(SMALL.static, field)
    assert {spec.optimizer for spec in SPECS.values()} == set(OPTIMIZERS)


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "rmsprop_momentum"},
        {"architecture": "banino2018", "rnn_type": "LSTM"},
        {"place_field_values": "from_file"},
        {"n_environments": 2},
        {"landmark_rate": 0.1},
    ],
)
def test_what_knows_no_masks_is_not_padded(changes):
    spec = replace(SMALL, **changes)
    assert padded_config(spec.static) is None
    assert padded_sizes(spec) == ""
