"""The study volume: its estimates for networks whose units have known classes."""

import math

import numpy as np
import pytest
from studies.conftest import make_competent
from synthetic import synthetic_run

from gridjax.studies.claims.verdicts import NOT_ANSWERABLE, judge
from gridjax.studies.networks.training import Request, StudyPlan, lay_out
from gridjax.studies.study import find_studies

(STUDY,) = find_studies("volume")
N_UNITS = 128
PERIODS, CLASSES = STUDY._module.PERIODS, STUDY._module.CLASSES
LARGER = {"box_width_in_m": 2.0, "box_height_in_m": 2.0, "bin_side_in_m": 0.1}
ABOUT_LOCAL_ORDER = ("local_order_only", "gaussian_has_no_local_order")
ABOUT_ORDER_TO_LOSE = ("tanh_loses_order", "gaussian_has_less_order", "planar_paths_keep_order")


def judged(change=lambda run: None, overrides=None):
    """Return the verdicts by claim on networks that ``change`` has changed.

    Before, one in a hundred maps of units and of readouts has local order, and one in a hundred
    each a lattice; both are ordered.
    """
    small = {"Ng": N_UNITS, "Np": 32, "n_grad_steps_per_epoch": 5}
    sweep = lay_out(STUDY, Request(size="desk", overrides=small | (overrides or {})))
    run = make_competent(synthetic_run(sweep.specs, keep_maps="none", weights=False))
    for seed, table in enumerate((run.units, run.nulls)):
        by_chance = np.random.default_rng(10 + seed).random(len(table))
        table["lattice"] = np.select([by_chance < 0.01, by_chance < 0.02], ["local", "bcc"], "none")
        table["order_p_value"] = np.where(by_chance < 0.02, 0.01, 0.5)
    run.units["period_cm"] = math.nan
    change(run)
    set_shares(run)
    evidence = StudyPlan(STUDY, sweep).evidence(run)
    verdicts = judge(STUDY.claims.claims, STUDY.estimates(evidence), STUDY.arms(evidence))
    return {one.claim.name: one for one in verdicts}


def set_shares(run):
    """Give the table of networks the shares of classes of the table of units."""
    classes = run.units["lattice"]
    owner = run.units["run_id"]
    for name in (*CLASSES, "lattice"):
        is_one = classes == name if name in CLASSES else ~classes.isin(["local", "none"])
        run.networks[f"share_{name}"] = run.networks["run_id"].map(is_one.groupby(owner).mean())
    is_local = (run.nulls["lattice"] == "local").groupby(run.nulls["null_id"]).mean()
    run.networks["null_share_local"] = run.networks["null_id"].map(is_local)


def ordered(run, which, lattice):
    """Make the order of some units of a network significant, and give these units a class."""
    run.units.loc[which, "order_p_value"] = 0.01
    run.units.loc[which, "lattice"] = lattice


def some(run, share, seed=0):
    """Return truth values [unit]: about this share of the units of each network."""
    return np.random.default_rng(seed).random(len(run.units)) < share


def of(run, **values):
    """Return truth values [unit]: whether a unit belongs to networks with these parameters."""
    rows = run.networks
    for name, value in values.items():
        rows = rows[rows[name] == value]
    return run.units["run_id"].isin(rows["run_id"])


def test_units_along_a_wall_are_no_order():
    found = judged(lambda run: ordered(run, some(run, 0.3), "none"))
    assert found["ordered_relu"].estimate.value == pytest.approx(0, abs=0.02)
    assert found["ordered_relu"].outcome == "does not hold"
    assert found["gaussian_has_order"].outcome == "does not hold"
    found = judged(lambda run: ordered(run, some(run, 0.3), "local"))
    assert found["ordered_relu"].outcome == found["gaussian_has_order"].outcome == "holds"


def test_readouts_with_a_class_are_subtracted():
    def alike(run):
        ordered(run, some(run, 0.3), "local")
        of_nulls = np.random.default_rng(1).random(len(run.nulls)) < 0.3
        run.nulls.loc[of_nulls, "order_p_value"] = 0.01
        run.nulls.loc[of_nulls, "lattice"] = "bcc"

    assert judged(alike)["ordered_relu"].outcome == "does not hold"


