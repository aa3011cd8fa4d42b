"""Lane widths tried on this machine: which, on what, and what is told of them."""

import json

import pytest
from tiny import CARTESIAN, DIVERGING, sweep_content

import gridjax as gj
from gridjax.run.calibration.lane_widths import (
    candidate_widths,
    duration,
    measure,
    measured_lines,
    measured_table,
)
from gridjax.run.calibration.timed_workers import timed_workers
from gridjax.run.planning.plan import flop_per_step, make_plan


def plan_of(device_kind="cpu", **parameters):
    return make_plan(gj.Sweep.from_dict(sweep_content(**parameters)).specs, None, device_kind)


@pytest.mark.slow
def test_the_costliest_buckets_are_measured_at_every_width_and_the_whole_is_told():
    content = sweep_content(**CARTESIAN | {"seed": {"values": [0, 3]}})
    few = sweep_content(**CARTESIAN | {"batch_size": {"value": 8}, "n_epochs": {"value": 1}})
    few["parameters"]["n_grad_steps_per_epoch"] = {"value": 3}
    specs = (*gj.Sweep.from_dict(content).specs, *gj.Sweep.from_dict(few).specs)
    plan = make_plan(specs, None, "cpu")
    with timed_workers(specs) as workers:
        measured = measure(plan, "cpu", workers, seconds=0.1)
    assert {(rate.bucket, rate.lane_width) for rate in measured.rates} == {(0, 1), (0, 2)}
    assert 0.9 < measured.share < 1
    for rate in measured.rates:
        assert rate.flop_per_s == flop_per_step(plan.buckets[0].static) / rate.step_s
        assert measured.seconds[rate.lane_width] > plan.n_network_steps * rate.step_s * 0.5
    assert measured.seconds[measured.best] == min(measured.seconds.values())
    assert json.loads(json.dumps(measured.to_json()))["best"]["lane_width"] == measured.best
    assert f"gridjax.lane_width={measured.best}" in measured_lines(measured)[-1]
    assert measured_table(measured, plan).row_count == 2


def test_networks_that_diverge_at_once_tell_nothing():
    plan = plan_of(**DIVERGING)
    with timed_workers(plan.buckets[0].specs) as workers:
        measured = measure(plan, "cpu", workers, seconds=0.05)
    assert not measured.seconds
    assert measured.to_json()["best"] is None
    assert "no lane width could be measured" in measured_lines(measured)[0]


@pytest.mark.parametrize(
    ("kind", "n_networks", "widths"),
    [
        ("cpu", 1, [1]),
        ("cpu", 5, [1, 2, 4, 8]),
        ("cpu", 300, [1, 2, 4, 8]),
        ("NVIDIA H200", 40, [8, 16, 32, 40]),
        ("NVIDIA H200", 3, [1, 2, 3]),
    ],
)
def test_widths_up_to_the_plans_and_on_a_cpu_up_to_twice_the_networks(kind, n_networks, widths):
    plan = plan_of(kind, **CARTESIAN | {"seed": {"values": list(range(n_networks))}})
    assert candidate_widths(kind, plan.buckets) == widths


def test_times_are_told_in_two_units():
    told = {12.4: "12 s", 90: "1 min 30 s", 5400: "1 h 30 min", 200_000: "2 d 7 h"}
    assert {seconds: duration(seconds) for seconds in told} == told
