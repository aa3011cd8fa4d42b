"""The study agents: its estimates for agents with known scores."""

import math

import numpy as np
import pytest
from studies.conftest import make_competent
from synthetic import synthetic_run

import gridjax as gj
from gridjax.studies.claims.verdicts import NOT_ANSWERABLE
from gridjax.studies.results import conclude
from gridjax.studies.study import find_studies
from gridjax.studies.training import Request, StudyPlan, lay_out

(STUDY,) = find_studies("agents")
N_UNITS = 32
SUCCESS = {"place": 0.9, "place_units": 0.95, "place_readouts": 0.85}
SUCCESS |= {"units": 0.7, "outputs": 0.3, "readouts": 0.2}
LOSSES = np.array([0.0, 0.5, 0.2, 0.1])  # intact, no goal code, grid-like, matched
NEW = {
    "place": 0.3,
    "place_units": 0.2,
    "place_readouts": 0.2,
    "units": 0.1,
    "outputs": 0.0,
    "readouts": 0.0,
}


def known_agents(network, codes, lesions, seeds, settings):
    """Agents of known scores; both lesions silence a quarter of the units and share none."""
    grid_like, matched = (set(units) for units in lesions.values())
    assert len(grid_like) == len(matched) == N_UNITS // 4
    assert not grid_like & matched
    assert grid_like == set(range(N_UNITS - N_UNITS // 4, N_UNITS))  # the highest scores
    assert seeds == [network.spec.seed]
    known = np.array([SUCCESS[code] for code in codes])[:, None, None]
    lost = known - LOSSES[:, None] * np.ones(2)
    lost[:, :, 1] -= [[NEW[code]] for code in codes]
    reached = np.tile(known, (1, 1, settings.n_updates)) / 2
    return gj.Agents(
        tuple(codes),
        tuple(seeds),
        ("intact", "no goal code", *lesions),
        ("known", "new"),
        reached,
        lost[:, None],
        0.8 * lost[:, None],
    )


def run_of(weights=True):
    sweep = lay_out(STUDY, Request(overrides={"Ng": N_UNITS, "n_grad_steps_per_epoch": 5}))
    run = synthetic_run(sweep.specs, keep_maps="none", weights=weights)
    make_competent(run)
    run.units["score_60_by_neuron"] = run.units["unit"] / N_UNITS
    return run, StudyPlan(STUDY, sweep)


@pytest.fixture(autouse=True)
def known_networks(monkeypatch):
    monkeypatch.setattr(gj.Network, "agents", known_agents)
    monkeypatch.setattr(gj.Network, "rate_maps", lambda _: np.ones((N_UNITS, 4, 4)))


def test_known_agents_give_the_known_answers(tmp_path):
    run, plan = run_of()
    verdicts = conclude(plan, run, "desk", tmp_path)
    value = {one.claim.name: one.estimate.value for one in verdicts}
    assert value == pytest.approx(
        {
            "grid_agents_beat_place_agents": 0.8 * (0.7 - 0.9),
            "units_add_to_place_cells": (0.95 - 0.85) / 2,
            "units_teach_faster_than_readouts": (0.7 - 0.2) / 2,
            "agents_need_grid_like_units": 0.1,
            "agents_use_the_goal_code": 0.5,
            "units_lead_to_new_goals": 0.2,
        }
    )
    assert {one.estimate.n for one in verdicts} == {8}
    assert list((tmp_path / "agents" / "figures").glob("*.svg"))
    assert len(list((tmp_path / "agents" / "measures").iterdir())) == 8
    # the second analysis reads what the first one kept
    again = conclude(plan, run, "desk", tmp_path)
    assert {one.claim.name: one.estimate.value for one in again} == value


def test_agents_that_have_not_learned_decide_nothing_about_lesions_and_new_goals(
    tmp_path, monkeypatch
):
    monkeypatch.setitem(SUCCESS, "units", 0.4)
    run, plan = run_of()
    value = {one.claim.name: one.estimate.value for one in conclude(plan, run, "desk", tmp_path)}
    unknown = {name for name, each in value.items() if math.isnan(each)}
    assert unknown == {"agents_need_grid_like_units", "units_lead_to_new_goals"}


def test_networks_without_weights_decide_nothing(tmp_path):
    run, plan = run_of(weights=False)
    verdicts = conclude(plan, run, "desk", tmp_path)
    assert {one.outcome for one in verdicts} == {NOT_ANSWERABLE}


@pytest.mark.parametrize("size", ["desk", "paper"])
def test_its_networks_are_networks_of_the_study_width_sensitivity(size):
    (widths,) = find_studies("width-sensitivity")
    own, shared = (lay_out(study, Request(size=size)).specs for study in (STUDY, widths))
    assert {spec.run_id for spec in own} < {spec.run_id for spec in shared}
