"""A run that is there already: it is not trained again, goes on, or is refused."""

import dataclasses
import json
import shutil
import threading

import jax
import numpy as np
import pytest
from tiny import CARTESIAN, PLACE_CELLS, Recorder, sweep_content
from torture.quick_evaluation import quick_evaluation

import gridjax as gj
from gridjax.callbacks import NetworkFinished
from gridjax.errors import GridjaxError
from gridjax.io.atomic_files import dump_checksummed_json, load_checksummed_json


def test_a_finished_run_is_not_trained_again(trained):
    before = {path: path.stat().st_mtime_ns for path in trained.folder.rglob("weights.npz")}
    recorder = Recorder()
    again = gj.train(trained.sweep, trained.folder, [recorder])
    assert (recorder.start.n_networks, recorder.start.n_finished) == (6, 6)
    assert recorder.events == []
    assert (recorder.end.n_finished, recorder.end.error) == (6, None)
    assert before == {p: p.stat().st_mtime_ns for p in trained.folder.rglob("weights.npz")}
    assert again.networks.equals(trained.run.networks)


def test_another_sweep_is_refused_by_name_and_changes_nothing(trained):
    files = {path: path.read_bytes() for path in trained.folder.rglob("*") if path.is_file()}
    other = gj.Sweep.from_dict(sweep_content(**CARTESIAN, seed={"value": 77}))
    with pytest.raises(GridjaxError) as caught:
        gj.train(other, out=trained.folder)
    message = str(caught.value)
    assert "cells.yaml" in message
    assert "sweep dict" in message
    assert str(trained.folder) in message
    assert files == {
        path: path.read_bytes() for path in trained.folder.rglob("*") if path.is_file()
    }


def test_an_unknown_change_is_refused_and_one_change_may_be_a_text(trained):
    with pytest.raises(GridjaxError, match="accept sweeps is unknown") as caught:
        gj.train(trained.sweep, trained.folder, accept=["device", "sweeps"])
    assert caught.value.problems[0].fix == "did you mean sweep?"
    assert gj.train(trained.sweep, trained.folder, accept="sweep").is_finished


