"""The study agents: its estimates for agents with known scores."""

import math

import numpy as np
import pandas as pd
import pytest
from studies.conftest import make_competent
from synthetic import synthetic_run

import gridjax as gj
from gridjax.errors import GridjaxError
from gridjax.metrics import mean_interval
from gridjax.studies.claims.verdicts import NOT_ANSWERABLE
from gridjax.studies.networks.training import Request, StudyPlan, lay_out
from gridjax.studies.output.results import conclude
from gridjax.studies.study import find_studies

(STUDY,) = find_studies("agents")
N_UNITS = 128
ERROR = "decode_err_ml_cm_T50"
SUCCESS = {"place": 0.9, "place_units": 0.95, "place_readouts": 0.85}
SUCCESS |= {"maps": 0.8, "isotropic": 0.6, "place_wide": 1.0}
SUCCESS |= {"units": 0.7, "outputs": 0.3, "readouts": 0.2}
LOSSES = np.array([0.0, 0.5, 0.2, 0.05, 0.1, 0.15, 0.4, 0.1, 0.2, 0.3])
"""Success that is lost: intact, no goal code, grid-like, three draws of matched units; the same
lesions of the second dose."""
N_LESIONED, N_LESIONED_FIFTH = 13, 26
NEW = dict.fromkeys(SUCCESS, 0.2) | {"place": 0.3, "units": 0.1, "outputs": 0.0, "readouts": 0.0}
OF_AGENT = np.array([-0.01, 0.0, 0.01])
"""Success of the three agents of a network beyond their mean."""


def known_agents(network, codes, lesions, seeds, settings):
    """Agents of known scores; lesions silence a tenth or a fifth of the units."""
    assert seeds == [3 * network.spec.seed + agent for agent in range(3)]
    if lesions:
        check_lesions(*(set(units) for units in lesions.values()))
    known = np.array([SUCCESS[code] for code in codes])[:, None, None, None]
    lost = known - LOSSES[: 2 + len(lesions), None] * np.ones(2) + OF_AGENT[:, None, None]
    lost[..., 1] -= np.array([NEW[code] for code in codes])[:, None, None]
    reached = np.tile(known[..., 0], (1, 3, settings.n_updates)) / 2
    return gj.Agents(
        tuple(codes),
        tuple(seeds),
        ("intact", "no goal code", *lesions),
        ("known", "new"),
        reached,
        lost,
        0.8 * lost,
    )


def check_lesions(*lesions):
    for n, (grid_like, *draws) in ((N_LESIONED, lesions[:4]), (N_LESIONED_FIFTH, lesions[4:])):
        assert [len(each) for each in (grid_like, *draws)] == [n] * 4
        assert not any(grid_like & matched for matched in draws)
        # the highest scores, but for the last unit, which is silent
        assert grid_like == set(range(N_UNITS - n - 1, N_UNITS - 1))


def run_of(weights=True, size="quick", n_competent=None, with_grids=None):
    """Return a made-up run; the first networks are competent, the first ones have grid units."""
    overrides = {"Ng": N_UNITS, "n_grad_steps_per_epoch": 5}
    sweep = lay_out(STUDY, Request(size=size, overrides=overrides))
    run = synthetic_run(sweep.specs, keep_maps="none", weights=weights)
    make_competent(run)
    ids = run.networks["run_id"]
    run.networks.loc[ids.index[n_competent:] if n_competent is not None else [], ERROR] = 30.0
    has_grids = run.units["run_id"].isin(ids[:with_grids])
    run.units["score_60_by_neuron"] = run.units["unit"] / N_UNITS * np.where(has_grids, 1, 0.1)
    run.networks["null_99"] = 0.5
    return run, StudyPlan(STUDY, sweep)


def known_maps(network):
    """The last unit is silent; the standard deviations of the others rise with their number."""
    wave = np.cos(np.linspace(0, 2 * np.pi, 16, endpoint=False)).reshape(4, 4)
    sd = np.linspace(1, 1.1, N_UNITS)
    sd[-1] = 0
    return 1 + sd[:, None, None] * wave


@pytest.fixture(autouse=True)
def known_networks(monkeypatch):
    monkeypatch.setattr(gj.Network, "agents", known_agents)
    monkeypatch.setattr(gj.Network, "rate_maps", known_maps)


