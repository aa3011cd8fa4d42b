"""The choice of workers: processes for the cores of a CPU, this process for one thread."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny import CARTESIAN, PLACE_CELLS, sweep_content
from torture.sweeps import promised

import gridjax as gj
from gridjax.errors import GridjaxError
from gridjax.run.execution import engine
from gridjax.run.execution.engine import choose_engine
from gridjax.spec.network import NetworkSpec

SPECS = [NetworkSpec(seed=seed) for seed in range(3)]
SHORT = {"n_grad_steps_per_epoch": {"value": 20}}


@pytest.fixture
def cpu_alone(monkeypatch):
    monkeypatch.setattr(engine, "device_kind", lambda: "cpu")


def test_one_worker_in_one_thread_is_in_this_process(cpu_alone):
    chosen = choose_engine(SPECS, 1, False)
    assert len(chosen.local_devices) == 1
    assert chosen.device["threads"] == 1


def test_several_workers_are_processes_with_the_same_entry_in_the_manifest(cpu_alone):
    chosen = choose_engine(SPECS, 3, False)
    assert (chosen.n_workers, chosen.local_devices) == (3, ())
    assert chosen.device == choose_engine(SPECS, 1, False).device


def test_one_worker_is_a_process_if_this_one_computes_in_several_threads(cpu_alone, monkeypatch):
    monkeypatch.delenv("PJRT_NPROC")
    chosen = choose_engine(SPECS, 1, False)
    assert (chosen.n_workers, chosen.local_devices) == (1, ())


def test_the_default_is_the_variable_or_the_number_of_cores(cpu_alone, monkeypatch):
    monkeypatch.setenv("GRIDJAX_WORKERS", "5")
    assert choose_engine(SPECS, None, False).n_workers == 5
    monkeypatch.delenv("GRIDJAX_WORKERS")
    monkeypatch.setattr("gridjax.run.worker.machine.n_cores", lambda: 7)
    assert choose_engine(SPECS, None, False).n_workers == 7


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5"])
def test_a_variable_that_is_no_number_is_refused(value, cpu_alone, monkeypatch):
    monkeypatch.setenv("GRIDJAX_WORKERS", value)
    with pytest.raises(GridjaxError, match=f"GRIDJAX_WORKERS={value}"):
        choose_engine(SPECS, None, False)


def test_a_plugin_of_a_script_runs_here_and_the_manifest_has_the_threads(cpu_alone, monkeypatch):
    """The choice changes nothing for the next run: that one still starts a process."""
    monkeypatch.delenv("PJRT_NPROC")
    monkeypatch.setattr("gridjax.run.worker.machine.n_cores", lambda: 6)
    with monkeypatch.context() as patched:
        patched.setattr(engine, "plugin_sources", lambda specs: None)
        chosen = choose_engine(SPECS, 2, False)
    assert (len(chosen.local_devices), chosen.device["threads"]) == (1, 6)
    following = choose_engine(SPECS, 1, False)
    assert (following.local_devices, following.device["threads"]) == ((), 1)


PLUGIN = """
import jax.numpy as jnp
import gridjax as gj

def loss(outputs, targets):
    return jnp.square(outputs - targets).mean(axis=-1)

gj.register_loss(gj.LossInfo("mean_square_of_a_plugin"), gj.Loss(loss))
"""


TRAIN = """
import sys
import gridjax as gj
from gridjax.run.execution.plugins import load_plugin

load_plugin({plugin!r})
gj.train(gj.Sweep.from_dict({content!r}), sys.argv[1], workers=int(sys.argv[2]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("what", ["a plugin", "measured place cells"])
def test_worker_processes_load_plugins_and_measured_place_cells(what, tmp_path):
    """Both give the bits that they give in one process."""
    (tmp_path / "plugin.py").write_text(PLUGIN)
    np.save(tmp_path / "cells.npy", np.random.default_rng(0).random((16, 20, 20)))
    seeds = SHORT | {"seed": {"values": [0, 1, 2]}}
    if what == "a plugin":
        loss = {"place_field_loss": {"value": "mean_square_of_a_plugin"}}
        content = sweep_content(**CARTESIAN | loss | seeds)
    else:
        code = {"place_field_values": {"value": "from_file"}, "Np": {"value": 16}}
        content = sweep_content(**code | seeds)
        content["gridjax"]["place_maps"] = str(tmp_path / "cells.npy")
    script = tmp_path / "train.py"
    script.write_text(TRAIN.format(plugin=str(tmp_path / "plugin.py"), content=content))
    for workers in (1, 2):
        command = [sys.executable, str(script), str(tmp_path / f"{workers}"), str(workers)]
        subprocess.run(command, check=True, cwd=Path(gj.__file__).parents[1])
    assert promised(tmp_path / "1") == promised(tmp_path / "2")


SCRIPT = """
import jax.numpy as jnp
import gridjax as gj

def loss(outputs, targets):
    return jnp.square(outputs - targets).mean(axis=-1)

gj.register_loss(gj.LossInfo("loss_of_a_script"), gj.Loss(loss))
content = {content!r}
run = gj.train(gj.Sweep.from_dict(content), workers=2)
print(run.manifest["device"]["threads"], len(run.networks))
"""


@pytest.mark.slow
def test_a_script_needs_no_guard_and_its_own_plugin_trains_in_its_process(tmp_path):
    losses = {"place_field_loss": {"value": "loss_of_a_script"}}
    content = sweep_content(**CARTESIAN | losses | SHORT | {"seed": {"values": [0, 1]}})
    (tmp_path / "script.py").write_text(SCRIPT.format(content=content))
    plain = sweep_content(**PLACE_CELLS | SHORT)
    call = f"gj.train(gj.Sweep.from_dict({plain!r}), workers=2)"
    (tmp_path / "plain.py").write_text(f"import gridjax as gj\nprint(len({call}.networks))")
    printed = {
        name: subprocess.run(
            [sys.executable, str(tmp_path / name)],
            check=True,
            capture_output=True,
            text=True,
            cwd=Path(gj.__file__).parents[1],
        ).stdout.split()
        for name in ("script.py", "plain.py")
    }
    assert printed["plain.py"] == ["4"]
    threads, n_networks = printed["script.py"]
    assert (int(threads), n_networks) == (1, "2")  # this session has PJRT_NPROC=1
