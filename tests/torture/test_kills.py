"""Runs that are killed with SIGKILL, at any moment: at most a checkpoint is lost, and no bit."""

import random
import signal
import time

import pytest
from torture.conftest import told
from torture.sweeps import N_NETWORKS, promised, steps_kept, tortured

import gridjax as gj
from gridjax.run.storage.integrity import verify
from gridjax.run.storage.status import KILLED, STOPPED, status

pytestmark = pytest.mark.slow

LONG, SHORT = 200_000, 6
N_KILLS = 20
SEED = 20261124
LONGEST_DELAY_S = 12.0


def test_killed_at_random_delays(untouched, victim, tmp_path, capsys):
    draw, folder = random.Random(SEED), tmp_path / "run 1"
    told(victim(tmp_path / "warm", LONG))  # what it compiles is kept
    n_killed, n_finished = 0, 0
    while n_killed < N_KILLS:
        kept_before = steps_kept(folder, LONG)
        process, delay = victim(folder, LONG), draw.uniform(0, LONGEST_DELAY_S)
        time.sleep(delay)
        process.kill()
        lines = told(process)
        chunks = [line["steps"] for line in lines if line.get("steps")]
        if process.returncode == 0:  # a fast machine: the next kills are of a fresh run
            finished(folder, lines, untouched)
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
    finished(folder, told(victim(folder, LONG)), untouched)


def finished(folder, lines, untouched):
    """A run that was killed, went on and ended has the bits of one that nobody touched."""
    assert any("resumed " in line.get("remark", "") for line in lines)
    assert promised(folder) == promised(untouched(LONG))
    verify(folder)


@pytest.fixture(scope="module")
def points(victim, tmp_path_factory):
    """How often an uninterrupted run passes each crash point."""
    folder = tmp_path_factory.mktemp("points") / "run"
    return told(victim(folder, SHORT))[-1]["points"]


def test_killed_at_every_point(points, untouched, victim, tmp_path, capsys):
    draw, n_killed = random.Random(SEED), 0
    assert len(points) > 200
    for number, (point, n_passes) in enumerate(points.items()):
        folder, occurrence = tmp_path / f"{number}", draw.randint(1, n_passes)
        process = victim(folder, SHORT, point, occurrence)
        told(process)
        assert process.returncode in (-signal.SIGKILL, 0), point
        if process.returncode == 0:  # points of two threads come in another order
            continue
        if (folder / "manifest.json").exists():
            assert status(folder)["state"] in (KILLED, STOPPED, "finished"), point
        kept = steps_kept(folder, SHORT)
        run = gj.train(tortured(SHORT), folder, checkpoint_every_s=0)
        assert len(run.networks) == N_NETWORKS
        assert promised(folder) == promised(untouched(SHORT)), f"{point}, time {occurrence}"
        assert not list(folder.rglob(".aside-*")), point
        verify(folder)
        with capsys.disabled():
            print(f"\nkilled: {point} ({occurrence} of {n_passes}), {kept} steps kept", end="")
        n_killed += 1
    assert n_killed > 0.9 * len(points)
