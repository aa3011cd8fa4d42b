"""What an analysis sees: networks once, their grid-like units, and which are competent."""

import math

import numpy as np
import pytest
from scipy.stats import beta, binom
from synthetic import quickstart_specs, synthetic_run

from gridjax.studies.evidence import Evidence

SPECS = quickstart_specs(n_units=40)


def p_by_chance(n_grid, n_units, n_readouts):
    """P(at least n_grid of n_units above the 99th percentile), averaged over percentiles."""
    rank = 1 + 0.99 * (n_readouts - 1)
    quantiles = (np.arange(20_000) + 0.5) / 20_000
    shares = beta.ppf(quantiles, n_readouts + 1 - rank, rank)
    return binom.sf(n_grid - 1, n_units, shares).mean()


@pytest.fixture
def evidence():
    run = synthetic_run(SPECS, keep_maps="none", weights=False, diverged=[1], missing=[2])
    run.networks["decode_err_ml_cm_T50"] = np.linspace(3, 40, len(run.networks))
    run.networks["start_err_cm_T50"] = 12.0
    return Evidence(run, tuple(spec.run_id for spec in SPECS[:10]))


def test_only_the_studys_networks_count_and_the_others_are_told(evidence):
    assert len(evidence.everything) == 9
    assert len(evidence.networks) == 8
    assert (evidence.n_missing, evidence.n_diverged) == (1, 1)
    assert SPECS[1].run_id not in set(evidence.networks["run_id"])


def test_one_network_under_two_descriptions_counts_once(evidence):
    rows = evidence.run.networks
    rows.loc[3, "equivalence_id"] = rows.loc[4, "equivalence_id"]
    assert len(Evidence(evidence.run, evidence.wanted).everything) == 8


def test_grid_units_are_above_their_own_null_and_the_lowest_threshold(evidence):
    units = evidence.run.units
    for row in evidence.networks.itertuples():
        bins = evidence.spec(row.run_id).n_bins_reported
        own = units[(units["run_id"] == row.run_id) & (units["nbins"] == bins)]
        scores = own["score_60_by_neuron"].to_numpy()
        expected = sum(score > row.null_99 and score > 0.3 for score in scores) / len(scores)
        assert row.share_grid == pytest.approx(expected)
        by_chance = (1025 - 1013.77) / 1025  # rank 1013.77 of 1,024 scores
        assert row.gain == pytest.approx(expected - by_chance)
        n_grid = round(expected * len(scores))
        p = p_by_chance(n_grid, len(scores), evidence.n_readouts)
        if row.has_grids:
            assert p < 0.05
        elif p < 0.05 / len(evidence.networks):
            pytest.fail("a network far above its null has no grids")


def test_units_are_those_of_the_reported_bins(evidence):
    assert set(evidence.units["run_id"]) == set(evidence.networks["run_id"])
    assert len(evidence.units) == 40 * len(evidence.networks)


def test_lattices_are_significant_among_the_units_of_their_network_and_above_both_scores(evidence):
    units, rng = evidence.run.units, np.random.default_rng(0)
    p_values = rng.uniform(size=len(units)) ** 4
    units["lattice_p_value"] = np.where(rng.uniform(size=len(units)) < 0.1, np.nan, p_values)
    null = evidence.networks.set_index("run_id")["null_99"]
    rejected = {"by p": 0, "by null": 0}
    for run_id, own in evidence.lattices.groupby("run_id"):
        p = own["lattice_p_value"].fillna(1.0).to_numpy()
        # Benjamini and Hochberg: all p up to the largest p_(k) below k / n times the limit.
        passing = [q for k, q in enumerate(sorted(p), 1) if q < 0.05 * k / len(p)]
        is_significant = p <= max(passing, default=-1.0)
        score = own["score_60_by_neuron"].to_numpy()
        is_high = (score > null[run_id]) & (score > 0.3)
        np.testing.assert_array_equal(own["is_lattice"], is_significant & is_high)
        rejected["by p"] += int((is_high & ~is_significant).sum())
        rejected["by null"] += int((is_significant & ~is_high).sum())
    assert evidence.lattices["is_lattice"].any()
    assert all(rejected.values()), rejected


