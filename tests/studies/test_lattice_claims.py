"""Claims about periods and modules: lattices by chance decide nothing, real ones are measured."""

import math
from dataclasses import replace

import numpy as np
import pytest
from studies.conftest import make_competent
from synthetic import synthetic_run

from gridjax.metrics import dos_wavenumber, hexagonal_period
from gridjax.studies.claims.verdicts import NOT_ANSWERABLE
from gridjax.studies.results import conclude
from gridjax.studies.study import find_studies
from gridjax.studies.training import Request, StudyPlan, lay_out

N_UNITS, N_LATTICES = 64, 20
PERIODS = {
    "modules": {"unimodal", "one_module", "width_sets_period"},
    "turing": {"slope_of_prediction", "two_dimensions"},
}


def study_of(name, is_real, some_competent=False):
    """A run whose units have the predicted period: real lattices, or chance ones, p <= .05."""
    (study,) = find_studies(name)
    sweep = lay_out(study, Request(size="desk", overrides={"Ng": N_UNITS}))
    run = make_competent(synthetic_run(sweep.specs, keep_maps="none", weights=False))
    units, rng = run.units, np.random.default_rng(2)
    specs = {spec.run_id: spec for spec in sweep.specs}
    of_spec = {
        run_id: 100 * hexagonal_period(dos_wavenumber(spec.place_cell_rf, spec.surround_scale))
        for run_id, spec in specs.items()
    }
    p = rng.uniform(size=len(units))
    if is_real:
        p[units["unit"] < N_LATTICES] = 1e-4
    period = units["run_id"].map(of_spec) * np.exp(0.02 * rng.normal(size=len(units)))
    units["lattice_p_value"] = p
    units["period_cm"] = np.where(p <= 0.05, period, np.nan)
    units["orientation_rad"] = np.where(p <= 0.05, 0.2, np.nan)
    units["score_60_by_neuron"] = 1.0
    run.networks["null_99"] = 0.5
    if some_competent:
        run.networks.loc[run.networks["seed"] < 2, "decode_err_ml_cm_T50"] = 30.0
    return StudyPlan(study, sweep), run


@pytest.mark.parametrize("name", PERIODS)
def test_lattices_by_chance_have_no_period(name, tmp_path, monkeypatch):
    asked, run = study_of(name, is_real=False)
    if name == "turing":
        monkeypatch.setattr(asked.study._module, "LAYOUTS", 1)
    verdicts = {one.claim.name: one for one in conclude(asked, run, "desk", tmp_path)}
    for claim in PERIODS[name]:
        assert verdicts[claim].outcome == NOT_ANSWERABLE
        assert math.isnan(verdicts[claim].estimate.value)


@pytest.mark.parametrize("name", PERIODS)
def test_real_lattices_have_the_predicted_period(name, tmp_path, monkeypatch):
    asked, run = study_of(name, is_real=True)
    if name == "turing":
        monkeypatch.setattr(asked.study._module, "LAYOUTS", 1)
    verdicts = {one.claim.name: one for one in conclude(asked, run, "desk", tmp_path)}
    value = {claim: verdicts[claim].estimate.value for claim in PERIODS[name]}
    if name == "turing":
        assert value["slope_of_prediction"] == pytest.approx(1, abs=0.05)
        assert value["two_dimensions"] > 5
    else:
        assert value["width_sets_period"] == pytest.approx(1, abs=0.1)
        assert (value["one_module"], value["unimodal"]) == (0, 0)
        n = verdicts["one_module"].estimate.n
        assert n == 96  # every network has one module


def test_the_picture_counts_competent_networks_without_a_module(tmp_path):
    asked, run = study_of("modules", is_real=True, some_competent=True)
    first = run.networks["run_id"].iloc[-1]
    run.units.loc[run.units["run_id"] == first, "lattice_p_value"] = 1.0
    (drawn,) = asked.study.figures(asked.evidence(run), {})
    right = drawn.figure.axes[1]
    assert right.get_title() == "n = 90"
    assert [round(bar.get_height()) for bar in right.patches] == [1, 89]


def test_patterns_are_compared_on_eight_layouts_that_have_both_codes(monkeypatch):
    asked, run = study_of("turing", is_real=False)
    monkeypatch.setattr(asked.study._module, "pattern_share", lambda spec: 0.1)
    rows = run.networks
    is_first = (rows["place_field_values"] == "gaussian") & (rows["seed"] == 0)
    others = replace(asked.evidence(run), wanted=tuple(rows["run_id"][~is_first]))
    found = asked.study._module.patterns(others)
    assert sorted(found["seed"]) == sorted([*range(1, 9), *range(1, 9)])
    assert set(found.groupby("seed")["place_field_values"].nunique()) == {2}
