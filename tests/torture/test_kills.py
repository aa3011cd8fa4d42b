"""Runs in one process that is killed with SIGKILL at any moment: at most a checkpoint is lost."""

import random
import shutil
import signal
import time
from collections import Counter
from contextlib import suppress

import pytest
from torture.conftest import printed
from torture.crashpoints import CrashPoints, states_of_the_disk
from torture.sweeps import N_NETWORKS, promised, steps_kept, tortured, unlisted

import gridjax as gj
from gridjax.run.storage.integrity import verify
from gridjax.run.storage.run_folder import FolderStore
from gridjax.run.storage.status import KILLED, STOPPED, status

LONG, SHORT = 150_000, 6
N_KILLS = 20
SEED = 20261127
LONGEST_DELAY_S = 12.0
POINT = "replace partial/BLOCK/PART after"
"""A point for the fast tests; a slow test tries every point."""


def check_a_kill(victim, folder, untouched, point, occurrence):
    """Kill a run at a point, resume it, and compare; return whether the point was reached."""
    process = victim(folder, SHORT, point, occurrence)
    printed(process)
    if process.returncode == 0:  # points of two threads come in another order
        return False
    assert process.returncode == -signal.SIGKILL, point
    if (folder / "manifest.json").exists():
        assert status(folder)["state"] in (KILLED, STOPPED, "finished"), point
    check_resumed(folder, untouched(SHORT), SHORT)
    return True


def check_resumed(folder, whole, n_steps):
    """Resume a run; compare it with one that was never interrupted."""
    run = gj.train(tortured(n_steps), folder, checkpoint_every=0)
    assert len(run.networks) == N_NETWORKS
    check_finished(folder, whole)


def check_finished(folder, whole):
    assert promised(folder) == promised(whole)
    assert not list(folder.rglob(".aside-*"))
    assert not (folder / "checkpoints").exists()
    assert not (folder / "partial").exists()
    assert not unlisted(folder)
    verify(folder)


def test_a_run_that_was_killed_at_a_point_resumes_to_the_same_bits(untouched, victim, tmp_path):
    assert check_a_kill(victim, tmp_path / "run", untouched, POINT, 1)


@pytest.mark.slow
def test_a_run_that_is_killed_at_random_delays_ends_with_the_same_bits(
    untouched, victim, tmp_path, capsys
):
    draw, folder = random.Random(SEED), tmp_path / "run 1"
    printed(victim(tmp_path / "warm", SHORT))  # its compiled programs are kept
    n_killed, n_finished = 0, 0
    while n_killed < N_KILLS:
        kept_before = steps_kept(folder, LONG)
        process, delay = victim(folder, LONG), draw.uniform(0, LONGEST_DELAY_S)
        time.sleep(delay)
        process.kill()
        lines = printed(process)
        chunks = [line["steps"] for line in lines if line.get("steps")]
        if process.returncode == 0:  # a fast machine: the next kills are of a new run
            check_end_after_kills(folder, lines, untouched(LONG))
            n_finished += 1
            folder = tmp_path / f"run {n_finished + 1}"
            continue
        assert process.returncode == -signal.SIGKILL
        n_killed += 1
        kept = steps_kept(folder, LONG)
        lost = kept_before + sum(chunks) - kept
        with capsys.disabled():
            print(
                f"\n{folder.name}, kill {n_killed:2} (seed {SEED}) after {delay:5.2f} s:"
                f" {kept_before:6} steps there, {sum(chunks):6} made, {kept:6} kept, {lost:5} lost",
                end="",
            )
        assert kept >= kept_before
        assert lost <= max(chunks[-1:], default=0), "more than the checkpoint that was not yet due"
    check_end_after_kills(folder, printed(victim(folder, LONG)), untouched(LONG))


def check_end_after_kills(folder, lines, whole):
    assert any("resumed " in line.get("remark", "") for line in lines)
    check_finished(folder, whole)


@pytest.mark.slow
def test_a_run_resumes_from_the_folder_of_every_point(untouched, tmp_path, capsys):
    """A copy of the folder at a point is what a process leaves that is killed there."""
    draw, whole = random.Random(SEED), untouched(SHORT)
    passes = Counter(points_of_a_run(tmp_path / "points", lambda name, count: None))
    chosen = {point: draw.randint(1, passes[point]) for point in states_of_the_disk(passes)}
    assert len(chosen) > 100
    work, copies = tmp_path / "work", {}

    def hook(name, count):
        if chosen.get(name) == count:
            copies[name] = tmp_path / f"copy {len(copies)}"
            with suppress(shutil.Error):  # threads of orbax write meanwhile
                shutil.copytree(work, copies[name])

    points_of_a_run(work, hook)
    assert len(copies) > 0.9 * len(chosen)  # chunks, and so checkpoints, differ between two runs
    for point, folder in copies.items():
        if (folder / "manifest.json").exists():
            assert status(folder)["state"] in (KILLED, STOPPED, "finished"), point
            check_shards(folder)
        kept = steps_kept(folder, SHORT)
        check_resumed(folder, whole, SHORT)
        with capsys.disabled():
            print(f"\nresumed from: {point} ({chosen[point]}/{passes[point]}), {kept} steps kept")


def points_of_a_run(folder, hook):
    points = CrashPoints(folder, hook)
    with points.watching():
        gj.train(tortured(SHORT), folder, checkpoint_every=0)
    return points.names


def check_shards(folder):
    """Check that a reader finds no damage in the results that a killed run left."""
    assert not FolderStore.open(folder).damaged()