def test_known_agents_give_the_known_answers(tmp_path):
    run, plan = run_of()
    verdicts = conclude(plan, run, "desk", tmp_path)
    value = {one.claim.name: one.estimate.value for one in verdicts}
    assert value == pytest.approx(
        {
            "maps_beat_isotropic_fields": 0.8 * (0.8 - 0.6),
            "grid_agents_beat_place_agents": 0.8 * (0.7 - 0.9),
            "units_beat_wide_place_cells": 0.8 * (0.7 - 1.0),
            "units_add_to_place_cells": (0.95 - 0.85) / 2,
            "units_teach_faster_than_readouts": (0.7 - 0.2) / 2,
            "agents_need_grid_like_units": 0.8 * 0.1,
            "agents_need_the_grid_like_fifth": 0.8 * 0.2,
            "agents_use_the_goal_code": 0.5,
            "units_lead_to_new_goals": 0.0,  # both lose .5 without the code of the goal
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
    assert unknown == {
        "agents_need_grid_like_units",
        "agents_need_the_grid_like_fifth",
        "units_lead_to_new_goals",
    }


def test_agents_that_learn_on_neither_code_decide_nothing_about_efficiency(tmp_path, monkeypatch):
    for code in ("maps", "isotropic"):
        monkeypatch.setitem(SUCCESS, code, 0.3)
    run, plan = run_of(size="desk")
    found = {one.claim.name: one for one in conclude(plan, run, "desk", tmp_path)}
    maps = found["maps_beat_isotropic_fields"]
    assert maps.outcome == NOT_ANSWERABLE
    reason = "agents on neither code come to 50 % of their goals (30 % and 30 %)"
    assert reason in maps.sentence
    assert found["grid_agents_beat_place_agents"].outcome != NOT_ANSWERABLE


def test_networks_without_weights_decide_nothing(tmp_path):
    run, plan = run_of(weights=False)
    verdicts = conclude(plan, run, "desk", tmp_path)
    assert {one.outcome for one in verdicts} == {NOT_ANSWERABLE}


def test_networks_without_weights_are_not_left_out_in_silence(tmp_path, monkeypatch):
    run, plan = run_of(size="desk")
    network, without = type(run).network, list(run.networks["run_id"][:11])

    def stored(self, run_id):
        if run_id in without:
            raise GridjaxError("the weights are not stored")
        return network(self, run_id)

    monkeypatch.setattr(type(run), "network", stored)
    verdicts = conclude(plan, run, "desk", tmp_path)
    assert {one.outcome for one in verdicts} == {NOT_ANSWERABLE}
    reason = "11 of 31 competent networks have no stored weights and no measures of agents"
    assert all(reason in one.sentence for one in verdicts)


@pytest.mark.parametrize("n_competent", [0, 9])
def test_few_competent_networks_of_an_arm_allow_no_verdict(n_competent, tmp_path):
    run, plan = run_of(size="desk", n_competent=n_competent)
    verdicts = conclude(plan, run, "desk", tmp_path)
    assert {one.outcome for one in verdicts} == {NOT_ANSWERABLE}
    assert all(f"12 cm: {n_competent} of 31" in one.sentence for one in verdicts)
    assert all(len(arm.run_ids) == 31 for one in verdicts for arm in one.arms)


@pytest.mark.parametrize("with_grids", [7, 8])
def test_agents_need_grid_like_units_only_where_there_are_grid_units(with_grids, tmp_path):
    run, plan = run_of(size="desk", with_grids=with_grids)
    found = {one.claim.name: one for one in conclude(plan, run, "desk", tmp_path)}
    lesion = found["agents_need_grid_like_units"]
    if with_grids == 8:
        assert lesion.outcome != NOT_ANSWERABLE
        assert lesion.estimate.n == 8
        assert lesion.estimate.value == pytest.approx(0.8 * 0.1)
        # scores above .5, the null of the made-up run
        above = "13.0 units, 13.0 of them above the null of grid scores, and remove"
        assert above in lesion.estimate.remark
        written = (tmp_path / "agents" / "verdicts.json").read_text()
        assert "over seeds of 31 networks (above right, 10 %: 8, 20 %: 8)" in written
    else:
        assert lesion.outcome == NOT_ANSWERABLE
        assert "fewer than 8 networks have grid units to lose (7 of 31)" in lesion.sentence
    assert found["agents_use_the_goal_code"].estimate.n == 31


def test_new_goals_do_not_count_losses_on_known_ones(tmp_path, monkeypatch):
    """Both agents come to few new goals; the one on place cells comes to more known ones."""

    def agents(network, codes, lesions, seeds, settings):
        found = known_agents(network, codes, lesions, seeds, settings)
        found.success[..., 1] = 0.2
        if "units" in codes:
            found.success[codes.index("units"), :, 0, 1] = 0.22
        return found

    monkeypatch.setattr(gj.Network, "agents", agents)
    run, plan = run_of(size="desk")
    found = {one.claim.name: one for one in conclude(plan, run, "desk", tmp_path)}
    assert found["units_lead_to_new_goals"].estimate.value == pytest.approx(0.02)


def lesions_of(scores, copy_of=None):
    run, plan = run_of()
    network = run.network(plan.sweep.specs[0].run_id)
    copy_of = np.arange(N_UNITS, dtype=float) if copy_of is None else copy_of
    return STUDY._module.trained_agents.lesions_of(network, scores, copy_of)


@pytest.mark.parametrize("is_known", [True, False])
def test_matched_units_have_the_variance_of_the_lesioned_ones_and_differ_between_draws(is_known):
    scores = np.random.default_rng(0).random(N_UNITS)
    copy_of = np.arange(N_UNITS) if is_known else np.full(N_UNITS, np.nan)
    lesions, variance = lesions_of(scores, copy_of)
    assert all(N_UNITS - 1 not in units for units in lesions.values())  # silent
    for own, *draws in (list(lesions)[:4], list(lesions)[4:]):
        assert len({frozenset(lesions[each]) for each in draws}) > 1
        assert all(set(lesions[each]).isdisjoint(lesions[own]) for each in draws)
        removed = [variance[each] for each in draws]
        assert removed == pytest.approx([variance[own]] * 3, rel=0.1)


def test_units_that_vary_more_than_all_others_are_not_lesioned(monkeypatch):
    """The six with the highest scores vary twice as much: no other unit loses as much."""
    maps = known_maps(None)
    maps[:6] = 1 + 4 * (maps[:6] - 1)
    monkeypatch.setattr(gj.Network, "rate_maps", lambda _: maps)
    lesions, variance = lesions_of(-np.arange(N_UNITS))
    assert sorted(lesions["most grid-like 10 %"]) == list(range(6, N_LESIONED))
    own, *others = list(variance.values())[:4]
    assert others == pytest.approx([own] * 3, rel=0.2)


def test_copies_of_a_map_are_lesioned_together_and_are_no_partners_of_each_other():
    """Four maps have four units each, of which one has a low score; two more have two each."""
    copy_of = np.arange(N_UNITS, dtype=float)
    scores = -np.arange(N_UNITS, dtype=float)
    quartets = [[0, 1, 2, 100], [3, 4, 5, 101], [60, 61, 62, 63], [64, 65, 66, 67]]
    pairs = [[6, 7], [80, 81]]
    for units in quartets + pairs:
        copy_of[units] = units[0]
    scores[[100, 101]] = 0  # a map has the mean score of its units
    lesions, variance = lesions_of(scores, copy_of)
    grid_like, *draws = list(lesions.values())[:4]
    # maps of 4, 4, 2 and 1, 1, 1 units, until they have a tenth
    assert sorted(grid_like) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100, 101]
    for matched in draws:
        assert len(matched) == 4 + 4 + 2 + 3
        assert set(quartets[2] + quartets[3] + pairs[1]) < set(matched)
        assert set(matched).isdisjoint(grid_like)
    own, *others = list(variance.values())[:4]
    assert others == pytest.approx([own] * 3, rel=0.2)
    # without a partner with as many units, the second map of four is left out, with all its copies
    copy_of[[64, 65, 66, 67]] = [64, 65, 66, 67]
    lesions, _ = lesions_of(scores, copy_of)
    grid_like, *draws = list(lesions.values())[:4]
    assert len(grid_like) == 4 + 2 + 3
    assert len({each in grid_like for each in quartets[0]}) == 1
    assert len({each in grid_like for each in quartets[1]}) == 1


def test_the_page_has_a_table_of_each_code_with_intervals(tmp_path):
    run, plan = run_of()
    conclude(plan, run, "desk", tmp_path)
    (figure,) = STUDY._module.figures(plan.evidence(run), {})
    head, *rows = figure.table
    assert head == (
        *("agents on", "networks", "success, known goals"),
        *("success, new goals", "efficiency, known goals"),
    )
    assert len(rows) == len(SUCCESS)
    assert rows[0] == ("maps of units, exact", "8", "80.0 %", "60.0 %", "64.0 %")
    written = (tmp_path / "agents" / "verdicts.json").read_text()
    assert "place cells of 30 cm, exact" in written


def test_the_table_has_the_mean_and_the_interval_over_seeds():
    rows = pd.DataFrame({"seed": np.arange(12), "x": np.linspace(0.4, 0.6, 12)})
    _, low, high = mean_interval(rows["x"], rows["seed"])
    text = STUDY._module.drawing.mean_of(rows, "x")
    assert text == f"50.0 % ({100 * low:.1f} to {100 * high:.1f})"
    assert STUDY._module.drawing.mean_of(rows.assign(x=np.nan), "x") == "–"


@pytest.mark.parametrize("size", ["desk", "paper"])
def test_its_networks_are_networks_of_the_study_width_sensitivity(size):
    (widths,) = find_studies("width-sensitivity")
    own, shared = (lay_out(study, Request(size=size)).specs for study in (STUDY, widths))
    assert {spec.run_id for spec in own} < {spec.run_id for spec in shared}
