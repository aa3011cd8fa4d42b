"""Shipped claims: whom each is asked of, versions, and arms that contain the rows they use."""

import numpy as np
import pytest
from studies.conftest import make_competent
from synthetic import synthetic_run

from gridjax.studies.networks.training import Request, StudyPlan, lay_out
from gridjax.studies.study import find_studies

OF_MODELS = {
    "piso_grids",
    "distances_grids",
    "distances_grids_without_moves",
    "sic_modules",
    "spacenet_no_grids",
    "conformal_linear_grids",
    "conformal_nonlinear_grids",
    "conformal_additive_grids",
    "conformal_scale",
    "actionable_lattices",
    "components_lattices",
}
"""Claims about models that do not path-integrate, or about learning."""


def test_shipped_claims_ask_competent_networks_about_grids_and_all_about_learning():
    claims = {one.name: one for study in find_studies("all") for one in study.claims.claims}
    asked_of_all = {name for name, one in claims.items() if one.asked_of == "all"}
    assert asked_of_all == {
        "tf32_same_loss",
        "bf16_same_loss",
        "dropout_helps_task",
        "dropout_is_not_slow_learning",
        "leak_improves_accuracy",
        "landmarks_lower_errors",
        "landmarks_spoil_integration",
        *OF_MODELS,
    }
    asked_of_finished = {name for name, one in claims.items() if one.asked_of == "finished"}
    assert asked_of_finished == {
        "most_path_integrate",
        "performance_stays",
        "cubes_are_learned",
        "patterns_need_no_network",
        "patterns_are_lattices",
    }
    versions = {study.name: study.claims.version for study in find_studies("all")}
    third = dict.fromkeys(("agents", "emergence", "encodings", "models", "precision"), 3)
    fourth = dict.fromkeys(("heterogeneity", "lattices", "volume", "width-sensitivity"), 4)
    fifth = dict.fromkeys(("landmarks", "leaky", "modules", "static", "turing"), 5)
    sixth = dict.fromkeys(("dropout", "good-for"), 6)
    assert versions == dict.fromkeys(versions, 2) | third | fourth | fifth | sixth


@pytest.mark.slow
def test_every_shipped_claim_names_arms_that_hold_its_rows():
    """No network may count in an estimate that no arm accounts for."""
    small = Request(overrides={"Ng": 16, "n_grad_steps_per_epoch": 5})
    for name in ("emergence", "encodings", "modules", "width-sensitivity", "heterogeneity"):
        (study,) = find_studies(name)
        sweep = lay_out(study, small)
        run = synthetic_run(sweep.specs, keep_maps="none", weights=False, diverged=[1])
        able = np.arange(len(run.networks)) % 3 > 0
        make_competent(run).networks.loc[~able, "decode_err_ml_cm_T50"] = 30.0
        evidence = StudyPlan(study, sweep).evidence(run)
        arms, estimates = study.arms(evidence), study.estimates(evidence)
        for one in study.claims.claims:
            of_arms = frozenset().union(*(each.run_ids for each in arms[one.name]))
            competent = frozenset().union(*(each.competent for each in arms[one.name]))
            used = set(estimates[one.name].rows["run_id"])
            assert used <= (competent if one.asked_of == "competent" else of_arms), (name, one.name)
            assert of_arms, (name, one.name)
