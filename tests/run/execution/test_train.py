"""From a sweep to a run folder and back: what is there, what is refused, what goes on."""

import json
import math

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import gridjax as gj
from gridjax.errors import GridjaxError
from gridjax.metrics.gridscore.grid_score import grid_score
from gridjax.run.evaluation.rollout import evaluation_paths
from gridjax.run.storage.tables.schema import TABLES
from gridjax.sweep.settings.evaluation_sizes import design_of
from gridjax.sweep.settings.run_settings import EvaluationSettings
from gridjax.training.lane_progress import N_HISTORY, history_steps


def test_a_run_holds_one_row_for_every_network_in_the_order_of_the_sweep(trained):
    networks = trained.run.networks
    assert list(networks["run_id"]) == [spec.run_id for spec in trained.sweep.specs]
    assert list(networks["status"]) == ["finished"] * 5 + ["diverged"]
    for name, value in trained.sweep.specs[1].to_dict().items():
        if not name.endswith("_seed"):
            there = networks[name][1]
            assert pd.isna(there) if value is None else there == value


def test_each_block_has_every_table_with_the_columns_of_its_schema(trained):
    shards = sorted((trained.folder / "shards").iterdir())
    assert len(shards) == 6
    for name, schema in TABLES.items():
        tables = [pq.read_table(shard / f"{name}.parquet") for shard in shards]
        assert all(table.schema.equals(schema) for table in tables)
        n_rows = sum(map(len, tables))
        assert n_rows == len(getattr(trained.run, name)) or name == "nulls"
    assert len(trained.run.units) == 5 * 24 * 2
    assert set(trained.run.units["nbins"]) == {20, 32}


def test_measures_of_a_finished_network_are_numbers(trained):
    finished = trained.run.networks.query("status == 'finished'")
    always = ["loss", "weight_penalty", "pos_decoding_err", "pos_decoding_err_T50"]
    always += ["score_60_by_neuron_max", "share_above_0.3", "share_active"]
    assert np.isfinite(finished[always]).all(axis=None)
    cells = finished["place_field_values"] != "cartesian"
    always += ["null_99", "share_above_null_99", "decode_err_ml_cm", "decode_err_ml_cm_T50"]
    always += ["participation_ratio", "weight_norm", "weight_norm_recurrent"]
    assert np.isfinite(finished[always]).all(axis=None)
    assert np.isfinite(finished.loc[cells, "loss_excess"]).all()
    assert finished.loc[~cells, "loss_excess"].isna().all()
    assert finished["head_direction_err_deg"].isna().all()
    assert (finished["weight_norm"] > finished["weight_norm_recurrent"]).all()
    assert (finished.loc[cells, "loss_excess"] > 0).all()
    assert (finished["share_of_bins_visited"] >= 0.99).all()
    assert finished["samples_per_bin"].between(40, 50).all()


def test_a_diverged_network_says_when_and_keeps_no_measure(trained):
    row = trained.run.networks.iloc[-1]
    assert 0 <= row["diverged_at_step"] < 90
    assert row["n_grad_steps"] == row["diverged_at_step"]
    assert math.isnan(row["loss"])
    assert row["run_id"] not in set(trained.run.units["run_id"])


def test_shares_and_maxima_are_those_of_the_units(trained):
    units = trained.run.units.query("nbins == 20")
    for _, row in trained.run.networks.query("status == 'finished'").iterrows():
        scores = units[units["run_id"] == row["run_id"]]["score_60_by_neuron"]
        assert row["score_60_by_neuron_max"] == pytest.approx(scores.max(), abs=1e-6)
        assert row["share_above_0.3"] == pytest.approx((scores > 0.3).mean())
        if row["null_id"]:
            null = trained.run.nulls.query("nbins == 20 and null_id == @row.null_id")["score_60"]
            assert len(null) == 1024
            assert row["null_99"] == pytest.approx(np.percentile(null, 99), abs=1e-5)
            above = (scores > np.percentile(null, 99)).mean()
            assert row["share_above_null_99"] == pytest.approx(above)


def test_the_kept_maps_are_the_best_units_and_score_as_the_table_says(trained):
    run_id = trained.run.networks["run_id"][2]
    maps = trained.run.rate_maps(run_id)
    assert maps.dims == ("unit", "x", "y")
    assert maps.shape == (5, 20, 20)
    assert float(maps["x"][0]) == pytest.approx(-1.1 + 0.055)
    scores = np.asarray(grid_score(maps.to_numpy()).score_60)
    table = trained.run.units.query("run_id == @run_id and nbins == 20").set_index("unit")
    expected = table.loc[maps["unit"].to_numpy(), "score_60_by_neuron"]
    active = table.loc[maps["unit"].to_numpy(), "active"].to_numpy()
    np.testing.assert_allclose(scores[active], expected[active], atol=1e-5)
    assert expected.iloc[0] == table["score_60_by_neuron"].max()


