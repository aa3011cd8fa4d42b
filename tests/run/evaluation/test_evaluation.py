"""Evaluation of a block: company changes no bit, diverged networks disturb nobody.

Bits are compared here within one program. The quick tests compile it without optimizations, because
it is by far the largest; ``make test-all`` compiles it as users' programs are.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gridjax.metrics import copy_of, float_pairs, map_batches
from gridjax.run.evaluation import block_evaluation
from gridjax.run.evaluation.block_evaluation import evaluate_block
from gridjax.run.evaluation.evaluation import DIVERGED, FINISHED
from gridjax.spec.network import NetworkSpec
from gridjax.spec.padding import padded_config
from gridjax.sweep.settings.run_settings import EvaluationSettings
from gridjax.training.population import make_trainer, unpadded_lane

# the settings and shapes of the sweeps in tiny, which other tests compile
SETTINGS = EvaluationSettings(samples_per_bin=40, batch_size=100)
SMALL = NetworkSpec(
    place_field_values="difference_of_gaussians",
    place_cell_rf=0.3,
    Ng=24,
    Np=32,
    batch_size=16,
    sequence_length=7,
    bin_side_in_m=0.11,
)
A, B, C = (
    dataclasses.replace(SMALL, **changes)
    for changes in (
        {"seed": 1},
        {"seed": 2, "box_width_in_m": 2.4, "box_height_in_m": 2.4, "bin_side_in_m": 0.12},
        {"seed": 3},
    )
)


def block(specs, lane_width):
    """A block in its initial state; copies of the last network fill the free lanes."""
    trainer = make_trainer(SMALL.static, lane_width)
    return trainer.init(trainer.stack(specs, jax.devices()[0]))


def evaluated(specs, lane_width, known=None, keep_maps="best:4"):
    return evaluate_block(specs, block(specs, lane_width), SETTINGS, known or {}, keep_maps)


def contents(evaluation):
    """All values of an evaluation, flat."""
    maps = None if evaluation.maps is None else vars(evaluation.maps)
    null = None if evaluation.null is None else vars(evaluation.null)
    parts = (evaluation.network, evaluation.units, evaluation.drift, evaluation.spectra, null, maps)
    return jax.tree.flatten(parts, is_leaf=lambda leaf: leaf is None)


def same(one, other):
    (ours, our_form), (theirs, their_form) = contents(one), contents(other)
    assert our_form == their_form
    for here, there in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(here, there)


@pytest.mark.slow
def test_lanes_neighbours_and_filling_change_no_bit():
    a, b = evaluated([A, B], 3)
    c, d, e = evaluated([B, C, A], 3)
    same(a, e)
    same(b, c)
    (alone,) = evaluated([C], 3)
    same(alone, d)


@pytest.mark.slow
def test_a_block_evaluated_in_parts_has_the_bits_of_blocks_of_that_width(monkeypatch):
    """An accelerator does so if the evaluation of all lanes needs too much memory."""
    specs = [A, B, C, dataclasses.replace(A, seed=4), dataclasses.replace(B, seed=5)]
    state = block(specs, 7)
    expected, known = [], {}
    for lanes in ([0, 1, 2], [3, 4, 4]):
        part = jax.tree.map(lambda leaf, lanes=lanes: leaf[np.array(lanes)], state)
        of_part = [specs[lane] for lane in dict.fromkeys(lanes)]
        expected += evaluate_block(of_part, part, SETTINGS, known, "best:4")
        known |= {each.null.null_id: each.null for each in expected}
    monkeypatch.setattr(block_evaluation, "evaluation_width", lambda *arguments: 3)
    found = evaluate_block(specs, state, SETTINGS, {}, "best:4")
    for ours, theirs in zip(found, expected, strict=True):
        same(ours, theirs)


@pytest.mark.slow
def test_widths_agree_to_rounding():
    """Other widths round otherwise; a score has steps, so only smooth measures are compared."""
    (narrow,) = evaluated([A], 1)
    wide = evaluated([B, A], 3)[1]
    for name in ("loss", "pos_decoding_err", "weight_norm", "participation_ratio", "null_99"):
        assert wide.network[name] == pytest.approx(narrow.network[name], rel=1e-3), name


@pytest.mark.slow
def test_known_nulls_change_no_bit_and_are_computed_once():
    twin = dataclasses.replace(A, seed=9, layout_seed=A.seed, motion_seed=A.seed)
    a, b = evaluated([A, twin], 3)
    assert a.null is b.null
    known = {a.null.null_id: a.null}
    again = evaluated([A, twin], 3, known)
    assert again[0].null is a.null
    same(again[0], a)
    same(again[1], b)


@pytest.mark.slow
def test_null_scores_and_lattices_of_all_bins_on_request():
    (reported,) = evaluated([A], 3)
    settings = dataclasses.replace(SETTINGS, all_bins=True)
    (every,) = evaluate_block([A], block([A], 3), settings, {}, "best:4")
    assert reported.null is not None
    assert every.null is not None
    assert list(reported.null.score_60) == [20]
    assert sorted(every.null.score_60) == [20, 32]
    assert reported.null.null_id != every.null.null_id
    np.testing.assert_array_equal(reported.null.score_60[20], every.null.score_60[20])
    assert np.unique(every.null.score_60[32]).size > 1000
    is_reported = reported.units["nbins"] == 20
    lattices = (
        "period_cm",
        "orientation_rad",
        "lattice_p_value",
        "phase_x_cm",
        "phase_y_cm",
        "copy_of",
    )
    for name, column in every.units.items():
        other = reported.units[name]
        np.testing.assert_array_equal(other[is_reported], column[is_reported], err_msg=name)
        if name in lattices:
            assert np.isnan(other[~is_reported]).all(), name
        else:
            np.testing.assert_array_equal(other, column, err_msg=name)
    assert np.isfinite(every.units["lattice_p_value"][every.units["active"]]).all()


@pytest.mark.slow
def test_a_diverged_network_has_no_measures_and_disturbs_nobody():
    specs = [A, B, C]
    state = block(specs, 3)
    broken = jax.tree.map(lambda leaf: leaf.at[1].set(jnp.nan), state.params)
    step = jnp.asarray([-1, 7, -1], jnp.int32)
    found = evaluate_block(
        specs, state.replace(params=broken, diverged_at=step), SETTINGS, {}, "best:4"
    )
    a, _, c = evaluated(specs, 3)
    same(found[0], a)
    same(found[2], c)
    row = found[1].network
    assert row["status"] == DIVERGED
    assert row["diverged_at_step"] == 7
    assert found[0].network["status"] == FINISHED
    for name in ("loss", "score_60_by_neuron_max", "participation_ratio", "share_above_0.3"):
        assert np.isnan(row[name]), name
    assert set(row) == set(a.network)
    assert found[1].maps is None
    assert found[1].null is None
    assert found[1].units == {}


@pytest.mark.slow  # two more shapes, which no other test compiles
@pytest.mark.bits
def test_networks_in_padded_shapes_are_evaluated_in_their_own():
    small = dataclasses.replace(A, Np=20, batch_size=14)  # rungs: 25 trajectories, 32 outputs
    padded = padded_config(A.static)
    assert padded == padded_config(small.static)
    trainer = make_trainer(padded, 2)
    state = trainer.init(trainer.stack([A, small], jax.devices()[0]))
    together = evaluate_block([A, small], state, SETTINGS, {}, "best:4")
    for index, (spec, found) in enumerate(zip([A, small], together, strict=True)):
        own = jax.tree.map(lambda leaf: leaf[None], unpadded_lane(state, index, spec))
        (alone,) = evaluate_block([spec], own, SETTINGS, {}, "best:4")
        same(found, alone)


@pytest.mark.slow
def test_kept_maps_are_those_of_the_best_units():
    every, best, none = (evaluated([A], 1, keep_maps=keep)[0] for keep in ("all", "best:4", "none"))
    n_units = A.n_analysed
    scores = every.units["score_60_by_neuron"][-n_units:]
    order = np.argsort(-scores, kind="stable")[:4]
    np.testing.assert_array_equal(every.maps.units, np.arange(n_units))
    np.testing.assert_array_equal(best.maps.units, order)
    np.testing.assert_array_equal(best.maps.maps, every.maps.maps[order])
    own, active = np.arange(n_units), every.units["active"][-n_units:]
    copies = np.where(active, copy_of(every.maps.maps), own)
    assert (copies != own).any()
    np.testing.assert_array_equal(every.units["copy_of"][-n_units:], copies)
    assert every.network["n_distinct_maps"] == ((copies == own) & active).sum()
    assert none.maps is None


@pytest.mark.slow
def test_networks_of_different_fidelity_share_a_block():
    published = dataclasses.replace(A.fidelity, empty_bins="zero")
    other = dataclasses.replace(A, fidelity=published)
    a, b = evaluated([A, other], 3)
    same(a, evaluated([A], 3)[0])
    same(b, evaluated([other], 3)[0])


@pytest.mark.slow
def test_the_second_block_compiles_nothing():
    evaluated([A, B], 3)
    state = block([C, B], 3)
    assert _compilations(lambda: evaluate_block([C, B], state, SETTINGS, {}, "best:4")) == 0


def _compilations(work):
    """How many programs JAX compiles during a call."""
    events = []

    def listen(name, *_, **__):
        if name == "/jax/core/compile/backend_compile_duration":
            events.append(name)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        work()
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    return len(events)


@pytest.mark.slow
def test_a_platform_without_float64_measures_the_same(monkeypatch):
    """All programs of an evaluation, on a CPU as on a TPU: nothing is computed in float64."""
    (expected,) = evaluated([A], 2)
    monkeypatch.setattr(float_pairs, "FLOAT64_PLATFORMS", ())
    monkeypatch.setattr(map_batches, "MOST_VALUES_OF_PAIRS", 2**14)
    monkeypatch.setattr(map_batches, "FEWEST_AT_ONCE", 8)
    asked = []
    monkeypatch.setattr(
        jax, "enable_x64", lambda on, real=jax.enable_x64: asked.append(on) or real(on)
    )
    (found,) = evaluated([A], 2)
    assert asked
    assert not any(asked)
    (ours, form), (theirs, other_form) = contents(found), contents(expected)
    assert form == other_form
    for one, other in zip(ours, theirs, strict=True):
        if np.asarray(other).dtype.kind == "f":
            np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-5)
        else:
            np.testing.assert_array_equal(one, other)
