"""Run folders made to harm whoever looks at them: refused by name, and led nowhere else."""

import json
import shutil
import sys

import pytest

from gridjax import cli
from gridjax.errors import DamageError, GridjaxError
from gridjax.io.atomic_files import dump_checksummed_json
from gridjax.io.folder_lock import WRITER, writer
from gridjax.io.text import printable
from gridjax.run.storage.manifest import MANIFEST, read_manifest
from gridjax.run.storage.resume_policy import check_sweep
from gridjax.run.storage.run_folder import FolderStore
from gridjax.run.storage.shards import Shard

from .forkedreader import OFF_LIMITS
from .runfolder import MANIFEST_CONTENT

STEERING = "a\x1b]0;owned\x07\r\u202e\x9b31m[red]x[/red]\nno sweep.yaml: all is well"


def reseal(run, **changes):
    (run / MANIFEST).write_bytes(dump_checksummed_json(MANIFEST_CONTENT | changes))


def tree(folder):
    """Every file and folder, with its content and the time it was changed."""
    return {
        path: (path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def outside(run):
    """A shard that lies outside the run folder, where nobody may look or write."""
    shard = next((run / "shards").iterdir())
    return shutil.copytree(shard, run.parent / OFF_LIMITS / shard.name)


@pytest.fixture
def command(monkeypatch, capsys):
    """Run the command line in this process: its exit code, and what it printed."""

    def run_it(*arguments):
        monkeypatch.setattr(sys, "argv", ["gridjax", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return run_it


NAMES = (
    *("../x", "../../off-limits/x", "/abs", "..", ".", "", "a/b", "a\\b", "~", "C:x", "0" * 15),
    *("0" * 16 + "\n", "0" * 16 + "\x00", STEERING, "[bold red]0[/]", "\ud800", "x" * 10**5),
    *(7, None, ["0" * 16], {"../x": 1}),
)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:20])
def test_run_ids_that_are_none_are_one_clear_line(name, run, outside):
    everything = tree(run.parent)
    reseal(run, run_ids=[name, *MANIFEST_CONTENT["run_ids"][1:]])
    with pytest.raises(DamageError) as caught:
        read_manifest(run)
    (problem,) = caught.value.problems
    assert "is not a run_id" in problem.message
    assert str(problem).isprintable()
    assert len(problem.message) < 200
    assert problem.place.file == str(run / MANIFEST)
    changed = {path for path, content in tree(run.parent).items() if everything[path] != content}
    assert changed == {run / MANIFEST}


@pytest.mark.parametrize("command_name", ["status", "verify", "report"])
def test_the_commands_print_that_line_and_end_with_code_4(command_name, run, command):
    reseal(run, run_ids=[STEERING, *MANIFEST_CONTENT["run_ids"][1:]])
    code, out, err = command(command_name, run)
    assert (code, out) == (4, "")
    assert err.count("\n") == 1
    assert err.strip().isprintable()


def test_names_that_lead_out_of_the_folder_are_not_looked_at(run, outside, reader):
    for name in (f"../../{OFF_LIMITS}/{outside.name}", str(outside)):
        reseal(run, run_ids=[name, *MANIFEST_CONTENT["run_ids"][1:]])
        everything = tree(run.parent)
        assert reader.check(run, "run")["exit_code"] == 4
        assert tree(run.parent) == everything


def test_names_of_sources_are_printed_escaped(run, command, tmp_path):
    reseal(run, sources=[{"name": STEERING, "text": ""}])
    for ours, count in ((STEERING, 1), (f"{STEERING}2", 2)):  # the same name is printed once
        here = MANIFEST_CONTENT | {"run_ids": [], "sources": [{"name": ours, "text": ""}]}
        with pytest.raises(GridjaxError, match="another sweep") as caught:
            check_sweep(run, read_manifest(run), here, ())
        (problem,) = caught.value.problems
        assert problem.message.isprintable()
        assert problem.message.count(ascii(STEERING)[:-1]) == count
    path = tmp_path / "other.yaml"
    path.write_text("parameters: {Ng: {value: 8}}\n")
    code, _, err = command("sweep", path, "--out", run)
    assert code == 2
    assert err.replace("\n", "").isprintable()
    assert "\nno sweep.yaml" not in err


def test_the_writer_is_printed_escaped_or_not_at_all(run, command, capsys):
    named = {"host": STEERING, "pid": 7, "started": STEERING}
    (run / WRITER).write_text(json.dumps(named))
    assert writer(run)["host"] == ascii(STEERING)
    sys.argv = ["gridjax", "status", str(run)]
    with pytest.raises(SystemExit):
        cli.main()
    out = capsys.readouterr().out
    assert "killed (process 7 on" in out
    assert out.replace("\n", "").replace(" ", "").isprintable()
    assert "\nno sweep.yaml" not in out
    for wrong in ({}, [], {"host": 1, "pid": 7, "started": ""}, named | {"pid": STEERING}):
        (run / WRITER).write_text(json.dumps(wrong))
        assert writer(run) is None
    (run / WRITER).write_text("[" * 100_000)
    assert writer(run) is None


def test_what_is_printed_keeps_its_lines_and_nothing_that_steers():
    assert printable("a: ä 🐀\n    b") == "a: ä 🐀\n    b"
    text = printable(STEERING + "\ud800")
    assert text.replace("\n", "").isprintable()
    assert text.startswith("a\\x1b]0;owned\\x07\\r\\u202e")
    assert text.endswith("\nno sweep.yaml: all is well\\ud800")


@pytest.mark.parametrize("part", ["shard", "seal", "table", "weights"])
def test_links_in_place_of_shards_and_their_files_are_damage(part, run, outside, reader):
    shard = run / "shards" / outside.name
    names = {"seal": "shard.json", "table": "networks.parquet", "weights": "weights.npz"}
    path = shard if part == "shard" else shard / names[part]
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    path.symlink_to(outside if part == "shard" else outside / names[part])
    problems = reader.check(run, "run")["problems"]
    assert str(path) in [problem["file"] for problem in problems]
    assert FolderStore.open(run).damaged().keys() == {shard}


def test_a_link_in_place_of_a_shard_is_set_aside_and_what_it_leads_to_stays(run, outside):
    shard = run / "shards" / outside.name
    shutil.rmtree(shard)
    shard.symlink_to(outside)
    everything = tree(outside)
    for _ in range(2):  # the second time its place in damaged/ is taken, by a link that leads on
        damaged = FolderStore.open(run).damaged()
        store = FolderStore.create(run, MANIFEST_CONTENT, damaged)
        assert outside.name in store.set_aside[0]
        assert not store.committed() & set(Shard(outside).run_ids())
        assert not shard.is_symlink()
        shard.symlink_to("nowhere")
    links = sorted((run / "damaged").iterdir())
    assert [link.name for link in links] == [f"{outside.name}-1", f"{outside.name}-2"]
    assert all(link.is_symlink() for link in links)
    assert tree(outside) == everything