def test_local_order_needs_units_with_local_order():
    """Random readouts that are called lattices are no evidence for local order of units."""

    def lattices_of_readouts(run):
        lattices = np.random.default_rng(3).random(len(run.nulls)) < 0.2
        run.nulls.loc[lattices, "lattice"] = "bcc"
        run.networks["null_share_lattice"] = 0.2

    no_unit = judged(lattices_of_readouts, LARGER)["local_order_only"]
    assert no_unit.outcome == "does not hold"
    assert no_unit.estimate.value < 0.01
    half = judged(lambda run: ordered(run, some(run, 0.4), "local"), LARGER)["local_order_only"]
    assert half.outcome == "holds"
    assert half.estimate.value == pytest.approx(0.39, abs=0.04)

    def as_many_lattices(run):
        ordered(run, some(run, 0.8), "bcc")
        ordered(run, some(run, 0.4, seed=1), "local")

    assert judged(as_many_lattices, LARGER)["local_order_only"].outcome == "does not hold"


def test_local_order_is_asked_where_it_can_be_found():
    """At the size desk the score misses most local order, so that its absence says nothing."""

    def half(run):
        ordered(run, some(run, 0.4), "local")

    small, large = judged(half), judged(half, LARGER)
    for name in ABOUT_LOCAL_ORDER:
        assert small[name].outcome == NOT_ANSWERABLE
        assert "2.1 distances between fields" in small[name].sentence
        assert large[name].outcome != NOT_ANSWERABLE
    (paper,) = {
        (one.box_width_in_m, one.box_height_in_m)
        for one in lay_out(STUDY, Request(size="paper")).specs
    }
    assert paper == (2.0, 2.0)


def test_claims_about_local_order_alone_are_secondary():
    roles = {one.name: one.role for one in STUDY.claims.claims}
    assert {roles[name] for name in ABOUT_LOCAL_ORDER} == {"secondary"}
    assert [name for name, role in roles.items() if role == "primary"] == ["ordered_relu"]


def test_columns_are_no_sign_of_bcc():
    def columns(run):
        ordered(run, some(run, 0.5), "columns")
        run.units["symmetry_bcc"], run.units["symmetry_fcc"] = 0.55, 0.385

    assert judged(columns)["bcc_not_fcc"].outcome == "does not hold"
    assert judged(lambda run: ordered(run, some(run, 0.3), "bcc"))["bcc_not_fcc"].outcome == "holds"


@pytest.mark.parametrize("lattice", ["lamellae", "columns", "bcc"])
def test_periods_are_those_of_their_lattice(lattice):
    """Periods of networks whose units all have one class, in wavelengths of k*."""
    wavelength_cm = 100 * 2 * math.pi * 0.13 * math.sqrt((1.25**2 - 1) / (4 * math.log(1.25)))

    def grown(run):
        ordered(run, some(run, 0.8), lattice)
        noise = 1 + 0.01 * np.random.default_rng(2).normal(size=len(run.units))
        run.units["period_cm"] = PERIODS[lattice] * wavelength_cm * noise

    found = judged(grown)["period_as_predicted"]
    assert found.estimate.value == pytest.approx(1, abs=0.01)
    assert found.outcome == "holds"


def test_a_period_needs_ten_units_with_a_lattice():
    def few(run):
        run.units["lattice"] = "local"
        ordered(run, run.units["unit"] < 9, "bcc")
        run.units["period_cm"] = 50.0

    assert judged(few)["period_as_predicted"].outcome == NOT_ANSWERABLE


def test_order_that_networks_do_not_have_cannot_be_lost():
    found = judged()
    for name in ABOUT_ORDER_TO_LOSE:
        assert found[name].outcome == NOT_ANSWERABLE
        assert "no more ordered units than random readouts" in found[name].sentence

    def relu(run):
        ordered(run, some(run, 0.4) & of(run, activation="relu"), "local")

    found = judged(relu)
    assert found["tanh_loses_order"].outcome == "holds"
    assert found["gaussian_has_less_order"].outcome == "does not hold"
    assert found["planar_paths_keep_order"].outcome != NOT_ANSWERABLE
    assert found["planar_paths_keep_order"].estimate.value == pytest.approx(0, abs=0.04)


def test_gaussian_networks_alone_answer_their_claims():
    """If no pilot network of the other targets learns, only these are trained."""
    alone = {"place_field_values": "gaussian", "motion": "walk"}
    found = judged(overrides=alone | LARGER)
    assert found["gaussian_has_no_local_order"].outcome == "holds"
    assert found["gaussian_has_order"].outcome == "does not hold"
    assert found["gaussian_has_order"].estimate.n == 16
    answered = {name for name, one in found.items() if one.outcome != NOT_ANSWERABLE}
    assert answered == {"gaussian_has_order", "gaussian_has_no_local_order"}
    at_desk = {n for n, one in judged(overrides=alone).items() if one.outcome != NOT_ANSWERABLE}
    assert at_desk == {"gaussian_has_order"}
