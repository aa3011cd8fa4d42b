"""The study dropout on made-up networks: what each of its claims compares, and whom it asks."""

import numpy as np
import pytest
from studies.known_networks import (
    N_SEEDS,
    by_seed,
    drawn_means,
    evidence_of,
    noise,
    run_of,
    set_grids,
    set_measure,
    verdicts_of,
)

from gridjax.studies.claims.verdicts import DOES_NOT, HOLDS, NOT_ANSWERABLE, UNDECIDED
from gridjax.studies.networks.training import Request, lay_out
from gridjax.studies.study import find_studies

DOS = "difference_of_gaussians"
ERROR = "decode_err_ml_cm_T50"
DIFFUSION = "diffusion_cm2_per_move"


@pytest.fixture
def made_up():
    plan, run = run_of("dropout")
    return plan, run, plan.study._module.arms(evidence_of(plan, run))["arm"].to_numpy()


def test_more_steps_alone_do_not_count_as_dropout(made_up):
    plan, run, arm = made_up
    longer = np.array(["longer" in name for name in arm])
    run.networks[ERROR] = 6 - longer + by_seed(run) + noise(run, 0.05)
    found = verdicts_of(plan, run)["dropout_is_not_slow_learning"]
    assert found.outcome == DOES_NOT
    assert found.estimate.value == pytest.approx(0, abs=0.1)
    assert found.estimate.n == 2 * N_SEEDS
    dropout = np.array([name.startswith("recurrent 0.05") for name in arm])
    run.networks[ERROR] -= dropout
    assert verdicts_of(plan, run)["dropout_is_not_slow_learning"].outcome == HOLDS


def test_the_drift_of_a_network_is_no_effect_of_noise(made_up):
    plan, run, _ = made_up
    counts = np.random.default_rng(2).integers(2, 9, len(run.networks))
    set_grids(run, counts)
    drift = 10.0 ** (1 - counts / 8)  # networks with more grid units drift less
    set_measure(run, "none", 0, DIFFUSION, drift)
    set_measure(run, "state_noise", 0.1, DIFFUSION, drift + 10.0 ** noise(run, 0.1))
    name = "grids_explain_robustness"
    assert verdicts_of(plan, run)[name].outcome == UNDECIDED
    set_measure(run, "state_noise", 0.1, DIFFUSION, drift + 10.0 ** (noise(run, 0.01) - counts / 8))
    found = verdicts_of(plan, run)[name]
    assert found.outcome == HOLDS
    assert found.estimate.value == pytest.approx(-2, abs=0.1)  # a unit is a 16th
    assert not [arm for arm in found.arms if "decay" in arm.name]


def test_an_arm_that_has_not_learned_does_not_block_the_claim_about_robustness(made_up):
    plan, run, arm = made_up
    set_grids(run, np.random.default_rng(2).integers(2, 9, len(run.networks)))
    set_measure(run, "none", 0, DIFFUSION, 1.0)
    set_measure(run, "state_noise", 0.1, DIFFUSION, 1 + 10.0 ** noise(run, 0.1))
    is_slow = (arm == "recurrent 0.1") & (run.networks["seed"] > 3)  # four have learned
    run.networks.loc[is_slow, ERROR] = 30.0
    found = verdicts_of(plan, run)["grids_explain_robustness"]
    assert found.outcome != NOT_ANSWERABLE
    names = {each.name for each in found.arms}
    assert "recurrent 0.05" in names
    assert "recurrent 0.1" not in names
    used = run.networks["run_id"].isin(found.estimate.rows["run_id"])
    assert set(arm[used]) == names


def test_networks_that_diverged_count_among_those_that_have_not_learned():
    """Of an arm, five diverged and three do not integrate: four of twelve have learned."""
    plan, run = run_of("dropout", lambda spec: spec.recurrent_dropout == 0.1 and spec.seed < 5)
    set_grids(run, np.random.default_rng(2).integers(2, 9, len(run.networks)))
    set_measure(run, "none", 0, DIFFUSION, 1.0)
    set_measure(run, "state_noise", 0.1, DIFFUSION, 1 + 10.0 ** noise(run, 0.1))
    rows = run.networks
    rows.loc[(rows["recurrent_dropout"] == 0.1) & rows["seed"].isin([5, 6, 7]), ERROR] = 30.0
    found = verdicts_of(plan, run)["grids_explain_robustness"]
    assert "recurrent 0.1" not in {each.name for each in found.arms}
    assert found.outcome != NOT_ANSWERABLE


