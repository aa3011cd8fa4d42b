"""The table and the figure of position errors over time."""

import dataclasses

import numpy as np
import pytest
from synthetic import quickstart_specs, synthetic_run

from gridjax import plotting
from gridjax.report.figures import baselines, drift
from gridjax.report.run_data import read_run_data
from gridjax.run.storage.block_results import results_of
from gridjax.run.storage.run_folder import FolderStore, commit_block

from .test_figures import drawn_texts

CARTESIAN, GAUSSIAN, _, DOS, _ = quickstart_specs([0])


def data_of(specs, **options):
    return read_run_data(synthetic_run(specs, keep_maps="none", weights=False, **options))


def of_length(n_moves, seed):
    return dataclasses.replace(DOS, sequence_length=n_moves, seed=seed)


def figure_of(data):
    with plotting.styled():
        return drift.draw(data)


def bands(axes):
    """The lower and upper edge of each filled band, by its vertices."""
    return [band.get_paths()[0].vertices for band in axes.collections]


def legend(drawn):
    return [text.get_text() for text in drawn.figure.legends[0].get_texts()]


@pytest.fixture(scope="module")
def lengths():
    """Networks of five trained lengths, one of them diverged, beside one of another code."""
    specs = [of_length(n, seed) for seed, n in enumerate((4, 7, 12, 20, 33))]
    return data_of([*specs, of_length(9, 5), CARTESIAN], diverged=[5])


def test_a_run_keeps_the_errors_after_each_move():
    run = synthetic_run([DOS, of_length(3, 1), CARTESIAN], diverged=[2])
    assert list(run.drift.columns) == ["run_id", "move", "pos_decoding_err", "loss"]
    assert str(run.drift.move.dtype) == "int32"
    for run_id, n_moves in zip(run.manifest["run_ids"], (200, 50, 0), strict=True):
        own = run.drift[run.drift.run_id == run_id]
        np.testing.assert_array_equal(own.move, np.arange(1, n_moves + 1))
    for record in read_run_data(run).records:
        own = run.drift[run.drift.run_id == record.run_id]
        np.testing.assert_array_equal(record.drift["move"], own.move)
        np.testing.assert_array_equal(record.drift["pos_decoding_err"], own.pos_decoding_err)


def test_a_folder_gives_the_table_back(tmp_path):
    run = synthetic_run([DOS, GAUSSIAN], keep_maps="none", weights=False)
    store = FolderStore.create(tmp_path, run.manifest, {})
    for result in reversed(run._store.networks):  # one shard each, in another order
        commit_block(tmp_path, results_of([result]))
    assert store.table("drift").equals(run._store.table("drift"))


def test_errors_of_shorter_runs_end_in_nan(lengths):
    records = lengths.of("difference_of_gaussians")
    errors = drift.errors_by_move(records)
    assert errors.shape == (5, 330)
    for row, n_moves, record in zip(errors, (50, 70, 120, 200, 330), records, strict=True):
        np.testing.assert_array_equal(row[:n_moves], record.drift["pos_decoding_err"])
        assert np.isnan(row[n_moves:]).all()


def test_quantiles_are_over_the_networks_that_made_a_move():
    errors = np.random.default_rng(0).gamma(2, 5, (7, 40))
    errors[0, 30:] = errors[1:4, 20:] = np.nan
    found = drift.quantiles(errors, (25, 50))
    for move, column in enumerate(errors.T):
        there = column[np.isfinite(column)]
        expected = np.percentile(there, (25, 50)) if len(there) >= 3.5 else [np.nan, np.nan]
        np.testing.assert_allclose(found[:, move], expected)
    assert np.isnan(found[:, 30:]).all()
    assert np.isfinite(found[:, :30]).all()


