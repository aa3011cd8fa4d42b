"""The shipped studies: an estimate of every claim and every figure, and the rows behind them."""

import math

import numpy as np
import pytest
from studies.conftest import make_competent
from synthetic import synthetic_run

from gridjax.errors import GridjaxError
from gridjax.studies.networks.training import (
    Request,
    StudyPlan,
    lay_out,
    pilot_sweep,
    resolve_pilots,
)
from gridjax.studies.output.results import conclude
from gridjax.studies.study import find_studies, shipped_studies

NAMES = shipped_studies()
NEED_WEIGHTS = ("agents", "good-for", "landmarks")
"""Studies that measure the networks themselves; they have their own tests."""
SMALL = {"Ng": 16, "n_grad_steps_per_epoch": 5}


def study(name):
    return find_studies(name)[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name not in NEED_WEIGHTS])
def test_every_claim_has_an_estimate_and_every_figure_is_drawn(name, tmp_path, monkeypatch):
    is_of_lattices = name in ("modules", "turing")  # periods need ten lattice units of a network
    sweep = lay_out(study(name), Request(overrides=SMALL | {"Ng": 64 if is_of_lattices else 16}))
    run = synthetic_run(sweep.specs, keep_maps="none", weights=False, diverged=[1], missing=[2])
    run.units["score_60_by_neuron"] += is_of_lattices
    make_competent(run)
    asked = StudyPlan(study(name), sweep)
    if name in ("lattices", "turing"):  # patterns on one layout instead of eight
        monkeypatch.setattr(asked.study._module, "LAYOUTS", 1)
    verdicts = conclude(asked, run, "quick", tmp_path)
    assert [verdict.claim.name for verdict in verdicts] == [
        c.name for c in study(name).claims.claims
    ]
    assert {verdict.outcome for verdict in verdicts} == {"not finished"}
    assert all(math.isnan(verdict.estimate.value) for verdict in verdicts)
    estimates = asked.study.estimates(asked.evidence(run, tmp_path / name)).values()
    told = [estimate for estimate in estimates if math.isfinite(estimate.value)]
    assert told, "made-up networks decide nothing, but are there"
    for estimate in told:
        assert set(estimate.rows["run_id"]) <= {spec.run_id for spec in sweep.specs}
    assert list((tmp_path / name / "figures").glob("*.svg"))
    assert list((tmp_path / name / "figures").glob("*.png"))


def test_the_crossed_design_takes_in_networks_of_the_scan():
    """(0, 0, 0) and (1, 1, 1) are the scan's seeds 0 and 1: one network, counted once."""
    one = study("width-sensitivity")
    sweep = lay_out(one, Request(overrides=SMALL))
    run = synthetic_run(sweep.specs, keep_maps="none", weights=False)
    make_competent(run)
    estimate = one.estimates(StudyPlan(one, sweep).evidence(run))["layout_decides"]
    assert estimate.n == 8
    assert estimate.rows[["layout_seed", "weight_seed", "motion_seed"]].drop_duplicates().shape == (
        8,
        3,
    )


def test_crossed_networks_that_are_trained_in_another_way_are_none_of_the_scan():
    """Size desk: (100, 100, 100) and (101, 101, 101) have 12 cm and three seeds alike."""
    one = study("width-sensitivity")
    sweep = lay_out(one, Request(size="desk", overrides={"Ng": 24}))
    run = synthetic_run(sweep.specs, keep_maps="none", weights=False)
    make_competent(run)
    estimates = one.estimates(StudyPlan(one, sweep).evidence(run))
    assert estimates["layout_decides"].n == 72
    assert len(estimates["spike_at_12"].rows) == 3 * 32
    assert estimates["spike_at_12"].rows["seed"].max() == 31
    assert "this size has no networks of the arm 15 cm" in estimates["ratio_to_box"].unanswerable
    assert estimates["scaled_control"].unanswerable


def test_networks_compared_at_equal_error_are_all_among_the_rows():
    """The number can be made again from the rows alone, the Gaussian networks' among them."""
    one = study("encodings")
    sweep = lay_out(one, Request(n_seeds=16, overrides=SMALL))
    run = synthetic_run(sweep.specs, keep_maps="none", weights=False)
    rows = make_competent(run).networks
    rows["decode_err_ml_cm"] = np.random.default_rng(3).uniform(5, 9, len(rows))
    relu = rows[rows["activation"] == "relu"]
    dos = relu[relu["place_field_values"] == "difference_of_gaussians"]
    gaussian = relu[relu["place_field_values"] == "gaussian"]
    far = dos.index[0]
    rows.loc[far, "decode_err_ml_cm"] = 80.0
    estimate = one.estimates(StudyPlan(one, sweep).evidence(run))["at_equal_error"]
    found = estimate.rows.set_index("run_id")
    assert found.index.is_unique
    assert estimate.n == len(found)
    pairs = found[found.index.isin(dos["run_id"])]
    others = found.loc[pairs["match"]]
    assert others.index.is_unique  # a network is in one pair
    assert set(others.index) == set(found.index) - set(pairs.index)
    assert set(others.index) <= set(gaussian["run_id"])
    assert rows.loc[far, "run_id"] not in pairs.index
    apart = np.abs(pairs["decode_err_ml_cm"].to_numpy() - others["decode_err_ml_cm"].to_numpy())
    assert 0 < apart.max() <= 0.5
    assert 8 <= len(pairs) < len(dos)
    assert f"{len(pairs)} pairs of networks. " in estimate.remark
    assert np.isfinite([estimate.low, estimate.high]).all()
    within = [one[["decode_err_ml_cm", "share_grid"]] for one in (pairs, others)]
    x, y = np.concatenate([one - one.mean() for one in within]).T
    apart = pairs["decode_err_ml_cm"] - others["decode_err_ml_cm"].to_numpy()
    gap = pairs["share_grid"] - others["share_grid"].to_numpy() - apart * (x @ y) / (x @ x)
    assert estimate.value == pytest.approx(gap.groupby(pairs["seed"]).mean().mean(), rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["modules", "turing", "width-sensitivity", "heterogeneity", "emergence"]
)
def test_the_published_designs_are_analysed_too(name, tmp_path):
    sweep = lay_out(
        study(name), Request(published=True, overrides=SMALL | {"Ng": 28, "bin_side_in_m": 0.11})
    )
    run = make_competent(synthetic_run(sweep.specs, keep_maps="none", weights=False))
    run.units["score_60_by_neuron"] += 1  # units above their null, so that some are lattice units
    verdicts = conclude(StudyPlan(study(name), sweep), run, "published", tmp_path)
    told = {v.claim.name: v.estimate for v in verdicts}
    # three seeds say nothing within seeds; shares of networks can be told
    shares = {"modules": {"unimodal"}, "emergence": {"most_path_integrate", "code_matters_most"}}
    found = {claim for claim, estimate in told.items() if math.isfinite(estimate.value)}
    assert found >= shares.get(name, set())
    for claim, estimate in told.items():
        assert estimate.n == len(estimate.rows)
        assert claim in found or estimate.remark


