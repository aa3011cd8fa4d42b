"""The study of lattices: which doses its claims are about, and which maps count."""

import numpy as np
import pytest
from studies.conftest import make_competent
from synthetic import synthetic_run

from gridjax.studies.claims.verdicts import NOT_ANSWERABLE, judge
from gridjax.studies.networks.training import Request, StudyPlan, lay_out
from gridjax.studies.study import find_studies
from gridjax.studies.wavelengths import with_lattices_that_fit

DOSES = {
    "more_units": ("Ng", {192, 256, 512}),
    "stronger_decay": ("weight_decay", {1e-6, 1e-5, 1e-4}),
    "slower_learning": ("learning_rate", {1e-3, 2e-3, 4e-3}),
    "smaller_epsilon": ("adam_epsilon", {1e-12, 1e-8, 1e-7}),
    "more_steps": ("n_grad_steps", {5_000, 8_000, 16_000}),
    "more_place_cells": ("Np", {256, 512, 1024}),
    "longer_paths": ("sequence_length", {15, 20, 30}),
}


OF_LARGER_BOX = (
    "a_third_are_lattices_in_a_larger_box",
    "lattices_share_an_orientation",
    "more_periods",
)


@pytest.fixture(scope="module")
def asked():
    (one,) = find_studies("lattices")
    return StudyPlan(one, lay_out(one, Request(size="desk")))


@pytest.fixture
def run(asked, monkeypatch):
    """A run whose networks have a tenth of lattices, and learn unless they are outside."""
    monkeypatch.setattr(asked.study._module, "pattern_share", lambda spec: 0.4)
    made = make_competent(synthetic_run(asked.sweep.specs, keep_maps="none", weights=False))
    made.networks["null_99"] = 0.5
    made.units["score_60_by_neuron"] = 1.0
    is_lattice = np.random.default_rng(0).uniform(size=len(made.units)) < 0.1
    made.units["lattice_p_value"] = np.where(is_lattice, 1e-6, 0.5)
    return made


def judged(asked, run):
    one, evidence = asked.study, asked.evidence(run)
    estimates = one.estimates(evidence)
    verdicts = judge(one.claims.claims, estimates, one.arms(evidence))
    return {verdict.claim.name: verdict for verdict in verdicts}


def test_doses_that_do_not_learn_leave_claims_answerable(asked, run):
    rows = run.networks
    is_outside = (
        rows["weight_decay"].gt(2e-4)
        | rows["Ng"].eq(128)
        | rows["learning_rate"].lt(5e-4)
        | rows["n_grad_steps"].lt(4000)
        | rows["sequence_length"].isin([10, 40])
    )
    assert is_outside.sum() == 80
    rows.loc[is_outside, "decode_err_ml_cm_T50"] = 80.0
    found = judged(asked, run)
    assert [name for name, one in found.items() if one.outcome == NOT_ANSWERABLE] == []
    for name, (factor, values) in DOSES.items():
        used = rows[rows["run_id"].isin(found[name].estimate.rows["run_id"])]
        assert set(used[factor]) == values
        assert found[name].estimate.n == 32 * len(values)


def test_a_dose_of_a_claim_that_does_not_learn_makes_it_not_answerable(asked, run):
    run.networks.loc[run.networks["Ng"] == 192, "decode_err_ml_cm_T50"] = 80.0
    found = judged(asked, run)
    assert found["more_units"].outcome == NOT_ANSWERABLE
    assert "units 192: 0 of 32" in found["more_units"].sentence


def test_targets_of_every_arm_select_lattices_that_fit_the_box(asked, run):
    assert len(with_lattices_that_fit(run.networks)) == len(run.networks)


def test_networks_in_a_larger_box_count_in_their_own_claims_alone(asked, run):
    rows = run.networks
    larger = set(rows.loc[rows["box_width_in_m"] > 3, "run_id"])
    assert len(larger) == 16
    found = judged(asked, run)
    used = {name: set(one.estimate.rows["run_id"]) for name, one in found.items()}
    assert used["a_third_are_lattices_in_a_larger_box"] == larger
    assert larger < used["more_periods"]
    assert used["lattices_share_an_orientation"] == larger
    pairs = rows[rows["run_id"].isin(used["more_periods"])]
    assert pairs.groupby("box_width_in_m")["seed"].nunique().tolist() == [16, 16]
    others = used.keys() - set(OF_LARGER_BOX)
    assert not any(used[name] & larger for name in others)


def test_orientations_are_compared_within_networks_and_modulo_60_degrees(asked, run):
    """Each network has lattices at an angle of its own, 0 or 60 degrees from it, and 2 to 6."""
    units = run.units
    network = units.groupby("run_id").ngroup()
    further = np.where(units["unit"] % 2, 60, 0) + (2 + network % 5) * (units["unit"] % 2)
    units["orientation_rad"] = np.radians(network % 60 + further)
    found = judged(asked, run)["lattices_share_an_orientation"]
    assert 0 < found.estimate.value <= 6
    assert found.outcome == "holds"
    units["orientation_rad"] = np.random.default_rng(1).uniform(0, np.pi, len(units))
    found = judged(asked, run)["lattices_share_an_orientation"]
    assert found.estimate.value == pytest.approx(15, abs=2)
    assert found.outcome == "does not hold"


def test_without_a_larger_box_its_claims_are_not_answerable():
    (one,) = find_studies("lattices")
    asked = StudyPlan(one, lay_out(one, Request(size="quick")))
    run = make_competent(synthetic_run(asked.sweep.specs, keep_maps="none", weights=False))
    found = judged(asked, run)
    for name in OF_LARGER_BOX:
        assert found[name].outcome == NOT_ANSWERABLE
        assert "no network of this size is trained in a larger box" in found[name].sentence


def test_shares_are_of_distinct_maps(asked, run):
    units = run.units
    lattice = units["unit"] < 60  # 60 of 256 units have one map
    units["lattice_p_value"] = np.where(lattice, 1e-6, 0.5)
    units["copy_of"] = np.where(lattice, 0, units["unit"]).astype("float32")
    found = judged(asked, run)["a_third_are_lattices"]
    assert found.estimate.value == pytest.approx(1 / 197)
    assert "copies" not in found.estimate.remark
    units["copy_of"] = np.float32("nan")
    found = judged(asked, run)["a_third_are_lattices"]
    assert found.estimate.value == pytest.approx(60 / 256)
    assert "do not say which maps are copies" in found.estimate.remark


def test_wider_fields_are_compared_with_narrower_ones(asked, run):
    wide = run.networks.loc[run.networks["place_cell_rf"] == 0.13, "run_id"]
    added = run.units["run_id"].isin(wide) & (run.units["unit"] < 64)
    run.units.loc[added, "lattice_p_value"] = 1e-6
    found = judged(asked, run)["wider_fields"].estimate
    assert found.n == 64
    assert found.value == pytest.approx(0.9 * 64 / 256, abs=0.02)


def test_doses_beyond_those_of_the_claims_stay_outside_with_any_number_of_seeds():
    (one,) = find_studies("lattices")
    sweep = lay_out(one, Request(size="desk", n_seeds=12))
    run = make_competent(synthetic_run(sweep.specs, keep_maps="none", weights=False))
    evidence = StudyPlan(one, sweep).evidence(run)
    module = one._module
    base = module.base_values(evidence)
    for factor, doses in DOSES.values():
        assert set(module.in_claims(evidence, base, factor)) == doses
