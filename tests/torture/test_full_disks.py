"""Disks that fill up at any write: the run stops with exit code 74 and can be resumed."""

import errno
import os
import shutil
import subprocess
from itertools import repeat

import pytest
from tiny import Recorder
from torture.crashpoints import CrashPoints
from torture.sweeps import N_NETWORKS, promised, tortured, unlisted

import gridjax as gj
from gridjax.callbacks import TrainingSteps
from gridjax.errors import StorageError
from gridjax.run.checkpointing.block_folder import block_folders
from gridjax.run.storage.integrity import verify
from gridjax.run.storage.status import status
from gridjax.run.worker import block_run

N_STEPS = 6
TAKES_SPACE = ("open", "write", "fsync", "replace", "rename", "mkdir")
FEW = ("write .aside-.writer.json during", "replace shards/BLOCK before")
"""Points for the fast tests; a slow test tries every point."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    gj.train(tortured(N_STEPS), folder, checkpoint_every=0)
    return folder


@pytest.fixture(scope="module")
def points(tmp_path_factory, whole):
    """Return every point at which a run needs space on the disk."""
    folder = tmp_path_factory.mktemp("points") / "run"
    with CrashPoints(folder, lambda name, count: None).watching() as watched:
        gj.train(tortured(N_STEPS), folder, checkpoint_every=0)
    names = dict.fromkeys(watched.names)
    return [name for name in names if name.split()[0] in TAKES_SPACE and "after" not in name]


def fill_up_at(point):
    """Return a hook that fails from one point on, as a full disk does."""
    full = False

    def hook(name, count):
        nonlocal full
        full = full or name == point
        if full and name.split()[0] in TAKES_SPACE and not name.endswith("after"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return hook


def check_a_full_disk(point, folder, whole):
    with CrashPoints(folder, fill_up_at(point)).watching(), pytest.raises(StorageError) as caught:
        gj.train(tortured(N_STEPS), folder, checkpoint_every=0)
    assert "No space left on device" in str(caught.value), point
    assert not list(folder.rglob(".aside-*")), point
    if (folder / "manifest.json").exists():
        verify(folder)
        assert status(folder)["state"] in ("stopped", "finished"), point
    if folder.exists():
        for block in block_folders(folder)[0]:
            for checkpoint in block.listed():
                checkpoint.read()
            assert not block.damage, point
    gj.train(tortured(N_STEPS), folder, checkpoint_every=0)
    assert promised(folder) == promised(whole), point
    assert not unlisted(folder), point
    verify(folder)


@pytest.mark.parametrize("point", FEW)
def test_a_disk_that_fills_up_stops_the_run_which_then_resumes(point, points, whole, tmp_path):
    assert point in points
    check_a_full_disk(point, tmp_path / "run", whole)


@pytest.mark.slow
def test_a_disk_may_fill_up_at_every_point(points, whole, tmp_path, capsys):
    for number, point in enumerate(points):
        check_a_full_disk(point, tmp_path / f"{number}", whole)
    with capsys.disabled():
        print(f"\n{len(points)} points at which the disk was full: exit 74, nothing lost")


@pytest.fixture
def small_disk(tmp_path):
    """Mount a file system of 4 MB, if the system allows it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "gridjax-test", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


class Filling(Recorder):
    """Callback that fills the disk at an event."""

    def __init__(self, filler, when):
        super().__init__()
        self.filler, self.when = filler, when

    def on_event(self, event):
        super().on_event(event)
        if self.when(event) and not self.filler.exists():
            fill(self.filler)


def fill(path):
    blocks = repeat(bytes(4096))
    with path.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        file.writelines(blocks)


@pytest.mark.parametrize(
    ("workers", "when"),
    [(1, "commit"), (1, "training"), pytest.param(2, "training", marks=pytest.mark.slow)],
)
def test_a_small_disk_that_is_full_stops_the_run_which_then_resumes(
    workers, when, small_disk, whole, quick_workers, monkeypatch
):
    folder, filler = small_disk / "run", small_disk / "filler"
    quick_workers(folder)
    commit = block_run.commit_block

    def commit_on_a_full_disk(*arguments):
        if not filler.exists():
            fill(filler)
        commit(*arguments)

    if when == "commit":
        monkeypatch.setattr(block_run, "commit_block", commit_on_a_full_disk)
    filling = Filling(filler, lambda event: isinstance(event, TrainingSteps) and when != "commit")
    with pytest.raises(StorageError, match="No space left on device"):
        gj.train(tortured(N_STEPS), folder, [filling], workers=workers, checkpoint_every=0)
    monkeypatch.setattr(block_run, "commit_block", commit)
    assert not list(folder.rglob(".aside-*"))
    with pytest.raises(StorageError):  # the disk is still full
        gj.train(tortured(N_STEPS), folder, checkpoint_every=0)
    filler.unlink()
    gj.train(tortured(N_STEPS), folder, checkpoint_every=0)
    assert promised(folder) == promised(whole)
    fill(filler)
    run = gj.train(tortured(N_STEPS), folder)  # a finished run needs no space
    assert len(run.networks) == N_NETWORKS
