"""Runs on a Ray cluster of several nodes: processes and nodes that are killed, stopped and added.

The random test disturbs the run for GRIDJAX_RAY_S seconds (60 by default), at the seed
GRIDJAX_RAY_SEED. On a slow or busy machine, GRIDJAX_RAY_STEPS=1000 shortens all runs.
"""

import json
import os
import random
import signal
import socket
import time
from contextlib import suppress
from types import SimpleNamespace

import pytest
from torture.conftest import is_alive, wait_until
from torture.part_victim import N_NETWORKS, parted
from torture.ray_nodes import Nodes, RayRun, python_path, workers_of_actors
from torture.ray_victim import SILENT_S
from torture.sweeps import promised, unlisted
from torture.test_together import Reader

import gridjax as gj
from gridjax.run.storage.integrity import verify
from gridjax.run.storage.status import status

pytest.importorskip("ray", reason="needs Ray: pip install 'gridjax[ray]'")
pytestmark = pytest.mark.slow

N_STEPS = int(os.environ.get("GRIDJAX_RAY_STEPS", "20000"))
SEED = int(os.environ.get("GRIDJAX_RAY_SEED", "20261128"))
RANDOM_S = float(os.environ.get("GRIDJAX_RAY_S", "60"))


@pytest.fixture
def nodes(tmp_path, monkeypatch):
    """A cluster whose worker processes evaluate without compilation."""
    marks = tmp_path / "marks"
    marks.mkdir()
    settings = {"folder": str(tmp_path / "run"), "marks": str(marks), "deaths": 0}
    settings |= {"point": "-", "occurrence": 0}
    monkeypatch.setenv("TORTURE_WORKERS", json.dumps(settings))
    monkeypatch.setenv("PYTHONPATH", python_path())
    monkeypatch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    monkeypatch.setenv("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
    monkeypatch.setenv("RAY_worker_niceness", "0")  # else other programs come first
    cluster = Nodes()
    yield cluster
    cluster.close()


@pytest.fixture
def run(nodes, tmp_path):
    """Start a run on the cluster; it is killed at the end of the test."""
    started = []

    def start(*accept, cluster=nodes):
        started.append(RayRun(tmp_path / "run", N_STEPS, cluster.address, *accept))
        return started[-1]

    yield start
    for each in started:
        each.end()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the folder of an undisturbed run on the ordinary engine."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    gj.train(parted(N_STEPS), folder)
    return folder


def check_whole(folder, whole, runs, capsys, what):
    """Check that all results are there once, with the same bits; print the share that was lost."""
    networks = gj.open_run(folder).networks
    assert len(networks) == networks["run_id"].nunique() == N_NETWORKS
    assert promised(folder) == promised(whole)
    assert not (folder / "checkpoints").exists()
    assert not (folder / "partial").exists()
    assert not unlisted(folder)
    verify(folder)
    if not runs:  # the steps of the ordinary engine are not counted
        return
    made, needed = sum(each.n_steps for each in runs), N_NETWORKS * N_STEPS
    with capsys.disabled():
        print(f"\n{what}: {made:,} steps made, {made / needed - 1:+.1%} of those needed")


def workers(folder):
    """Return the workers of a run that have a block, as gridjax status shows them."""
    if not (folder / "manifest.json").exists():
        return []
    return [each for each in status(folder)["workers"] if each["block"]]


def has_saved(folder):
    return any(folder.glob("checkpoints/*-*/*/checkpoint.json"))


def kill(pid):
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def test_a_run_on_two_nodes_has_the_bits_of_the_ordinary_engine(
    nodes, run, whole, tmp_path, capsys
):
    folder = tmp_path / "run"
    nodes.add()
    nodes.add()
    began, process = time.monotonic(), run()
    seen = wait_until(lambda: len(workers(folder)) == 2 and workers(folder))
    assert process.wait() == 0, process.last
    seconds = time.monotonic() - began
    assert process.last == {"done": True, "has_started_jax": False}
    assert process.remarks == []
    assert {each["pid"] for each in seen}.isdisjoint({process.process.pid})
    assert len({each["pid"] for each in seen}) == 2
    assert all(each["host"] and each["device"] for each in seen)
    check_whole(folder, whole, [process], capsys, f"two nodes, undisturbed, {seconds:.0f} s")


def test_a_run_connects_from_outside_of_the_cluster(nodes, run, whole, tmp_path, capsys):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    other = Nodes(ray_client_server_port=port)
    try:
        other.add()
        process = run(cluster=SimpleNamespace(address=f"ray://127.0.0.1:{port}"))
        assert process.wait() == 0, process.last
    finally:
        other.close()
    assert process.last["done"]
    check_whole(tmp_path / "run", whole, [process], capsys, "through Ray's client")


def test_actors_are_killed_and_their_blocks_continue(nodes, run, whole, tmp_path, capsys):
    folder = tmp_path / "run"
    nodes.add()
    nodes.add()
    process, draw, n_kills = run(), random.Random(SEED), 0
    while n_kills < 3 and process.process.poll() is None:
        wait_until(lambda: has_saved(folder) or process.process.poll() is not None)
        victims = workers_of_actors(nodes.actors()) if n_kills == 1 else nodes.actors()
        if victims:
            kill(draw.choice(victims))
            n_kills += 1
        time.sleep(draw.uniform(1, 3))
    assert process.wait() == 0, process.last
    assert n_kills == 3
    assert process.told("continues from its last checkpoint"), process.remarks
    check_whole(folder, whole, [process], capsys, f"{n_kills} actors or workers killed")


def test_a_worker_that_is_paused_past_the_time_out_does_no_harm(
    nodes, run, whole, tmp_path, capsys
):
    folder = tmp_path / "run"
    nodes.add()
    nodes.add()
    process = run()
    wait_until(lambda: has_saved(folder) and len(workers(folder)) == 2)
    actor = nodes.actors()[0]
    paused = [actor, *workers_of_actors([actor])]
    for pid in paused:
        os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: process.told("continues from its last checkpoint"), 10 * SILENT_S)
    for pid in paused:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    assert process.wait() == 0, process.last
    wait_until(lambda: not any(map(is_alive, paused)), 30)
    check_whole(folder, whole, [process], capsys, "an actor and its worker paused")


