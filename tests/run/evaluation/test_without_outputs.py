"""Evaluation of networks without outputs: maps, nulls of their own, and no columns of a code."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gridjax as gj
from gridjax.metrics.gridscore.grid_score import grid_score
from gridjax.run.evaluation import nulls_of_maps, rollout
from gridjax.run.evaluation.block_evaluation import evaluate_block
from gridjax.run.evaluation.nulls_of_maps import COLUMNS, null_columns
from gridjax.spec.network import NetworkSpec
from gridjax.spec.records.cell_info import CellInfo
from gridjax.spec.registry import CELLS
from gridjax.sweep.settings.evaluation_sizes import design_of
from gridjax.sweep.settings.run_settings import EvaluationSettings
from gridjax.training import train_step
from gridjax.training.population import make_trainer


def init_waves(key, n_inputs, n_units, initializer):
    del initializer
    return {"waves": 9 * jax.random.normal(key, (n_inputs, n_units))}


def step_waves(params, state, positions, activation):
    assert state == ()
    return (activation(jnp.cos(positions @ params["waves"])),)


@pytest.fixture
def waves(monkeypatch):
    """A network without recurrence, forgotten after the test."""
    for name in ("_infos", "_functions", "_hashes", "_modules"):
        monkeypatch.setattr(CELLS, name, dict(getattr(CELLS, name)))
    info = CellInfo("waves", n_states=0, has_layers=False, n_gates=1)
    gj.register_cell(info, gj.Cell(init_waves, step_waves))
    return NetworkSpec(
        rnn_type="waves",
        Ng=6,
        activation="relu",
        motion="random_positions",
        state_objective="distances",
        place_loss_weight=0.0,
        batch_size=8,
        sequence_length=1,
        bin_side_in_m=0.11,
    )


def test_maps_without_recurrence_are_the_activity_at_the_bin_centres(waves):
    static, traced = waves.static, jax.tree.map(jnp.asarray, waves.traced)
    state = train_step.init(static, traced)
    maps, samples = rollout.at_centres(static, traced, state.params, state.layout, 20)
    k = np.asarray(state.params["cell"]["waves"], np.float64)
    for x, y in ((0, 0), (3, 17), (19, 4)):
        at = np.array([(x + 0.5) * 0.11 - 1.1, (y + 0.5) * 0.11 - 1.1])
        np.testing.assert_allclose(maps[:, x, y], np.maximum(np.cos(at @ k), 0), atol=1e-5)
    np.testing.assert_array_equal(samples, 1)


@pytest.mark.slow
def test_a_network_without_recurrence_can_have_outputs(waves):
    spec = replace(waves, place_loss_weight=1.0, Np=5)
    static, traced = spec.static, jax.tree.map(jnp.asarray, spec.traced)
    state = train_step.init(static, traced)
    assert set(state.params) == {"cell", "decoder"}
    after = train_step.step(static, traced, state)
    assert (after.params["decoder"] != state.params["decoder"]).any()


def test_nulls_of_maps():
    rng = np.random.default_rng(2)
    axis = np.arange(20.0)
    x, y = np.meshgrid(axis, axis, indexing="ij")
    turns = np.pi / 3 * np.arange(3)
    grid = sum(np.cos(0.9 * (x * np.cos(a) + y * np.sin(a))) for a in turns)
    smooth = np.cumsum(np.cumsum(rng.normal(size=(3, 20, 20)), 1), 2)
    maps = np.stack([grid, np.zeros((20, 20)), *smooth])
    active = maps.max(axis=(1, 2)) > 0
    score = np.where(active, grid_score(maps).score_60, 0.0)
    found = null_columns(maps, smooth, active, score, 5, "mask")
    assert set(found) == set(COLUMNS)
    expected = np.percentile(grid_score(smooth).score_60, 99)
    np.testing.assert_allclose(found["untrained_99"], expected, rtol=1e-6)
    assert found["share_above_untrained_99"] == (score > expected).mean()
    # one grid of five units is above fields of the same spectrum and above shuffled bins
    for null in ("isotropic", "shuffled"):
        assert 0.2 <= found[f"share_above_{null}_99"] < 1
        assert found[f"{null}_99"] < score[0]
    again = null_columns(maps, smooth, active, score, 5, "mask")
    assert again == found
    none, off = np.zeros_like(maps), np.zeros(5, bool)
    silent = null_columns(none, none, off, np.zeros(5), 5, "mask")
    assert np.isnan(silent["isotropic_99"])
    assert silent["share_above_untrained_99"] == 0


def test_shuffled_bins_keep_their_values_and_unvisited_bins():
    maps = np.arange(2.0 * 64).reshape(2, 8, 8)
    maps[:, 0, 3] = np.nan
    drawn = nulls_of_maps._shuffled(jax.random.key(0), maps, 3)
    assert drawn.shape == (6, 8, 8)
    for one, own in zip(drawn, np.repeat(maps, 3, axis=0), strict=True):
        np.testing.assert_array_equal(np.sort(one, axis=None), np.sort(own, axis=None))
        assert np.isnan(one[0, 3])
        assert (one != own).mean() > 0.5


@pytest.mark.slow
def test_columns_of_a_target_code_are_unknown_and_the_others_are_there(waves):
    settings = EvaluationSettings(samples_per_bin=2, batch_size=100)
    for spec in (waves, replace(waves, rnn_type="RNN", start="learned", motion="von_mises_walk")):
        trainer = make_trainer(spec.static, 1)
        state = trainer.init(trainer.stack([spec], jax.devices()[0]))
        assert design_of(spec, settings).n_bins[-1] == 20
        (found,) = evaluate_block([spec], state, settings, {}, "all")
        row = found.network
        assert row["status"] == "finished"
        assert found.null is None
        assert row["null_id"] == ""
        unknown = ("loss", "pos_decoding_err", "decode_err_ml_cm_T50", "null_99")
        assert all(np.isnan(row[name]) for name in (*unknown, "share_above_null_99"))
        known = ("readout_err_cm", "readout_chance_err_cm", *COLUMNS, "score_60_by_neuron_max")
        assert all(np.isfinite(row[name]) for name in known)
        # it is not trained: its scores are those of its own null
        assert row["untrained_99"] <= max(row["score_60_by_neuron_max"], 0) + 1e-6
        assert np.isnan(found.spectra["power_code"]).all()
        assert np.isfinite(found.spectra["power"]).all()