def test_maps_computed_again_are_mean_responses_along_paths(trained):
    network = trained.run.network(trained.run.networks["run_id"][2])
    maps = network.rate_maps(n_bins=8, samples_per_bin=100)
    assert maps.shape == (24, 8, 8)
    settings = EvaluationSettings(samples_per_bin=100)
    design = design_of(network.spec, settings)
    paths = evaluation_paths(network.spec.static, design, network.spec.traced, 0)
    positions = np.concatenate([paths.start[None], paths.positions]).swapaxes(0, 1)
    activity = np.asarray(network.respond(positions).activity)[:, :50].reshape(-1, 24)
    x, y = positions[:, 1:51].reshape(-1, 2).T
    half = network.spec.box_width_in_m / 2
    where = {"bins": 8, "range": [[-half, half]] * 2}
    samples = np.histogram2d(x, y, **where)[0]
    np.testing.assert_array_equal(maps["samples"], samples)
    for unit in range(24):
        total = np.histogram2d(x, y, weights=activity[:, unit], **where)[0]
        # sums of a few hundred samples in float32
        np.testing.assert_allclose(maps[unit], total / samples, rtol=1e-5, atol=1e-5)
    assert network.rate_maps(samples_per_bin=1).shape == (24, 20, 20)
    with pytest.raises(GridjaxError, match="n_bins is 1"):
        network.rate_maps(n_bins=1)


def test_the_history_has_log_spaced_steps_up_to_the_last(trained):
    history = trained.run.history
    steps = history[history["run_id"] == trained.run.networks["run_id"][0]]["step"].to_list()
    assert steps == history_steps(90)
    assert steps[:3] == [0, 1, 2]
    assert steps[-1] == 90
    assert len(steps) >= 50
    many = np.asarray(history_steps(200_000)[1:])
    assert len(many) == N_HISTORY
    assert np.ptp(np.diff(np.log(many[20:]))) < 0.3


@pytest.mark.slow
def test_a_network_taken_out_of_the_population_responds_as_it_was_measured(trained):
    row = trained.run.networks.iloc[0]
    network = trained.run.network(row["run_id"])
    paths = gj.simulate_trajectories(400, 7, seed=123)
    positions = np.concatenate([np.asarray(paths.start)[:, None], paths.positions], axis=1)
    response = network.respond(positions)
    assert response.activity.shape == (400, 7, 24)
    assert response.logits.shape == (400, 7, 32)
    distance = np.linalg.norm(np.asarray(response.decoded) - positions[:, 1:], axis=-1)
    # 2,800 samples of errors with a spread like their mean: 5 standard errors are 10 %
    assert 100 * distance.mean() == pytest.approx(row["pos_decoding_err"], rel=0.1)
    assert network.place_cells.centres.shape == (32, 1, 2)
    assert network.spec == trained.sweep.specs[0]


@pytest.mark.parametrize("shape", [(3, 7), (3, 1, 2), (3, 7, 3)])
def test_positions_of_another_shape_are_refused(trained, shape):
    network = trained.run.network(trained.run.networks["run_id"][0])
    with pytest.raises(GridjaxError, match="not \\[batch, time"):
        network.respond(np.zeros(shape))


def test_unknown_networks_are_refused(trained):
    with pytest.raises(GridjaxError, match="no network"):
        trained.run.network("../../etc")
    with pytest.raises(GridjaxError, match="no network"):
        trained.run.rate_maps("0" * 16)


def test_the_manifest_says_all_that_the_run_is_made_from(trained):
    manifest = json.loads((trained.folder / "manifest.json").read_text())
    assert next(source["name"] for source in manifest["sources"]) == "cells.yaml"
    assert "0.3" in manifest["sources"][0]["text"]
    assert manifest["settings"]["evaluation"]["samples_per_bin"] == 40
    assert {"jax", "jaxlib", "numpy", "python"} <= set(manifest["versions"])
    assert manifest["lane_widths"][0]["lane_width"] == 1
    assert manifest["specs"][1]["seed"] == 3
    assert manifest["device"]["platform"] == "cpu"
