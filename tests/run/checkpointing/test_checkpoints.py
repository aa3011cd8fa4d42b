"""Which checkpoint a network goes on from, and which stay, without any training."""

import shutil

import jax
import numpy as np
import pytest

from gridjax.errors import GridjaxError
from gridjax.io.atomic_files import dump_checksummed_json, load_checksummed_json
from gridjax.run.checkpointing import checkpoints as checkpoints_module
from gridjax.run.checkpointing.checkpoints import Checkpoints, Snapshot
from gridjax.run.storage.output_folder import check_folder

SHAPES = {"x": jax.ShapeDtypeStruct((3,), np.float32)}


def save(checkpoints, run_ids, steps):
    n = len(run_ids)
    leaves = {"x": np.full((n, 3), steps, np.float32)}
    checkpoints.save(Snapshot(run_ids, [steps] * n, leaves, [1.0] * n, 0, [False] * n))


def steps_of(lanes):
    assert all((lane.leaves["x"] == lane.steps).all() for lane in lanes.values())
    return {run_id: lane.steps for run_id, lane in lanes.items()}


def names(folder):
    return sorted(path.name for path in folder.glob("checkpoints/*/*"))


def break_list(folder, steps):
    next(folder.glob(f"checkpoints/*/{steps:015d}")).joinpath("checkpoint.json").write_text("{")


