"""Removal of the weights of all but the best networks, interrupted at every point."""

import errno
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from synthetic import synthetic_run
from tiny import sweep_content
from torture.crashpoints import CrashPoints, states_of_the_disk
from torture.sweeps import unlisted

import gridjax as gj
from gridjax.errors import StorageError
from gridjax.run.planning.plan import make_plan
from gridjax.run.storage.block_results import results_of
from gridjax.run.storage.integrity import verify
from gridjax.run.storage.kept_weights.weight_retention import keep_best_of_run
from gridjax.run.storage.manifest import make_manifest
from gridjax.run.storage.run_folder import FolderStore, commit_block
from gridjax.run.storage.shards import KEPT_WEIGHTS

DEVICE = {"platform": "cpu", "kind": "cpu", "threads": 1, "deterministic": False}
N_BEST = 3
SETTING = f"best:{N_BEST}"
N_BLOCKS, BLOCK = 2, 3


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Two blocks of three networks, one of which diverged, all with weights."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    sweep = gj.Sweep.from_dict(sweep_content(seed={"values": list(range(N_BLOCKS * BLOCK))}))
    run = synthetic_run(sweep.specs, keep_maps="none", weights=False, diverged=[1])
    networks = [
        replace(network, weights={"params/W": np.full((3, 4), number, np.float32)})
        for number, network in enumerate(run._store.networks)
    ]
    FolderStore.create(folder, make_manifest(sweep, make_plan(sweep.specs), DEVICE, "float32"), {})
    for start in range(0, len(networks), BLOCK):
        commit_block(folder, results_of(networks[start : start + BLOCK]))
    return folder


@pytest.fixture(scope="module")
def best(finished, tmp_path_factory):
    """The weights of the best networks, by run_id, after an uninterrupted removal."""
    folder = shutil.copytree(finished, tmp_path_factory.mktemp("best") / "run")
    scores = FolderStore.open(folder).table("networks").to_pandas().set_index("run_id")
    largest = scores["score_60_by_neuron_max"].nlargest(N_BEST)
    keep_best_of_run(FolderStore.open(folder), SETTING)
    found = weights_of(folder)
    assert found.keys() == set(largest.index)
    names = {path.name for path in folder.rglob("*weights.npz")}
    assert names == {KEPT_WEIGHTS}  # of every block some, but not all, weights were removed
    return found


def weights_of(folder):
    store = FolderStore.open(folder)
    return {run_id: store.weights(run_id)["params/W"].tobytes() for run_id in store.with_weights()}


def check_repeated(folder, best):
    """Start again, as the next call does: the result is that of an uninterrupted removal."""
    store = FolderStore.create(folder, FolderStore.open(folder).manifest, {})
    keep_best_of_run(store, SETTING)
    assert weights_of(folder) == best
    assert not unlisted(folder)
    assert not list(folder.rglob(".aside-*"))
    verify(folder)


@pytest.mark.slow
def test_a_process_may_be_killed_at_every_point_of_the_removal(finished, best, tmp_path):
    """A copy of the folder at a point is what a process leaves that is killed there."""
    work, states = shutil.copytree(finished, tmp_path / "work"), []

    def hook(name, count):
        if states_of_the_disk([name]):
            states.append(shutil.copytree(work, tmp_path / f"{len(states)}"))

    with CrashPoints(work, hook).watching():
        keep_best_of_run(FolderStore.open(work), SETTING)
    assert len(states) > N_BLOCKS * 5
    for state in states:
        verify(state)  # a reader finds no damage
        left = weights_of(state)
        assert {run_id: left.get(run_id) for run_id in best} == best
        check_repeated(state, best)


@pytest.mark.slow
def test_the_disk_may_be_full_at_every_point_of_the_removal(finished, best, tmp_path):
    points = CrashPoints(finished, lambda name, count: None)
    copy = shutil.copytree(finished, tmp_path / "points")
    points.folder = os.path.realpath(copy)
    with points.watching():
        keep_best_of_run(FolderStore.open(copy), SETTING)
    takes_space = ("open", "write", "fsync", "replace")
    numbers = [n for n, name in enumerate(points.names, 1) if name.split()[0] in takes_space]
    assert len(numbers) > N_BLOCKS * 5
    for number in numbers:
        folder = shutil.copytree(finished, tmp_path / f"{number}")
        full = CrashPoints(folder, full_from(number)).watching()
        with full, pytest.raises(StorageError, match="No space left"):
            keep_best_of_run(FolderStore.open(folder), SETTING)
        verify(folder)
        left = weights_of(folder)
        assert {run_id: left.get(run_id) for run_id in best} == best
        check_repeated(folder, best)


def full_from(number):
    """Return a hook that fails at every point that needs space, from the n-th point on."""
    passed = 0

    def hook(name, count):
        nonlocal passed
        passed += 1
        if passed >= number and name.split()[0] in ("open", "write", "fsync", "replace"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return hook
