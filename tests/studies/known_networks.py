"""Verdicts of shipped studies on made-up networks whose measures are known."""

import numpy as np
from studies.conftest import make_competent
from synthetic import synthetic_run

from gridjax.studies.claims.verdicts import judge
from gridjax.studies.networks.training import Request, StudyPlan, lay_out
from gridjax.studies.study import find_studies

SMALL = {"Ng": 16}
N_SEEDS = 12


def run_of(name, diverged=lambda spec: False):
    """Return the plan and a made-up run of a study, of size desk with twelve seeds.

    Networks are competent and have no grid units.
    """
    (study,) = find_studies(name)
    sweep = lay_out(study, Request(size="desk", n_seeds=N_SEEDS, overrides=SMALL))
    lost = [at for at, spec in enumerate(sweep.specs) if diverged(spec)]
    run = synthetic_run(sweep.specs, keep_maps="none", weights=False, diverged=lost)
    run.units["score_60_by_neuron"] = 0.0
    run.networks["null_99"] = 0.5
    return StudyPlan(study, sweep), make_competent(run)


def evidence_of(plan, run):
    return plan.evidence(run).ask("competent")


def verdicts_of(plan, run):
    """Return the verdicts by the names of their claims."""
    study, evidence = plan.study, plan.evidence(run)
    found = judge(study.claims.claims, study.estimates(evidence), study.arms(evidence))
    return {verdict.claim.name: verdict for verdict in found}


def set_grids(run, counts):
    """Give each network a number of grid units: an array [network]."""
    of = dict(zip(run.networks["run_id"], counts, strict=True))
    is_grid = run.units["unit"] < run.units["run_id"].map(of)
    run.units["score_60_by_neuron"] = np.where(is_grid, 1.0, 0.0)


def set_measure(run, perturbation, dose, column, values):
    """Set one measure of each network under a perturbation, at all moves: an array [network]."""
    of = dict(zip(run.networks["run_id"], np.broadcast_to(values, len(run.networks)), strict=True))
    table = run.robustness
    is_one = (table["perturbation"] == perturbation) & np.isclose(table["dose"], dose)
    assert is_one.any()
    table.loc[is_one, column] = table.loc[is_one, "run_id"].map(of)


def by_seed(run, scale=0.1):
    """Return a number for each network that networks of one seed share, of sd ``scale``."""
    random = np.random.default_rng(0).normal(size=1000)
    return scale * random[run.networks["seed"]]


def noise(run, scale):
    """Return another number for each network."""
    return scale * np.random.default_rng(1).normal(size=len(run.networks))


def drawn_means(axes):
    """Return the means of arms that a panel of a figure shows."""
    values = [line.get_ydata() for line in axes.lines if line.get_markersize() == 5]
    return np.array([own[0] for own in values if len(own) == 1])