def test_a_folder_with_other_things_in_it_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    sweep = gj.Sweep.from_dict(sweep_content(**CARTESIAN))
    with pytest.raises(GridjaxError, match="is not empty"):
        gj.train(sweep, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_path_under_a_file_is_refused_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    sweep = gj.Sweep.from_dict(sweep_content(**CARTESIAN))
    with pytest.raises(GridjaxError, match="cannot be written"):
        gj.train(sweep, out=tmp_path / "file" / "run")


class StopAfterOne(Recorder):
    def on_event(self, event):
        super().on_event(event)
        if isinstance(event, NetworkFinished):
            raise KeyboardInterrupt


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_finished_and_the_same_command_goes_on(trained, tmp_path):
    # one network of place cells, one that is Cartesian, one that diverges
    sweep = gj.Sweep.from_specs(
        [trained.sweep.specs[0], *trained.sweep.specs[4:]], trained.sweep.settings
    )
    stop = StopAfterOne()
    with pytest.raises(KeyboardInterrupt):
        gj.train(sweep, tmp_path / "run", [stop])
    assert isinstance(stop.end.error, KeyboardInterrupt)
    assert threading.active_count() < 10
    partial = gj.open_run(tmp_path / "run")
    assert not partial.is_finished
    n_done = len(partial.networks)
    assert 1 <= n_done < 3
    recorder = Recorder()
    whole = gj.train(sweep, tmp_path / "run", [recorder])
    assert recorder.start.n_finished == n_done
    assert whole.is_finished
    # an interrupted and an uninterrupted run are the same
    for name in ("networks", "units", "history"):
        expected = getattr(trained.run, name)
        expected = expected[expected["run_id"].isin(set(whole.networks["run_id"]))]
        assert getattr(whole, name).equals(expected.reset_index(drop=True)), name


@pytest.mark.slow
def test_memory_gives_what_a_folder_gives_and_neighbours_change_nothing(trained):
    """Two of the six networks, in memory, in the other order: the same bits."""
    content = sweep_content(**PLACE_CELLS | {"seed": {"values": [5, 3]}})
    alone = gj.train(gj.Sweep.from_dict(content))
    assert len(alone.networks) == 2
    for run_id in alone.networks["run_id"]:
        ours = alone.networks.query("run_id == @run_id").reset_index(drop=True)
        theirs = trained.run.networks.query("run_id == @run_id")
        assert ours.equals(theirs.reset_index(drop=True))
        for name in ("params", "layout"):
            one = getattr(alone.network(run_id), name)
            other = getattr(trained.run.network(run_id), name)
            equal = jax.tree.map(np.array_equal, one, other)
            assert all(jax.tree.leaves(equal))
        assert alone.rate_maps(run_id).equals(trained.run.rate_maps(run_id))


def test_best_weights_keeps_those_of_the_best_network_alone():
    content = sweep_content(**PLACE_CELLS)
    content["gridjax"] = content["gridjax"] | {"keep_weights": "best:1", "keep_maps": "none"}
    with quick_evaluation():  # which weights are kept does not depend on where scores come from
        run = gj.train(gj.Sweep.from_dict(content))
    best = run.networks.set_index("run_id")["score_60_by_neuron_max"].idxmax()
    run.network(best)
    for run_id in set(run.networks["run_id"]) - {best}:
        with pytest.raises(GridjaxError, match="weights of"):
            run.network(run_id)
    with pytest.raises(GridjaxError, match="no rate maps"):
        run.rate_maps(best)


@pytest.mark.slow
def test_lanes_pad_blocks_without_a_trace(trained):
    """Three networks in a block of 4: the numbers of width 1, to what a wider vmap may change."""
    content = sweep_content(**PLACE_CELLS)
    content["gridjax"] = content["gridjax"] | {"lane_width": 4, "keep_maps": "none"}
    content["parameters"] = content["parameters"] | {"seed": {"values": [0, 3, 5]}}
    wide = gj.train(gj.Sweep.from_dict(content)).networks.set_index("run_id")
    narrow = trained.run.networks.query("place_field_values != 'cartesian'").set_index("run_id")
    both = narrow.index.intersection(wide.index)
    assert len(both) == len(wide) == 3
    # float32 rounding through 90 steps
    np.testing.assert_allclose(wide.loc[both, "loss"], narrow.loc[both, "loss"], rtol=1e-4)


def test_a_finished_run_keeps_its_manifest_whatever_machine_looks_at_it(trained, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(trained.folder, copy)
    manifest = load_checksummed_json((copy / "manifest.json").read_bytes())
    manifest["device"]["kind"] = "another machine"
    manifest["lane_widths"][0]["lane_width"] = 128
    (copy / "manifest.json").write_bytes(dump_checksummed_json(manifest))
    gj.train(trained.sweep, out=copy)
    assert load_checksummed_json((copy / "manifest.json").read_bytes()) == manifest
    # a run that is not finished goes on only where its bits are made, or when told to
    shutil.rmtree(next((copy / "shards").iterdir()))
    with pytest.raises(GridjaxError, match="--accept lane-width --accept device"):
        gj.train(trained.sweep, out=copy)
    with pytest.raises(GridjaxError, match=r"--accept lane-width$"):
        gj.train(trained.sweep, out=copy, accept=("device",))


FOREIGN = {
    "no mapping": [],
    "no specs": {"run_ids": ["a"]},
    "nested": {"run_ids": [["a"]], "specs": [{}]},
    "outside": {"run_ids": ["../../../../etc"], "specs": [{}]},
    "another network": {"run_ids": ["0" * 16], "specs": [{"seed": 1}]},
    "unknown field": {"run_ids": ["0" * 16], "specs": [{"__class__": 1}]},
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_manifest_that_is_none_of_ours_is_refused(name, trained, tmp_path):
    whole = load_checksummed_json((trained.folder / "manifest.json").read_bytes())
    foreign = FOREIGN[name]
    content = whole | foreign if isinstance(foreign, dict) else foreign
    sealed = (
        dump_checksummed_json(content)
        if isinstance(content, dict)
        else json.dumps(content).encode()
    )
    (tmp_path / "manifest.json").write_bytes(sealed)
    with pytest.raises(GridjaxError, match="not a manifest"):
        gj.open_run(tmp_path)
    with pytest.raises(GridjaxError, match="not a manifest"):
        gj.train(trained.sweep, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_one_network_written_in_two_ways_is_trained_once():
    base = gj.Sweep.from_dict(sweep_content(**CARTESIAN)).specs[0]
    named = dataclasses.replace(base, layout_seed=base.seed)
    assert len(gj.Sweep.from_specs([base, named]).specs) == 1
    assert named.run_id == base.run_id
