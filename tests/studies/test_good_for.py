"""The study good-for: its estimates for networks whose units are known codes."""

import math

import jax
import numpy as np
import pytest
from studies.conftest import make_competent
from synthetic import synthetic_run

import gridjax as gj
from gridjax import metrics
from gridjax.studies.claims.verdicts import NOT_ANSWERABLE
from gridjax.studies.networks.training import Request, StudyPlan, lay_out
from gridjax.studies.output.results import conclude
from gridjax.studies.study import find_studies

N_LATTICE, N_UNITS = 10, 32
(STUDY,) = find_studies("good-for")
OF_CODES = {
    "grids_generalise_outside",
    "grids_generalise_outside_at_equal_error",
    "closed_loop",
    "closed_loop_lowers_diffusion",
    "clean_loop_lowers_diffusion",
}
"""Claims that need no lattice units."""
OF_PAIRS = (
    "grids_generalise_outside",
    "grids_generalise_outside_at_equal_error",
    "closed_loop",
)


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


def is_dos(network):
    return network.spec.place_field_values == "difference_of_gaussians"


def known_outside(network, units):
    """DoS networks have 3 cm more error outside than inside, Gaussian networks 7 cm.

    Lattices of 60 cm in the box are 63 cm outside.
    """
    excess = np.full(10, 3.0 if is_dos(network) else 7.0)
    excess[7:] = np.nan
    box, width = slice(16, 48), 2 * network.spec.box_width_in_m
    inside, maps = (
        metrics.lattice_module(jax.random.key(0), len(units), period, width, 64)
        for period in (60, 63)
    )
    maps[:, box, box] = inside[:, box, box]
    return metrics.OutsideBox(
        1.7,
        1.2,
        1.7,
        excess,
        2 * excess,
        np.full(10, 300),
        np.full(50, 4.0),
        0.8,
        0.6,
        maps,
        4 + excess,
    )


def known_loop(network):
    """Feedback multiplies the diffusion constant by 10 or 1 (outputs), and by .1 (position)."""
    factors = np.array([1, 10 if is_dos(network) else 1, 0.1])
    moves = np.arange(10, 60, 10)
    rms = np.sqrt(9 + 2 * factors[:, None] * moves)
    return gj.ClosedLoop(("none", "outputs", "position"), moves, 0.9 * rms, rms, 2 * factors)


@pytest.fixture(autouse=True)
def known_networks(monkeypatch):
    monkeypatch.setattr(gj.Network, "rate_maps", known_maps)
    monkeypatch.setattr(gj.Network, "outside_box", known_outside)
    monkeypatch.setattr(gj.Network, "closed_loop", known_loop)


@pytest.mark.parametrize("size", ["quick", "desk", "paper"])
def test_its_networks_are_networks_of_the_study_turing(size):
    (turing,) = find_studies("turing")
    own, shared = (lay_out(study, Request(size=size)).specs for study in (STUDY, turing))
    assert {spec.run_id for spec in own} < {spec.run_id for spec in shared}


@pytest.mark.slow
def test_known_codes_give_the_known_answers(tmp_path, monkeypatch):
    monkeypatch.setattr(STUDY._module.codes, "N_BINS", 24)
    run, plan = run_of()
    verdicts = conclude(plan, run, "desk", tmp_path)
    value = {one.claim.name: one.estimate.value for one in verdicts}
    assert value["lattice_beats_annulus"] < -0.3  # it repeats within the box
    assert value["lattice_beats_annulus_within_a_period"] > -0.3
    assert value["lattice_is_more_precise"] == pytest.approx(1, abs=0.35)
    assert value["grids_teach_faster"] > 5  # place cells teach faster
    assert value["grids_navigate_beyond_training"] > 5
    assert value["grids_transfer_to_new_places"] > 0.2
    assert value["grids_generalise_outside"] == pytest.approx(-4)
    assert value["lattices_persist_outside"] == 1
    assert value["period_persists_outside"] == pytest.approx(1.05, abs=0.02)
    assert value["closed_loop"] == value["closed_loop_lowers_diffusion"] == pytest.approx(1)
    assert value["clean_loop_lowers_diffusion"] == pytest.approx(-1)
    n = {one.claim.name: one.estimate.n for one in verdicts}
    assert value["grids_generalise_outside_at_equal_error"] == pytest.approx(-4)
    pairs = dict.fromkeys(OF_PAIRS, 16)
    assert n == dict.fromkeys(n, 8) | pairs
    outcomes = {one.claim.name: one.outcome for one in verdicts}
    assert outcomes["lattice_beats_annulus"] == "does not hold"
    assert outcomes["grids_teach_faster"] == "does not hold"
    assert list((tmp_path / "good-for" / "figures").glob("*.svg"))


@pytest.mark.parametrize(("weights", "n_lattice"), [(False, N_LATTICE), (True, 7)])
def test_networks_without_weights_or_lattice_units_decide_nothing(weights, n_lattice, tmp_path):
    run, plan = run_of(weights, n_lattice)
    verdicts = conclude(plan, run, "desk", tmp_path)
    of_codes = {one.claim.name for one in verdicts if weights} & OF_CODES
    of_codes -= {"closed_loop"}  # it lowers nothing here
    others = [one for one in verdicts if one.claim.name not in of_codes]
    assert {one.outcome for one in others} == {NOT_ANSWERABLE}
    of_lattices = [one for one in others if one.claim.name not in OF_CODES]
    assert all(math.isnan(one.estimate.value) for one in of_lattices)
    assert all("(0 of 8 competent networks, 0 seeds)" in one.sentence for one in of_lattices)


def test_thresholds_of_random_fields_are_geometric_means_of_draws(monkeypatch):
    codes = STUDY._module.codes
    monkeypatch.setattr(codes, "N_BINS", 16)
    monkeypatch.setattr(codes, "N_DRAWS", 4)
    drawn = []
    isotropic = metrics.isotropic_maps

    def recorded(*arguments):
        drawn.append(np.asarray(isotropic(*arguments)))
        return drawn[-1]

    monkeypatch.setattr(metrics, "isotropic_maps", recorded)
    spec = gj.NetworkSpec(seed=3)
    own = np.asarray(metrics.place_code(jax.random.key(0), 8, 20.0, 2.2, 16))
    found = codes.thresholds_of_draws(own, spec, 60.0)
    (fields,) = drawn
    assert fields.shape == (8, 4, 16, 16)
    for name, value in found.items():
        one_by_one = [
            codes.thresholds(metrics.with_unit_power(fields[:, at]), spec, 60.0)[name]
            for at in range(4)
        ]
        assert len(set(one_by_one)) > 1
        assert value == pytest.approx(np.prod(one_by_one) ** 0.25)


def test_other_units_are_none_of_the_lattice_units_and_have_equal_power():
    run, plan = run_of()
    network = run.network(plan.sweep.specs[0].run_id)
    maps = known_maps(network, 32, 1)
    codes = STUDY._module.codes.codes_of(
        network, maps, np.arange(N_LATTICE), np.arange(N_LATTICE, N_UNITS), 60.0
    )
    for code in codes.values():
        assert code.shape == (N_LATTICE, 32, 32)
        assert np.square(code).mean() == pytest.approx(1)
    flat = maps.reshape(N_UNITS, -1)
    nearest = np.corrcoef(codes["others"].reshape(N_LATTICE, -1), flat)[:N_LATTICE, N_LATTICE:]
    partners = nearest.argmax(axis=1)
    assert len(set(partners)) == N_LATTICE
    assert partners.min() >= N_LATTICE