def test_path_integration_beats_ten_centimetres_and_the_start(evidence):
    rows = evidence.networks
    expected = rows["decode_err_ml_cm_T50"] < 10
    assert (rows["is_competent"] == expected).all()
    assert expected.any()
    evidence.run.networks["start_err_cm_T50"] = 1.0
    assert not Evidence(evidence.run, evidence.wanted).networks["is_competent"].any()


def test_peaks_are_where_the_power_is(evidence):
    spectra = evidence.spectra
    for row in evidence.peaks.itertuples():
        own = spectra[(spectra["run_id"] == row.run_id) & (spectra["cycles_per_box"] >= 0.5)]
        top = own["cycles_per_box"].to_numpy()[own["power"].to_numpy().argmax()]
        assert row.peak_cycles == pytest.approx(top)


def test_networks_with_grids_are_those_of_benjamini_and_hochberg_by_hand():
    """Shares from none to many; p-values in order, each against its part of 5 %."""
    specs = quickstart_specs(range(4), n_units=30)
    run = synthetic_run(specs, keep_maps="none", weights=False)
    position = dict(zip(run.networks["run_id"], range(20), strict=True))
    most = run.units["run_id"].map(position) / 5
    run.units["score_60_by_neuron"] = np.where(run.units["unit"] < most, 1.0, 0.2)
    run.networks["null_99"] = 0.5
    rows = Evidence(run, tuple(spec.run_id for spec in specs)).networks
    n_grid = np.ceil(np.arange(20) / 5)
    assert rows["share_grid"].to_numpy() == pytest.approx(n_grid / 30)
    p = [p_by_chance(int(n), 30, 1024) for n in n_grid]
    found = 0
    for rank, value in enumerate(sorted(p), start=1):
        found = rank if value <= 0.05 * rank / 20 else found
    expected = np.array(p) <= sorted(p)[found - 1]
    assert 0 < expected.sum() < (np.array(p) < 0.05).sum() < 20
    assert (rows["has_grids"] == expected).all()
    assert (np.array(p)[expected] > 0.05 / 20).any()  # Bonferroni would have found fewer


def test_copies_of_a_map_are_one_grid():
    """Eight units with grids are many if their maps differ, and one if they are copies."""
    specs = quickstart_specs(range(2), n_units=30)
    run = synthetic_run(specs, keep_maps="none", weights=False)
    run.units["score_60_by_neuron"] = np.where(run.units["unit"] < 8, 1.0, 0.2)
    run.networks["null_99"] = 0.5
    ids = tuple(spec.run_id for spec in specs)
    assert Evidence(run, ids).networks["has_grids"].all()
    run.units.loc[run.units["unit"] < 8, "copy_of"] = 0.0
    rows = Evidence(run, ids).networks
    assert not rows["has_grids"].any()
    assert rows["share_grid"].to_numpy() == pytest.approx(8 / 30)  # a share counts all units
    # a table without copies: every map of every network counts
    run.units.loc[run.units["run_id"] == ids[0], "copy_of"] = math.nan
    assert Evidence(run, ids).networks["has_grids"].all()


def test_a_unit_above_a_null_that_lies_low_is_no_grid_unit():
    """Readouts of coordinates are ramps, far below 0: above them is not grid-like."""
    run = synthetic_run(SPECS, keep_maps="none", weights=False)
    run.networks["null_99"] = -1.0
    run.units["score_60_by_neuron"] = np.where(run.units["unit"] < 4, 0.31, 0.3)
    rows = Evidence(run, tuple(spec.run_id for spec in SPECS)).networks
    assert rows["share_grid"].to_numpy() == pytest.approx(4 / 40)


def test_of_networks_that_are_the_same_a_diverged_one_counts_as_one():
    run = synthetic_run(SPECS, keep_maps="none", weights=False, diverged=[3, 4])
    run.networks.loc[4, "equivalence_id"] = run.networks.loc[3, "equivalence_id"]
    seen = Evidence(run, tuple(spec.run_id for spec in SPECS))
    assert seen.n_diverged == 1
    assert len(seen.networks) == len(SPECS) - 2
    assert seen.n_missing == 0