def test_nodes_are_removed_and_added(nodes, run, whole, tmp_path, capsys):
    folder = tmp_path / "run"
    first = nodes.add()
    process = run()
    wait_until(lambda: has_saved(folder))
    nodes.add()
    wait_until(lambda: len(workers_of_actors(nodes.actors())) == 2)
    nodes.remove(first)
    wait_until(lambda: process.told("continues from its last checkpoint"))
    nodes.add()
    assert process.wait() == 0, process.last
    check_whole(folder, whole, [process], capsys, "a node removed, two added")


def test_a_killed_run_continues_on_the_same_cluster_and_on_a_new_one(
    nodes, run, whole, tmp_path, capsys
):
    folder = tmp_path / "run"
    nodes.add()
    nodes.add()
    first = run()
    wait_until(lambda: first.n_steps > 0)
    old = nodes.actors()
    first.end()
    second = run()
    wait_until(lambda: not any(map(is_alive, old)), 60)
    wait_until(lambda: second.n_steps > 0)
    second.end()
    assert status(folder)["state"] == "killed"
    nodes.close()
    other = Nodes()
    try:
        other.add()
        third = run(cluster=other)
        assert third.wait() == 0, third.last
    finally:
        other.close()
    check_whole(folder, whole, [first, second, third], capsys, "the run killed twice")


def test_a_node_with_a_full_disk_gives_its_block_back_and_is_not_used_again(
    nodes, run, whole, tmp_path, capsys
):
    nodes.add()
    nodes.add(TORTURE_FULL="1")
    process = run()
    assert process.wait() == 0, process.last
    (line,) = process.told("is not used any more, and another worker gets its block")
    assert "No space left on device" in line
    check_whole(tmp_path / "run", whole, [process], capsys, "a node with a full disk")


