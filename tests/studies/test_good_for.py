"""The study good-for: its estimates for networks whose units are known codes."""

import math

import jax
import numpy as np
import pytest
from studies.conftest import make_competent
from synthetic import synthetic_run

import gridjax as gj
from gridjax import metrics
from gridjax.studies.results import conclude
from gridjax.studies.study import find_studies
from gridjax.studies.training import Request, StudyPlan, lay_out

N_LATTICE, N_UNITS = 10, 32
(STUDY,) = find_studies("good-for")


def known_maps(network, n_bins, samples_per_bin):
    """The first ten units are a hexagonal module of 60 cm, the others place cells."""
    key, width = jax.random.key(network.spec.seed), network.spec.box_width_in_m
    lattice = metrics.lattice_module(key, N_LATTICE, 60, width, n_bins)
    places = metrics.place_code(key, N_UNITS - N_LATTICE, 25, width, n_bins)
    return np.concatenate([lattice, places])


def run_of(weights=True, n_lattice=N_LATTICE):
    """Return a made-up run of the size quick in which the first units are lattices."""
    sweep = lay_out(STUDY, Request(overrides={"Ng": N_UNITS, "n_grad_steps_per_epoch": 5}))
    run = synthetic_run(sweep.specs, keep_maps="none", weights=weights)
    make_competent(run)
    units, is_lattice = run.units, run.units["unit"] < n_lattice
    units["score_60_by_neuron"] = np.where(is_lattice, 1.2, 0.0)
    units["lattice_p_value"] = np.where(is_lattice, 0.001, 0.9)
    units["period_cm"] = np.where(is_lattice, 60.0, np.nan)
    run.networks["null_99"] = 0.4
    return run, StudyPlan(STUDY, sweep)


@pytest.mark.parametrize("size", ["quick", "desk", "paper"])
def test_its_networks_are_networks_of_the_study_modules(size):
    (modules,) = find_studies("modules")
    own, shared = (lay_out(study, Request(size=size)).specs for study in (STUDY, modules))
    assert {spec.run_id for spec in own} < {spec.run_id for spec in shared}


@pytest.mark.slow
def test_known_codes_give_the_known_answers(tmp_path, monkeypatch):
    monkeypatch.setattr(gj.Network, "rate_maps", known_maps)
    monkeypatch.setattr(STUDY._module, "N_BINS", 24)
    run, plan = run_of()
    verdicts = conclude(plan, run, "desk", tmp_path)
    value = {one.claim.name: one.estimate.value for one in verdicts}
    assert value["lattice_beats_annulus"] < 0.5  # it repeats within the box
    assert value["lattice_beats_annulus_within_a_period"] > 0.5
    assert value["lattice_is_more_precise"] == pytest.approx(1, abs=0.35)
    assert value["grids_teach_faster"] > 5  # place cells teach faster
    assert value["grids_navigate_beyond_training"] > 5
    assert value["grids_transfer_to_new_places"] > 0.2
    assert {one.estimate.n for one in verdicts} == {8}
    outcomes = {one.claim.name: one.outcome for one in verdicts}
    assert outcomes["lattice_beats_annulus"] == "does not hold"
    assert outcomes["grids_teach_faster"] == "does not hold"
    assert list((tmp_path / "good-for" / "figures").glob("*.svg"))


@pytest.mark.parametrize(("weights", "n_lattice"), [(False, N_LATTICE), (True, 7)])
def test_networks_without_weights_or_lattice_units_decide_nothing(weights, n_lattice, tmp_path):
    run, plan = run_of(weights, n_lattice)
    verdicts = conclude(plan, run, "desk", tmp_path)
    assert {one.outcome for one in verdicts} == {"undecided"}
    assert all(math.isnan(one.estimate.value) for one in verdicts)


def test_other_units_are_none_of_the_lattice_units_and_have_equal_power():
    run, plan = run_of()
    network = run.network(plan.sweep.specs[0].run_id)
    maps = known_maps(network, 32, 1)
    codes = STUDY._module.codes_of(network, maps, np.arange(N_LATTICE), 60.0)
    for code in codes.values():
        assert code.shape == (N_LATTICE, 32, 32)
        assert np.square(code).mean() == pytest.approx(1)
    flat = maps.reshape(N_UNITS, -1)
    nearest = np.corrcoef(codes["others"].reshape(N_LATTICE, -1), flat)[:N_LATTICE, N_LATTICE:]
    partners = nearest.argmax(axis=1)
    assert len(set(partners)) == N_LATTICE
    assert partners.min() >= N_LATTICE
