"""Checkpoints of one block: what is saved, when, which stay, and what a reader sees meanwhile."""

import shutil
import sys
import threading
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from run.checkpointing.blocks import (
    NAME,
    NETWORKS,
    SHAPES,
    block_folder,
    check,
    leaves_of,
    save,
    snapshot,
)

from gridjax.run.checkpointing.block_folder import (
    CHECKPOINTS,
    BlockFolder,
    attempt_folders,
    block_folders,
)


def names(folder):
    return sorted(path.name for path in folder.folder.iterdir())


def name(steps):
    return f"{3 * steps:015d}"


def test_networks_are_restored_to_the_bit(tmp_path):
    save(block_folder(tmp_path), 10)
    folder = block_folder(tmp_path)
    check(folder.restore(SHAPES), 10)
    assert folder.damage == []


def test_a_block_without_checkpoints_restores_nothing(tmp_path):
    folder = block_folder(tmp_path)
    assert folder.restore(SHAPES) == {}
    assert folder.listed() == []
    assert folder.damage == []


def test_the_two_newest_checkpoints_stay(tmp_path):
    folder = block_folder(tmp_path)
    save(folder, 10, 20, 30)
    assert names(folder) == [name(20), name(30)]
    assert [each.block_steps for each in folder.listed()] == [90, 60]
    check(folder.restore(SHAPES), 30)


def test_an_attempt_resumes_from_the_newest_intact_checkpoint_of_all_attempts(tmp_path):
    first, second, third = (
        block_folder(tmp_path, f"{NAME}{attempt}") for attempt in ("", "-00000001", "-00000002")
    )
    save(first, 10, 20)
    save(second, 30)
    block_folder(tmp_path, "f" * 16)
    found = attempt_folders(tmp_path, NAME)
    assert [each.folder for each in found] == [first.folder, second.folder]
    check(third.restore(SHAPES, found), 30)
    assert third.damage == []
    (second.folder / name(30) / "checkpoint.json").write_text("{}")
    others = attempt_folders(tmp_path, NAME)
    check(third.restore(SHAPES, others), 20)
    assert len(third.damage) == 1
    save(third, 25)
    check(block_folder(tmp_path, f"{NAME}-00000002").restore(SHAPES, others), 25)
    assert names(first) == [name(10), name(20)]


def test_steps_of_finished_networks_count_for_what_is_newest(tmp_path):
    """When ``a`` is finished, the sum of the steps of the networks in training decreases."""
    folder = block_folder(tmp_path)
    folder.save(snapshot(100, ["a", "b"], block_steps=200))
    folder.save(snapshot(101, ["b", "c"], block_steps=203))
    folder.save(snapshot(5, ["c"], block_steps=210))
    folder.wait()
    check(block_folder(tmp_path).restore(SHAPES), 5, ["c"])
    assert [each.run_ids for each in folder.listed()] == [("c",), ("b", "c")]
    assert all(each.networks == tuple(NETWORKS) for each in folder.listed())


def test_a_checkpoint_of_the_same_steps_is_replaced(tmp_path):
    folder = block_folder(tmp_path)
    save(folder, 10)
    folder.save(snapshot(4, block_steps=30))
    folder.wait()
    assert names(folder) == [name(10)]
    check(folder.restore(SHAPES), 4)


def test_arrays_can_be_overwritten_and_device_arrays_donated_after_save(tmp_path):
    folder = block_folder(tmp_path)
    update = jax.jit(partial(jax.tree.map, lambda array: array + 1), donate_argnums=0)
    for steps in range(1, 4):
        host = leaves_of(steps)
        state = {"params/W": jnp.asarray(host["params/W"])}
        folder.save(snapshot(steps, leaves=host | state))
        place, donated = state["params/W"].unsafe_buffer_pointer(), state["params/W"]
        state = update(state)
        assert donated.is_deleted()
        assert state["params/W"].unsafe_buffer_pointer() == place, "the copy prevents donation"
        for array in host.values():
            array[:] = 0
        check(folder.restore(SHAPES), steps)


def test_the_caller_may_change_its_lists_after_save(tmp_path):
    folder, run_ids = block_folder(tmp_path), list(NETWORKS)
    folder.save(snapshot(10, run_ids))
    run_ids.clear()
    check(folder.restore(SHAPES), 10)


def test_views_and_columns_are_saved_like_whole_arrays(tmp_path):
    folder, leaves = block_folder(tmp_path), leaves_of(10)
    leaves["params/W"] = np.asfortranarray(leaves["params/W"])
    leaves["key"] = np.repeat(leaves["key"], 2, axis=1)[:, ::2]
    folder.save(snapshot(10, leaves=leaves))
    check(folder.restore(SHAPES), 10)


@pytest.mark.parametrize("n_networks", [1, 64])
def test_a_checkpoint_has_two_files_for_each_array_whatever_the_number_of_networks(
    n_networks, tmp_path
):
    folder = block_folder(tmp_path)
    run_ids = [f"{number:016x}" for number in range(n_networks)]
    leaves = {f"mean/{number}": np.ones((n_networks, 3, 5), np.float32) for number in range(10)}
    folder.save(snapshot(10, run_ids, leaves=leaves))
    folder.wait()
    assert sum(path.is_file() for path in folder.folder.rglob("*")) <= 2 * len(leaves) + 4


