"""Worker processes, and the process of their run, that are killed or stopped by a signal."""

import os
import random
import signal
import time

import pytest
from tiny import Recorder, StopAt
from torture.conftest import (
    is_alive,
    n_killed,
    points_of_workers,
    printed,
    wait_until,
    workers_of,
)
from torture.crashpoints import states_of_the_disk
from torture.sweeps import N_BLOCKS, N_NETWORKS, steps_kept, tortured
from torture.test_kills import check_finished, check_resumed

import gridjax as gj
from gridjax.callbacks import NetworkResumed, Stopped
from gridjax.errors import GridjaxError
from gridjax.io import folder_lock
from gridjax.run.storage.integrity import verify
from gridjax.run.storage.status import status

LONG, MEDIUM, SHORT = 150_000, 60_000, 6
SEED = 20261127
N_KILLS = 12
POINT = "write partial/BLOCK/.aside-PART/networks.parquet during"
"""A point for the fast tests; a slow test tries every point."""


def remarks(lines):
    return [line["remark"] for line in lines if "remark" in line]


def kill_worker_at(victim, folder, whole, point, occurrence):
    """Kill a worker process at a point: the run must end by itself, with the same bits."""
    process = victim(folder, SHORT, workers=2, in_point=point, in_occurrence=occurrence)
    lines = printed(process)
    assert process.returncode == 0, (point, lines)
    check_finished(folder, whole)
    told = [text for text in remarks(lines) if "a worker process ended in block" in text]
    assert len(told) == n_killed(process), point
    assert all("killed by SIGKILL; a new process continues" in text for text in told)
    return n_killed(process)


def test_a_run_continues_by_itself_after_a_worker_process_was_killed(untouched, victim, tmp_path):
    assert kill_worker_at(victim, tmp_path / "run", untouched(SHORT), POINT, 1) == 1


@pytest.mark.slow
def test_a_block_whose_worker_process_is_killed_twice_stops_the_run(untouched, victim, tmp_path):
    folder = tmp_path / "run"
    point = "replace shards/BLOCK before"
    process = victim(folder, SHORT, workers=2, in_point=point, in_occurrence=1, deaths=9)
    (last,) = [line for line in printed(process) if "error" in line]
    assert (process.returncode, last["exit_code"]) == (74, 74)
    assert "killed by SIGKILL" in last["error"]
    assert "--workers" in last["error"]
    assert status(folder)["state"] == "stopped"
    assert steps_kept(folder, SHORT) > 0
    check_resumed(folder, untouched(SHORT), SHORT)


@pytest.mark.slow
def test_workers_end_with_their_run_and_a_new_run_waits_for_those_that_do_not(
    victim, tmp_path, monkeypatch
):
    """A worker that is stopped (SIGSTOP) does not end, and would write when it continues."""
    folder = tmp_path / "run"
    process = victim(folder, LONG, workers=2)
    sleeper, other = wait_until(lambda: len(workers_of(process)) == 2 and workers_of(process))
    wait_until(lambda: steps_kept(folder, LONG) > 0)
    os.kill(sleeper, signal.SIGSTOP)
    try:
        process.kill()
        printed(process)
        wait_until(lambda: not is_alive(other), 10)
        assert is_alive(sleeper)
        assert status(folder)["state"] == "killed"
        monkeypatch.setattr(folder_lock, "_PATIENCE_OF_WORKERS_S", 0.5)
        with pytest.raises(GridjaxError, match="still being written by workers of an earlier call"):
            gj.train(tortured(LONG), folder)
    finally:
        os.kill(sleeper, signal.SIGCONT)
    monkeypatch.undo()
    stop = StopAt(0)
    with pytest.raises(Stopped, match="a test"):  # it waits until the worker has ended
        gj.train(tortured(LONG), folder, [stop])
    assert not is_alive(sleeper)
    assert stop.of(NetworkResumed)
    verify(folder)


