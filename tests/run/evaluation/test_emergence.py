"""Evaluation along training: its steps and rows, and that nothing else of a run changes."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from tiny import CARTESIAN, DIVERGING, PLACE_CELLS, StopAt, sweep_content
from torture.quick_evaluation import quick_evaluation
from torture.sweeps import promised

import gridjax as gj
from gridjax.callbacks import Stopped
from gridjax.run.checkpointing.block_folder import block_folders
from gridjax.run.evaluation import lane_measures
from gridjax.run.evaluation.emergence import LATTICES, MEASURES, lattices
from gridjax.run.worker import train_loop
from gridjax.training.lane_progress import LaneProgress, evaluation_steps, history_steps

# the shapes and settings of the sweeps in tiny, which other tests compile
CELLS = PLACE_CELLS | {"seed": {"value": 0}}
N = 3


def sweep(n_evaluations, parameters, **settings):
    content = sweep_content(**parameters)
    evaluation = content["gridjax"]["evaluation"] | {"along_training": n_evaluations}
    content["gridjax"] = content["gridjax"] | {"evaluation": evaluation} | settings
    return gj.Sweep.from_dict(content)


class Both(NamedTuple):
    """A run with evaluations along training, and the same run without; the run_id that diverges."""

    along: Any
    tables: dict[str, Any]
    without: dict[str, Any]
    n_programs: tuple[int, int]


def run_of(n_evaluations, folder):
    cells, diverging = sweep(n_evaluations, CELLS), sweep(n_evaluations, DIVERGING)
    both = gj.Sweep.from_specs([*cells.specs, *diverging.specs], cells.settings)
    run = gj.train(both, folder)
    return run, lane_measures.measure_lanes._cache_size()


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A network of place cells and one that diverges, in lanes of one."""
    folder = tmp_path_factory.mktemp("emergence")
    _, before = run_of(0, folder / "without")
    along, after = run_of(N, folder / "along")
    return Both(along, *(promised(folder / name) for name in ("along", "without")), (before, after))


@pytest.mark.parametrize("n_grad_steps", [1, 2, 30, 90, 500, 2500, 200_000])
@pytest.mark.parametrize("n", [2, 3, 8, 20, 64])
def test_steps_are_different_steps_of_the_history_from_the_first_to_the_last(n_grad_steps, n):
    steps, history = evaluation_steps(n_grad_steps, n), history_steps(n_grad_steps)
    assert len(steps) == min(n, len(history))
    assert (steps[0], steps[-1]) == (0, n_grad_steps)
    assert steps == sorted(set(steps) & set(history))


def test_steps_of_a_long_training_are_evenly_spaced_in_their_logarithm():
    assert evaluation_steps(10_000, 0) == []
    steps = evaluation_steps(10_000, 6)
    np.testing.assert_allclose(steps[1:], np.geomspace(100, 10_000, 5), rtol=0.1)
    many = np.log(evaluation_steps(200_000, 12)[1:])
    assert many[0] == pytest.approx(np.log(2_000), abs=0.1)
    assert np.ptp(np.diff(many)) < 0.3  # the steps of the history lie .19 apart


@pytest.mark.slow
def test_a_run_has_a_row_for_every_step(both):
    rows = both.along.emergence
    assert list(rows.columns) == ["run_id", "step", *MEASURES, *LATTICES]
    finished, diverged = both.along.networks.itertuples()
    assert (finished.status, diverged.status) == ("finished", "diverged")
    assert rows[rows["run_id"] == finished.run_id]["step"].to_list() == evaluation_steps(90, N)
    assert np.isfinite(rows[list(MEASURES)].drop(columns="loss_excess")).all(axis=None)


@pytest.mark.slow
def test_the_last_row_has_the_measures_of_the_finished_network(both):
    network = both.along.networks.iloc[0]
    rows = both.along.emergence.query("run_id == @network.run_id")
    for name in MEASURES:
        assert rows[name].iloc[-1] == network[name], name
    assert rows["loss"].nunique() == rows["score_60_by_neuron_max"].nunique() == len(rows)
    units = both.along.units.query("run_id == @network.run_id and nbins == 20")
    expected = lattices(units["period_cm"].to_numpy())
    np.testing.assert_array_equal(rows[list(LATTICES)].iloc[-1], list(expected.values()))


@pytest.mark.slow
def test_a_diverged_network_has_rows_up_to_its_divergence(both):
    network = both.along.networks.iloc[1]
    steps = both.along.emergence.query("run_id == @network.run_id")["step"].to_list()
    expected = [step for step in evaluation_steps(90, N) if step <= network["diverged_at_step"]]
    assert steps == expected
    assert steps


@pytest.mark.slow
def test_all_other_results_are_those_of_a_run_without_evaluations_along_training(both):
    along, without = dict(both.tables), dict(both.without)
    assert along.pop("emergence") != without.pop("emergence")
    assert along == without


@pytest.mark.slow
def test_no_program_is_compiled_again_for_evaluations_along_training(both):
    before, after = both.n_programs
    # the network that diverges has other shapes and is measured at step 0 alone
    assert after == before + 1


