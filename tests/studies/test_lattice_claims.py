"""Claims about periods and modules: lattices by chance decide nothing, real ones are measured."""

import math
from dataclasses import replace

import numpy as np
import pytest
from studies.conftest import make_competent
from synthetic import synthetic_run

from gridjax.metrics import dos_wavenumber, hexagonal_period
from gridjax.studies.claims.verdicts import HOLDS, NOT_ANSWERABLE, judge
from gridjax.studies.networks.training import Request, StudyPlan, lay_out
from gridjax.studies.study import find_studies

N_UNITS, N_LATTICES = 64, 20
OF_LATTICES = {
    "modules": {"unimodal", "one_module", "width_sets_lattices"},
    "turing": {"slope_of_lattices"},
}
OF_SPECTRA = {
    "modules": {"width_sets_period"},
    "turing": {"slope_of_prediction", "two_dimensions"},
}


def predicted_cm(spec):
    return 100 * hexagonal_period(dos_wavenumber(spec.place_cell_rf, spec.surround_scale))


def study_of(name, is_real, some_competent=False, n_lattices=N_LATTICES):
    """A run whose units have the predicted period: real lattices, or chance ones, p <= .05."""
    (study,) = find_studies(name)
    sweep = lay_out(study, Request(size="desk", overrides={"Ng": N_UNITS}))
    run = make_competent(synthetic_run(sweep.specs, keep_maps="none", weights=False))
    units, rng = run.units, np.random.default_rng(2)
    of_spec = {spec.run_id: predicted_cm(spec) for spec in sweep.specs}
    p = rng.uniform(size=len(units))
    if is_real:
        p[units["unit"] < n_lattices] = 1e-4
        p[units["unit"] >= n_lattices] = 0.5
    period = units["run_id"].map(of_spec) * np.exp(0.02 * rng.normal(size=len(units)))
    units["lattice_p_value"] = p
    units["period_cm"] = np.where(p <= 0.05, period, np.nan)
    units["orientation_rad"] = np.where(p <= 0.05, 0.2, np.nan)
    units["score_60_by_neuron"] = 1.0
    run.networks["null_99"] = 0.5
    if some_competent:
        run.networks.loc[run.networks["seed"] < 2, "decode_err_ml_cm_T50"] = 30.0
    noise = np.exp(rng.normal(0, 0.01, len(of_spec)))
    set_spectra(
        run, {run_id: of_spec[run_id] * e for run_id, e in zip(of_spec, noise, strict=True)}
    )
    return StudyPlan(study, sweep), run


def set_spectra(run, period_cm):
    """Give the maps of each network most power at the wavenumber of a hexagonal period."""
    rows = run.spectra
    peak = 100 * 2.2 * 2 / (math.sqrt(3) * rows["run_id"].map(period_cm))
    rows["power"] = np.exp(-np.square((rows["cycles_per_box"] - peak) / 1.5))


def verdicts_of(asked, run, monkeypatch):
    study, evidence = asked.study, asked.evidence(run)
    if study.name == "turing":
        monkeypatch.setattr(study._module, "pattern_share", lambda spec: 0.1)
    else:
        monkeypatch.setattr(study._module, "false_module_share", lambda *_: 0.02)
    found = judge(study.claims.claims, study.estimates(evidence), study.arms(evidence))
    return {one.claim.name: one for one in found}


@pytest.mark.parametrize("name", OF_LATTICES)
def test_lattices_by_chance_have_no_period(name, monkeypatch):
    asked, run = study_of(name, is_real=False)
    verdicts = verdicts_of(asked, run, monkeypatch)
    for claim in OF_LATTICES[name]:
        assert verdicts[claim].outcome == NOT_ANSWERABLE
        assert math.isnan(verdicts[claim].estimate.value)


@pytest.mark.parametrize("name", OF_LATTICES)
def test_real_lattices_have_the_predicted_period(name, monkeypatch):
    asked, run = study_of(name, is_real=True)
    verdicts = verdicts_of(asked, run, monkeypatch)
    value = {claim: one.estimate.value for claim, one in verdicts.items()}
    if name == "turing":
        assert value["slope_of_lattices"] == pytest.approx(1, abs=0.05)
        assert value["slope_of_prediction"] == pytest.approx(1, abs=0.05)
        assert verdicts["two_dimensions"].outcome == HOLDS
    else:
        assert value["width_sets_lattices"] == pytest.approx(1, abs=0.1)
        assert value["width_sets_period"] == pytest.approx(1, abs=0.05)
        assert (value["one_module"], value["unimodal"]) == (0, 0)
        n = verdicts["one_module"].estimate.n
        assert n == 96  # every network has twenty lattices


