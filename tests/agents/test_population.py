"""Agents on maps and on networks, as users call them: results, and one message for bad input."""

import json
from dataclasses import asdict, replace

import jax
import numpy as np
import pytest

import gridjax as gj
from gridjax import metrics
from gridjax.errors import GridjaxError
from gridjax.run.evaluation.one_network import navigation
from gridjax.spec.lowering import evaluation_config
from gridjax.spec.network import NetworkSpec
from gridjax.training import train_step

EXACT = ("place", "maps", "isotropic", "place_wide")
CODES = (*EXACT, "units", "outputs", "readouts", "place_units", "place_readouts")
SMALL = gj.AgentSettings(
    n_updates=2, n_walkers=4, horizon=8, n_hidden=8, max_decisions=10, n_test_trials=20
)
SPEC = NetworkSpec(
    place_field_values="difference_of_gaussians", Np=20, Ng=12, place_cell_rf=0.4, seed=3
)
MAPS = metrics.place_code(jax.random.key(0), 6, 15, 1.0, 8)


def network_of(spec):
    state = train_step.init(spec.static, spec.traced)
    return gj.Network(spec, jax.tree.map(lambda leaf: 3 * leaf, state.params), state.layout)


@pytest.mark.slow
def test_agents_on_a_network_have_results_for_each_code_and_lesion():
    found = network_of(SPEC).agents(lesions={"few": [0, 5]}, seeds=(0, 2), settings=SMALL)
    assert found.code == CODES
    assert found.seed == (0, 2)
    assert found.lesion == ("intact", "no goal code", "few")
    assert found.goals == ("known", "new")
    assert found.reached.shape == (9, 2, 2)
    assert found.success.shape == found.efficiency.shape == (9, 2, 3, 2)
    with_units = [4, 7]
    without = [0, 1, 2, 3, 5, 6, 8]
    assert np.isfinite(found.success[with_units]).all()
    assert np.isnan(found.success[without][:, :, 2]).all()
    assert np.isfinite(found.success[without][:, :, :2]).all()
    assert ((found.success[:, :, :2] >= 0) & (found.success[:, :, :2] <= 1)).all()
    assert (found.efficiency[:, :, :2] <= found.success[:, :, :2]).all()


@pytest.mark.slow
def test_codes_that_know_the_position_give_the_numbers_of_agents_on_their_maps():
    one = network_of(SPEC)
    found = one.agents(EXACT, {"few": [0, 5]}, settings=SMALL)
    traced, static = SPEC.traced, evaluation_config(SPEC.static)
    units = navigation._code("units", SPEC, one.params, one.layout, static).goal
    maps = np.moveaxis(np.asarray(units, np.float64), -1, 0).reshape(-1, 32, 32)
    key = gj.stream(traced.layout_seed, gj.Stream.AGENT_CODES)
    width = SPEC.box_width_in_m
    slow = {
        "maps": 5 * maps + 3,
        "isotropic": metrics.isotropic_maps(jax.random.fold_in(key, 3), maps, 1)[:, 0],
        "place_wide": metrics.place_code(jax.random.fold_in(key, 4), SPEC.Ng, 30, width, 32),
    }
    trained = gj.train_agents(slow, width, settings=SMALL)
    np.testing.assert_allclose(found.reached[1:], trained.reached, atol=1e-6)
    np.testing.assert_allclose(found.success[1:, :, :2], trained.success, atol=1e-6)


def test_agents_on_units_have_results_with_and_without_lesions():
    found = network_of(SPEC).agents(("units",), {"few": [0, 5]}, settings=SMALL)
    assert found.code == ("units",)
    assert found.lesion == ("intact", "no goal code", "few")
    assert found.success.shape == (1, 1, 3, 2)
    assert np.isfinite(found.success).all()