@pytest.mark.slow
def test_a_worker_process_with_too_many_programs_is_replaced_after_its_block(
    untouched, quick_workers, tmp_path, monkeypatch
):
    folder, recorder = tmp_path / "run", Recorder()
    quick_workers(folder, most_memory_maps=1)
    monkeypatch.delenv("PJRT_NPROC")  # one worker is a process then
    gj.train(tortured(SHORT), folder, [recorder], workers=1)
    assert len(list((tmp_path / "marks").glob("*.points"))) == N_BLOCKS
    assert not recorder.warnings
    check_finished(folder, untouched(SHORT))


@pytest.mark.slow
def test_worker_processes_may_be_killed_at_every_point(untouched, victim, tmp_path, capsys):
    process = victim(tmp_path / "points", SHORT, workers=2)
    printed(process)
    points = points_of_workers(process)
    states = states_of_the_disk(points)
    assert len(states) > 80
    draw, n_hits = random.Random(SEED), 0
    for number, point in enumerate(states):
        n_passes = points[point]
        folder, occurrence = tmp_path / f"{number}", draw.randint(1, max(1, n_passes // 2))
        hits = kill_worker_at(victim, folder, untouched(SHORT), point, occurrence)
        n_hits += hits
        with capsys.disabled():
            print(f"\n{'killed' if hits else 'missed'} worker: {point} ({occurrence}/{n_passes})")
    assert n_hits > 0.8 * len(states)


@pytest.mark.slow
def test_the_process_of_workers_may_be_killed_at_every_point(untouched, victim, tmp_path, capsys):
    points = printed(victim(tmp_path / "points", SHORT, workers=2))[-1]["points"]
    draw = random.Random(SEED)
    for number, point in enumerate(states_of_the_disk(points)):
        n_passes = points[point]
        folder, occurrence = tmp_path / f"{number}", draw.randint(1, n_passes)
        process = victim(folder, SHORT, point, occurrence, workers=2)
        printed(process)
        assert process.returncode == -signal.SIGKILL, point
        check_resumed(folder, untouched(SHORT), SHORT)
        with capsys.disabled():
            print(f"\nkilled: {point} ({occurrence}/{n_passes})", end="")


@pytest.mark.slow
def test_worker_processes_are_killed_at_random_delays(untouched, victim, tmp_path, capsys):
    draw = random.Random(SEED)
    printed(victim(tmp_path / "warm", SHORT, workers=2))
    n_kills = 0
    while n_kills < N_KILLS:
        folder = tmp_path / f"run {n_kills}"
        process = victim(folder, MEDIUM, workers=2)
        delay = draw.uniform(0, 15)
        wait_until(lambda process=process: workers_of(process))
        time.sleep(delay)
        workers = workers_of(process)
        if workers:
            os.kill(draw.choice(workers), signal.SIGKILL)
        lines = printed(process)
        assert process.returncode == 0
        told = [text for text in remarks(lines) if "a worker process ended" in text]
        assert len(told) <= 1
        check_finished(folder, untouched(MEDIUM))
        n_kills += 1
        with capsys.disabled():
            print(f"\nworker killed after {delay:5.2f} s (seed {SEED}): {len(told)} started again")


@pytest.mark.slow
def test_a_run_and_its_workers_are_killed_at_random_delays(untouched, victim, tmp_path, capsys):
    """The next call waits for the workers of the killed one, and no checkpoint is lost."""
    draw, folder, n_kills = random.Random(SEED), tmp_path / "run", 0
    while n_kills < N_KILLS:
        before = steps_kept(folder, LONG)
        process, delay = victim(folder, LONG, workers=2), draw.uniform(0, 12)
        time.sleep(delay)
        process.kill()
        printed(process)
        if process.returncode == 0:
            break
        n_kills += 1
        kept = steps_kept(folder, LONG)
        assert kept >= before
        with capsys.disabled():
            print(f"\nkill {n_kills:2} (seed {SEED}) after {delay:5.2f} s: {kept:6} steps kept")
    printed(victim(folder, LONG, workers=2))
    assert len(gj.open_run(folder).networks) == N_NETWORKS
    check_finished(folder, untouched(LONG))