@pytest.mark.parametrize("name", OF_SPECTRA)
def test_networks_without_lattices_have_a_period_of_their_spectrum(name, monkeypatch):
    asked, run = study_of(name, is_real=False)
    verdicts = verdicts_of(asked, run, monkeypatch)
    for claim in OF_SPECTRA[name]:
        assert verdicts[claim].outcome != NOT_ANSWERABLE
    # most power at the longest waves is no period
    run.spectra["power"] = 1 / (1 + run.spectra["cycles_per_box"])
    verdicts = verdicts_of(asked, run, monkeypatch)
    for claim in OF_SPECTRA[name]:
        assert verdicts[claim].outcome == NOT_ANSWERABLE
        assert "have a wavenumber of most power" in verdicts[claim].sentence


@pytest.mark.parametrize("name", OF_LATTICES)
def test_few_networks_with_lattices_answer_nothing_about_periods(name, monkeypatch):
    """Seven networks of each width, as many as three widths of a seed need."""
    asked, run = study_of(name, is_real=True)
    others = run.networks.loc[run.networks["seed"] >= 10, "run_id"]
    run.units.loc[run.units["run_id"].isin(others), "lattice_p_value"] = 0.5
    verdicts = verdicts_of(asked, run, monkeypatch)
    claim = {"modules": "width_sets_lattices", "turing": "slope_of_lattices"}[name]
    assert verdicts[claim].outcome == NOT_ANSWERABLE
    assert "competent networks have 10 distinct lattice maps" in verdicts[claim].sentence


@pytest.mark.parametrize(("factor", "outcome"), [(1.05, HOLDS), (1.37, "does not hold")])
def test_a_formula_that_is_wrong_itself_is_not_the_better_one(factor, outcome, monkeypatch):
    asked, run = study_of("turing", is_real=False)
    noise = np.random.default_rng(4).normal(0, 0.01, len(asked.sweep.specs))
    given = zip(asked.sweep.specs, noise, strict=True)
    set_spectra(run, {s.run_id: predicted_cm(s) * factor * math.exp(e) for s, e in given})
    assert verdicts_of(asked, run, monkeypatch)["two_dimensions"].outcome == outcome


def test_networks_that_cannot_have_two_modules_are_not_asked_for_one(monkeypatch):
    asked, run = study_of("modules", is_real=True, n_lattices=19)
    verdicts = verdicts_of(asked, run, monkeypatch)
    assert verdicts["one_module"].outcome == NOT_ANSWERABLE
    assert "0 of 96 competent networks have 20 distinct lattice maps" in (
        verdicts["one_module"].sentence
    )
    assert verdicts["unimodal"].outcome == HOLDS


def test_two_modules_are_found_if_they_are_there(monkeypatch):
    asked, run = study_of("modules", is_real=True)
    run.units.loc[run.units["unit"] < N_LATTICES // 2, "period_cm"] *= 1.5
    found = verdicts_of(asked, run, monkeypatch)["one_module"]
    assert (found.outcome, found.estimate.value) == ("does not hold", 1)


def test_copies_of_one_map_are_no_module(monkeypatch):
    asked, run = study_of("modules", is_real=True)
    first = run.units["unit"] - run.units["unit"] % 10  # ten units with one map
    run.units["copy_of"] = first.astype("float32")
    found = verdicts_of(asked, run, monkeypatch)
    for claim in OF_LATTICES["modules"]:
        assert found[claim].outcome == NOT_ANSWERABLE
    run.units["copy_of"] = np.float32("nan")
    found = verdicts_of(asked, run, monkeypatch)
    assert "do not say which maps are copies" in found["one_module"].estimate.remark
    assert found["one_module"].estimate.n == 96


def test_patterns_are_those_of_all_layouts_whether_their_network_diverged_or_not(monkeypatch):
    (study,) = find_studies("turing")
    sweep = lay_out(study, Request(size="desk", overrides={"Ng": 16}))
    lost = [at for at, spec in enumerate(sweep.specs) if spec.seed == 3]
    run = synthetic_run(sweep.specs, keep_maps="none", weights=False, diverged=lost)
    run.networks["null_99"] = 0.5
    asked = StudyPlan(study, sweep)
    shares = {"gaussian": 0.1, "difference_of_gaussians": 0.4}
    monkeypatch.setattr(
        study._module, "pattern_share", lambda spec: shares[spec.place_field_values]
    )
    evidence = asked.evidence(make_competent(run))
    found = study.estimates(evidence)["patterns_need_no_network"]
    assert set(found.rows["seed"]) == set(range(8))


def test_the_picture_counts_competent_networks_without_a_module():
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