def test_a_network_goes_on_from_its_own_newest_checkpoint_whatever_its_block_was(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    save(checkpoints, ["a", "b", "c", "d"], 20)  # 80 steps over four networks
    save(checkpoints, ["a", "b"], 30)  # 60 over two, and newer
    assert steps_of(checkpoints.restore("abc", SHAPES)) == {"a": 30, "b": 30, "c": 20}


def test_a_damaged_checkpoint_falls_back_to_one_of_another_block(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    save(checkpoints, ["a", "b"], 20)
    save(checkpoints, ["a"], 30)
    (newest,) = tmp_path.glob("checkpoints/*/000000000000030")
    next(path for path in newest.glob("arrays/**/*") if path.is_file()).write_bytes(b"")
    assert steps_of(checkpoints.restore("ab", SHAPES)) == {"a": 20, "b": 20}
    assert str(newest) in checkpoints.damage[0]


def test_a_damaged_checkpoint_does_not_push_out_the_one_to_fall_back_to(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    save(checkpoints, ["a"], 10)
    save(checkpoints, ["a"], 20)
    break_list(tmp_path, 20)
    for steps in (12, 14):
        save(checkpoints, ["a"], steps)
    assert names(tmp_path) == [f"{steps:015d}" for steps in (12, 14, 20)]
    assert steps_of(checkpoints.restore("a", SHAPES)) == {"a": 14}


def test_what_is_not_ours_among_the_checkpoints_harms_none(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    save(checkpoints, ["a"], 10)
    (block,) = tmp_path.glob("checkpoints/*")
    for name in ("lost+found", "notes"):
        (block / name).mkdir()
    save(checkpoints, ["a"], 20)
    (block.parent / "0123456789abcdef").write_text("no folder")
    checkpoints = Checkpoints(tmp_path)  # the next start
    assert steps_of(checkpoints.restore("a", SHAPES)) == {"a": 20}
    assert any("0123456789abcdef: cannot be read" in told for told in checkpoints.damage)


@pytest.mark.parametrize("files", [None, [], "a"])
def test_a_list_without_files_is_damage(tmp_path, files):
    checkpoints = Checkpoints(tmp_path)
    save(checkpoints, ["a"], 10)
    (path,) = tmp_path.glob("checkpoints/*/*/checkpoint.json")
    path.write_bytes(
        dump_checksummed_json(load_checksummed_json(path.read_bytes()) | {"files": files})
    )
    assert not checkpoints.restore("a", SHAPES)
    assert f"files is {files!r}, not a mapping" in checkpoints.damage[0]


def test_a_name_too_long_for_a_folder_is_refused_in_one_message(tmp_path):
    with pytest.raises(GridjaxError, match="cannot be written: File name too long"):
        check_folder(tmp_path / ("x" * 300), None)


def test_checkpoints_of_a_block_that_was_repacked_go_when_no_network_needs_them(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    for steps in (10, 20, 30):
        save(checkpoints, ["a", "b"], steps)  # a is trained at 30 and leaves
    assert held(checkpoints) == {"ab": [20, 30]}
    for steps in (35, 40, 45):
        save(checkpoints, ["b", "c"], steps)
    assert held(checkpoints) == {"ab": [20, 30], "bc": [40, 45]}  # for a
    checkpoints.drop("a")
    assert held(checkpoints) == {"bc": [40, 45]}
    save(checkpoints, ["c", "d"], 50)  # b is trained at 45
    checkpoints.drop("b")
    assert held(checkpoints) == {"bc": [45], "cd": [50]}  # one to fall back to, for c
    save(checkpoints, ["c", "d"], 60)
    assert held(checkpoints) == {"cd": [50, 60]}
    checkpoints.drop("c")
    checkpoints.drop("d")
    assert not list((tmp_path / "checkpoints").iterdir())


def test_what_is_kept_of_a_network_is_never_less_than_it_needs(tmp_path):
    """Two devices repack their blocks; after every save each network has its two newest."""
    checkpoints, rng = Checkpoints(tmp_path), np.random.default_rng(2)
    made, blocks, names = {}, [["a", "b"], ["c", "d"]], list("efghijkl")
    last = {}
    for _ in range(40):
        block = blocks[rng.integers(2)]
        for run_id in block:
            made[run_id] = made.get(run_id, 0) + int(rng.integers(1, 9))
            last.setdefault(run_id, []).append(made[run_id])
        n = len(block)
        steps = [made[run_id] for run_id in block]
        leaves = {"x": np.repeat(np.asarray(steps, np.float32), 3).reshape(n, 3)}
        checkpoints.save(Snapshot(block, steps, leaves, [1.0] * n, 0, [False] * n))
        if names and rng.random() < 0.4:
            checkpoints.drop(block[0])
            del last[block[0]]
            block[0] = names.pop()
        for run_id, saved in last.items():
            own = sorted(each.steps_of(run_id) for each in there(checkpoints, run_id))
            assert own[-2:] == saved[-2:]
    assert steps_of(checkpoints.restore(last, SHAPES)) == {r: s[-1] for r, s in last.items()}
    assert len(list(checkpoints.listed())) <= 2 * 2 * 2
    assert not checkpoints.damage


def test_a_run_reads_the_lists_of_its_checkpoints_once(tmp_path, monkeypatch):
    """Not again for every save and every finished block, but to restore from one of them."""
    save(Checkpoints(tmp_path), ["a", "b"], 10)
    read, read_list = [], checkpoints_module.read_list

    def counting(path):
        read.append(path.name)
        return read_list(path)

    monkeypatch.setattr(checkpoints_module, "read_list", counting)
    checkpoints = Checkpoints(tmp_path)
    for steps in (20, 30, 40):
        save(checkpoints, ["a", "b"], steps)
    save(checkpoints, ["c"], 5)
    checkpoints.drop("c")
    of_two = {steps: f"{2 * steps:015d}" for steps in (10, 30, 40)}  # steps of both
    assert read == [of_two[10]]
    assert names(tmp_path) == [of_two[30], of_two[40]]
    assert steps_of(checkpoints.restore("abc", SHAPES)) == {"a": 40, "b": 40}
    checkpoints.drop_finished({"a", "b", "c"})
    assert read == [of_two[10], of_two[40]]
    assert not (tmp_path / "checkpoints").exists()


def test_damage_is_reported_once(tmp_path):
    save(Checkpoints(tmp_path), ["a"], 10)
    break_list(tmp_path, 10)
    checkpoints = Checkpoints(tmp_path)
    assert not checkpoints.restore("a", SHAPES)
    (damage,) = checkpoints.new_damage()
    assert f"{10:015d}" in damage
    assert not checkpoints.restore("a", SHAPES)
    assert checkpoints.new_damage() == []


def test_a_checkpoint_that_another_program_removed_does_not_stop_a_run(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    for steps in (10, 20):
        save(checkpoints, ["a"], steps)
    (oldest,) = tmp_path.glob(f"checkpoints/*/{10:015d}")
    shutil.rmtree(oldest)
    save(checkpoints, ["a"], 30)
    assert names(tmp_path) == [f"{steps:015d}" for steps in (20, 30)]


def there(checkpoints, run_id):
    return [each for each in checkpoints.listed() if run_id in each.run_ids]


def held(checkpoints):
    """Steps of one of its networks, by block."""
    found = {}
    for each in checkpoints.listed():
        found.setdefault("".join(each.run_ids), []).append(each.steps[0])
    return {name: sorted(steps) for name, steps in found.items()}


def test_blocks_of_finished_networks_are_dropped_and_those_of_others_stay_whole(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    save(checkpoints, ["a", "b"], 10)
    save(checkpoints, ["b", "c"], 10)
    save(checkpoints, ["b", "c"], 20)
    save(checkpoints, ["d"], 10)
    (tmp_path / "checkpoints" / "notes").write_text("")
    checkpoints.drop_finished({"a", "b", "d"})
    left = [each.run_ids for each in checkpoints.listed()]
    assert left == [("b", "c")] * 2
    assert len(list((tmp_path / "checkpoints").iterdir())) == 1
    checkpoints.drop_finished({"a", "b", "c"})
    assert not (tmp_path / "checkpoints").exists()
