"""The corruption matrix: damage of any kind to any file of a run is found, or changes nothing."""

import random
import shutil

import numpy as np
import pytest
from tiny import Recorder, StopAt
from torture.crashpoints import kind_of
from torture.damage import WAYS, damage
from torture.sweeps import partial_networks, promised, tortured

import gridjax as gj
from gridjax.callbacks import Stopped
from gridjax.errors import DamageError, GridjaxError
from gridjax.run.checkpointing.block_folder import block_folders
from gridjax.run.storage.integrity import verify
from gridjax.run.storage.partial_results import PARTIAL
from gridjax.run.storage.shards import Shard

SEED = 20261127
N_STEPS = 12
REPEATS = {"flip a bit": 3, "truncate": 2}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    gj.train(tortured(N_STEPS), out=folder)
    return folder


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A run stopped in its first block, with two checkpoints and a part of its results."""
    folder = tmp_path_factory.mktemp("stopped") / "run"
    with pytest.raises(Stopped):
        gj.train(tortured(N_STEPS), folder, [StopAt(3 * N_STEPS)], checkpoint_every=0)
    assert len(checkpoints(folder)) == 2
    assert partial_networks(folder)
    return folder


def checkpoints(folder):
    """Return the checkpoints of the one block that is in training, newest first."""
    (block,) = block_folders(folder)[0]
    return block.listed()


def restorer(folder):
    """Return a function that restores the networks of a run folder, and returns its damage."""
    newest = checkpoints(folder)[0]
    shapes = {name: np.empty(a.shape[1:], a.dtype) for name, a in newest.read().items()}

    def restore(from_folder):
        (block,) = block_folders(from_folder)[0]
        return block.restore(shapes), block.damage

    return restore


def is_same(lane, other):
    return lane.steps == other.steps and all(
        np.array_equal(array, other.leaves[name], equal_nan=True)
        and array.dtype == other.leaves[name].dtype
        for name, array in lane.leaves.items()
    )


def are_same(lanes, others):
    return lanes.keys() == others.keys() and all(is_same(lanes[n], others[n]) for n in lanes)


def files_under(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def cases(folder, repeats):
    for path in files_under(folder):
        for way in WAYS:
            for repeat in range(repeats.get(way, 1)):
                yield path, way, repeat


def twin_of(path, folder, draw):
    """Return the same file of another step, or any file beside it: orbax draws names of files."""
    twins = [each for each in files_under(folder) if each.parent == path.parent]
    return folder / (path if path in twins else draw.choice(twins))


def table(found):
    """Return the matrix as text: a row for each file, a column for each kind of damage."""
    rows = sorted({path for path, _ in found})
    lines = [" | ".join(["file", *WAYS])]
    lines += [" | ".join([row, *(found.get((row, way), "-") for way in WAYS)]) for row in rows]
    return "\n".join(lines)


@pytest.mark.slow
def test_damage_to_a_checkpoint_is_found_or_changes_nothing(stopped, tmp_path, capsys):
    restore = restorer(stopped)
    newest, older = checkpoints(stopped)
    intact, damaged = restore(stopped)
    assert not damaged
    without_newest = shutil.copytree(stopped, tmp_path / "older")
    shutil.rmtree(without_newest / newest.folder.relative_to(stopped))
    before, _ = restore(without_newest)
    found, work = {}, tmp_path / "work"
    for path, way, repeat in cases(newest.folder, REPEATS):
        draw = random.Random(f"{SEED} {path} {way} {repeat}")
        copy = shutil.copytree(stopped, work)
        there = copy / newest.folder.relative_to(stopped) / path
        if damage(there, way, twin_of(path, older.folder, draw), draw):
            lanes, told = restore(copy)
            if told:
                assert str(there).startswith(told[0].partition(": ")[0])
            assert are_same(lanes, before if told else intact), (path, way)
            key = (kind_of(f"/{path}").strip("/"), way)
            outcome = "found" if told else "harmless"
            found[key] = outcome if found.get(key, outcome) == outcome else "found or harmless"
        shutil.rmtree(work)
    with capsys.disabled():
        print(f"\nseed {SEED}\n{table(found)}")
    assert {found[("checkpoint.json", way)] for way in WAYS} == {"found"}
    assert any("found" in found[("arrays/ARRAY/CHUNK", way)] for way in WAYS)


@pytest.mark.slow
def test_a_checkpoint_under_the_name_of_another_step_is_not_used(stopped, tmp_path):
    copy = shutil.copytree(stopped, tmp_path / "run")
    newest, older = (each.folder for each in checkpoints(copy))
    shutil.rmtree(newest)
    older.rename(newest)
    lanes, told = restorer(stopped)(copy)
    assert not lanes
    assert str(newest) in told[0]


def test_damage_to_results_is_found_or_changes_nothing(whole, tmp_path, capsys):
    found, work = {}, tmp_path / "work"
    best, other = sorted(
        (whole / "shards").iterdir(), key=lambda shard: -len(list(shard.iterdir()))
    )
    paths = [best / name for name in files_under(best)] + [whole / "manifest.json"]
    assert {"maps.npz", "networks.parquet", "shard.json"} <= {path.name for path in paths}
    assert any("weights" in path.name for path in paths)
    for path in paths:
        for way in WAYS:
            draw = random.Random(f"{SEED} {path.name} {way}")
            copy = shutil.copytree(whole, work)
            there = copy / path.relative_to(whole)
            if damage(there, way, other / path.name, draw):
                place = f"shards/BLOCK/{path.name}" if path.parent == best else path.name
                found[(place, way)] = outcome_of(copy, there)
            shutil.rmtree(work)
    with capsys.disabled():
        print(f"\nseed {SEED}\n{table(found)}")
    assert len(found) > 5 * len(paths)
    assert set(found.values()) == {"found"}


def outcome_of(folder, path):
    """Return whether verify() names the damaged file."""
    try:
        verify(folder)
    except GridjaxError as error:
        named = isinstance(error, DamageError) or path.name == "manifest.json"
        return "found" if named and str(path.name) in str(error) else f"raised {error}"
    return "not found"


def test_a_block_with_a_damaged_shard_is_set_aside_and_trained_again(whole, tmp_path):
    copy = shutil.copytree(whole, tmp_path / "run")
    shard = next(each for each in (copy / "shards").iterdir() if (each / "maps.npz").exists())
    damage(shard / "maps.npz", "flip a bit", shard / "maps.npz", random.Random(SEED))
    with pytest.raises(DamageError, match=r"maps\.npz"):
        gj.open_run(copy)._store.maps(shard_networks(shard)[0])
    recorder = Recorder()
    gj.train(tortured(N_STEPS), copy, [recorder])
    assert "damaged results were moved to damaged/" in recorder.warnings[0]
    assert (copy / "damaged" / f"{shard.name}-1").is_dir()
    assert promised(copy) == promised(whole)
    verify(copy)


def shard_networks(shard):
    return Shard(shard).run_ids()


PARTS = {
    "a table": ("units.parquet", "flip a bit"),
    "the list": ("shard.json", "truncate"),
    "the maps": ("maps.npz", "delete"),
    "the weights": ("weights.npz", "zero a page"),
}


@pytest.mark.parametrize(
    "name",
    [
        "a table",
        *(pytest.param(name, marks=pytest.mark.slow) for name in PARTS if name != "a table"),
    ],
)
def test_a_damaged_part_of_a_block_is_named_and_trained_again(name, stopped, whole, tmp_path):
    copy = shutil.copytree(stopped, tmp_path / "run")
    file, way = PARTS[name]
    part = next(path.parent for path in sorted((copy / PARTIAL).glob(f"*/*/{file}")))
    assert damage(part / file, way, part / file, random.Random(SEED))
    recorder = Recorder()
    gj.train(tortured(N_STEPS), copy, [recorder], checkpoint_every=0)
    assert "damaged results are not used" in recorder.warnings[0]
    assert str(part / file) in recorder.warnings[0]
    check_finished(copy, whole)


def check_finished(folder, whole):
    assert promised(folder) == promised(whole)
    assert not (folder / PARTIAL).exists()
    assert not (folder / "checkpoints").exists()
    verify(folder)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["checkpoint", "partial"])
def test_a_run_resumes_to_the_same_bits_from_every_damaged_file(place, stopped, whole, tmp_path):
    newest, older = checkpoints(stopped)
    root = newest.folder if place == "checkpoint" else stopped / PARTIAL
    twins = older.folder if place == "checkpoint" else stopped / PARTIAL
    for path, way, repeat in cases(root, REPEATS):
        draw = random.Random(f"{SEED} {path} {way} {repeat}")
        copy = shutil.copytree(stopped, tmp_path / "work")
        there = copy / root.relative_to(stopped) / path
        damage(there, way, twin_of(path, twins, draw), draw)
        gj.train(tortured(N_STEPS), copy)
        check_finished(copy, whole)
        shutil.rmtree(copy)


def test_damage_to_partial_results_is_verified(stopped, tmp_path):
    verify(stopped)
    copy = shutil.copytree(stopped, tmp_path / "run")
    (units, *_) = copy.glob(f"{PARTIAL}/*/*/units.parquet")
    units.write_bytes(units.read_bytes()[:-1])
    with pytest.raises(DamageError, match=r"units\.parquet") as caught:
        verify(copy)
    (problem,) = caught.value.problems
    assert problem.fix == "nothing is needed; a resumed sweep trains its networks again"
