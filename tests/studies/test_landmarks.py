"""The study landmarks: its estimates for networks with known errors."""

import math
from typing import Any

import numpy as np
import pytest
from studies.conftest import make_competent
from studies.known_networks import drawn_means
from synthetic import synthetic_run

import gridjax as gj
from gridjax.errors import DamageError, GridjaxError, Problem
from gridjax.studies.claims.verdicts import NOT_ANSWERABLE, judge
from gridjax.studies.networks.training import Request, StudyPlan, lay_out
from gridjax.studies.output.results import conclude
from gridjax.studies.study import find_studies

(STUDY,) = find_studies("landmarks")
DOS = "difference_of_gaussians"


def known_errors(network, rate, burn_in):
    """Landmarks reduce the error of DoS networks to .6, of Gaussian ones to .8.

    Errors without landmarks differ between seeds by more than the caliper.
    """
    assert network.spec.landmark_rate > 0
    assert (rate, burn_in) == (0.05, 20)
    is_dos = network.spec.place_field_values == DOS
    move, n = np.arange(5, 55, 5), 10
    ratio, seed = (0.6 if is_dos else 0.8), network.spec.seed
    squares = np.full((5, n), 400.0)
    squares[0] *= ratio**2
    return gj.LandmarkErrors(
        move,
        *squares,
        error_ratio=ratio + 0.001 * seed,
        efficiency=0.4,
        efficiency_in_box=(0.5 if is_dos else 0.4) + 0.001 * seed,
        efficiency_median=0.9 if is_dos else 0.8,
        median_without_cm=20.0 + seed,
    )


@pytest.fixture(autouse=True)
def known_networks(monkeypatch):
    monkeypatch.setattr(gj.Network, "landmarks", known_errors)


def run_of(weights=True, keep=lambda spec: True):
    """Return a made-up run of the size quick, in which errors grow with the rate of landmarks."""
    sweep = lay_out(STUDY, Request(overrides={"Ng": 16, "n_grad_steps_per_epoch": 5}))
    specs = [spec for spec in sweep.specs if keep(spec)]
    run = synthetic_run(specs, keep_maps="none", weights=weights)
    make_competent(run)
    networks = run.networks
    of_seed = 0.1 * networks["seed"]
    networks["decode_err_ml_cm_T50"] = 5.0 + 20 * networks["landmark_rate"] + of_seed
    run.units["score_60_by_neuron"] = np.where(run.units["unit"] < 4, 1.0, 0.0)
    networks["null_99"] = 0.5
    return run, StudyPlan(STUDY, sweep)


@pytest.mark.slow
def test_known_errors_give_the_known_answers(tmp_path):
    run, plan = run_of()
    verdicts = conclude(plan, run, "desk", tmp_path)
    value = {one.claim.name: one.estimate.value for one in verdicts}
    assert value["landmarks_lower_errors"] == pytest.approx(0.7035)
    assert value["landmarks_need_grids"] == pytest.approx(0.1)
    assert value["landmarks_need_grids_median"] == pytest.approx(0.1)
    assert value["landmarks_spoil_integration"] == pytest.approx(4)
    n = {one.claim.name: one.estimate.n for one in verdicts}
    assert n["landmarks_lower_errors"] == n["landmarks_need_grids_median"] == 16
    assert n["landmarks_spoil_integration"] == 32
    assert n["landmarks_remove_grids"] == 16
    outcomes = {one.claim.name: one.outcome for one in verdicts}
    assert outcomes["landmarks_lower_errors"] == "holds"
    assert list((tmp_path / "landmarks" / "figures").glob("*.svg"))


@pytest.mark.slow
def test_networks_without_weights_decide_nothing_about_landmarks(tmp_path):
    run, plan = run_of(weights=False)
    verdicts = {one.claim.name: one for one in conclude(plan, run, "desk", tmp_path)}
    for name in OF_MEASURES:
        assert verdicts[name].outcome == NOT_ANSWERABLE
        assert "16 of 16 networks have no stored weights" in verdicts[name].sentence
        assert math.isnan(verdicts[name].estimate.value)
    assert verdicts["landmarks_spoil_integration"].estimate.value == pytest.approx(4)


OF_MEASURES = ("landmarks_lower_errors", "landmarks_need_grids", "landmarks_need_grids_median")


@pytest.fixture
def kept(monkeypatch):
    """Return a function that gives the verdicts for some weights, without weights in the run."""

    def verdicts(run, plan, network_of):
        monkeypatch.setattr(gj.Run, "network", lambda run, run_id: network_of(run_id))
        evidence = plan.evidence(run)
        found = judge(STUDY.claims.claims, STUDY.estimates(evidence), STUDY.arms(evidence))
        return {one.claim.name: one for one in found}

    return verdicts


