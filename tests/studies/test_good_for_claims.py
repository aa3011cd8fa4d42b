"""The study good-for: which networks and units its claims use, with measures that are known."""

import numpy as np
import pytest
from studies.conftest import make_competent
from synthetic import synthetic_run

import gridjax as gj
from gridjax import metrics
from gridjax.spec.network import NetworkSpec
from gridjax.studies.claims.verdicts import NOT_ANSWERABLE, judge
from gridjax.studies.networks.training import Request, StudyPlan, lay_out
from gridjax.studies.study import find_studies

(STUDY,) = find_studies("good-for")
MODULE = STUDY._module
N_UNITS = 32
DOS = "difference_of_gaussians"


@pytest.fixture
def loops(monkeypatch):
    """Networks by seed and code: factor of D with the outputs fed back, error outside minus inside.

    The error in the box is 2 cm and more with DoS targets, 3 cm and more with Gaussian ones.
    """
    known = {"factor": {True: 0.1, False: 0.5}, "excess": lambda is_dos, seed, in_box: 3.0}

    class KnownNetwork:
        def __init__(self, spec):
            self.spec, self.is_dos = spec, spec.place_field_values == DOS
            self.noise = np.random.default_rng([spec.seed, self.is_dos]).normal()

        def closed_loop(self):
            d = np.array([1, known["factor"][self.is_dos] * np.exp(0.05 * self.noise), 0.1])
            moves = np.arange(10, 60, 10)
            rms = np.sqrt(9 + 2 * d[:, None] * moves)
            return gj.ClosedLoop(("none", "outputs", "position"), moves, rms, rms, 2 * d)

        def outside_box(self, units):
            in_box = 3.0 - self.is_dos + 0.1 * (self.spec.seed % 32) + 0.05 * self.noise
            excess = np.full(10, known["excess"](self.is_dos, self.spec.seed, in_box))
            counts, maps = np.full(10, 300), np.zeros((len(units), 64, 64))
            measures = (excess, excess, counts, np.full(50, in_box), 0.8, 0.6, maps)
            return metrics.OutsideBox(1.7, 1.2, 1.7, *measures, in_box + excess)

    def network(run, run_id):
        specs = dict(zip(run.manifest["run_ids"], run.manifest["specs"], strict=True))
        return KnownNetwork(NetworkSpec.from_dict(specs[run_id]))

    monkeypatch.setattr(gj.Run, "network", network)
    return known


@pytest.fixture
def at_chance():
    """Errors of both readouts at chance; those of lattice and other units are 1 to 1.06."""
    return {"few_shot_cm": 2.0, "navigation_cm": 2.0}


@pytest.fixture
def asked(monkeypatch, at_chance):
    """The lattice and other units of each network that is measured."""
    asked = {}

    def measured(run, run_id, lattice, rest, period_cm):
        asked[run_id] = lattice, rest
        of_lattice = 1 + 0.01 * (list(asked).index(run_id) % 7)
        return {
            code: dict.fromkeys(MODULE.codes.MEASURES, of_lattice if code == "lattice" else 1.0)
            for code in MODULE.codes.CODES
        } | {MODULE.codes.CHANCE: {name: at_chance[name] for name in MODULE.codes.READOUTS}}

    monkeypatch.setattr(MODULE.lattice_networks, "measured", measured)
    monkeypatch.setattr(
        MODULE.lattice_networks,
        "lattices_outside",
        lambda *_: {"period_ratio": 1.0, "share_outside": 0.9},
    )
    return asked


def judged(n_with_lattices, n_lattice=10, n_units=N_UNITS, change=lambda run: None):
    """Return the verdicts by claim; so many networks of 12 and of 13 cm have lattice units."""
    overrides = {"Ng": n_units, "n_grad_steps_per_epoch": 5}
    sweep = lay_out(STUDY, Request(size="desk", overrides=overrides))
    run = make_competent(synthetic_run(sweep.specs, keep_maps="none", weights=False))
    rows = run.networks.assign(place=run.networks["place_cell_rf"].round(3))
    rows = rows[rows["place_field_values"] == DOS].sort_values("seed")
    # other seeds for either width
    with_lattices = [
        run_id
        for width, (own, n) in enumerate(zip(rows.groupby("place"), n_with_lattices, strict=True))
        for run_id in own[1]["run_id"][16 * width : 16 * width + n]
    ]
    units = run.units
    units["active"] = True
    is_lattice = (units["unit"] < n_lattice) & units["run_id"].isin(with_lattices)
    units["score_60_by_neuron"] = np.where(is_lattice, 1.2, 0.0)
    units["lattice_p_value"] = np.where(is_lattice, 0.001, 0.9)
    units["period_cm"] = np.where(is_lattice, 126.0, np.nan)
    run.networks["null_99"] = 0.4
    change(run)
    evidence = StudyPlan(STUDY, sweep).evidence(run)
    verdicts = judge(STUDY.claims.claims, STUDY.estimates(evidence), STUDY.arms(evidence))
    return {one.claim.name: one for one in verdicts}