def test_each_network_their_median_and_their_middle_half_are_drawn():
    data = data_of([of_length(20, seed) for seed in range(4)])
    drawn = figure_of(data)
    (axes,) = drawn.figure.axes
    thin = [line.get_ydata() for line in axes.lines if line.get_linewidth() == 0.5]
    errors = np.array([record.drift["pos_decoding_err"] for record in data.records])
    np.testing.assert_array_equal(thin, errors)
    (thick,) = [line for line in axes.lines if line.get_linewidth() == 1.8]
    np.testing.assert_allclose(thick.get_ydata(), np.median(errors, axis=0))
    (band,) = bands(axes)
    low, high = np.percentile(errors, (25, 75), axis=0)
    assert band[:, 1].min() == pytest.approx(low.min())
    assert band[:, 1].max() == pytest.approx(high.max())
    assert "4 networks" in drawn.caption
    assert "T = 50" in drawn.caption
    assert f"{np.median(errors[:, 0]):.1f} cm" in drawn.alt


def test_of_many_networks_only_quantiles_are_drawn(monkeypatch):
    monkeypatch.setattr(drift, "MOST_LINES", 5)
    data = data_of([of_length(20, seed) for seed in range(6)])
    drawn = figure_of(data)
    (axes,) = drawn.figure.axes
    assert not [line for line in axes.lines if line.get_linewidth() == 0.5]
    errors = np.array([record.drift["pos_decoding_err"] for record in data.records])
    highest = np.percentile(errors, [95, 75], axis=0).max(axis=1)
    np.testing.assert_allclose([band[:, 1].max() for band in bands(axes)], highest)
    assert "90 % of them" in legend(drawn)
    assert "each network" not in legend(drawn)


def test_trained_lengths_are_marked(lengths):
    cartesian, many = figure_of(lengths).figure.axes
    marks = [line.get_xdata()[0] for line in cartesian.lines if len(line.get_xdata()) == 2]
    assert marks == [20, 50]
    assert [line.get_xdata()[0] for line in many.lines if len(line.get_xdata()) == 2] == [50]
    (range_marked,) = many.patches
    assert range_marked.get_x() == 4
    assert range_marked.get_x() + range_marked.get_width() == 33
    assert {"trained length", "trained lengths"} <= set(legend(figure_of(lengths)))


def test_chance_grows_from_the_first_move():
    records = data_of([DOS]).records
    curves = baselines.chance_curves(records, 200)
    chance = baselines.chance_errors(records, 200)
    assert curves is not None
    assert chance is not None
    assert curves.start_cm.mean() == pytest.approx(chance.start_cm)
    assert curves.centre_cm.mean() == pytest.approx(chance.centre_cm)
    # A first move is 2 cm long; 500 paths give its mean to 2.3 %.
    step = 100 * DOS.speed_scale * DOS.dt_s * np.sqrt(np.pi / 2)
    assert curves.start_cm[0] == pytest.approx(step, rel=0.1)
    assert curves.start_cm[0] < curves.start_cm[20] < curves.start_cm[60]
    assert curves.start_cm[-1] > curves.centre_cm[-1] > curves.start_cm[20]


def test_worlds_that_differ_have_no_chance_curve():
    other = dataclasses.replace(DOS, box_width_in_m=1.4, box_height_in_m=1.4)
    drawn = figure_of(data_of([DOS, other]))
    assert "Errors of these answers differ" in drawn.caption
    assert "answering the start" not in legend(drawn)


@pytest.mark.slow
def test_no_text_overlaps_when_panels_and_legend_are_many(lengths, monkeypatch):
    figure = figure_of(lengths).figure
    shown = drawn_texts(figure, monkeypatch)
    assert len(shown) > 10
    for i, (text, box) in enumerate(shown):
        assert figure.bbox.x0 - 1 <= box.x0, text.get_text()
        assert box.x1 <= figure.bbox.x1 + 1, text.get_text()
        for other, its in shown[:i]:
            touching = box.shrunk(0.98, 0.8).overlaps(its.shrunk(0.98, 0.8))
            assert not touching, f"{text.get_text()!r} overlaps {other.get_text()!r}"


def test_without_measured_errors_there_is_a_reason():
    drawn = figure_of(data_of([DOS], diverged=[0]))
    assert drawn.figure is None
    assert "has been measured yet" in drawn.caption