def test_a_run_ends_if_all_disks_are_full(nodes, run):
    nodes.add(TORTURE_FULL="1")
    process = run()
    assert process.wait() == 74
    assert "No space left on device" in process.last["error"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_stopped_run_is_resumed_by_the_ordinary_engine(name, nodes, run, whole, tmp_path, capsys):
    folder = tmp_path / "run"
    nodes.add()
    nodes.add()
    process = run()
    wait_until(lambda: process.n_steps > N_STEPS / 2)  # status is written every few seconds
    process.process.send_signal(getattr(signal, name))
    assert process.wait() == 75, process.last
    assert process.last == {"stopped": name, "signal": True}
    assert process.told("continues") == []
    assert status(folder)["state"] == "stopped"
    gj.train(parted(N_STEPS), folder)
    check_whole(folder, whole, [], capsys, "")


def test_a_worker_with_other_settings_of_its_compiler_is_refused_until_it_is_accepted(
    nodes, run, tmp_path
):
    nodes.add()
    first = run()
    wait_until(lambda: first.n_steps > 0)
    nodes.add(XLA_FLAGS="--xla_cpu_enable_fast_math=true")
    wait_until(lambda: first.told("is not used: "))
    (line,) = first.told("is not used: ")
    assert "xla_flags" in line
    assert "--accept device" in line
    first.end()
    second = run("device")
    assert second.wait() == 0, second.last
    found = gj.open_run(tmp_path / "run")
    assert len(found.manifest["segments"]) == 2
    assert set(found.networks["segment"]) == {0, 1}
    verify(tmp_path / "run")


def test_everything_at_random(nodes, run, whole, tmp_path, capsys):
    """Faults for some time, then the run must end by itself; a reader never sees a half."""
    folder, draw, runs = tmp_path / "run", random.Random(SEED), [run()]
    reader = Reader(folder)
    reader.start()
    nodes.add()
    faults = {"actor": 0, "worker": 0, "pause": 0, "run": 0, "node": 0, "join": 0}
    began, paused = time.monotonic(), []
    try:
        while time.monotonic() < began + RANDOM_S and runs[-1].process.poll() is None:
            time.sleep(draw.uniform(0.5, 6))
            fault = draw.choice(list(faults))
            faults[fault] += disturb(fault, nodes, runs, run, draw, paused)
        resume(paused)
        nodes.add()
        if runs[-1].process.poll() is not None and runs[-1].wait() != 0:
            runs.append(run())
        assert runs[-1].wait() == 0, runs[-1].last
    finally:
        resume(paused)
        reader.done.set()
        reader.join()
    assert reader.error is None, reader.error
    assert reader.n_rows == sorted(reader.n_rows)
    what = f"{faults} in {time.monotonic() - began:.0f} s (seed {SEED})"
    check_whole(folder, whole, runs, capsys, what)


def disturb(fault, nodes, runs, run, draw, paused):
    """Cause a fault; return whether there was anything to disturb."""
    if fault == "run":
        runs[-1].end()
        runs.append(run())
    elif fault == "node" and len(nodes.nodes) > 1:
        nodes.remove(draw.choice(nodes.nodes))
    elif fault == "join" and len(nodes.nodes) < 3:
        nodes.add()
    elif fault in ("actor", "worker", "pause"):
        victims = nodes.actors()
        if fault == "worker":
            victims = workers_of_actors(victims)
        if not victims:
            return False
        pid = draw.choice(victims)
        if fault == "pause":
            resume(paused)
            paused += [pid, *workers_of_actors([pid])]
            for each in paused:
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGSTOP)
        else:
            kill(pid)
    else:
        return False
    return True


def resume(paused):
    """Continue the processes that are paused."""
    while paused:
        with suppress(ProcessLookupError):
            os.kill(paused.pop(), signal.SIGCONT)
