"""Networks on a line and in a cube: their columns, against counts by hand, and evaluations."""

import dataclasses
import math

import jax
import numpy as np
import pytest
from scipy import stats
from synthetic import synthetic_run
from synthetic import volume_scores as made_up_scores

from gridjax.errors import GridjaxError
from gridjax.metrics.volume.grid_score_3d import grid_score_3d
from gridjax.run.evaluation import volume_scores
from gridjax.run.evaluation.block_evaluation import evaluate_block
from gridjax.run.storage.block_results import results_of, score_by_run_id
from gridjax.run.storage.tables.network_result import NetworkResult
from gridjax.run.storage.tables.schema import NETWORKS, UNITS
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.evaluation_sizes import VOLUME_READOUTS, design_of
from gridjax.sweep.settings.run_settings import EvaluationSettings
from gridjax.training.population import make_trainer

SETTINGS = EvaluationSettings(samples_per_bin=10, batch_size=50)
CUBE = NetworkSpec(
    dimensions=3,
    place_field_values="gaussian",
    place_cell_rf=0.4,
    Ng=6,
    Np=32,
    batch_size=8,
    sequence_length=5,
    bin_side_in_m=2.2 / 12,
)
LINE = dataclasses.replace(CUBE, dimensions=1, place_cell_rf=0.2, bin_side_in_m=0.1)


def test_sizes_of_the_evaluation_follow_the_number_of_bins():
    cube, line = (design_of(spec, SETTINGS) for spec in (CUBE, LINE))
    assert cube.n_bins == cube.n_bins_compared == (12,)
    assert cube.n_batches == math.ceil(10 * 12**3 / (50 * 50))
    assert cube.n_readouts == VOLUME_READOUTS
    assert line.n_bins == (22,)
    assert line.n_batches == 1


def test_columns_are_counts_of_units():
    scores = made_up_scores(np.random.default_rng(0), 40)
    active = np.arange(40) % 4 > 0
    spec = dataclasses.replace(CUBE, Ng=40)
    units = volume_scores.volume_columns(spec, 12, scores, active)
    assert set(units) == set(UNITS.names) - {"run_id", "copy_of"}
    assert (units["lattice"][~active] == "none").all()
    assert np.isnan(units["order_p_value"][~active]).all()
    np.testing.assert_allclose(
        units["period_cm"][active], scores.period[active] * 220 / 12, rtol=1e-6
    )
    null = made_up_scores(np.random.default_rng(1), 32)
    row = volume_scores.volume_shares(units, null)
    assert tuple(row) == volume_scores.COLUMNS
    kinds = list(scores.lattice[active])
    assert row["share_bcc"] == kinds.count("bcc") / 40
    assert row["share_local"] == kinds.count("local") / 40
    lattices = sum(kind in ("bcc", "fcc", "columns") for kind in kinds)
    assert row["share_lattice"] == lattices / 40
    assert row["share_ordered"] == (scores.order_p_value[active] <= 0.01).sum() / 40
    assert row["null_share_local"] == (null.lattice == "local").mean()
    assert row["order_p_median"] == np.median(scores.order_p_value[active])
    best = max(max(of[unit] for of in scores.symmetry) for unit in np.flatnonzero(active))
    assert row["symmetry_max"] == pytest.approx(best)


def test_networks_of_a_cube_are_ranked_by_their_symmetry():
    specs = [CUBE, dataclasses.replace(CUBE, seed=1), NetworkSpec(Ng=6, Np=8)]
    run = synthetic_run(specs, keep_maps="none", weights=False)
    found = score_by_run_id(run._store.table("networks"))
    rows = run.networks.set_index("run_id")
    for spec in specs[:2]:
        assert found[spec.run_id] == rows.loc[spec.run_id, "symmetry_max"]
    assert found[specs[2].run_id] == rows.loc[specs[2].run_id, "score_60_by_neuron_max"]


def evaluated(spec, keep_maps="best:2"):
    trainer = make_trainer(spec.static, 1)
    state = trainer.init(trainer.stack([spec], jax.devices()[0]))
    (evaluation,) = evaluate_block([spec], state, SETTINGS, {}, keep_maps)
    return evaluation


@pytest.mark.slow
def test_a_network_in_a_cube_has_the_scores_of_its_maps():
    found = evaluated(CUBE, "all")
    assert found.maps.maps.shape == (6, 12, 12, 12)
    scores = grid_score_3d(found.maps.maps)
    np.testing.assert_array_equal(found.units["lattice"], scores.lattice)
    np.testing.assert_allclose(found.units["order_p_value"], scores.order_p_value)
    assert found.network["samples_per_bin"] > 9
    assert np.isnan(found.network["score_60_by_neuron_max"])
    assert np.isnan(found.network["share_above_0.3"])
    assert found.spectra == {}
    assert len(found.null.volumes.lattice) == VOLUME_READOUTS
    assert 0 < found.network["start_err_cm_T50"] < 100
    assert np.isfinite(found.network["decode_err_ml_cm"])
    result = NetworkResult(found, [], found.maps, {}, 1.0, 0, False)
    tables = results_of([dataclasses.replace(result, evaluation=_complete(found))]).tables
    assert tables["units"].num_rows == 6
    assert tables["nulls"]["lattice"].null_count == 0
    best = evaluated(CUBE)
    symmetry = np.max([found.units[f"symmetry_{n}"] for n in volume_scores.LATTICES], axis=0)
    assert set(best.maps.units) == set(np.argsort(-symmetry)[:2])


@pytest.mark.slow
def test_a_network_on_a_line_has_errors_and_maps_but_no_scores():
    found = evaluated(LINE)
    assert found.maps.maps.shape == (2, 22)
    assert np.isnan(found.units["score_60_by_neuron"]).all()
    assert found.null is None
    assert found.network["null_id"] == ""
    assert np.isfinite(found.network["decode_err_ml_cm"])
    result = NetworkResult(_complete(found), [], found.maps, {}, 1.0, 0, False)
    assert results_of([result]).tables["units"]["lattice"].null_count == 6


def _complete(evaluation):
    """The evaluation with the columns that a run adds."""
    row = dict.fromkeys(NETWORKS.names, float("nan")) | evaluation.network
    return dataclasses.replace(evaluation, network=row)


@pytest.mark.slow
def test_random_maps_are_ordered_as_often_as_the_null_says():
    """p-values of smooth random fields are uniform, so that 1 % of them are ordered."""
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(150, 12, 12, 12))
    p = volume_scores.score_volumes(maps[None]).order_p_value[0]
    assert stats.kstest(p, "uniform").pvalue > 1e-3


def test_a_stored_network_of_a_cube_has_maps_with_three_axes_and_runs_along_paths():
    run = synthetic_run([CUBE], keep_maps="best:2")
    maps = run.rate_maps(CUBE.run_id)
    assert maps.dims == ("unit", "x", "y", "z")
    assert maps["samples"].dims == ("x", "y", "z")
    network = run.network(CUBE.run_id)
    response = network.respond(np.zeros((3, 5, 3)))
    assert [part.shape for part in response] == [(3, 4, 6), (3, 4, 32), (3, 4, 3)]
    with pytest.raises(GridjaxError, match=r"are not \[batch, time \+ 1, 3\]"):
        network.respond(np.zeros((3, 5, 2)))