@pytest.mark.parametrize("name", ["dropout", "leaky"])
def test_the_means_of_a_figure_are_those_of_the_networks_that_the_claims_ask(name):
    plan, run = run_of(name)
    is_lost = run.networks["seed"] < 2
    run.networks[ERROR] = np.where(is_lost, 900.0, 5.0) + noise(run, 0.1)
    run.networks["share_with_lattice"] = np.where(is_lost, 9.0, 0.1)
    set_measure(run, "none", 0, DIFFUSION, 1.0)
    set_measure(run, "state_noise", 0.1, DIFFUSION, np.where(is_lost, 1e9, 2 + noise(run, 0.1)))
    set_measure(run, "none", 0, "decode_err_rms_cm", 5.0)
    set_measure(run, "velocity_noise", 1.0, "decode_err_rms_cm", np.where(is_lost, 1e4, 9.0))
    set_measure(run, "kick_off", 0.1, "rho_perp", np.where(is_lost, 1e6, 0.3))
    set_measure(run, "kick_along", 0.1, "rho_par", np.where(is_lost, 1e6, 0.9))
    (drawn,) = plan.study.figures(plan.evidence(run), {})
    assert drawn.figure is not None
    errors, *others = (drawn_means(axes) for axes in drawn.figure.axes)
    assert errors.min() > 100  # claims about errors ask all networks
    limits = {"dropout": [0, 1, 1, 100], "leaky": [10, 1, 100, 100]}[name]
    for means, limit in zip(others, limits, strict=True):
        assert len(means) == len(errors)
        assert means.max() < limit


def test_noise_that_adds_no_diffusion_has_the_least_one(made_up):
    plan, run, _ = made_up
    set_measure(run, "none", 0, DIFFUSION, 3.0)
    set_measure(run, "state_noise", 0.1, DIFFUSION, 2.0)
    rows = plan.study._module.arms(evidence_of(plan, run))
    assert (rows["log_diffusion"] == -2).all()
    set_measure(run, "state_noise", 0.1, DIFFUSION, np.nan)
    assert plan.study._module.arms(evidence_of(plan, run))["log_diffusion"].isna().all()


def test_arms_seeds_and_errors_explain_nothing_of_what_is_left(made_up):
    plan, run, _ = made_up
    module = plan.study._module
    rows = module.arms(evidence_of(plan, run)).iloc[::2]  # some arms and seeds are not complete
    rows = rows.drop(index=rows.index[::7])
    random = np.random.default_rng(3)
    seeds, arms = random.normal(size=1000), dict.fromkeys(rows["arm"])
    arms = {name: random.normal() for name in arms}
    explained = rows["arm"].map(arms) + seeds[rows["seed"]]
    rows[ERROR] = 5 + explained + random.normal(size=len(rows))
    rows["log_diffusion"] = 3 * explained - 2 * rows[ERROR]
    left = module.without_arms_seeds_and_error(rows, ["log_diffusion", "share_grid"])
    assert (left["log_diffusion"] == 0).all()  # not the rounding errors of the fit


def test_one_share_of_grid_units_for_all_networks_explains_no_robustness(made_up):
    plan, run, _ = made_up
    set_grids(run, np.full(len(run.networks), 3))
    set_measure(run, "none", 0, DIFFUSION, 1.0)
    set_measure(run, "state_noise", 0.1, DIFFUSION, 1 + 10.0 ** noise(run, 0.1))
    found = verdicts_of(plan, run)["grids_explain_robustness"]
    assert found.outcome in (UNDECIDED, NOT_ANSWERABLE)
    assert np.isnan(found.estimate.value)


def set_lesions(run, grid, matched):
    set_measure(run, "lesion_grid", 0.02, "decode_err_ml_cm", grid)
    set_measure(run, "lesion_matched", 0.02, "decode_err_ml_cm", matched)


