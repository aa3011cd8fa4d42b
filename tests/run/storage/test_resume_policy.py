"""Runs that stop during training, or are damaged, and are resumed: they give the same bits."""

import json
import os
import shutil
import subprocess
import sys

import pyarrow as pa
import pytest
from tiny import CARTESIAN, Recorder, sweep_content
from torture.sweeps import promised

import gridjax as gj
from gridjax.callbacks import NetworkResumed
from gridjax.errors import DamageError, GridjaxError
from gridjax.io.atomic_files import digest, dump_checksummed_json, load_checksummed_json, new_folder
from gridjax.io.folder_lock import locked
from gridjax.run.checkpointing.block_folder import block_folders
from gridjax.run.storage.integrity import verify
from gridjax.run.storage.resume_policy import check_sweep, merge_manifests
from gridjax.run.storage.run_folder import FolderStore
from gridjax.run.storage.shards import to_parquet
from gridjax.run.storage.status import status, status_lines

from .one_network import checkpoints, one_shard, steps_saved, sweep

pytestmark = pytest.mark.usefixtures("evaluation_without_compilation")


def resumed(recorder):
    return [(event.run_id, event.step) for event in recorder.of(NetworkResumed)]


def test_a_stopped_training_goes_on_to_the_bits_of_one_that_never_stopped(whole, copy):
    newest = max(steps_saved(copy))
    assert len(steps_saved(copy)) == 2
    assert 100 < newest < 400
    told = status(copy)
    assert (told["state"], told["finished"]) == ("stopped", 0)
    assert told["in_training"][0]["steps"] == newest
    recorder = Recorder()
    run = gj.train(sweep(), copy, [recorder])
    assert resumed(recorder) == [(run.networks["run_id"][0], newest)]
    assert str(recorder.of(NetworkResumed)[0]).endswith(f"at step {newest} of 400")
    assert recorder.n_steps == 400 - newest
    assert promised(copy) == promised(whole)
    assert not (copy / "checkpoints").exists()
    assert not run.networks["resumed"].any()
    assert status(copy)["state"] == "finished"
    verify(copy)


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(whole, copy):
    newest = checkpoints(copy)[0]
    older = min(steps_saved(copy))
    largest = max(
        (p for p in newest.folder.rglob("*") if p.is_file()), key=lambda p: p.stat().st_size
    )
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    largest.write_bytes(bytes(content))
    with pytest.raises(DamageError, match=newest.folder.name):
        verify(copy)
    recorder = Recorder()
    gj.train(sweep(), copy, [recorder])
    (damaged,) = recorder.warnings
    assert str(newest.folder) in damaged
    assert [step for _, step in resumed(recorder)] == [older]
    assert promised(copy) == promised(whole)


DAMAGE = {
    "flipped": lambda path: path.write_bytes(
        bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:]
    ),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "empty": lambda path: path.write_bytes(b""),
    "deleted": lambda path: path.unlink(),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_file_of_a_shard_is_found(how, whole, tmp_path):
    shard = one_shard(whole)
    for path in shard.iterdir():
        copy = shutil.copytree(whole, tmp_path / path.name)
        DAMAGE[how](copy / path.relative_to(whole))
        with pytest.raises(DamageError) as caught:
            verify(copy)
        assert str(shard.name) in str(caught.value)
        assert caught.value.exit_code == 4


@pytest.mark.parametrize(("name", "how"), [("units.parquet", "truncated"), ("maps.npz", "flipped")])
def test_a_network_of_a_damaged_shard_is_trained_again(name, how, whole, tmp_path):
    copy = shutil.copytree(whole, tmp_path / "run")
    shard = one_shard(copy)
    DAMAGE[how](shard / name)
    recorder = Recorder()
    gj.train(sweep(), copy, [recorder])
    assert "damaged results were moved to damaged/" in recorder.warnings[0]
    assert (copy / "damaged" / f"{shard.name}-1").is_dir()
    assert promised(copy) == promised(whole)


def test_a_table_of_other_columns_is_damage_under_a_valid_seal(whole, tmp_path):
    copy = shutil.copytree(whole, tmp_path / "run")
    shard = one_shard(copy)
    other = to_parquet(pa.table({"x": [1]}))
    (shard / "units.parquet").write_bytes(other)
    listed = load_checksummed_json((shard / "shard.json").read_bytes())
    listed["files"]["units.parquet"] = {"bytes": len(other), "sha256": digest(other)}
    (shard / "shard.json").write_bytes(dump_checksummed_json(listed))
    with pytest.raises(DamageError, match=r"units\.parquet: damaged: has other columns"):
        verify(copy)


def test_a_run_folder_that_was_moved_away_is_not_made_again(tmp_path):
    with pytest.raises(FileNotFoundError), new_folder(tmp_path / "moved away" / "shard"):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("JAX_ENABLE_X64", "1", "unset JAX_ENABLE_X64"),
        ("JAX_DEBUG_NANS", "1", "unset JAX_DEBUG_NANS"),
        ("JAX_PLATFORMS", "tpu", "set JAX_PLATFORMS=cpu"),
        ("JAX_PLATFORMS", "cuda", "set JAX_PLATFORMS=cpu"),
    ],
)
def test_settings_of_jax_that_cannot_work_are_refused(name, value, message, tmp_path):
    (tmp_path / "s.yaml").write_text("parameters: {seed: {value: 0}}")
    program = "from gridjax.cli import main; main()"
    command = [sys.executable, "-c", program, "sweep", "s.yaml", "--out", "run"]
    environment = os.environ | {name: value}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    if name != "JAX_PLATFORMS":  # JAX is started after the folder is locked
        assert [file.name for file in tmp_path.iterdir()] == ["s.yaml"]


