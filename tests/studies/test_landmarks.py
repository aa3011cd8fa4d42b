"""The study landmarks: its estimates for networks with known errors."""

import math

import numpy as np
import pytest
from studies.conftest import make_competent
from synthetic import synthetic_run

import gridjax as gj
from gridjax.studies.results import conclude
from gridjax.studies.study import find_studies
from gridjax.studies.training import Request, StudyPlan, lay_out

(STUDY,) = find_studies("landmarks")
DOS = "difference_of_gaussians"


def known_errors(network, rate):
    """Landmarks reduce the error of DoS networks to .6, of Gaussian ones to .8."""
    assert network.spec.landmark_rate > 0
    assert rate == 0.05
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
    )


@pytest.fixture(autouse=True)
def known_networks(monkeypatch):
    monkeypatch.setattr(gj.Network, "landmarks", known_errors)


def run_of(weights=True):
    """Return a made-up run of the size quick, in which errors grow with the rate of landmarks."""
    sweep = lay_out(STUDY, Request(overrides={"Ng": 16, "n_grad_steps_per_epoch": 5}))
    run = synthetic_run(sweep.specs, keep_maps="none", weights=weights)
    make_competent(run)
    networks = run.networks
    of_seed = 0.1 * networks["seed"]  # the nearest network of the other code has the same seed
    networks["decode_err_ml_cm_T50"] = 5.0 + 20 * networks["landmark_rate"] + of_seed
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
    for name in ("landmarks_lower_errors", "landmarks_need_grids", "landmarks_need_grids_median"):
        assert verdicts[name].outcome == "undecided"
        assert math.isnan(verdicts[name].estimate.value)
    assert verdicts["landmarks_spoil_integration"].estimate.value == pytest.approx(4)
