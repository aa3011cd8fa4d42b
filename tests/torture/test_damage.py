"""The corruption matrix: every file of a run, damaged in every way, is found or is harmless."""

import random
import shutil

import numpy as np
import pytest
from gridjax.run.checkpointing.checkpoints import Checkpoints
from tiny import StopAt
from torture.damage import WAYS, damage
from torture.sweeps import promised, tortured

import gridjax as gj
from gridjax.callbacks import Stopped
from gridjax.errors import DamageError, GridjaxError
from gridjax.run.storage.integrity import verify
from gridjax.run.storage.run_folder import FolderStore
from gridjax.run.storage.schema import TABLES
from gridjax.run.storage.shards import to_parquet

SEED = 20261124
N_STEPS = 40
REPEATS = {"flip a bit": 3, "truncate": 2}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    gj.train(tortured(N_STEPS), out=folder)
    return folder


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A run stopped in its first block, with two checkpoints."""
    folder = tmp_path_factory.mktemp("stopped") / "run"
    with pytest.raises(Stopped):
        gj.train(tortured(N_STEPS), folder, [StopAt(12)], checkpoint_every_s=0)
    assert len(list(Checkpoints(folder).listed())) == 2
    return folder


def newest_and_older(folder):
    return sorted(Checkpoints(folder).listed(), key=lambda each: -sum(each.steps))


def restored(folder):
    """The networks' states as a sweep that goes on would take them, and what it found damaged."""
    newest = newest_and_older(folder)[0]
    leaves = newest.read()
    shapes = {name: np.empty(array.shape[1:], array.dtype) for name, array in leaves.items()}

    def restore(from_folder):
        checkpoints = Checkpoints(from_folder)
        return checkpoints.restore(newest.run_ids, shapes), checkpoints.damage

    return restore


def same(lane, other):
    return lane.steps == other.steps and all(
        np.array_equal(array, other.leaves[name], equal_nan=True)
        and array.dtype == other.leaves[name].dtype
        for name, array in lane.leaves.items()
    )


def files_under(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def cases(folder):
    for path in files_under(folder):
        for way in WAYS:
            for repeat in range(REPEATS.get(way, 1)):
                yield path, way, repeat


def twin_of(path, folder, draw):
    """The same file of another step; orbax names its data files at random: any of that step."""
    twins = [each for each in files_under(folder) if each.parent == path.parent]
    return folder / (path if path in twins else draw.choice(twins))


def table(found):
    """The matrix as text: a row for each file, a column for each way."""
    rows = sorted({path for path, _ in found})
    lines = [" | ".join(["file", *WAYS])]
    lines += [" | ".join([row, *(found.get((row, way), "-") for way in WAYS)]) for row in rows]
    return "\n".join(lines)


def test_damage_to_a_checkpoint_is_found_or_makes_no_difference(stopped, tmp_path, capsys):
    restore = restored(stopped)
    newest, older = newest_and_older(stopped)
    intact, damaged = restore(stopped)
    assert not damaged
    fallen_back = shutil.copytree(stopped, tmp_path / "older")
    shutil.rmtree(fallen_back / newest.folder.relative_to(stopped))
    before, _ = restore(fallen_back)
    found, work = {}, tmp_path / "work"
    kinds = {}
    for path, way, repeat in cases(newest.folder):
        draw = random.Random(f"{SEED} {path} {way} {repeat}")
        copy = shutil.copytree(stopped, work)
        there = copy / newest.folder.relative_to(stopped) / path
        twin = twin_of(path, older.folder, draw)
        if damage(there, way, twin, draw):
            lanes, told = restore(copy)
            if told:
                assert str(there).startswith(told[0].partition(": ")[0])
                assert all(same(lanes[name], before[name]) for name in before), (path, way)
            else:
                assert all(same(lanes[name], intact[name]) for name in intact), (path, way)
            kinds.setdefault(path, "data file" if path.parent.name == "d" else str(path))
            key = (kinds[path], way)
            outcome = "found" if told else "harmless"
            found[key] = outcome if found.get(key, outcome) == outcome else "found or harmless"
        shutil.rmtree(work)
    with capsys.disabled():
        print(f"\nseed {SEED}\n{table(found)}")
    assert {found[("checkpoint.json", way)] for way in WAYS} == {"found"}
    assert any("found" in found[("data file", way)] for way in WAYS)


def test_a_checkpoint_under_the_name_of_another_step_is_not_taken(stopped, tmp_path):
    copy = shutil.copytree(stopped, tmp_path / "run")
    newest, older = (each.folder for each in newest_and_older(copy))
    shutil.rmtree(newest)
    older.rename(newest)
    lanes, told = restored(stopped)(copy)
    assert not lanes
    assert str(newest) in told[0]


def test_damage_to_results_is_found_or_makes_no_difference(whole, tmp_path, capsys):
    found, work = {}, tmp_path / "work"
    shards = sorted((whole / "shards").iterdir())
    best = next(shard for shard in shards if (shard / "weights.npz").exists())
    other = next(shard for shard in shards if shard != best and (shard / "maps.npz").exists())
    paths = [best / name for name in files_under(best)]
    paths += [whole / name for name in files_under(whole) if len(name.parts) == 1]
    ours = [path for path in paths if not path.name.startswith(".")]
    for path in ours:
        for way in WAYS:
            draw = random.Random(f"{SEED} {path.name} {way}")
            twin = other / path.name
            copy = shutil.copytree(whole, work)
            if damage(copy / path.relative_to(whole), way, twin, draw):
                place = f"shards/RUN/{path.name}" if path.parent == best else path.name
                found[(place, way)] = outcome_of(copy, path.relative_to(whole), whole)
            shutil.rmtree(work)
    with capsys.disabled():
        print(f"\nseed {SEED}\n{table(found)}")
    assert len(found) > 5 * len(ours)
    harmless = {key for key, outcome in found.items() if outcome == "harmless"}
    assert harmless == {("tables.json", "delete"), ("tables.json", "swap")}
    assert set(found.values()) == {"found", "harmless"}


def outcome_of(folder, path, whole):
    """Whether damage is named by verify, or every table reads as if nothing had happened."""
    try:
        verify(folder)
    except GridjaxError as error:
        named = isinstance(error, DamageError) or path.name == "manifest.json"
        return "found" if named and path.name in str(error) else f"raised {error}"
    tables, intact = FolderStore.open(folder), FolderStore.open(whole)
    same = all(to_parquet(tables.table(name)) == to_parquet(intact.table(name)) for name in TABLES)
    return "harmless" if same else "not found"


@pytest.mark.slow
def test_a_run_goes_on_to_the_same_bits_from_every_damaged_checkpoint(stopped, whole, tmp_path):
    newest, older = newest_and_older(stopped)
    for path, way, repeat in cases(newest.folder):
        draw = random.Random(f"{SEED} {path} {way} {repeat}")
        copy = shutil.copytree(stopped, tmp_path / "work")
        there = copy / newest.folder.relative_to(stopped) / path
        damage(there, way, twin_of(path, older.folder, draw), draw)
        gj.train(tortured(N_STEPS), copy)
        assert promised(copy) == promised(whole), (path, way)
        shutil.rmtree(copy)
