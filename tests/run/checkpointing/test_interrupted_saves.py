"""Saves that end early: killed processes, full disks, errors in the background."""

import errno
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from run.checkpointing.blocks import SHAPES, block_folder, check, save, snapshot
from torture.crashpoints import CrashPoints

from gridjax.errors import StorageError

TAKES_SPACE = ("open", "write", "fsync", "replace", "rename", "mkdir")
SEED = 20261127


def is_clean(run):
    return not list(run.rglob(".aside-*"))


def full_disk_from(point):
    """From one point on the disk takes nothing more."""
    full = False

    def hook(name, count):
        nonlocal full
        full = full or point in name
        if full and name.split()[0] in TAKES_SPACE and not name.endswith("after"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return hook


@pytest.mark.slow
@pytest.mark.parametrize("every", [7, 1])
def test_a_kill_at_any_point_leaves_the_newest_committed_checkpoint(every, tmp_path):
    """The folder as it is at each point is what a process that is killed there leaves."""
    run, copies = tmp_path / "run", []
    folder = block_folder(run)
    committed = [0]

    def hook(name, count):
        copy = tmp_path / "copies" / str(len(copies))
        while True:
            shutil.rmtree(copy, ignore_errors=True)
            try:
                shutil.copytree(run, copy)
                break
            except shutil.Error:  # orbax has renamed a file meanwhile
                continue
        copies.append((name, copy, committed[-1]))

    with CrashPoints(run, hook).watching():
        for steps in (10, 20, 30):
            save(folder, steps)
            committed.append(steps)
    assert len(copies) > 60
    seen = set()
    for name, copy, before in copies[::every]:
        reader = block_folder(copy)
        lanes = reader.restore(SHAPES)
        assert reader.damage == [], name
        steps = next(iter(lanes.values())).steps if lanes else 0
        assert before <= steps <= before + 10, name
        seen.add((before, steps))
        if lanes:
            check(lanes, steps)
        reader.remove_temporaries()  # the next writer
        save(reader, 35)
        check(block_folder(copy).restore(SHAPES), 35)
        assert is_clean(copy), name
        shutil.rmtree(copy)
    assert {(0, 0), (10, 10), (10, 20), (20, 30)} <= seen or every > 1


@pytest.mark.slow
def test_a_disk_that_fills_up_at_any_point_loses_nothing(tmp_path):
    run = tmp_path / "run"
    save(block_folder(run), 10, 20)
    with CrashPoints(shutil.copytree(run, tmp_path / "points"), lambda *_: None).watching() as seen:
        save(block_folder(tmp_path / "points"), 30)
    points = [name for name in dict.fromkeys(seen.names) if name.split()[0] in TAKES_SPACE]
    assert len(points) > 10
    for number, point in enumerate(points):
        if point.endswith("after"):
            continue
        copy = shutil.copytree(run, tmp_path / str(number))
        folder = block_folder(copy)
        with CrashPoints(copy, full_disk_from(point)).watching():
            folder.save(snapshot(30))
            with pytest.raises(StorageError, match="No space left on device"):
                folder.wait()
        check(block_folder(copy).restore(SHAPES), 30 if after_commit(copy) else 20)
        save(folder, 40)
        check(block_folder(copy).restore(SHAPES), 40)
        assert is_clean(copy), point
        assert block_folder(copy).damage == []


def after_commit(run):
    return block_folder(run).listed()[0].steps[0] == 30


@pytest.mark.parametrize("raised_by", ["save", "restore", "wait"])
def test_the_error_of_a_save_is_raised_once_by_the_next_call(tmp_path, raised_by):
    folder = block_folder(tmp_path)
    save(folder, 10)
    calls = {
        "save": lambda: folder.save(snapshot(30)),
        "restore": lambda: folder.restore(SHAPES),
        "wait": folder.wait,
    }
    with CrashPoints(tmp_path, full_disk_from("checkpoints/BLOCK/STEPS before")).watching():
        folder.save(snapshot(20))
        with pytest.raises(StorageError, match="No space left"):
            calls[raised_by]()
    folder.wait()
    check(folder.restore(SHAPES), 10)
    save(folder, 30)
    check(folder.restore(SHAPES), 30)
    assert is_clean(tmp_path)


def test_an_error_of_the_writer_of_orbax_is_a_storage_error(tmp_path, capfd):
    """The system refuses to write large files, as a full disk does."""
    folder = block_folder(tmp_path)
    save(folder, 10)
    large = {"W": np.random.default_rng(0).standard_normal((3, 200_000), np.float32)}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        folder.save(snapshot(20, leaves=large))
        with pytest.raises(StorageError, match="cannot be written: File too large"):
            folder.wait()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert is_clean(tmp_path)
    check(folder.restore(SHAPES), 10)
    save(folder, 20)
    check(folder.restore(SHAPES), 20)
    assert "Traceback" not in capfd.readouterr().err


def test_a_failed_save_does_not_prevent_the_removal_of_the_block(tmp_path):
    folder = block_folder(tmp_path)
    save(folder, 10)

    def hook(name, count):
        if name.startswith("fsync"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with CrashPoints(tmp_path, hook).watching():
        folder.save(snapshot(20))
        folder.remove()
    assert not folder.folder.exists()


_VICTIM = """
import sys
from pathlib import Path
from run.checkpointing.blocks import block_folder, save
folder = block_folder(Path(sys.argv[1]))
folder.remove_temporaries()
first = max([each.steps[0] for each in folder.listed()], default=0)
for steps in range(first + 1, 10**6):
    save(folder, steps)
    print(steps, flush=True)
"""


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path):
    draw, run, tests = random.Random(SEED), tmp_path / "run", Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tests), str(tests.parent)])}
    last = 0
    for _ in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", _VICTIM, str(run)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(draw.uniform(0, 1))
        process.send_signal(signal.SIGKILL)
        lines = process.stdout.read().split()
        process.wait()
        folder = block_folder(run)
        lanes = folder.restore(SHAPES)
        steps = next(iter(lanes.values())).steps
        check(lanes, steps)
        assert folder.damage == []
        assert last < steps
        assert steps - int(lines[-1] if lines else steps - 1) in (0, 1)
        last = steps