@pytest.mark.slow
def test_a_run_without_the_setting_has_no_rows(trained):
    assert trained.run.emergence.empty
    assert list(trained.run.emergence.columns)[:2] == ["run_id", "step"]


def test_lattices_are_counted_over_all_units():
    found = lattices(np.array([np.nan, 60, 80, 76], np.float32))
    assert found == {"share_with_lattice": 0.75, "period_cm_median": 76}
    none = lattices(np.full(3, np.nan, np.float32))
    assert none["share_with_lattice"] == 0
    assert np.isnan(none["period_cm_median"])


def test_networks_with_one_computation_share_its_rows(tmp_path):
    with quick_evaluation():
        run = gj.train(
            sweep(3, CARTESIAN | {"place_cell_rf": {"values": [0.1, 0.2]}}), tmp_path / "run"
        )
    assert run.networks["equivalence_id"].nunique() == 1
    first, second = (rows for _, rows in run.emergence.groupby("run_id", sort=False))
    assert first["step"].to_list() == evaluation_steps(90, 3)
    np.testing.assert_array_equal(first.drop(columns="run_id"), second.drop(columns="run_id"))


@pytest.mark.bits
@pytest.mark.slow
@pytest.mark.parametrize("lane_width", [1, 2])
def test_a_stopped_run_goes_on_to_the_same_table(lane_width, tmp_path, monkeypatch):
    lengths = {"n_grad_steps_per_epoch": {"values": [20, 60, 35]}}
    wanted = sweep(6, CARTESIAN | lengths, lane_width=lane_width)
    with quick_evaluation():
        gj.train(wanted, tmp_path / "whole")
        monkeypatch.setattr(train_loop, "CHUNK_SECONDS", 0.0)  # a step a chunk
        n_stops, n_saved = 0, set()
        for _ in range(20):
            try:
                gj.train(wanted, tmp_path / "run", [StopAt(11)])
            except Stopped:
                n_stops += 1
            else:
                break
            n_saved |= saved_evaluations(tmp_path / "run")
    assert n_stops > 2
    assert max(n_saved) > 1, "no checkpoint had evaluations"
    assert promised(tmp_path / "run") == promised(tmp_path / "whole")
    rows = gj.open_run(tmp_path / "run").emergence.groupby("run_id")["step"].agg(list)
    assert sorted(rows) == sorted(evaluation_steps(n, 6) for n in (20, 35, 60))


def saved_evaluations(folder):
    """The numbers of evaluations of the networks in the checkpoints of a run."""
    checkpoints = [each for block in block_folders(folder)[0] for each in block.listed()]
    return {int(n) for each in checkpoints for n in each.read()["emergence/count"]}


@pytest.fixture
def network():
    """A network before its first step, with evaluations at steps 0, 28 and 90."""
    (spec,) = sweep(3, CARTESIAN).specs
    assert evaluation_steps(spec.n_grad_steps, 3) == [0, 28, 90]
    return LaneProgress(spec, 3)


def test_an_evaluation_that_was_not_saved_takes_place_before_the_next_step(network):
    network.made, network.emergence = 28, [{"step": 0}]
    network.history = [(step, None) for step in history_steps(90) if step <= 28]
    assert network.to_next == 0
    assert not network.is_due
    assert network.is_evaluation_due
    network.emergence.append({"step": 28})
    assert not network.is_evaluation_due
    assert network.to_next > 0


def test_steps_that_were_passed_under_other_settings_are_left_out(network):
    network.made = 40
    network.history = [(step, None) for step in history_steps(90) if step <= 40]
    assert not network.is_evaluation_due
    assert network.to_next > 0


@pytest.mark.slow
@pytest.mark.bits
def test_lanes_and_padded_shapes_change_no_row(tmp_path):
    """Networks of two batch sizes, trained together in padded shapes, and in lanes of two."""
    sizes = {"batch_size": {"values": [4, 6]}, "seed": {"values": [0, 1]}}
    merged = gj.train(sweep(3, CELLS | sizes, merge=True, lane_width=2), tmp_path / "merged")
    assert merged.networks["padded_to"].str.len().gt(0).any()
    for network in merged.networks.itertuples():
        rows = merged.emergence[merged.emergence["run_id"] == network.run_id]
        assert rows["step"].to_list() == evaluation_steps(90, 3)
        for name in MEASURES:
            assert rows[name].iloc[-1] == merged.networks.loc[network.Index, name], name


@pytest.mark.bits
def test_neighbours_of_other_lengths_change_no_row(tmp_path):
    def rows_of(steps):
        lengths = {"n_grad_steps_per_epoch": {"values": steps}}
        with quick_evaluation():
            run = gj.train(sweep(4, CARTESIAN | lengths, lane_width=2), tmp_path / f"{len(steps)}")
        (longest,) = run.networks.query("n_grad_steps == 60")["run_id"]
        return run.emergence[run.emergence["run_id"] == longest].reset_index(drop=True)

    alone = rows_of([60])
    assert alone["step"].to_list() == evaluation_steps(60, 4)
    assert rows_of([20, 60, 35]).equals(alone)
