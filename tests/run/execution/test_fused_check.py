"""The setting fused_recurrence: refused with every reason, given to the training otherwise."""

import pytest
from tiny import CARTESIAN, sweep_content

import gridjax as gj
from gridjax.errors import GridjaxError
from gridjax.run.execution import engine, train
from gridjax.run.execution.checks.fused_check import check_fused
from gridjax.run.planning.plan import make_plan
from gridjax.training import population

H100 = "NVIDIA H100 80GB HBM3"


def plan_of(**parameters):
    values = {name: {"value": value} for name, value in parameters.items()}
    return make_plan(gj.Sweep.from_dict(sweep_content(**CARTESIAN | values)).specs)


@pytest.mark.parametrize("rnn_type", ["RNN", "SRNN", "UGRNN"])
@pytest.mark.parametrize("precision", ["tf32", "bf16"])
@pytest.mark.parametrize("device", [H100, "NVIDIA H200"])
def test_networks_and_devices_with_a_kernel_pass(rnn_type, precision, device):
    check_fused(plan_of(rnn_type=rnn_type, matmul_precision=precision, Ng=256), device)


@pytest.mark.parametrize(
    ("parameters", "device", "reasons"),
    [
        ({"rnn_type": "GRU", "matmul_precision": "bf16"}, H100, ["GRU", "RNN, SRNN, UGRNN"]),
        ({}, H100, ["matmul_precision: float32"]),
        ({"Ng": 257, "matmul_precision": "tf32"}, H100, ["Ng: 257", "at most 256"]),
        ({"state_noise": 0.1, "matmul_precision": "tf32"}, H100, ["state_noise: above 0"]),
        (
            {
                "recurrent_dropout": 0.1,
                "recurrent_dropout_mask": "move",
                "matmul_precision": "tf32",
            },
            H100,
            ["recurrent_dropout_mask: move"],
        ),
        ({"matmul_precision": "tf32"}, "NVIDIA A100-SXM4-80GB", ["A100"]),
        ({"Ng": 512, "matmul_precision": "tf32"}, "TPU v5e", ["TPU v5e", "Ng: 512"]),
    ],
)
def test_a_refusal_names_every_reason(parameters, device, reasons):
    with pytest.raises(GridjaxError) as refused:
        check_fused(plan_of(**parameters), device)
    (problem,) = refused.value.problems
    assert all(reason in problem.message for reason in reasons)
    assert "fused_recurrence" in problem.message


def content(**settings):
    sweep = sweep_content(**CARTESIAN | {"matmul_precision": {"value": "bf16"}})
    sweep["gridjax"] |= settings
    return sweep


def test_a_run_on_a_cpu_is_refused_before_anything_is_written(tmp_path):
    sweep = gj.Sweep.from_dict(content(fused_recurrence=True))
    with pytest.raises(GridjaxError, match="expected an NVIDIA"):
        gj.train(sweep, tmp_path / "run")
    assert not (tmp_path / "run" / "manifest.json").exists()


@pytest.mark.slow
def test_the_workers_of_a_run_train_as_the_setting_says(tmp_path, monkeypatch):
    asked, make = [], population.make_trainer

    def recorded(static, lane_width, is_fused=False):
        asked.append(is_fused)
        return make(static, lane_width)

    recorded.cache_clear = make.cache_clear
    monkeypatch.setattr(population, "make_trainer", recorded)
    monkeypatch.setattr(train, "check_fused", lambda plan, kind: None)
    monkeypatch.setattr(engine, "n_threads", lambda: 1)  # a worker in this process
    sweep = content(fused_recurrence=True)
    sweep["parameters"]["n_grad_steps_per_epoch"] = {"value": 2}
    gj.train(gj.Sweep.from_dict(sweep), tmp_path / "run", workers=1)
    assert set(asked) == {True}