def test_settings_that_an_earlier_version_did_not_have_are_their_defaults(whole):
    requested = json.loads((whole / "manifest.json").read_text())
    earlier = json.loads((whole / "manifest.json").read_text())
    del earlier["settings"]["evaluation"]["environments"], earlier["settings"]["merge"]
    check_sweep(whole, earlier, requested, ())
    requested["settings"]["evaluation"]["environments"] = True
    told = r"evaluation\.environments False in the folder, True now"
    with pytest.raises(GridjaxError, match=told):
        check_sweep(whole, earlier, requested, ())


def test_a_damaged_table_is_found_when_it_is_read(whole, tmp_path):
    copy = shutil.copytree(whole, tmp_path / "run")
    DAMAGE["flipped"](one_shard(copy) / "units.parquet")
    assert len(gj.open_run(copy).networks) == 1
    with pytest.raises(DamageError, match=r"units\.parquet"):
        _ = gj.open_run(copy).units
    gj.train(sweep(), copy)
    assert promised(copy) == promised(whole)


def test_links_in_place_of_checkpoints_are_not_followed(copy, tmp_path):
    newest, older = (each.folder for each in checkpoints(copy))
    newest.rename(tmp_path / "elsewhere")
    newest.symlink_to(tmp_path / "elsewhere")
    (block,) = block_folders(copy)[0]
    assert [each.folder for each in block.listed()] == [older]
    assert str(newest) in block.damage[0]


def test_a_second_writer_is_refused_by_host_and_process_and_a_killed_one_frees(tmp_path):
    program = (
        "import sys, time; from pathlib import Path; from gridjax.io.folder_lock import locked\n"
        "with locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(GridjaxError, match=f"process {holder.pid} on "), locked(tmp_path):
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with locked(tmp_path):
        pass


@pytest.mark.slow
def test_what_an_earlier_sweep_had_in_training_waits_for_it(whole, copy):
    """Another sweep comes to its end in the folder; the first then goes on where it stood."""
    newest = max(steps_saved(copy))
    saved = {p: p.read_bytes() for p in (copy / "checkpoints").rglob("*") if p.is_file()}
    parameters = CARTESIAN | {"seed": {"value": 7}}
    other = gj.Sweep.from_dict(sweep_content(**parameters))
    gj.train(other, copy, checkpoint_every=0, accept=("sweep",))
    assert saved == {p: p.read_bytes() for p in (copy / "checkpoints").rglob("*") if p.is_file()}
    told = status(copy)
    assert (told["state"], told["in_training"]) == ("finished", [])
    kept = told["of_earlier_sweeps"]
    assert kept["networks"] == 1
    assert kept["bytes"] > sum(map(len, saved.values()))
    assert "checkpoints of 1 networks of an earlier sweep" in "\n".join(status_lines(told))
    verify(copy)
    gj.train(other, copy)  # looking at it again changes nothing
    assert len(steps_saved(copy)) == 2
    recorder = Recorder()
    gj.train(sweep(), copy, [recorder], accept=("sweep",))
    (run_id,) = (spec.run_id for spec in sweep().specs)
    assert resumed(recorder) == [(run_id, newest)]
    ours, theirs = (FolderStore.open(folder).weights(run_id) for folder in (copy, whole))
    assert ours.keys() == theirs.keys()
    assert all(ours[name].tobytes() == theirs[name].tobytes() for name in theirs)
    assert not (copy / "checkpoints").exists()
    assert status(copy)["of_earlier_sweeps"] == {"networks": 0, "bytes": 0}


def test_an_edited_plugin_does_not_join_networks_of_its_earlier_version(whole, tmp_path):
    """One manifest holds one hash of a plugin: the run would not be readable."""
    found = FolderStore.open(whole).manifest
    (run_id,), (spec,) = found["run_ids"], found["specs"]
    own = {"specs": [spec | {"rnn_type": "own"}], "plugins": {"plugin:own": "a" * 64}}
    existing = found | own
    edited = {"run_ids": ["0" * 16], "plugins": {"plugin:own": "b" * 64}}
    requested = existing | edited | {"sources": [{"name": "other", "text": "other"}]}
    with pytest.raises(GridjaxError, match="earlier version of the plugin own"):
        merge_manifests(existing, requested, tmp_path, ("sweep",), {run_id})
    same = requested | {"plugins": own["plugins"]}
    merged = merge_manifests(existing, same, tmp_path, ("sweep",), {run_id})
    assert merged["run_ids"] == ["0" * 16, run_id]
    # nothing of the earlier version is finished: the edited plugin takes its place
    merged = merge_manifests(existing, requested, tmp_path, ("sweep",), set())
    assert merged["plugins"] == edited["plugins"]