@pytest.mark.usefixtures("loops")
def test_networks_of_both_widths_count_and_eight_seeds_are_needed(asked):
    found = judged((4, 5))
    persist = found["lattice_beats_annulus"]
    assert persist.estimate.n == 9
    assert persist.outcome != NOT_ANSWERABLE
    assert [arm.name for arm in persist.arms] == ["DoS, 12 cm", "DoS, 13 cm"]
    assert len(asked) == 9
    few = judged((4, 3))
    for name in ("lattice_beats_annulus", "grids_teach_faster", "lattices_persist_outside"):
        assert few[name].outcome == NOT_ANSWERABLE
        assert "(7 of 64 competent networks, 7 seeds)" in few[name].sentence


@pytest.mark.usefixtures("loops")
def test_other_units_are_distinct_and_no_lattice_units(asked):
    """Of 90 lattice units, 64 are used, and the other 26 are no controls; nor are copies."""

    def copies(run):
        run.units.loc[run.units["unit"] >= 190, "copy_of"] = 0.0
        run.units.loc[run.units["unit"].between(185, 189), "active"] = False

    judged((4, 4), n_lattice=90, n_units=200, change=copies)
    assert len(asked) == 8
    for lattice, rest in asked.values():
        assert len(lattice) == 64
        assert set(lattice) < set(range(90))
        assert set(rest) == set(range(90, 185))


@pytest.mark.usefixtures("loops", "asked")
def test_readouts_at_chance_are_not_compared(at_chance):
    for name, measure in (
        ("grids_teach_faster", "few_shot_cm"),
        ("grids_navigate_beyond_training", "navigation_cm"),
    ):
        assert judged((8, 8))[name].outcome == "does not hold"
        at_chance[measure] = 1.1
        found = judged((8, 8))[name]
        assert found.outcome == NOT_ANSWERABLE
        assert "from lattice units" in found.sentence
        assert "91% (91% to 91%) from other units, not below 90%" in found.sentence
        at_chance[measure] = 1.2  # the other units are below 90 %
        assert judged((8, 8))[name].outcome == "does not hold"
    assert judged((8, 8))["grids_transfer_to_new_places"].outcome != NOT_ANSWERABLE


def test_readouts_of_a_silent_unit_are_those_at_chance():
    spec = lay_out(STUDY, Request(size="desk", overrides={"Ng": N_UNITS})).specs[0]
    found = MODULE.codes.readouts_at_chance(np.ones((8, 32, 32)), spec)
    assert found["few_shot_cm"] == pytest.approx(
        0.3826 * 220, rel=0.03
    )  # mean distance from the middle
    assert 130 < found["navigation_cm"] < 180


@pytest.mark.usefixtures("asked")
def test_a_loop_that_lowers_nothing_is_not_compared(loops):
    assert judged((0, 0))["closed_loop"].outcome == "holds"
    loops["factor"] = {True: 3.0, False: 9.0}  # both rise, the one less than the other
    found = judged((0, 0))
    assert found["closed_loop"].outcome == NOT_ANSWERABLE
    assert "does not lower diffusion" in found["closed_loop"].sentence
    assert found["closed_loop_lowers_diffusion"].outcome == "does not hold"
    loops["factor"] = {True: 3.0, False: 0.3}  # it lowers that of the other code alone
    assert judged((0, 0))["closed_loop"].outcome == "does not hold"


@pytest.mark.usefixtures("asked")
def test_errors_outside_are_compared_at_equal_errors_in_the_box(loops):
    """All errors outside are three times those in the box: no difference at equal errors."""
    loops["excess"] = lambda is_dos, seed, in_box: 2 * in_box
    found = judged((0, 0))
    assert found["grids_generalise_outside"].outcome == "holds"
    equal = found["grids_generalise_outside_at_equal_error"]
    assert equal.outcome != "holds"
    assert equal.estimate.value == pytest.approx(0, abs=1e-9)


@pytest.mark.usefixtures("asked")
def test_networks_without_a_value_are_counted(loops):
    loops["excess"] = lambda is_dos, seed, in_box: 3.0 if is_dos or seed > 11 else np.nan
    found = judged((0, 0))["grids_generalise_outside"]
    assert "12 of 64 competent networks have no value" in found.estimate.remark
    assert found.estimate.n == 40


def test_measures_are_finite_for_codes_that_no_noise_confuses_and_codes_without_slopes():
    spec = lay_out(STUDY, Request(size="desk", overrides={"Ng": N_UNITS})).specs[0]
    stripes = np.zeros((8, 32, 32)) + np.cos(np.linspace(0, 20, 32))[:, None]
    found = MODULE.codes.measures_of(metrics.with_unit_power(stripes), spec, 60.0)
    assert found["local_cm"] == pytest.approx(220 * np.sqrt(2))
    assert np.isfinite(list(found.values())).all()