def test_checkpoints_that_another_worker_writes_first_stay(tmp_path, monkeypatch):
    folder, other = (block_folder(tmp_path, f"{number:016x}") for number in range(2))
    is_dir, looked = Path.is_dir, []

    def late(path):
        found = is_dir(path)
        if path == folder.folder.parent and not looked:
            looked.append(path)
            save(other, 3)
        return found

    monkeypatch.setattr(Path, "is_dir", late)
    save(folder, 7)
    assert looked
    check(folder.restore(SHAPES), 7)
    check(other.restore(SHAPES), 3)


def test_blocks_are_saved_by_threads_at_once(tmp_path):
    folders = [block_folder(tmp_path, f"{number:016x}") for number in range(4)]
    failed = []

    def work(folder, first):
        try:
            for steps in range(first, first + 8):
                folder.save(snapshot(steps))
                if steps % 3 == 0:
                    check(folder.restore(SHAPES), steps)
        except BaseException as error:
            failed.append(error)

    threads = [
        threading.Thread(target=work, args=(folder, 10 * number))
        for number, folder in enumerate(folders)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    for number, folder in enumerate(folders):
        check(folder.restore(SHAPES), 10 * number + 7)
        assert folder.damage == []


@pytest.mark.slow
def test_a_reader_sees_no_damage_while_a_block_is_saved_and_removed(tmp_path):
    folder, ended = block_folder(tmp_path), threading.Event()
    readers, seen = [block_folder(tmp_path)], set()

    def read():
        while not ended.is_set():
            seen.update(each.block_steps for each in readers[0].listed())
            blocks, damage = block_folders(tmp_path)
            assert damage == []
            readers.extend(blocks)
            for block in blocks:
                block.listed()

    thread = threading.Thread(target=read)
    thread.start()
    try:
        save(folder, *range(1, 12))
        folder.remove()
    finally:
        ended.set()
        thread.join()
    assert seen <= {3 * steps for steps in range(1, 12)}
    assert seen
    assert [reader.damage for reader in readers if reader.damage] == []


def test_remove_waits_for_a_save_and_leaves_other_blocks(tmp_path):
    folder, other = block_folder(tmp_path), block_folder(tmp_path, "f" * 16)
    save(folder, 10)
    save(other, 10)
    folder.save(snapshot(20))
    folder.remove()
    assert [block.folder for block in block_folders(tmp_path)[0]] == [other.folder]
    check(other.restore(SHAPES), 10)
    folder.remove()  # nothing is left to remove
    save(folder, 5)  # and the block can be saved again
    check(folder.restore(SHAPES), 5)


def test_a_folder_that_another_program_removed_does_not_stop_a_run(tmp_path):
    folder = block_folder(tmp_path)
    save(folder, 10, 20)
    shutil.rmtree(folder.folder)
    save(folder, 30)
    check(folder.restore(SHAPES), 30)


def test_a_run_folder_that_was_moved_is_not_created_again(tmp_path):
    folder = block_folder(tmp_path / "run")
    shutil.move(tmp_path / "run", tmp_path / "moved")
    folder.save(snapshot(10))
    with pytest.raises(Exception, match="cannot be written: No such file"):
        folder.wait()
    assert not (tmp_path / "run").exists()


def test_the_blocks_of_a_run_are_found_and_alien_entries_are_named(tmp_path):
    assert block_folders(tmp_path) == ([], [])
    save(block_folder(tmp_path), 10)
    save(block_folder(tmp_path, "f" * 16), 20)
    root = tmp_path / CHECKPOINTS
    (root / "notes").mkdir()
    (root / ".aside-0123456789abcdef").mkdir()
    (root / ("e" * 16)).symlink_to(root / ("f" * 16))
    blocks, damage = block_folders(tmp_path)
    assert [block.folder.name for block in blocks] == ["0123456789abcdef", "f" * 16]
    assert [block.listed()[0].steps for block in blocks] == [(10,) * 3, (20,) * 3]
    alien = "is not a checkpoint of gridjax"
    assert damage == [f"{root / ('e' * 16)}: {alien}", f"{root / 'notes'}: {alien}"]


def test_links_to_checkpoints_are_not_followed(tmp_path):
    folder = block_folder(tmp_path / "run")
    save(folder, 10)
    shutil.move(folder.folder, tmp_path / "elsewhere")
    folder.folder.symlink_to(tmp_path / "elsewhere")
    reader = BlockFolder(folder.folder)
    assert reader.restore(SHAPES) == {}
    assert "is a link, which is not followed" in reader.damage[0]
    reader.remove_temporaries()
    save(reader, 20)
    assert not reader.folder.is_symlink()
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == [name(10)]
    shutil.move(folder.folder.parent, tmp_path / "all")
    folder.folder.parent.symlink_to(tmp_path / "all")
    blocks, (damage,) = block_folders(tmp_path / "run")
    assert blocks == []
    assert "is a link, which is not followed" in damage
    assert reader.restore(SHAPES) == {}
    save(reader, 30)
    check(reader.restore(SHAPES), 30)
    assert [path.name for path in (tmp_path / "all" / folder.folder.name).iterdir()] == [name(20)]


def test_an_error_of_one_array_is_not_followed_by_those_of_the_others(tmp_path, monkeypatch):
    """orbax closes its event loop after the first error; the other writes end later."""
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", seen.append)
    save(block_folder(tmp_path), 10)
    late, other = (
        SimpleNamespace(exc_value=RuntimeError(text)) for text in ("Event loop is closed", "other")
    )
    for unraisable in (late, other):
        sys.unraisablehook(unraisable)
    assert seen == [other]
