"""Damaged checkpoints of a block are never used: the one before is, and a sentence says why."""

import os
import random
import shutil

import jax
import numpy as np
import pytest
from run.checkpointing.blocks import SHAPES, block_folder, check, save, snapshot

from gridjax.io.atomic_files import dump_checksummed_json, load_checksummed_json

SEED = 20261127


def _flip(path, draw):
    content = bytearray(path.read_bytes())
    bit = draw.randrange(8 * len(content))
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def _truncate(path, draw):
    content = path.read_bytes()
    path.write_bytes(content[: draw.randrange(len(content))])


def _link(path, draw):
    """Put a link to the same content in the place of a file."""
    run = next(parent for parent in path.parents if parent.name == "run")
    elsewhere = run.with_name("elsewhere")
    shutil.move(path, elsewhere)
    path.symlink_to(elsewhere)


def _replace(make):
    def damage(path, draw):
        path.unlink()
        make(path)

    return damage


WAYS = {
    "flip a bit": _flip,
    "truncate": _truncate,
    "empty": lambda path, draw: path.write_bytes(b""),
    "delete": lambda path, draw: path.unlink(),
    "link": _link,
    "folder": _replace(os.mkdir),
    "pipe": _replace(os.mkfifo),
    "add a file": lambda path, draw: path.with_name("alien").write_text("a"),
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    run = tmp_path_factory.mktemp("saved") / "run"
    save(block_folder(run), 10, 20)
    return run


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_damage_to_any_file_is_found(saved, tmp_path, way):
    newest = block_folder(saved).listed()[0].folder
    files = sorted(path.relative_to(saved) for path in newest.rglob("*") if path.is_file())
    assert len(files) > 8
    for file in files:
        if way == "add a file" and file.name == "checkpoint.json":
            continue  # beside the list, another file is not read
        (tmp_path / "d").mkdir()
        run = shutil.copytree(saved, tmp_path / "d" / "run")
        WAYS[way](run / file, random.Random(f"{SEED} {file} {way}"))
        folder = block_folder(run)
        check(folder.restore(SHAPES), 10)
        (damage,) = folder.damage
        assert damage.startswith(f"{run / newest.relative_to(saved)}: "), (file, way)
        save(folder, 30)  # training went on from the older one
        check(block_folder(run).restore(SHAPES), 30)
        shutil.rmtree(tmp_path / "d")


def test_damage_to_large_files_is_found_or_makes_no_difference(tmp_path):
    """Large files are not hashed as a whole; the arrays in them are."""
    shapes = {"W": jax.ShapeDtypeStruct((800, 500), np.float32)}
    arrays = np.random.default_rng(3).standard_normal((3, 800, 500), np.float32)
    folder = block_folder(tmp_path)
    for steps in (10, 20):
        folder.save(snapshot(steps, leaves={"W": arrays + steps}))
    folder.wait()
    newest = folder.listed()[0].folder
    large = [path for path in newest.rglob("*") if path.is_file() and path.stat().st_size > 2**20]
    assert sum(path.stat().st_size for path in large) > arrays.nbytes
    draw, n_found = random.Random(SEED), 0
    for path in large:
        intact, size = path.read_bytes(), path.stat().st_size
        for place in (0, 100, size - 1, size - 200, *(draw.randrange(size) for _ in range(12))):
            changed = bytearray(intact)
            changed[place] ^= 1 << draw.randrange(8)
            path.write_bytes(changed)
            reader = block_folder(tmp_path)
            lanes = reader.restore(shapes)
            steps = 10 if reader.damage else 20
            n_found += bool(reader.damage)
            for number, lane in enumerate(lanes.values()):
                assert np.array_equal(lane.leaves["W"], arrays[number] + steps)
                assert lane.steps == steps
        path.write_bytes(intact)
    assert n_found > 10


@pytest.mark.parametrize("way", ["delete", "file", "link", "pipe", "empty folder"])
def test_a_damaged_folder_falls_back_to_the_one_before(saved, tmp_path, way):
    run = shutil.copytree(saved, tmp_path / "run")
    folder = block_folder(run)
    newest = folder.listed()[0].folder
    shutil.move(newest, tmp_path / "moved")
    {
        "delete": lambda: None,
        "file": lambda: newest.write_text("a"),
        "link": lambda: newest.symlink_to(tmp_path / "moved"),
        "pipe": lambda: os.mkfifo(newest),
        "empty folder": newest.mkdir,
    }[way]()
    check(folder.restore(SHAPES), 10)
    assert len(folder.damage) == (way != "delete")
    save(folder, 20)  # the same steps again
    check(block_folder(run).restore(SHAPES), 20)
    assert (tmp_path / "moved" / "checkpoint.json").exists()


def test_a_checkpoint_of_other_steps_or_of_another_block_is_not_taken(saved, tmp_path):
    run = shutil.copytree(saved, tmp_path / "run")
    newest, older = (each.folder for each in block_folder(run).listed())
    shutil.rmtree(newest)
    older.rename(newest)
    folder = block_folder(run)
    assert folder.restore(SHAPES) == {}
    assert "its list is that of step 30" in folder.damage[0]
    run = shutil.copytree(saved, tmp_path / "other")
    block_folder(run).folder.rename(block_folder(run, "f" * 16).folder)
    folder = block_folder(run, "f" * 16)
    assert folder.restore(SHAPES) == {}
    assert "its list is that of another block" in folder.damage[0]


def test_arrays_of_other_shapes_are_not_taken(saved):
    for other in (
        SHAPES | {"key": jax.ShapeDtypeStruct((3,), np.uint32)},
        SHAPES | {"key": jax.ShapeDtypeStruct((2,), np.int32)},
        {name: SHAPES[name] for name in ("key", "n_updates")},
    ):
        folder = block_folder(saved)
        assert folder.restore(other) == {}
        assert all("its arrays are those of another network" in each for each in folder.damage)


@pytest.mark.parametrize("files", [None, [], "a"])
def test_a_list_without_files_is_damage(saved, tmp_path, files):
    run = shutil.copytree(saved, tmp_path / "run")
    path = block_folder(run).listed()[0].folder / "checkpoint.json"
    content = load_checksummed_json(path.read_bytes()) | {"files": files}
    path.write_bytes(dump_checksummed_json(content))
    folder = block_folder(run)
    check(folder.restore(SHAPES), 10)
    assert f"files is {files!r}, not a mapping" in folder.damage[0]


def test_damaged_checkpoints_do_not_push_out_the_ones_to_fall_back_to(tmp_path):
    folder = block_folder(tmp_path)
    save(folder, 10, 20)
    (folder.listed()[0].folder / "arrays" / "_METADATA").write_text("{")
    folder = block_folder(tmp_path)
    check(folder.restore(SHAPES), 10)
    save(folder, 12, 14)
    assert [each.steps[0] for each in folder.listed()] == [20, 14, 12]
    check(block_folder(tmp_path).restore(SHAPES), 14)
    save(folder, 22, 24)  # now the damaged one goes, too
    assert [each.steps[0] for each in folder.listed()] == [24, 22]


def test_damage_is_reported_once(saved, tmp_path):
    run = shutil.copytree(saved, tmp_path / "run")
    folder = block_folder(run)
    (folder.listed()[0].folder / "checkpoint.json").write_text("{")
    for _ in range(2):
        check(folder.restore(SHAPES), 10)
    assert len(folder.damage) == 1


def test_what_is_not_ours_in_a_block_harms_none_and_stays(saved, tmp_path):
    run = shutil.copytree(saved, tmp_path / "run")
    folder = block_folder(run)
    for name in ("lost+found", "notes"):
        (folder.folder / name).mkdir()
    save(folder, 30)
    check(folder.restore(SHAPES), 30)
    assert (folder.folder / "notes").exists()
    assert any("notes: is not a checkpoint of gridjax" in damage for damage in folder.damage)