def stored(run, plan, missing=()):
    """Return a function from run_ids to networks that know their spec, and no weights."""
    specs = {spec.run_id: spec for spec in plan.sweep.specs}
    nothing: Any = {}

    def network_of(run_id):
        if run_id in missing:
            raise GridjaxError(Problem("the weights are not stored"))
        return gj.Network(specs[run_id], nothing, nothing)

    return network_of


def test_one_network_without_weights_leaves_claims_about_landmarks_without_verdict(kept):
    run, plan = run_of(weights=False)
    rows = run.networks
    usual = rows[rows["landmark_rate"] == 0.05]["run_id"]
    found = kept(run, plan, stored(run, plan))
    for name in OF_MEASURES:
        assert found[name].outcome != NOT_ANSWERABLE
    found = kept(run, plan, stored(run, plan, usual.iloc[:1].tolist()))
    for name in OF_MEASURES:
        assert found[name].outcome == NOT_ANSWERABLE
        assert "1 of 16 networks have no stored weights" in found[name].sentence


def test_a_network_whose_outputs_are_not_finite_lacks_its_measures(kept, monkeypatch):
    """Its errors are NaN. Without it, the others could look better."""
    run, plan = run_of(weights=False)

    def errors(network, rate, burn_in):
        found = known_errors(network, rate, burn_in)
        if network.spec.seed:
            return found
        nan = math.nan
        return found._replace(error_ratio=nan, efficiency_in_box=nan, efficiency_median=nan)

    monkeypatch.setattr(gj.Network, "landmarks", errors)
    found = kept(run, plan, stored(run, plan))
    for name in OF_MEASURES:
        assert found[name].outcome == NOT_ANSWERABLE
        assert "2 of 16 networks have no stored weights, or no finite outputs" in (
            found[name].sentence
        )


def test_damaged_weights_are_told(kept):
    def damaged(run_id):
        raise DamageError(Problem("damaged"))

    with pytest.raises(DamageError):
        kept(*run_of(weights=False), damaged)


def test_networks_are_matched_by_their_errors_on_noisy_moves(kept):
    run, plan = run_of(weights=False)
    dos = run.networks["place_field_values"] == DOS
    run.networks.loc[dos, "decode_err_ml_cm_T50"] -= 3  # errors without noise decide nothing
    found = kept(run, plan, stored(run, plan))["landmarks_need_grids"]
    assert found.estimate.n == 16
    pairs = found.estimate.rows.merge(run.networks[["run_id", "seed"]], on="run_id")
    seeds = run.networks.set_index("run_id")["seed"]
    assert (seeds[pairs["match"]].to_numpy() == seeds[pairs["run_id"]].to_numpy()).all()


def test_what_landmarks_cost_is_that_of_both_codes(kept):
    run, plan = run_of(weights=False)
    rows, name = run.networks, "landmarks_spoil_integration"
    dos, most = rows["place_field_values"] == DOS, rows["landmark_rate"] == 0.2
    rows.loc[dos & most, "decode_err_ml_cm_T50"] += 2
    found = kept(run, plan, stored(run, plan))[name]
    assert found.estimate.value == pytest.approx(5)
    assert found.estimate.n == 32
    # without the networks of the largest rate, those of .05 do not take their place
    short = run_of(weights=False, keep=lambda spec: spec.landmark_rate < 0.2)
    assert kept(*short, stored(*short))[name].outcome == NOT_ANSWERABLE
    # a network of one code alone gives no cost
    rows.loc[~dos & most & (rows["seed"] < 1), "decode_err_ml_cm_T50"] = np.nan
    assert kept(run, plan, stored(run, plan))[name].estimate.n == 0


def test_grid_units_that_are_not_there_cannot_be_removed(kept):
    run, plan = run_of(weights=False)
    name = "landmarks_remove_grids"
    assert kept(run, plan, stored(run, plan))[name].outcome != NOT_ANSWERABLE
    run.units["score_60_by_neuron"] = 0.0
    found = kept(run, plan, stored(run, plan))[name]
    assert found.outcome == NOT_ANSWERABLE
    assert "no more grid units than by chance (points; no landmarks: " in found.sentence


def test_the_figure_has_the_efficiencies_of_competent_networks(kept, monkeypatch):
    run, plan = run_of(weights=False)
    kept(run, plan, stored(run, plan))  # the run has networks from here on
    lost = run.networks["seed"] == 0
    run.networks.loc[lost, "decode_err_ml_cm_T50"] = 30.0

    def errors(network, rate, burn_in):
        found = known_errors(network, rate, burn_in)
        if network.spec.seed:
            return found
        return found._replace(error_ratio=9.0, efficiency_in_box=9.0, efficiency_median=9.0)

    monkeypatch.setattr(gj.Network, "landmarks", errors)
    (drawn,) = plan.study.figures(plan.evidence(run), {})
    assert drawn.figure is not None
    ratio, *efficiencies = (drawn_means(axes) for axes in drawn.figure.axes[2:5])
    assert ratio.min() > 1  # of all networks, as the claim
    for means in efficiencies:
        assert len(means) == 4
        assert means.max() < 1
