"""The study of models of other groups: whose units count, and which networks test a claim."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from synthetic import synthetic_run

from gridjax.run.evaluation.one_network.own_paths import own_paths
from gridjax.studies.claims.verdicts import HOLDS, NOT_ANSWERABLE, judge
from gridjax.studies.networks.training import Request, StudyPlan, lay_out
from gridjax.studies.study import find_studies

INTEGRATORS = {"distances_grids": "identity_rnn", "sic_modules": "action"}


@pytest.fixture(scope="module")
def asked():
    (one,) = find_studies("models")
    return StudyPlan(one, lay_out(one, Request(size="desk", overrides={"Ng": 16})))


def made_up(asked, diverged=lambda spec: False):
    """A run in which no unit is a grid and the null is .5."""
    specs = asked.sweep.specs
    of_diverged = [at for at, spec in enumerate(specs) if diverged(spec)]
    run = synthetic_run(specs, keep_maps="none", weights=False, diverged=of_diverged)
    run.networks["null_99"] = 0.5
    run.units["score_60_by_neuron"] = 0.0
    return run


def judged(asked, run):
    one, evidence = asked.study, asked.evidence(run)
    verdicts = judge(one.claims.claims, one.estimates(evidence), one.arms(evidence))
    return {verdict.claim.name: verdict for verdict in verdicts}


def of_cell(run, cell):
    rows = run.networks
    return rows["rnn_type"] == cell


def set_grids(run, cell, n_active, n_grid):
    """Let n_active of the units of each network of a model vary, and n_grid of these be grids."""
    chosen = of_cell(run, cell)
    run.networks.loc[chosen, "share_active"] = n_active / 16
    is_of_cell = run.units["run_id"].isin(run.networks.loc[chosen, "run_id"])
    run.units.loc[is_of_cell & (run.units["unit"] < n_grid), "score_60_by_neuron"] = 1.0


@pytest.fixture
def integrating(asked, monkeypatch):
    """Set the share of the variance of all states that the position explains."""

    def to(share):
        monkeypatch.setattr(
            asked.study._module, "place_in_states", lambda _, rows: np.full(len(rows), share)
        )

    return to


def test_shares_are_of_active_units(asked, integrating):
    integrating(0.9)
    run = made_up(asked)
    for at, cell in enumerate(("piso", "identity_rnn", "position_mlp")):
        set_grids(run, cell, n_active=8 - at, n_grid=6)
    chosen = of_cell(run, "waves")
    run.networks.loc[chosen, ["share_active", "share_with_lattice"]] = (0.5, 0.45)
    found = judged(asked, run)
    names = ("piso_grids", "distances_grids", "distances_grids_without_moves")
    for at, name in enumerate(names):
        assert found[name].estimate.value == pytest.approx(6 / (8 - at))
        assert "active units" in found[name].claim.estimand
        assert found[name].outcome == HOLDS  # 6 of 16 units are less than half of all
    assert found["actionable_lattices"].estimate.value == pytest.approx(0.9)
    assert "eight networks" in asked.study.claims.changes


def test_networks_without_an_active_unit_have_no_grid_unit_and_are_not_left_out(asked):
    run = made_up(asked)
    set_grids(run, "piso", n_active=8, n_grid=8)
    dead = run.networks.index[of_cell(run, "piso")][:16]
    run.networks.loc[dead, "share_active"] = 0.0
    of_dead = run.units["run_id"].isin(run.networks.loc[dead, "run_id"])
    run.units.loc[of_dead, "score_60_by_neuron"] = 0.0
    assert judged(asked, run)["piso_grids"].estimate.value == pytest.approx(0.5)


def test_no_grid_unit_in_any_network_of_spacenet_is_decided(asked):
    found = judged(asked, made_up(asked))["spacenet_no_grids"]
    assert found.outcome == HOLDS
    assert found.estimate.high == pytest.approx(0.109, abs=0.001)


def test_networks_whose_units_are_all_silent_have_no_verdict(asked):
    """That no unit is a grid is no finding about networks without an active unit."""
    run = made_up(asked)
    rows = run.networks.index[of_cell(run, "spacenet")]
    run.networks.loc[rows[:3], "share_active"] = 0.0
    assert judged(asked, run)["spacenet_no_grids"].outcome == HOLDS
    run.networks.loc[rows[:4], "share_active"] = 0.0
    found = judged(asked, run)["spacenet_no_grids"]
    assert found.outcome == NOT_ANSWERABLE
    assert "4 of 32 networks have no active unit" in found.sentence


def test_integrators_without_weights_have_a_reason_of_their_own(asked):
    found = judged(asked, made_up(asked))["distances_grids"]
    assert "the weights of 32 of 32 networks are not stored" in found.sentence


def test_integrators_of_an_exported_run_have_the_shares_that_the_study_kept(asked, tmp_path):
    specs = [one for one in asked.sweep.specs if one.rnn_type == "identity_rnn"][:2]

    def shares(weights):
        run = synthetic_run(specs, keep_maps="none", weights=weights)
        wanted = tuple(spec.run_id for spec in specs)
        evidence = replace(asked.evidence(run, tmp_path / "models"), wanted=wanted)
        return asked.study._module.place_in_states(evidence, evidence.everything)

    assert np.isnan(shares(weights=False)).all()
    np.testing.assert_array_equal(shares(weights=True), 0)
    np.testing.assert_array_equal(shares(weights=False), 0)


def test_models_that_do_not_integrate_their_path_refute_nothing(asked, integrating):
    run = made_up(asked)
    run.networks["n_modules"] = 0.0
    for share, outcome in ((0.9, "does not hold"), (0.1, NOT_ANSWERABLE)):
        integrating(share)
        found = judged(asked, run)
        for name in INTEGRATORS:
            assert found[name].outcome == outcome
    assert "0 of 32 networks integrate their path" in found["sic_modules"].sentence


def test_half_of_the_networks_and_eight_must_integrate(asked, monkeypatch):
    module = asked.study._module
    rows = asked.evidence(made_up(asked)).networks
    rows = rows[rows["rnn_type"] == "action"]
    shares = np.zeros(32)

    def reason(rows, n_able):
        shares[:n_able], shares[n_able:] = 0.6, 0.4
        monkeypatch.setattr(module, "place_in_states", lambda _, some: shares[: len(some)])
        return module.too_few_integrate(None, rows)

    assert not reason(rows, 16)
    assert reason(rows, 15)
    assert reason(rows[:10], 7)


def test_states_that_follow_the_place_are_told_from_those_that_do_not(asked):
    explained = asked.study._module.place.explained_by_place
    rng = np.random.default_rng(0)
    positions = rng.uniform(-1.1, 1.1, (4000, 2))
    waves = rng.normal(size=(2, 30)) * 8
    lattice = np.cos(positions @ waves + rng.uniform(0, 6, 30))
    box = 2.0, 20
    assert explained(lattice, positions, *box) > 0.8  # although the code repeats within the box
    assert abs(explained(rng.permutation(lattice), positions, *box)) < 0.03
    assert explained(np.ones((4000, 3)), positions, *box) == 0
    assert np.isnan(explained(lattice[:1], positions[:1], *box))


@pytest.mark.parametrize("cell", INTEGRATORS.values())
def test_a_network_that_knows_its_place_exactly_integrates(asked, cell):
    """Its lattices have an eighth of the box as period, and its paths are those of its motion."""
    spec = next(one for one in asked.sweep.specs if one.rnn_type == cell)
    rng = np.random.default_rng(0)
    angles = np.pi / 3 * np.arange(3)
    length = 4 * np.pi / np.sqrt(3) / (spec.box_width_in_m / 8)
    waves = length * np.stack([np.cos(angles), np.sin(angles)])
    phases = rng.uniform(0, 9, (30, 2)) @ waves

    def lattices(positions):
        return np.maximum((np.cos((positions @ waves)[..., None, :] + phases)).sum(-1), 0)

    def share(order):
        network = SimpleNamespace(
            spec=spec,
            paths=lambda n_paths: own_paths(spec, n_paths, None),
            respond=lambda paths: SimpleNamespace(activity=lattices(order(paths[:, 1:]))),
        )
        return asked.study._module.place.share_explained(network)["share"]

    known, guessed = share(np.asarray), share(rng.permutation)
    assert known > 0.6
    assert abs(guessed) < 0.1


def test_states_are_measured_of_networks_that_receive_moves_and_have_weights(asked):
    cells = [*INTEGRATORS.values(), "piso"]
    of = {cell: [spec for spec in asked.sweep.specs if spec.rnn_type == cell] for cell in cells}
    specs = [of[cell][seed] for cell in cells for seed in (0, 1)]
    run = synthetic_run(specs, keep_maps="none", weights=True, diverged=[1])
    evidence = replace(asked.evidence(run), wanted=tuple(spec.run_id for spec in specs))
    rows = evidence.everything
    found = dict(
        zip(rows["run_id"], asked.study._module.place_in_states(evidence, rows), strict=True)
    )
    expected = [0, np.nan, 0, 0, np.nan, np.nan]  # made-up weights are 0: no unit is active
    np.testing.assert_equal([found[spec.run_id] for spec in specs], expected)


def test_too_many_diverged_networks_leave_no_verdict(asked, integrating):
    integrating(0.9)
    cells = ("spacenet", "piso", "action")
    run = made_up(asked, lambda spec: spec.rnn_type in cells and spec.seed < 4)
    run.networks["n_modules"] = 0.0
    found = judged(asked, run)
    for name in ("spacenet_no_grids", "piso_grids", "sic_modules"):
        assert found[name].outcome == NOT_ANSWERABLE
        assert "4 of 32" in found[name].sentence


def test_one_scale_of_diverged_networks_is_an_arm_of_its_own(asked):
    def is_lost(spec):
        return (
            spec.rnn_type == "conformal_linear" and spec.state_distance_per_m == 15 > spec.seed * 3
        )

    found = judged(asked, made_up(asked, is_lost))["conformal_scale"]
    assert found.outcome == NOT_ANSWERABLE
    assert "s 15: 5 of 32" in found.sentence


def test_claims_about_a_leak_are_in_one_study(asked):
    assert not [one.name for one in asked.study.claims.claims if "leak" in one.name]
    assert not {spec.rnn_type for spec in asked.sweep.specs} & {"leaky_0", "leaky_30"}