@pytest.mark.slow
def test_a_code_has_the_same_numbers_with_other_codes_or_without():
    one = network_of(SPEC)
    both = one.agents(("units", "place_units"), settings=SMALL)
    alone = one.agents(("units",), settings=SMALL)
    np.testing.assert_allclose(both.reached[0], alone.reached[0], atol=1e-6)
    np.testing.assert_allclose(both.success[0], alone.success[0], atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gj.train_agents({}, 1.0), "there is no code"),
        (lambda: gj.train_agents({"a": MAPS[0]}, 1.0), "three axes"),
        (lambda: gj.train_agents({"a": MAPS * np.nan}, 1.0), "bins without a rate"),
        (lambda: gj.train_agents({"a": 0 * MAPS + 3}, 1.0), "do not depend on the position"),
        (lambda: gj.train_agents({"a": MAPS, "b": MAPS[:, :7, :7]}, 1.0), "numbers of bins"),
        (lambda: gj.train_agents({"a": MAPS}, -1.0), "box_width_m is -1"),
        (lambda: gj.train_agents({"a": MAPS}, 1.0, ()), "seeds are"),
        (lambda: gj.train_agents({"a": MAPS}, 1.0, (1, 1)), "different seeds"),
        (lambda: gj.AgentSettings(n_updates=0), "n_updates is 0"),
        (lambda: gj.AgentSettings(n_minibatches=3), "3 for 32 walkers"),
        (lambda: gj.AgentSettings(turns_deg=(0.0,)), "2 to 36 angles"),
        (lambda: gj.AgentSettings(turns_deg=("a", 1)), "angle of turns_deg is 'a'"),  # pyright: ignore
        (lambda: gj.AgentSettings(turns_deg=5), "turns_deg is 5"),  # pyright: ignore
        (lambda: gj.AgentSettings(walls=5), "walls are 5"),  # pyright: ignore
        (lambda: gj.AgentSettings(held_out_quadrant="no"), "quadrant is 'no'"),  # pyright: ignore
        (lambda: gj.agent_barrier(1.0, 1.5), "gap_m is 1.5"),
        (lambda: gj.train_agents([MAPS], 1.0), "codes are of type list"),  # pyright: ignore
        (lambda: gj.train_agents({"a": MAPS}, 1.0, 3), "seeds are 3"),  # pyright: ignore
        (lambda: gj.train_agents({"a": MAPS}, 0.2), "goal_radius_cm is 12 in a box of 0.2 m"),
        (
            lambda: gj.train_agents({"a": MAPS}, 1.0, settings=gj.AgentSettings(step_cm=60)),
            "step_cm is 60",
        ),
        (
            lambda: gj.train_agents(
                {"a": MAPS}, 1.0, settings=gj.AgentSettings(walls=(((0, -40), (0, 40)),))
            ),
            "ends outside a box of 1 m",
        ),
        (lambda: gj.train_agents({"a": MAPS}, 1.0, settings={}), "of type dict"),  # pyright: ignore
        (lambda: network_of(SPEC).agents(lesions=[1]), "lesions are of type"),  # pyright: ignore
        (lambda: network_of(SPEC).agents(lesions={"a": 1}), "lesion 'a' are 1"),  # pyright: ignore
        (lambda: network_of(SPEC).agents(lesions={"intact": [1]}), "has the name 'intact'"),
        (lambda: gj.AgentSettings(walls=(("a", 1),)), "walls contain"),  # pyright: ignore
        (lambda: gj.AgentSettings(discount=1.5), "discount is 1.5"),
        (lambda: network_of(SPEC).agents(("grid",)), "codes are"),
        (lambda: network_of(SPEC).agents((), settings=SMALL), "codes are"),
        (lambda: network_of(SPEC).agents(lesions={"a": [12]}), "unit of lesion 'a' is 12"),
    ],
)
def test_bad_input_has_one_message(call, message):
    with pytest.raises(GridjaxError, match=message):
        call()


def test_settings_of_lists_and_arrays_are_those_of_numbers_and_tuples():
    wall, turns = ((0.0, -0.5), (0.0, 0.2)), (-90.0, 0.0, 90.0)
    plain = gj.AgentSettings(n_updates=3, turns_deg=turns, walls=(wall,))
    other = gj.AgentSettings(
        n_updates=np.int64(3),  # pyright: ignore
        turns_deg=list(turns),  # pyright: ignore
        walls=np.array([wall]),  # pyright: ignore
    )
    assert other == plain
    assert hash(other) == hash(plain)
    assert json.loads(json.dumps(asdict(other))) == json.loads(json.dumps(asdict(plain)))


@pytest.mark.parametrize(
    "change",
    [
        {"rnn_type": "LSTM"},
        {"n_head_direction_cells": 4},
        {"start": "zero"},
        {"inputs": "egocentric"},
        {"n_environments": 2},
        {"landmark_rate": 0.1},
        {"place_field_values": "cartesian", "place_field_loss": "mse", "Np": 2},
    ],
)
def test_networks_that_cannot_integrate_the_moves_of_an_agent_are_refused(change):
    with pytest.raises(GridjaxError, match="cannot integrate the moves of an agent"):
        network_of(replace(SPEC, **change)).agents(settings=SMALL)
