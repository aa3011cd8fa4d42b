"""Merged sweeps: the same networks with the same results, in fewer compilations, and its price."""

import json
from dataclasses import replace

import jax
import numpy as np
import pytest
from tiny import StopAt, sweep_content
from typer.testing import CliRunner

import gridjax as gj
from gridjax.accelerators.card_info import CARDS
from gridjax.callbacks import Stopped
from gridjax.cli import app
from gridjax.run.planning.merging import (
    Cost,
    Rates,
    advice_lines,
    advise,
    bucket_shape,
    cost,
    nominal,
)
from gridjax.run.planning.plan import flop_per_step, make_plan
from gridjax.spec.network import NetworkSpec
from gridjax.spec.padding import padded_config
from gridjax.sweep.settings.run_settings import Settings

SIZES = {
    "place_field_values": {"value": "difference_of_gaussians"},
    "place_cell_rf": {"value": 0.3},
    "Np": {"values": [24, 32]},
    "optimizer": {"values": ["adam", "rmsprop"]},
    "n_grad_steps_per_epoch": {"value": 40},
    "learning_rate": {"value": 1e-3},
}


def sweep(**settings):
    content = sweep_content(**SIZES)
    content["gridjax"] |= settings
    return gj.Sweep.from_dict(content)


@pytest.fixture(scope="module")
def runs():
    return gj.train(sweep()), gj.train(sweep(merge=True))


@pytest.mark.slow
def test_merged_networks_end_where_those_of_their_own_shapes_end(runs):
    own, merged = (run.networks.set_index("run_id") for run in runs)
    assert list(own.index) == list(merged.index)
    assert len(own) == 4
    assert (merged["status"] == "finished").all()
    # forty steps on losses and errors of order 1; what is drawn is the same to the bit
    for column in ("loss", "loss_excess", "pos_decoding_err", "decode_err_ml_cm", "weight_norm"):
        np.testing.assert_allclose(merged[column], own[column], rtol=2e-3)
    for column in ("null_99", "start_err_cm_T50", "samples_per_bin"):
        np.testing.assert_allclose(merged[column], own[column], rtol=1e-5)
    scores = [run.units["score_60_by_neuron"].to_numpy() for run in runs]
    assert np.median(np.abs(scores[0] - scores[1])) < 0.02
    for run_id in own.index:
        shapes = [
            jax.tree.map(np.shape, (network.params, network.layout))
            for network in (run.network(run_id) for run in runs)
        ]
        assert shapes[0] == shapes[1]


@pytest.mark.slow
def test_a_row_says_what_it_was_padded_to(runs):
    own, merged = (run.networks for run in runs)
    assert set(own["padded_to"]) == {""}
    told = "batch_size 25, sequence_length 10, Np 32, n_field_slots 1"
    assert set(merged["padded_to"]) == {told}
    manifests = [run.manifest for run in runs]
    assert [len(each["lane_widths"]) for each in manifests] == [4, 1]
    assert [each["settings"]["merge"] for each in manifests] == [False, True]


@pytest.mark.slow
def test_a_merged_run_that_stops_goes_on_to_the_same_bits(runs, tmp_path):
    with pytest.raises(Stopped):
        gj.train(sweep(merge=True), tmp_path, [StopAt(50)], checkpoint_every=0)
    run = gj.train(sweep(merge=True), tmp_path)
    assert run.networks.drop(columns="resumed").equals(runs[1].networks.drop(columns="resumed"))
    assert run.units.equals(runs[1].units)
    with pytest.raises(gj.GridjaxError, match="merge"):
        gj.train(sweep(), tmp_path)


def networks():
    return [
        NetworkSpec(Ng=64, Np=n_cells, n_epochs=epochs, n_grad_steps_per_epoch=100, optimizer=name)
        for n_cells, epochs, name in [(400, 1, "adam"), (512, 3, "adam"), (300, 2, "rmsprop")]
    ]


def test_a_merged_plan_has_a_bucket_for_each_padded_shape():
    own = make_plan(networks(), lane_width=2)
    merged = make_plan(networks(), lane_width=2, shape_of=bucket_shape(merge=True))
    assert [len(bucket.specs) for bucket in own.buckets] == [1, 1, 1]
    (bucket,) = merged.buckets
    assert bucket.static == padded_config(networks()[0].static)
    assert [spec.n_epochs for spec in bucket.specs] == [3, 2, 1]


def test_the_cost_of_a_plan_is_that_of_its_lanes_and_compilations():
    rates = Rates(flop_per_s=1e9, compile_s=10.0, n_workers=2)
    own = cost(make_plan(networks(), lane_width=2), rates)
    each = [flop_per_step(spec.static) for spec in networks()]
    # a lane of each pair stays empty
    flop = 2 * (100 * each[0] + 300 * each[1] + 200 * each[2])
    assert own == Cost(3, 3, flop, 0.5, flop / 1e9 + 15)
    slow = cost(make_plan(networks(), lane_width=2), replace(rates, launch_s=2.0))
    assert slow.seconds == own.seconds + 2.0 * (100 + 300 + 200) / 2  # two devices
    merged = cost(make_plan(networks(), lane_width=2, shape_of=bucket_shape(merge=True)), rates)
    flop = 600 * flop_per_step(padded_config(networks()[0].static))
    assert merged == Cost(1, 1, flop, 1.0, flop / 1e9 + 10)  # of one bucket no device a part


def test_what_pays_is_advised_and_what_does_not_is_warned_of():
    two, one = Settings(lane_width=2), Settings(lane_width=1)
    slow = advise(two, networks(), "NVIDIA H200", Rates(1e12, 10.0, 1))
    assert "--merge would take" in advice_lines(slow, merges=False)[-1]
    assert "leave it out" not in advice_lines(slow, merges=True)[-1]
    fast = advise(one, networks(), "cpu", Rates(1e6, 0.1, 1))
    assert "leave it out" in advice_lines(fast, merges=True)[-1]
    assert "--merge would" not in advice_lines(fast, merges=False)[-1]
    larger = advise(one, networks()[:1], "cpu", nominal("cpu", 2))  # Np 400 in 512
    assert larger.own.n_buckets == larger.merged.n_buckets == 1
    assert "leave it out" in advice_lines(larger, merges=True)[-1]
    same = advise(one, networks()[1:2], "cpu", nominal("cpu", 2))
    assert advice_lines(same, merges=False) == []


def test_plan_compares_both_and_refuses_a_device_it_does_not_know(tmp_path):
    file = tmp_path / "sizes.yaml"
    file.write_text(json.dumps(sweep_content(**SIZES)))
    told = CliRunner().invoke(app, ["plan", str(file), "--merge", "--json", "--device", "h100"])
    plan = json.loads(told.stdout)
    assert plan["device_kind"] == CARDS["h100"].device_kind
    assert plan["buckets"] == plan["merging"]["merged"]["n_buckets"] == 1
    assert plan["merging"]["own_shapes"]["n_buckets"] == 4
    for given in (["--device", "gpu"], ["--device", "h100", "--measure"]):
        refused = CliRunner().invoke(app, ["plan", str(file), *given])
        assert isinstance(refused.exception, gj.GridjaxError)
        assert refused.exception.exit_code == 2
