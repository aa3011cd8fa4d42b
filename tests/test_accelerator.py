"""The script for the first minutes on an accelerator: keeping what is done."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from importlib.util import find_spec
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

import gridjax as gj
from benchmarks.accelerator import __main__ as script
from benchmarks.accelerator import answers, peers, steps
from benchmarks.accelerator import part as part_module
from benchmarks.accelerator.part import Part, pack
from gridjax.run.storage.kept_weights import weights as weights_module
from gridjax.spec.network import NetworkSpec
from gridjax.training import population

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "benchmarks.accelerator"]


def part(folder: Path) -> Part:
    return Part(folder / "x.json", folder, folder, 10.0, True, {})


def test_rows_are_on_disk_as_soon_as_they_are_there(tmp_path):
    one = part(tmp_path)
    one.row("rows", {"value": 1.0})
    one.row("rows", {"value": jnp.float32(2.0)})
    told = json.loads(one.file.read_text())
    assert [row["value"] for row in told["rows"]] == [1.0, 2.0]
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]


def test_an_archive_in_pieces_is_the_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(part_module, "PIECE", 1000)
    (tmp_path / "tables" / "shards").mkdir(parents=True)
    content = bytes(range(256)) * 20
    (tmp_path / "tables" / "shards" / "x.parquet").write_bytes(content)
    out = tmp_path / "out"
    out.mkdir()
    n_bytes = pack(tmp_path / "tables", out / "tables.tar")
    pieces = [out / f"tables.tar.{number}" for number in range(len(list(out.iterdir())))]
    assert max(piece.stat().st_size for piece in pieces) == 1000
    whole = b"".join(piece.read_bytes() for piece in pieces)
    assert len(whole) == n_bytes
    with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
        found = archive.extractfile("tables/shards/x.parquet")
        assert found is not None
        assert found.read() == content


def test_an_unknown_part_is_one_message(tmp_path):
    command = [*COMMAND, "--out", str(tmp_path / "out"), "--parts", "a,q"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert told.returncode == 2
    assert "unknown part 'q'" in told.stderr
    assert "Traceback" not in told.stderr
    assert not (tmp_path / "out").exists()


def test_networks_of_a_chosen_file_are_trained_and_evaluated(tmp_path):
    command = [*COMMAND, "--out", str(tmp_path), "--tiny", "--parts", "h", "--rows"]
    environment = os.environ | {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    told = subprocess.run(
        [*command, "paper/units-4096"], cwd=ROOT, capture_output=True, text=True, env=environment
    )
    data = json.loads((tmp_path / "accelerator.json").read_text())["h"]
    assert not [row for row in data["files"] if "error" in row], told.stdout
    assert data["exit"] == 0, told.stdout
    assert len(data["networks"]) == len(data["learned"]) == 2
    with tarfile.open(tmp_path / "answers.tar.0") as archive:
        names = archive.getnames()
    assert {"answers/networks.parquet", "answers/units.parquet", "answers/maps.npz"} <= set(names)
    assert not list(tmp_path.glob("weights.tar.*"))


def test_a_row_with_an_error_is_counted(tmp_path):
    one = part(tmp_path)
    one.row("rows", {"value": 1.0})
    assert one.n_errors == 0
    one.row("files", {"error": "KeyError: 'x'"})
    assert one.n_errors == 1


def test_the_error_that_ends_a_part_is_in_its_file(tmp_path, capsys):
    wish = {name: str(tmp_path) for name in ("out", "work")}
    wish |= {"module": "part", "file": str(tmp_path / "x.json"), "known": {}}
    with pytest.raises(SystemExit):
        script._run_here(wish | {"seconds": 10.0, "tiny": True})
    told = json.loads((tmp_path / "x.json").read_text())
    assert "has no attribute 'measure'" in told["error"]
    assert "complete" not in told
    assert "Traceback" in capsys.readouterr().err


def test_gradients_differ_by_the_norm_of_the_worst_array_of_a_network():
    these = {"W": np.ones((2, 3, 3)), "b": np.ones((2, 3))}
    those = {"W": np.ones((2, 3, 3)), "b": np.array([[1.0, 1, 1], [2, 2, 2]])}
    assert steps.difference(these, these) == 0
    assert steps.difference(these, those) == pytest.approx(0.5)
    assert np.isnan(steps.difference(these | {"b": np.full((2, 3), np.nan)}, those))


def test_pytorch_that_cannot_start_is_a_row_with_its_message(tmp_path, monkeypatch):
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho no libcudart >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))

    def wish(*size):
        time.sleep(0.3)  # the program has ended
        return {"given": "x" * (1 << 20)}

    monkeypatch.setattr(peers, "_wish", wish)
    (row,) = peers._children(part(tmp_path), "small", "tf32", 2, 10.0)
    assert "exit code 3" in row["error"]
    assert "no libcudart" in row["error"]


def test_a_row_of_gridjax_that_fails_leaves_the_other_rows(tmp_path, monkeypatch):
    def fail(*row):
        raise MemoryError("too large")

    monkeypatch.setattr(peers, "row_of", fail)
    monkeypatch.setenv("XLA_PYTHON_CLIENT_MEM_FRACTION", "0.4")
    one = part(tmp_path)
    one.rows = ["small:tf32:64", "small:tf32:64:fused", "paper:tf32:64"]
    peers.measure(one)
    assert [(row["size"], row["error"]) for row in one.data["rows"]] == [
        (size, "MemoryError: too large") for size in ("small", "paper")
    ]
    assert one.n_errors == 2


def test_weights_are_kept_until_their_network_is_evaluated(tmp_path, monkeypatch):
    monkeypatch.setattr(population, "unpadded_lane", lambda state, number, spec: state[number])
    monkeypatch.setattr(weights_module, "flatten_weights", lambda one: {"W": one})
    monkeypatch.setattr(answers, "MOST_WEIGHTS", 1000)
    specs = [NetworkSpec(seed=seed) for seed in range(3)]
    kept = answers.Kept(tmp_path / "work", tmp_path / "out")
    for folder in (kept.work, kept.out):
        folder.mkdir()
    kept.add_weights(specs, np.arange(300.0, dtype=np.float32).reshape(3, 100))
    with tarfile.open(kept.out / "weights.tar.0") as archive:
        archive.extractall(tmp_path, filter="data")
    names = {file.stem for file in (tmp_path / "weights").iterdir()}
    assert names == {spec.run_id for spec in specs[:2]}  # a third does not fit
    found = np.load(tmp_path / "weights" / f"{specs[1].run_id}.npz")["W"]
    assert found.tolist() == list(range(100, 200))
    kept.weights.clear()
    kept._write_weights()
    assert not list(kept.out.iterdir())


@pytest.mark.slow
def test_all_parts_run_with_tiny_sizes(tmp_path):
    command = [*COMMAND, "--out", str(tmp_path), "--tiny", "--minutes", "30"]
    seconds = ",".join(f"{letter}=600" for letter in "abchsdgvfei")
    told = subprocess.run(
        [*command, "--seconds", seconds], cwd=ROOT, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr[-2000:]
    parts = json.loads((tmp_path / "accelerator.json").read_text())
    for letter, data in parts.items():
        assert data["complete"], (letter, told.stdout[-3000:])
    assert not [row for part in parts.values() for row in part.get("rows", []) if "error" in row]
    assert all(command["code"] == 0 for command in parts["b"]["commands"])
    assert len(parts["h"]["networks"]) == 6
    check_studies(parts["s"], tmp_path)
    check_peers(parts["d"])
    check_bits(parts["g"])
    check_rest(parts["i"])
    assert len(list(tmp_path.iterdir())) <= 8
    assert all(file.stat().st_size < 16 << 20 for file in tmp_path.iterdir())


def check_studies(data, folder):
    """Every study was trained and exported, and its page is computed from the archive."""
    assert [row["code"] for row in data["studies"]] == [0, 0], data
    assert not data.get("left_out")
    whole = b"".join(file.read_bytes() for file in sorted(folder.glob("tables.tar.*")))
    with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    tables = folder / "unpacked" / "tables"
    assert sorted(each.name for each in tables.iterdir()) == ["0-widths", "1-modules"]
    assert set(gj.open_run(tables / "0-widths").networks["place_cell_rf"]) == {0.11, 0.12, 0.13}
    shutil.rmtree(folder / "unpacked")


def check_peers(data):
    rows = {row["variant"]: row for row in data["rows"]}
    assert rows["gridjax"]["network_steps_per_s"] > 0
    if find_spec("torch") is None:
        assert "pip install" in rows["pytorch"]["skipped"]
        return
    for name in ("eager", "vmap", "loop"):
        assert rows[name]["gridjax_times_faster"] > 0
        # the weights changed far more than the losses differ
        assert rows[name]["loss_difference"] < 0.1 * abs(rows[name]["loss_change"])
    assert "CUDA" in rows["vmap+graph"]["skipped"] or rows["vmap+graph"]["device"] != "cpu"


def check_bits(data):
    """On a CPU every way gives the same bits."""
    assert not data.get("failed")
    assert len(data["comparisons"]) == 8
    for row in data["comparisons"]:
        assert row["different"] == "", row
        assert {"networks", "units", "weights", "maps"} <= set(row["equal"].split())
        assert row["networks"] == (2 if row["run"] == "company" else 4)
    (resumed, _) = (row for row in data["runs"] if row["run"] == "resumed")
    assert resumed["resumed_at"] != "not resumed"


def check_rest(data):
    (row,) = data["population"]
    assert row["ended"] == "stopped in time"
    saved = [network["saved_at"] for network in data["networks"]]
    assert sum(saved) == row["network_steps"] > 0


@pytest.mark.slow
def test_a_killed_script_leaves_what_it_has(tmp_path):
    command = [*COMMAND, "--out", str(tmp_path), "--tiny", "--parts", "a,c", "--seconds", "c=300"]
    child = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL)
    file, until = tmp_path / "accelerator.json", time.monotonic() + 300
    while time.monotonic() < until:
        if file.exists() and json.loads(file.read_text()).get("c", {}).get("rows"):
            break
        time.sleep(0.2)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    told = json.loads(file.read_text())
    assert told["a"]["complete"]
    assert told["c"]["rows"][0]["network_steps_per_s"] > 1