def test_lesions_ask_networks_that_have_grids_and_still_integrate(made_up):
    plan, run, arm = made_up
    is_none = (arm == "none") & (run.networks["place_field_values"] == DOS)
    name = "grid_units_carry_position"
    set_lesions(run, 12 + noise(run, 0.5), 8.0)
    found = verdicts_of(plan, run)[name]
    assert found.outcome == NOT_ANSWERABLE
    assert "0 have grids" in found.sentence
    has_grids = is_none & (run.networks["seed"] < 9)
    set_grids(run, np.where(has_grids, 10, 0))
    found = verdicts_of(plan, run)[name]
    assert found.outcome == HOLDS
    assert set(found.estimate.rows["run_id"]) == set(run.networks["run_id"][has_grids])
    assert found.estimate.value == pytest.approx(4, abs=0.5)
    # starts are 34 cm away after 20 moves: after these lesions, networks do not integrate
    set_lesions(run, 127 + noise(run, 0.5), 110.0)
    found = verdicts_of(plan, run)[name]
    assert found.outcome == NOT_ANSWERABLE
    assert "0 networks that have grids integrate" in found.sentence
    # the mean of both lesions decides, so that one that is much worse still counts
    set_lesions(run, 55 + noise(run, 0.5), 10.0)
    assert verdicts_of(plan, run)[name].estimate.n == 9


@pytest.mark.parametrize(("change", "outcome"), [(0.0, HOLDS), (-0.2, DOES_NOT), (0.2, DOES_NOT)])
def test_a_kick_that_is_kept_neither_shrinks_nor_grows(made_up, change, outcome):
    plan, run, arm = made_up
    dropout = arm == "recurrent 0.05"
    left = 0.8 + change * dropout + by_seed(run) + noise(run, 0.01)
    set_measure(run, "kick_along", 0.1, "rho_par", left)
    set_measure(run, "kick_off", 0.1, "rho_perp", np.where(dropout, 0.2, 0.4) + noise(run, 0.01))
    found = verdicts_of(plan, run)
    assert found["dropout_keeps_changes_along_the_manifold"].outcome == outcome
    assert found["dropout_removes_changes_off_the_manifold"].outcome == HOLDS
    run.networks.loc[dropout, ERROR] = 30.0  # networks without a manifold
    found = verdicts_of(plan, run)
    for name, one in found.items():
        if "along" in name or "off" in name or name == "dropout_is_not_weight_decay":
            assert one.outcome == NOT_ANSWERABLE


def test_a_kick_is_read_after_5_and_after_20_moves(made_up):
    plan, run, arm = made_up
    set_measure(run, "kick_off", 0.1, "rho_perp", 10.0 ** noise(run, 0.01))
    table, shrinks = run.robustness, run.networks["run_id"][arm == "recurrent 0.05"]
    is_late = (table["perturbation"] == "kick_off") & (table["move"] == 20)
    table.loc[is_late & table["run_id"].isin(shrinks), "rho_perp"] *= 0.5
    found = verdicts_of(plan, run)
    assert found["dropout_removes_changes_later"].outcome == HOLDS
    assert found["dropout_removes_changes_later"].estimate.value == pytest.approx(-0.301, abs=0.01)
    assert found["dropout_removes_changes_off_the_manifold"].outcome == DOES_NOT


def test_decays_are_those_with_which_networks_learn():
    (study,) = find_studies("dropout")
    for size in ("quick", "desk", "paper"):
        decays = {spec.weight_decay for spec in lay_out(study, Request(size=size)).specs}
        assert max(decays) <= 5e-4


@pytest.mark.parametrize(
    "name", ["dropout", "good-for", "landmarks", "leaky", "modules", "static", "turing"]
)
def test_arms_have_names_that_say_what_they_are(name, monkeypatch):
    plan, run = run_of(name)
    if name == "turing":  # patterns take long
        monkeypatch.setattr(plan.study._module, "pattern_share", lambda spec: 0.0)
    arms = plan.study.arms(plan.evidence(run))
    names = {arm.name for of_claim in arms.values() for arm in of_claim}
    assert not names & {"first", "second", "all networks"}
    assert all(arm.run_ids for of_claim in arms.values() for arm in of_claim)


@pytest.mark.parametrize("name", ["dropout", "landmarks", "leaky", "static"])
def test_differences_of_grid_units_have_a_margin_of_one_point(name):
    (study,) = find_studies(name)
    differences = [
        claim
        for claim in study.claims.claims
        if claim.unit == "percent" and claim.test != "mean_vs_null" and "lattices" not in claim.name
    ]
    assert differences
    assert {min(abs(claim.low), abs(claim.high)) for claim in differences} == {0.01}
