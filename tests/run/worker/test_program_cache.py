"""Programs kept on disk: they change no bit, and nothing that happens to them stops a run."""

import json
import os
import subprocess
import sys

import pytest

from gridjax.run.worker.program_cache import cache_folder, remove_damaged

WORK = """
import json, sys, jax
from gridjax.run.execution.devices import start_devices
device = start_devices()[0]
compiled = []
jax.monitoring.register_event_listener(lambda name, **_: compiled.append(name))
import numpy as np
from gridjax.spec.network import NetworkSpec
from gridjax.training import population
code = {"place_field_values": "cartesian", "Np": 2, "place_field_loss": "mse"}
spec = NetworkSpec(Ng=16, batch_size=4, **code)
trainer = population.make_trainer(spec.static, 1)
traced = trainer.stack([spec], device)
state = trainer.init(traced)
if steps := int(sys.argv[1]):
    until = jax.device_put(np.full(1, steps, np.int32), device)
    state = trainer.chunk(traced, state, until)
weights = np.concatenate([np.asarray(x).ravel() for x in jax.tree.leaves(state.params)])
hits = sum(name.endswith("cache_hits") for name in compiled)
print(json.dumps({"bits": weights.tobytes().hex(), "hits": hits}))
"""


def run(home, steps=0, **environment):
    """Train a tiny network in a process of its own; return its weights and the programs found.

    It compiles as this session does. Without steps it compiles the initial state alone.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("JAX_") or name == "JAX_DISABLE_MOST_OPTIMIZATIONS"
    }
    kept |= {"XDG_CACHE_HOME": str(home), **environment}
    command = [sys.executable, "-c", WORK, str(steps)]
    told = subprocess.run(command, env=kept, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert "Warning" not in told.stderr
    return json.loads(told.stdout)


def programs(home):
    return sorted(home.rglob("*-cache"))


@pytest.mark.slow
@pytest.mark.parametrize("steps", [0, 9])
def test_a_second_process_finds_programs_and_computes_the_same_bits(steps, tmp_path):
    without = run(tmp_path, steps, JAX_ENABLE_COMPILATION_CACHE="false")
    assert not programs(tmp_path)
    first = run(tmp_path, steps)
    kept = programs(tmp_path)
    second = run(tmp_path, steps)
    assert first["hits"] == 0 < second["hits"]
    assert without["bits"] == first["bits"] == second["bits"]
    assert programs(tmp_path) == kept
    for place, program in enumerate(kept):  # cut short, emptied, a flipped bit
        content = bytearray(program.read_bytes())
        content[len(content) // 2] ^= 1
        program.write_bytes([content[: len(content) // 2], b"", content][place % 3])
        os.utime(program)
    third = run(tmp_path, steps)
    assert third == first | {"hits": 0}
    assert run(tmp_path, steps)["hits"] == second["hits"]


@pytest.mark.slow
def test_a_folder_of_the_users_is_left_to_jax(tmp_path):
    run(tmp_path / "home", JAX_COMPILATION_CACHE_DIR=str(tmp_path / "own"))
    assert not programs(tmp_path / "home")


@pytest.mark.slow
def test_a_folder_that_cannot_be_made_is_done_without(tmp_path):
    (tmp_path / "gridjax").write_text("a file where a folder should be")
    assert run(tmp_path)["hits"] == 0


def test_processors_share_no_programs(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    here = cache_folder()
    module = "gridjax.run.worker.program_cache"
    monkeypatch.setattr(f"{module}.processor_flags", lambda: "sse2")
    assert cache_folder() != here
    assert cache_folder().parent == here.parent


@pytest.mark.parametrize("left", ["no time", "half a time"])
def test_entries_of_a_killed_process_are_removed(tmp_path, left):
    (tmp_path / "jit_f-1-cache").write_bytes(b"x\x9c\x03\x00\x00\x00\x00\x01")  # nothing, whole
    (tmp_path / "jit_f-1-atime").write_bytes(bytes(8))
    assert remove_damaged(tmp_path) == []
    (tmp_path / "jit_g-2-cache").write_bytes(b"x\x9c\x03\x00\x00\x00\x00\x01")
    if left == "half a time":
        (tmp_path / "jit_g-2-atime").write_bytes(bytes(3))
    assert remove_damaged(tmp_path) == ["jit_g-2-cache"]
    assert remove_damaged(tmp_path) == []
    assert sorted(file.name for file in tmp_path.glob("jit*")) == ["jit_f-1-atime", "jit_f-1-cache"]
