"""Pipes, sockets and devices in the place of a run folder's files: damage, never waited for."""

import os
import signal
import stat
import sys

import pytest

from gridjax.errors import DamageError, GridjaxError
from gridjax.io.atomic_files import remove_tree
from gridjax.io.folder_lock import is_locked, writer
from gridjax.report.html import write_report
from gridjax.run.execution.train import train
from gridjax.run.results.run import open_run
from gridjax.run.storage.integrity import verify
from gridjax.run.storage.manifest import MANIFEST
from gridjax.run.storage.partial_results import PartialResults
from gridjax.run.storage.run_folder import FolderStore
from gridjax.run.storage.shards import Shard

from .runfolder import MANIFEST_CONTENT, RUN_IDS, SWEEP, block_folder, save

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of a process, mknod")
SECONDS = 60
FOLDERS_AND_LOCKS = (
    *("shards", "checkpoints", "partial", "damaged", "parts"),
    *(".lock", ".workers.lock", ".writer.json"),
)
KINDS = {
    "pipe": os.mkfifo,
    "socket": lambda path: os.mknod(path, stat.S_IFSOCK | 0o600),
    "device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.fixture(autouse=True)
def soon():
    """Whoever waits for a pipe is woken, and fails."""

    def woken(number, frame):
        raise AssertionError(f"no end in {SECONDS} s")

    before = signal.signal(signal.SIGALRM, woken)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def put(kind, path):
    """Put something else in the place of a file."""
    remove_tree(path)
    KINDS[kind](path)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_in_place_of_the_manifest_it_is_damage(kind, run, reader):
    path = put(kind, run / MANIFEST)
    result = reader.check(run, "run")
    assert result["exit_code"] == 4
    assert [problem["file"] for problem in result["problems"]] == [str(path)]
    assert "not a regular file" in result["problems"][0]["message"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["", "shard.json", "networks.parquet", "maps.npz", "weights.npz"])
def test_in_place_of_a_shard_or_its_file_it_is_damage_and_set_aside(kind, name, run, reader):
    shard = next((run / "shards").iterdir())
    path = put(kind, shard / name)
    problems = reader.check(run, "run")["problems"]
    assert any(problem["file"].startswith(str(path)) for problem in problems)
    store = FolderStore.open(run)
    committed = store.committed_in({shard})
    assert store.damaged().keys() == {shard}
    store = FolderStore.create(run, store.manifest, store.damaged())
    assert store.committed() == committed
    assert len(committed) == 1
    assert os.path.lexists(run / "damaged" / f"{shard.name}-1")
    verify(run)


def parts_of(steps):
    """What a checkpoint is made of, from its block to the files of its arrays."""
    arrays = sorted(p for p in (steps / "arrays").rglob("*") if p.is_file())
    return {
        "block": steps.parent,
        "steps": steps,
        "list": steps / "checkpoint.json",
        "arrays": steps / "arrays",
        "file": arrays[0],
    }


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_in_place_of_a_checkpoint_it_is_damage_and_the_one_before_is_used(kind, run):
    shapes = {"w": type("Shape", (), {"shape": (3,), "dtype": "float32"})}
    for part in ("list", "arrays", "file", "steps", "block"):
        save(run, 40)
        newest = save(run, 60)
        path = put(kind, parts_of(newest)[part])
        block = block_folder(run)
        lanes = block.restore(shapes)
        older = [] if part == "block" else RUN_IDS
        assert {name: lane.steps for name, lane in lanes.items()} == dict.fromkeys(older, 40)
        assert any(str(path).startswith(told.partition(": ")[0]) for told in block.damage)
        with pytest.raises(DamageError, match="damaged"):
            verify(run)
        assert save(run, 60) == newest  # what went on comes by the same steps again
        verify(run)


@pytest.mark.parametrize("name", FOLDERS_AND_LOCKS)
def test_a_run_that_holds_one_is_not_written(name, run):
    put("pipe", run / name)
    with pytest.raises(GridjaxError, match=f"its {name} is not a "):
        train(SWEEP, run)
    assert not is_locked(run)
    assert writer(run) is None


def test_a_manifest_that_is_one_is_not_gone_on_with(run):
    put("pipe", run / MANIFEST)
    with pytest.raises(DamageError, match="not a regular file"):
        train(SWEEP, run)


@pytest.mark.parametrize("name", ["figures", "figures/gallery.png"])
def test_a_report_is_not_written_into_one(name, run):
    (run / name).parent.mkdir(exist_ok=True)
    put("pipe", run / name)
    with pytest.raises(GridjaxError, match=f"{name} is not a regular file"):
        write_report(open_run(run), run)


@pytest.mark.parametrize("kind", ["pipe", "socket"])
@pytest.mark.parametrize("name", ["", "shard.json", "maps.npz"])
def test_in_place_of_partial_results_it_is_damage_and_replaced(kind, name, run):
    shard = min((run / "shards").iterdir())
    partial = PartialResults(run, "b" * 16)
    partial.add(Shard(shard).read())
    path = put(kind, partial.folder / shard.name / name)
    parts, (told,) = partial.read()
    assert not parts
    assert str(path) in told
    partial.add(Shard(shard).read())
    assert [part.run_ids for part in partial.read()[0]] == [Shard(shard).read().run_ids]
    partial.remove()


def test_what_a_killed_writer_seems_to_have_left_is_cleared(run):
    for number, kind in enumerate(KINDS):
        put(kind, run / f".aside-{number}")
    FolderStore.create(run, MANIFEST_CONTENT, {})
    assert not list(run.glob(".aside-*"))


@pytest.mark.parametrize("put_there", [KINDS["pipe"], lambda path: path.symlink_to("..")])
def test_folders_of_a_run_that_are_none_are_named(put_there, run):
    paths = [run / name for name in ("shards", "checkpoints")]
    for path in paths:
        remove_tree(path)
        put_there(path)
    with pytest.raises(DamageError) as caught:
        verify(run)
    assert [problem.place.file for problem in caught.value.problems] == [str(p) for p in paths]
