"""Claims of the studies leaky and static on made-up networks, and the learning rates of pilots."""

import jax
import numpy as np
import pytest
from studies.known_networks import by_seed, noise, run_of, set_grids, set_measure, verdicts_of
from synthetic import synthetic_run

from gridjax.studies.claims.verdicts import DOES_NOT, HOLDS, NOT_ANSWERABLE
from gridjax.studies.networks.training import Request, lay_out, pilot_sweep, resolve_pilots
from gridjax.studies.study import find_studies
from gridjax.training import train_step

DOS = "difference_of_gaussians"
RMS, DIFFUSION = "decode_err_rms_cm", "diffusion_cm2_per_move"


def is_cell(run, *cells):
    return run.networks["rnn_type"].isin(cells).to_numpy()


def test_noise_that_adds_the_same_to_smaller_errors_is_not_resisted():
    plan, run = run_of("leaky")
    leak = is_cell(run, "leaky_30")
    clean = 8 - 3 * leak + by_seed(run)
    added = 10 + noise(run, 0.1)
    set_measure(run, "none", 0, RMS, clean)
    set_measure(run, "velocity_noise", 1.0, RMS, np.hypot(clean, added))
    found = verdicts_of(plan, run)["leak_resists_noise"]
    assert found.outcome == DOES_NOT
    assert found.estimate.value == pytest.approx(0, abs=0.1)
    set_measure(run, "velocity_noise", 1.0, RMS, np.hypot(clean, added - leak))
    assert verdicts_of(plan, run)["leak_resists_noise"].outcome == HOLDS
    run.networks.loc[leak, "decode_err_ml_cm_T50"] = (
        30.0  # networks that answer less than they move
    )
    assert verdicts_of(plan, run)["leak_resists_noise"].outcome == NOT_ANSWERABLE


def test_less_drift_is_no_damped_noise():
    plan, run = run_of("leaky")
    leak = is_cell(run, "leaky_30")
    drift, of_noise = 1 - 0.5 * leak, 10.0 ** noise(run, 0.02)
    set_measure(run, "none", 0, DIFFUSION, drift)
    set_measure(run, "state_noise", 0.1, DIFFUSION, drift + of_noise)
    assert verdicts_of(plan, run)["leak_damps_state_noise"].outcome == DOES_NOT
    set_measure(run, "state_noise", 0.1, DIFFUSION, drift + of_noise * 0.5**leak)
    assert verdicts_of(plan, run)["leak_damps_state_noise"].outcome == HOLDS


@pytest.mark.parametrize(("of_dos", "of_gaussian"), [(5, 0), (0, 0), (5, 5)])
def test_a_leak_needs_a_surround_only_if_it_adds_more_grids_with_one(of_dos, of_gaussian):
    plan, run = run_of("leaky")
    dos = run.networks["place_field_values"] == DOS
    effect = np.where(dos, of_dos, of_gaussian) * is_cell(run, "leaky_30")
    set_grids(run, 2 + effect + np.random.default_rng(4).integers(0, 2, len(dos)))
    found = verdicts_of(plan, run)["leak_needs_a_surround"]
    assert found.estimate.value == pytest.approx((of_dos - of_gaussian) / 16, abs=0.04)
    assert (found.outcome == HOLDS) == (of_dos > of_gaussian)
    assert len(found.arms) == 4
    # a seed counts only if it has all four networks
    gone = dos & is_cell(run, "leaky_0") & (run.networks["seed"] == 3)
    run.networks.loc[gone, "decode_err_ml_cm_T50"] = 30.0
    found = verdicts_of(plan, run)["leak_needs_a_surround"]
    assert 3 not in set(found.estimate.rows["seed"])


@pytest.mark.parametrize("cell", ["leaky_0", "leaky_learned", "slow_start_30"])
def test_recurrent_and_input_weights_start_independently(cell):
    (study,) = find_studies("leaky")
    specs = lay_out(study, Request(overrides={"Ng": 64, "Np": 16})).specs
    spec = next(spec for spec in specs if spec.rnn_type == cell)
    start = jax.jit(train_step.init, static_argnums=0)(spec.static, spec.traced).params["cell"]
    w, w_x = np.asarray(start["W"]), np.asarray(start["W_x"])
    if cell == "slow_start_30":
        w = w - 0.3 * np.eye(len(w))
    n = w_x.size
    for values in (w.ravel(), w.T.ravel()):
        assert abs(np.corrcoef(values[:n], w_x.ravel())[0, 1]) < 0.4