@pytest.mark.parametrize("name", NAMES)
def test_nothing_trained_yet_is_told_and_no_error(name, tmp_path):
    sweep = lay_out(study(name), Request(overrides=SMALL))
    run = synthetic_run(sweep.specs[:1], missing=[0])
    verdicts = conclude(StudyPlan(study(name), sweep), run, "quick", tmp_path)
    assert {verdict.outcome for verdict in verdicts} == {"not finished"}
    n = len({spec.run_id for spec in sweep.specs})
    for verdict in verdicts:
        assert f"Not finished: {n:,} of {n:,} networks are not trained." in verdict.sentence


def test_learning_rates_are_chosen_by_error_and_never_by_score():
    one = study("encodings")
    pilot = pilot_sweep(one, Request(overrides={"Ng": 16}))
    run = synthetic_run(pilot.specs, keep_maps="none", weights=False)
    rows = run.networks
    best = rows["learning_rate"] == 3e-3
    rows["decode_err_ml_cm"] = 20.0 - 5 * best
    rows["share_above_null_99"] = 0.5 * ~best
    chosen = resolve_pilots([one], Request(overrides={"Ng": 16}), run)[0].sweep.specs
    assert {spec.learning_rate for spec in chosen} == {3e-3}
    rows["decode_err_ml_cm"] = 20.0 + 5 * best
    chosen = resolve_pilots([one], Request(overrides={"Ng": 16}), run)[0].sweep.specs
    assert {spec.learning_rate for spec in chosen} == {1e-3}
    assert not {spec.seed for spec in chosen} & {spec.seed for spec in pilot.specs}


def test_a_study_of_own_cells_names_its_plugins(tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "analysis.py").write_text("")
    (folder / "quick.yaml").write_text(
        "method: grid\nparameters: {rnn_type: {value: of_this_study}, seed: {values: [0, 1]}}\n"
    )
    (folder / "cell.py").write_text(
        "import gridjax as gj\n\n\ndef init(key, n_in, n_units, initializer):\n"
        "    return {'W': gj.glorot_uniform(key, n_in, n_units)}\n\n\n"
        "def step(params, state, moves, activation):\n"
        "    return (activation(state[0] + moves @ params['W']),)\n\n\n"
        "info = gj.CellInfo('of_this_study', has_layers=False)\n"
        "gj.register_cell(info, gj.Cell(init, step))\n"
    )
    claims = (
        "title: t\nquestion: q\ncaution: c\nplugins: {}\nclaims: {{a: {{claim: c, published: p,"
        " estimand: e, test: share, null: n, role: primary, unit: percent, holds: {{above: 0.5}},"
        " asked_of: all}}}}\n"
    )
    for plugins, message in (("[none.py]", "none.py is not a file"), ("cell.py", "not a list")):
        (folder / "claims.yaml").write_text(claims.format(plugins))
        with pytest.raises(GridjaxError, match=message):
            lay_out(find_studies(str(folder))[0], Request())
    (folder / "claims.yaml").write_text(claims.format("[cell.py]"))
    specs = lay_out(find_studies(str(folder))[0], Request()).specs
    assert [spec.rnn_type for spec in specs] == ["of_this_study"] * 2
    assert all(spec.plugins for spec in specs)


def test_grid_units_of_networks_without_outputs_are_above_their_highest_null():
    from gridjax.studies.evidence import Evidence

    one = study("models")
    specs = [spec for spec in lay_out(one, Request()).specs if spec.rnn_type == "piso"]
    run = synthetic_run(specs, keep_maps="none", weights=False)
    run.networks["null_99"] = np.nan
    nulls = {"untrained_99": 0.1, "isotropic_99": 0.5, "shuffled_99": 0.35}
    for name, value in nulls.items():
        run.networks[name] = value
    evidence = Evidence(run, tuple(spec.run_id for spec in specs))
    for row in evidence.networks.itertuples():
        units = evidence.units[evidence.units["run_id"] == row.run_id]
        assert row.share_grid == pytest.approx((units["score_60_by_neuron"] > 0.5).mean())
        assert row.share_grid > 0
