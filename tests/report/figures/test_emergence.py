"""The figure of scores and errors along training."""

import dataclasses
import itertools

import numpy as np
import pytest
from synthetic import quickstart_specs, synthetic_run

from gridjax import plotting
from gridjax.metrics.statistics.seed_intervals import FEWEST_SEEDS
from gridjax.report.figures import emergence
from gridjax.report.run_data import read_run_data
from gridjax.training.lane_progress import evaluation_steps

from .test_figures import drawn_texts

CARTESIAN, _, _, DOS, _ = quickstart_specs([0])
N = 6
STEPS = evaluation_steps(DOS.n_grad_steps, N)


def data_of(specs, n_evaluations=N, **options):
    options = {"keep_maps": "none", "weights": False} | options
    return read_run_data(synthetic_run(specs, n_evaluations=n_evaluations, **options))


def figure_of(data):
    with plotting.styled():
        return emergence.draw(data)


def thick(axes):
    """The lines of the means, by the first word of their names."""
    return {line.get_label().split(",")[0]: line for line in axes.lines if line.get_marker() == "."}


def dos(seed, **changes):
    return dataclasses.replace(DOS, seed=seed, **changes)


@pytest.fixture(scope="module")
def few():
    """Two networks of DoS, one of them diverged, and two of Cartesian coordinates."""
    other = dataclasses.replace(CARTESIAN, seed=1)
    return data_of([dos(0), dos(1), dos(2), CARTESIAN, other], diverged=[1])


def test_records_have_the_rows_of_the_table():
    run = synthetic_run([DOS, CARTESIAN], n_evaluations=N, keep_maps="none", weights=False)
    for record in read_run_data(run).records:
        own = run.emergence[run.emergence["run_id"] == record.run_id]
        assert record.emergence["step"].tolist() == STEPS
        for name, values in record.emergence.items():
            np.testing.assert_array_equal(values, own[name])


def test_grid_units_are_above_both_thresholds():
    for record in data_of([DOS, dos(1), CARTESIAN]).records:
        expected = (record.is_above_null & (record.score > 0.3)).mean()
        assert emergence.share_of_grids(record)[-1] == pytest.approx(expected)


def test_without_evaluations_along_training_the_caption_says_how_to_get_them():
    drawn = figure_of(data_of([DOS], n_evaluations=0))
    assert drawn.figure is None
    assert "evaluation.along_training" in drawn.caption


def test_every_step_is_drawn_step_0_too(few):
    drawn = figure_of(few)
    for axes in drawn.figure.axes:
        line = thick(axes)["DoS"]
        steps = line.get_xdata()
        assert steps[1:].tolist() == STEPS[1:]
        assert axes.get_xlim()[0] < steps[0] < STEPS[1]
        labels = dict(zip(axes.get_xticks(), axes.get_xticklabels(), strict=True))
        assert labels[steps[0]].get_text() == "0"


def test_means_are_over_networks_that_did_not_diverge(few):
    grids, best, error = figure_of(few).figure.axes
    records = few.of("difference_of_gaussians")
    assert len(records) == 2
    for axes, values in (
        (grids, [emergence.share_of_grids(record) for record in records]),
        (best, [record.emergence["score_60_by_neuron_max"] for record in records]),
        (error, [record.emergence["pos_decoding_err"] for record in records]),
    ):
        np.testing.assert_allclose(thick(axes)["DoS"].get_ydata(), np.mean(values, axis=0))
        np.testing.assert_array_less(0, [len(one) for one in values])


def test_a_diverged_network_ends_at_a_cross(few):
    (record,) = (record for record in few.records if record.diverged)
    drawn = figure_of(few)
    for axes in drawn.figure.axes:
        (cross,) = (line for line in axes.lines if line.get_marker() == "x")
        assert cross.get_xdata()[0] == record.emergence["step"][-1]
    assert "1 network diverged" in drawn.caption


def test_trainings_of_different_lengths_have_means_of_their_own():
    longer = [dos(seed, n_grad_steps_per_epoch=5000) for seed in range(2)]
    data = data_of([*longer, dos(0), dos(1)])
    error = figure_of(data).figure.axes[-1]
    lines = [line for line in error.lines if line.get_marker() == "."]
    assert sorted(line.get_xdata()[-1] for line in lines) == [500, 5000]
    assert [len(group) for group in emergence.groups_of(data.records)] == [2, 2]


@pytest.mark.parametrize("n_seeds", [FEWEST_SEEDS - 1, FEWEST_SEEDS])
def test_a_band_needs_eight_seeds(n_seeds):
    data = data_of([dos(seed) for seed in range(n_seeds)])
    drawn = figure_of(data)
    best = drawn.figure.axes[1]
    is_drawn = n_seeds >= FEWEST_SEEDS
    assert any(band.get_paths() for band in best.collections) == is_drawn
    assert ("Shaded" in drawn.caption) == is_drawn
    assert ("fewer than 8 seeds" in drawn.caption) != is_drawn


@pytest.mark.parametrize("n_steps", [500, 3000, 200_000])
def test_no_text_overlaps_another(n_steps, monkeypatch):
    data = data_of([dos(seed, n_grad_steps_per_epoch=n_steps) for seed in range(2)])
    shown = drawn_texts(figure_of(data).figure, monkeypatch)
    assert len(shown) > 10
    for (one, box), (other, its) in itertools.combinations(shown, 2):
        touching = box.shrunk(0.98, 0.8).overlaps(its.shrunk(0.98, 0.8))
        assert not touching, f"{one.get_text()!r} overlaps {other.get_text()!r}"


def test_one_network_of_one_step_is_drawn():
    """The shortest training has two evaluations and no power of ten between them."""
    drawn = figure_of(data_of([dataclasses.replace(DOS, n_grad_steps_per_epoch=1)]))
    assert drawn.figure is not None
    assert thick(drawn.figure.axes[0])["DoS"].get_xdata().tolist()[-1] == 1
