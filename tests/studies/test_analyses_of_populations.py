"""Analyses of R1 and R6 on made-up networks: who counts, and what cannot be answered."""

import math

import numpy as np
import pytest
from studies.conftest import make_competent
from synthetic import synthetic_run

from gridjax.studies.claims.verdicts import NOT_ANSWERABLE, NOT_FINISHED, judge
from gridjax.studies.networks.training import Request, StudyPlan, lay_out
from gridjax.studies.study import find_studies

SMALL = {"Ng": 16, "n_grad_steps_per_epoch": 5}
DOS = "difference_of_gaussians"


def judged(name, change, diverged=()):
    """Return the verdicts of a study by claim, on networks that ``change`` has changed."""
    (one,) = find_studies(name)
    sweep = lay_out(one, Request(size="desk", overrides=SMALL))
    run = synthetic_run(
        sweep.specs,
        keep_maps="none",
        weights=False,
        diverged=[at for at, spec in enumerate(sweep.specs) if spec in diverged],
    )
    run.units["score_60_by_neuron"] = 0.0
    run.networks["null_99"] = 0.5
    change(make_competent(run))
    evidence = StudyPlan(one, sweep).evidence(run)
    verdicts = judge(one.claims.claims, one.estimates(evidence), one.arms(evidence))
    return {verdict.claim.name: verdict for verdict in verdicts}


def set_grids(run, share):
    """Give each network a share of units with grids: an array [network]."""
    of = dict(zip(run.networks["run_id"], share, strict=True))
    is_grid = run.units["unit"] < 16 * run.units["run_id"].map(of)
    run.units["score_60_by_neuron"] = np.where(is_grid, 1.0, 0.0)


@pytest.fixture(scope="module")
def arms():
    """The specs of R6, by whether their place cells differ in anything."""
    specs = lay_out(*find_studies("heterogeneity"), Request(size="desk", overrides=SMALL)).specs
    rnn = [spec for spec in specs if spec.rnn_type == "RNN"]
    drawn = ("place_cell_rf", "surround_scale", "n_place_fields_per_cell")
    n_drawn = [
        sum(not isinstance(getattr(spec, name), int | float) for name in drawn) for spec in rnn
    ]
    equal = [spec for spec, n in zip(rnn, n_drawn, strict=True) if n == 0]
    published = [spec for spec, n in zip(rnn, n_drawn, strict=True) if n == len(drawn)]
    assert len(equal) >= 16
    assert len(published) >= 16
    return equal, published


def test_grids_that_homogeneous_networks_do_not_have_cannot_vanish(arms):
    found = judged("heterogeneity", lambda run: None)
    for name in ("grids_vanish", "little_widths", "more_fields"):
        assert found[name].outcome == NOT_ANSWERABLE
        assert "no more grid units than by chance (points; homogeneous: " in found[name].sentence
    equal = {spec.run_id for spec in arms[0]}

    def with_grids(run):
        has = run.networks["run_id"].isin(equal)
        set_grids(run, np.where(has, np.random.default_rng(0).integers(2, 6, len(has)) / 16, 0))

    assert judged("heterogeneity", with_grids)["grids_vanish"].outcome == "holds"


def test_performance_does_not_stay_if_heterogeneous_networks_diverge(arms):
    equal, published = arms
    noise = np.random.default_rng(1).normal(size=10_000)

    def alike(run):
        run.networks["start_err_cm_T50"] = 40.0
        good = run.networks["status"] != "diverged"
        errors = 5 + 0.1 * noise[: len(good)]
        run.networks["decode_err_ml_cm"] = np.where(good, errors, math.nan)

    assert judged("heterogeneity", alike)["performance_stays"].outcome == "holds"
    some = judged("heterogeneity", alike, diverged=published[::2])["performance_stays"]
    assert some.outcome == "does not hold"
    assert some.estimate.value == pytest.approx(35 / 2, abs=2)
    assert some.estimate.n == 2 * len(equal)
    # without a homogeneous network that has learned, there is no performance to keep
    none = judged("heterogeneity", lambda run: (alike(run), unlearn(run)))["performance_stays"]
    assert none.outcome == NOT_ANSWERABLE


def unlearn(run):
    run.networks["decode_err_ml_cm_T50"] = 80.0


def test_published_counts_need_competent_networks_of_each_code():
    def no_dos(run):
        rows = run.networks
        dos = rows["place_field_values"] == DOS
        rows.loc[dos, "decode_err_ml_cm_T50"] = 80.0

    found = judged("emergence", no_dos)["few_at_published_counts"]
    assert found.outcome == NOT_ANSWERABLE
    assert "DoS: 0 of" in found.sentence


def test_published_counts_give_the_published_share():
    """Shares of networks with grids as published, by code: 9.4 % with the Cartesian ones."""
    published = {"high_dim_polar": 0.08, "gaussian": 0.017, DOS: 0.391}
    published |= {"true_difference_of_gaussians": 0.015, "softmax_of_differences": 0.013}

    def share_of(code):
        def only(run):
            set_grids(run, (run.networks["place_field_values"] == code).to_numpy(float))

        return judged("emergence", only)["few_at_published_counts"].estimate.value

    total = sum(share * share_of(code) for code, share in published.items())
    assert total == pytest.approx(0.094, abs=0.0005)


def test_networks_that_diverged_do_not_path_integrate():
    (one,) = find_studies("emergence")
    specs = lay_out(one, Request(size="desk", overrides=SMALL)).specs
    found = judged("emergence", lambda run: None, diverged=specs[:30])["most_path_integrate"]
    assert found.estimate.n == 96
    assert found.estimate.value == pytest.approx(66 / 96)


def test_a_parameter_that_a_code_does_not_read_explains_nothing():
    """Only place codes have grids: the width of coordinates, which is always .12, is no factor."""
    from gridjax.studies.designs import variance_between

    (one,) = find_studies("emergence")
    factors_of = one._module.factors_of
    sweep = lay_out(one, Request(size="desk", overrides=SMALL))
    rows = synthetic_run(sweep.specs, keep_maps="none", weights=False).networks
    coordinates = rows["place_field_values"].str.startswith("high_dim").to_numpy()
    factors = factors_of(rows)
    assert set(factors["place_cell_rf"][coordinates]) == {"not read"}
    assert set(factors["surround_scale"][~coordinates]) == {"1.5", "2.0", "not read"}
    assert variance_between(factors["place_cell_rf"], (~coordinates).astype(float)) == 1
    assert set(factors["rnn_type"]) == set(rows["rnn_type"])


def test_no_claim_has_a_verdict_before_the_last_network():
    (one,) = find_studies("emergence")
    sweep = lay_out(one, Request(size="desk", overrides=SMALL))
    run = make_competent(
        synthetic_run(sweep.specs, keep_maps="none", weights=False, missing=range(12, 96))
    )
    evidence = StudyPlan(one, sweep).evidence(run)
    found = judge(
        one.claims.claims, one.estimates(evidence), one.arms(evidence), unfinished="84 of 96"
    )
    assert {verdict.outcome for verdict in found} == {NOT_FINISHED}
    assert all(math.isnan(verdict.p_holm) for verdict in found)
    assert all(math.isnan(verdict.estimate.value) for verdict in found)