@pytest.mark.parametrize(
    ("name", "error"), [("static", "loss_excess"), ("leaky", "decode_err_ml_cm_T50")]
)
def test_a_learning_rate_at_which_a_pilot_network_diverged_is_out(name, error):
    (one,) = find_studies(name)
    request = Request(size="desk", n_seeds=2, overrides={"Ng": 16})
    pilot = pilot_sweep(one, request)
    assert pilot is not None
    assert {spec.seed for spec in pilot.specs} == {900, 901, 902, 903}
    rates = sorted({spec.learning_rate for spec in pilot.specs})
    lost = [at for at, s in enumerate(pilot.specs) if (s.learning_rate, s.seed) == (rates[-1], 902)]
    run = synthetic_run(pilot.specs, keep_maps="none", weights=False, diverged=lost)
    rows = run.networks
    value = {rate: 3.0 - at for at, rate in enumerate(rates)}  # the highest rate has least error
    rows[error] = rows["learning_rate"].map(value).where(rows["status"] != "diverged")
    chosen = resolve_pilots([one], request, run)[0].sweep.specs
    assert {spec.learning_rate for spec in chosen} == {rates[1]}


def test_path_integration_adds_grid_units_only_if_there_are_some():
    plan, run = run_of("static")
    rnn = is_cell(run, "RNN")
    names = [
        "integration_adds_to_positions",
        "integration_adds_to_place_cells",
        "integration_adds_at_equal_loss",
        "integration_adds_to_positions_at_equal_loss",
    ]
    run.networks["loss_excess"] = 0.01 + np.abs(noise(run, 1e-4))
    set_grids(run, np.zeros(len(rnn), int))
    found = verdicts_of(plan, run)
    for name in names:
        assert found[name].outcome == NOT_ANSWERABLE
        assert "networks have no more grid units than by chance" in found[name].sentence
    # more grid units without integration refute the claims, although networks with it have none
    set_grids(run, np.where(rnn, 0, 3 + run.networks["seed"] % 2))
    found = verdicts_of(plan, run)
    for name in names:
        assert found[name].outcome == DOES_NOT
    set_grids(run, np.where(rnn, 5 + run.networks["seed"] % 2, 1))
    found = verdicts_of(plan, run)
    for name in names:
        assert found[name].outcome == HOLDS
    # both claims at equal loss have the networks of fewer steps, each of its own kind
    steps = {"static_place_cells": 6, "static_mlp": 7}
    for name, (cell, n_steps) in zip(names[2:], steps.items(), strict=True):
        own = run.networks["run_id"][is_cell(run, "RNN", cell)]
        assert set(found[name].estimate.rows["run_id"]) <= set(own)
        assert max(len(arm.run_ids) for arm in found[name].arms) == n_steps * 12


def test_targets_are_compared_without_integration_only_if_there_are_grid_units():
    plan, run = run_of("static")
    name, is_dos = "target_decides_without_integration", run.networks["place_field_values"] == DOS
    set_grids(run, np.where(is_cell(run, "static_place_cells"), 0, 5))
    verdict = verdicts_of(plan, run)[name]
    assert verdict.outcome == NOT_ANSWERABLE
    assert "networks have no more grid units than by chance" in verdict.sentence
    for with_grids, outcome in ((is_dos, HOLDS), (~is_dos, DOES_NOT)):
        set_grids(run, np.where(with_grids, 5 + run.networks["seed"] % 2, 0))
        assert verdicts_of(plan, run)[name].outcome == outcome


def test_grid_units_that_only_networks_of_fewer_steps_have_refute_claims_at_equal_loss():
    plan, run = run_of("static")
    is_young = run.networks["n_grad_steps"] < run.networks["n_grad_steps"].max()
    has_their_loss = is_young | is_cell(run, "RNN")
    run.networks["loss_excess"] = np.where(has_their_loss, 0.02, 0.01) + noise(run, 1e-4)
    set_grids(run, np.where(is_young, 6 + run.networks["seed"] % 2, 0))
    found = verdicts_of(plan, run)
    for kind in ("", "_to_positions"):
        assert found[f"integration_adds{kind}_at_equal_loss"].outcome == DOES_NOT
    assert found["integration_adds_to_positions"].outcome == NOT_ANSWERABLE


@pytest.mark.parametrize("name", ["dropout", "leaky", "static"])
def test_networks_of_equal_loss_differ_by_less_than_the_sd_of_an_arm(name):
    plan, run = run_of(name)
    run.networks["loss_excess"] = 0.01 + 0.0016 * np.arange(len(run.networks))
    claims = {claim.name: claim for claim in plan.study.claims.claims}
    matched = [each for each in claims if claims[each].test == "matched_difference"]
    assert matched
    estimates = plan.study.estimates(plan.evidence(run))
    for each in matched:
        assert "within .0015 nats" in " ".join(claims[each].estimand.split())
        assert np.isnan(estimates[each].value)
