"""Measured place cells of a user: a network learns them, and wrong maps are refused."""

import json
import subprocess
import sys

import numpy as np
import pytest
import yaml
from commands import in_this_process
from tiny import TINY
from torture.quick_evaluation import quick_evaluation

import gridjax as gj

FEW = TINY | {"Np": {"value": 12}, "n_grad_steps_per_epoch": {"value": 60}}
MAIN = "import sys; from gridjax.cli import main; sys.argv[0] = 'gridjax'; main()"


def gridjax(folder, *arguments, program=MAIN):
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def run(folder, code):
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1500:]
    return done.stdout


def measured_sweep(folder, maps, **parameters):
    np.save(folder / "maps.npy", maps)
    sweep = {
        "method": "grid",
        "parameters": FEW | {"place_field_values": {"value": "from_file"}} | parameters,
        "gridjax": {"place_maps": "maps.npy"},
    }
    (folder / "measured.yaml").write_text(yaml.safe_dump(sweep))


def gaussian_maps(n_cells=12, n=20):
    rng = np.random.default_rng(3)
    axis = (np.arange(n) + 0.5) / n - 0.5
    x, y = np.meshgrid(axis, axis, indexing="ij")
    centres = rng.uniform(-0.5, 0.5, (n_cells, 2))
    squared = (x - centres[:, 0, None, None]) ** 2 + (y - centres[:, 1, None, None]) ** 2
    return np.exp(-squared / (2 * 0.2**2))


@pytest.mark.slow
def test_a_network_learns_measured_place_cells(tmp_path):
    """Its evaluation takes no time here."""
    measured_sweep(tmp_path, gaussian_maps())
    away = tmp_path / "elsewhere"
    away.mkdir()
    with quick_evaluation():
        done = in_this_process(away, "sweep", "../measured.yaml", "--out", "out")
    assert done.returncode == 0, done.stderr[-1500:]
    run = gj.open_run(away / "out")
    row = run.networks.iloc[0]
    assert row.place_field_values == "from_file"
    network = run.network(row.run_id)
    assert network.place_cells.maps.shape == (20, 20, 12)
    assert network.spec.run_id == row.run_id
    assert run.history["loss_excess"].iloc[-1] < run.history["loss_excess"].iloc[0]


@pytest.mark.slow
def test_measured_place_cells_are_targets(tmp_path):
    measured_sweep(tmp_path, gaussian_maps())
    away = tmp_path / "elsewhere"
    away.mkdir()
    done = gridjax(away, "sweep", "../measured.yaml", "--out", "out")
    assert done.returncode == 0, done.stderr[-1500:]
    check = """
import gridjax as gj
run = gj.open_run("out")
row = run.networks.iloc[0]
assert row.place_field_values == "from_file" and row.pos_decoding_err < 75
network = run.network(row.run_id)
assert network.place_cells.maps.shape == (20, 20, 12)
assert network.spec.run_id == row.run_id
"""
    run(away, check)


@pytest.mark.parametrize(
    ("maps", "what"),
    [
        (np.ones((12, 20, 19)), "has shape [12, 20, 19]"),
        (np.ones((12, 20)), "has shape [12, 20]"),
        (np.ones((11, 20, 20)), "does not fit place_maps of 11 cells"),
        (np.full((12, 20, 20), np.nan), "not finite"),
        (-np.ones((12, 20, 20)), "negative rates"),
        (np.zeros((12, 20, 20)), "no cell that fires in bin 0, 0"),
        (np.ones((12, 20, 20), complex), "complex128"),
        (np.array([{}], object), "cannot be read"),
    ],
)
def test_place_maps_that_cannot_be_are_refused(tmp_path, maps, what):
    measured_sweep(tmp_path, maps)
    done = in_this_process(tmp_path, "plan", "measured.yaml")
    assert done.returncode == 2
    assert what in done.stderr
    assert done.stderr.count("measured.yaml:") == 1
    assert "Traceback" not in done.stderr


def test_place_maps_can_be_set_on_the_command_line(tmp_path):
    measured_sweep(tmp_path, gaussian_maps())
    np.save(tmp_path / "others.npy", gaussian_maps(n=24))
    ids = [
        json.loads(in_this_process(tmp_path, "plan", "measured.yaml", "--json", *arguments).stdout)
        for arguments in ((), ("--set", "gridjax.place_maps=others.npy"))
    ]
    assert [plan["networks"] for plan in ids] == [1, 1]
    other = ("--set", "gridjax.place_maps=none.npy")
    refused = in_this_process(tmp_path, "plan", "measured.yaml", *other)
    assert refused.returncode == 2
    assert "No such file" in refused.stderr
