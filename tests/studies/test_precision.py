"""The study of precision on made-up networks: margins, and networks that diverged."""

import numpy as np
import pytest
from studies.conftest import make_competent
from synthetic import synthetic_run

from gridjax.studies.claims.verdicts import HOLDS, NOT_ANSWERABLE, judge
from gridjax.studies.networks.training import Request, StudyPlan, lay_out
from gridjax.studies.study import find_studies

EXCESS = 0.0214
"""Mean excess of the loss of float32 networks of 12-cm place cells, nats."""


def judged(change, diverged=lambda spec: False):
    (one,) = find_studies("precision")
    sweep = lay_out(one, Request(size="desk", overrides={"Ng": 16}))
    of_diverged = [at for at, spec in enumerate(sweep.specs) if diverged(spec)]
    run = synthetic_run(sweep.specs, keep_maps="none", weights=False, diverged=of_diverged)
    run.networks["null_99"] = 0.5
    change(make_competent(run))
    evidence = StudyPlan(one, sweep).evidence(run)
    verdicts = judge(one.claims.claims, one.estimates(evidence), one.arms(evidence))
    return {verdict.claim.name: verdict for verdict in verdicts}


def losses(factor):
    """Set the excess of the loss, with the published sd; bfloat16 multiplies it by a factor."""

    def change(run):
        rows = run.networks
        noise = np.random.default_rng(0).normal(0, 0.0017, len(rows))
        is_bf16 = rows["matmul_precision"] == "bf16"
        rows["loss_excess"] = (EXCESS + noise) * np.where(is_bf16, factor, 1.0)

    return change


@pytest.mark.parametrize(("factor", "outcome"), [(1.0, HOLDS), (1.3, "does not hold")])
def test_a_third_more_excess_is_not_the_same_loss(factor, outcome):
    assert judged(losses(factor))["bf16_same_loss"].outcome == outcome


def test_networks_without_any_grid_unit_do_not_have_the_same_grids():
    """Before, a loss of all grid units (2.5 % of the units) was within the margin of two points."""

    def abolish(run):
        rows = run.networks
        is_grid = run.units["run_id"].isin(
            rows.loc[rows["matmul_precision"] == "float32", "run_id"]
        )
        share = np.random.default_rng(1).uniform(size=len(is_grid)) < 0.025
        run.units["score_60_by_neuron"] = np.where(is_grid & share, 1.0, 0.0)

    found = judged(abolish)["bf16_same_grids"]
    assert found.estimate.value == pytest.approx(-0.025, abs=0.015)
    assert found.outcome != HOLDS


def test_a_precision_whose_networks_diverge_has_no_verdict_about_the_loss():
    def is_lost(spec):
        return spec.matmul_precision == "bf16" and spec.seed < 4

    found = judged(losses(1.0), is_lost)
    assert found["bf16_same_loss"].outcome == NOT_ANSWERABLE
    assert found["tf32_same_loss"].outcome == HOLDS
