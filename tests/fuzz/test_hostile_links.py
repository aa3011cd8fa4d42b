"""Links in a run folder through which a run, or a report of it, would be written elsewhere."""

import pytest

from gridjax.errors import DamageError, GridjaxError
from gridjax.io.atomic_files import dump_checksummed_json, load_checksummed_json, replace_file
from gridjax.report.html import write_report
from gridjax.run.checkpointing.block_folder import CHECKPOINTS
from gridjax.run.execution.train import train
from gridjax.run.results.run import open_run
from gridjax.run.storage.integrity import verify
from gridjax.run.storage.output_folder import remove_leftovers
from gridjax.run.storage.partial_results import PARTIAL, PartialResults
from gridjax.run.storage.shards import Shard
from gridjax.run.storage.status import status

from .forkedreader import OFF_LIMITS
from .runfolder import MANIFEST_CONTENT, SWEEP, block_folder, save


@pytest.fixture
def outside(tmp_path):
    """A folder that must not be read or written."""
    folder = tmp_path / OFF_LIMITS
    folder.mkdir()
    return folder


@pytest.mark.parametrize("part", ["block", "steps", "list", "arrays"])
def test_links_in_place_of_checkpoints_are_damage_and_not_followed(part, run, outside, reader):
    steps = save(run, 40)
    assert [each.folder for each in block_folder(run).listed()] == [steps]
    names = {"list": "checkpoint.json", "arrays": "arrays"}
    path = {"block": steps.parent, "steps": steps}.get(part) or steps / names[part]
    path.rename(outside / path.name)
    path.symlink_to(outside / path.name)
    block = block_folder(run)
    assert not block.listed()
    (told,) = block.damage
    assert "is a link" in told if part == "block" else "not a checkpoint of gridjax" in told
    assert block.restore({}) == {}
    problems = reader.check(run, "run")["problems"]
    assert "not a checkpoint of gridjax" in problems[0]["message"]


@pytest.mark.parametrize("part", ["block", "steps"])
def test_checkpoints_are_not_saved_or_removed_through_links(part, run, outside):
    steps = save(run, 40)
    path = steps.parent if part == "block" else steps
    path.rename(outside / path.name)
    before = sorted(outside.rglob("*"))
    path.symlink_to(outside / path.name)
    if part == "steps":
        (steps.parent / "000000000000009").symlink_to(outside)
    for number in (40, 60, 80):
        save(run, number)
    assert not path.is_symlink()
    (run / CHECKPOINTS / ("0" * 16)).symlink_to(outside)
    remove_leftovers(run, set(MANIFEST_CONTENT["run_ids"]))
    assert not (run / CHECKPOINTS).exists()
    assert [each for each in before if not each.exists()] == []


@pytest.mark.parametrize("part", ["block", "part", "file"])
def test_partial_results_are_not_read_written_or_removed_through_links(part, run, outside):
    shard = min((run / "shards").iterdir())
    partial = PartialResults(run, "b" * 16)
    partial.add(Shard(shard).read())
    paths = {"block": partial.folder, "part": partial.folder / shard.name}
    path = paths.get(part) or paths["part"] / "units.parquet"
    path.rename(outside / path.name)
    before = sorted(outside.rglob("*"))
    path.symlink_to(outside / path.name)
    parts, damage = partial.read()
    assert not parts
    assert len(damage) == (0 if part == "block" else 1)
    if part == "part":
        partial.add(Shard(shard).read())
        assert not path.is_symlink()
    partial.remove()
    assert not (run / PARTIAL / partial.folder.name).exists()
    assert [each for each in before if not each.exists()] == []


LISTS = {
    "networks": [None, 5, [[]], "x"],
    "block": [None, 5, "0" * 16],
    "block_steps": [None, "40", 41],
    "files": [None, []],
    "run_ids": [None, 5, [[]], "x"],
    "steps": [None, 5, ["1"], []],
    "seconds": [None, {}, ["x"]],
    "resumed": [None, [1, 2]],
    "segment": [None, "x"],
    "leaves": [None, []],
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_another_form_is_damage(name, run):
    steps = save(run, 40)
    path = steps / "checkpoint.json"
    good = load_checksummed_json(path.read_bytes())
    for wrong in LISTS[name]:
        path.write_bytes(dump_checksummed_json(good | {name: wrong}))
        block = block_folder(run)
        assert not block.listed()
        assert str(steps) in block.damage[0]
        with pytest.raises(DamageError, match=steps.name):
            verify(run)


FOLDERS_AND_LOCKS = (
    *("shards", "checkpoints", "partial", "damaged", "parts"),
    *(".lock", ".workers.lock", ".writer.json"),
)


@pytest.mark.parametrize("name", FOLDERS_AND_LOCKS)
def test_a_run_is_not_written_through_a_link(name, run, outside):
    if (run / name).exists():
        (run / name).rename(run / "moved")
    (run / name).symlink_to(outside / "target")
    with pytest.raises(GridjaxError, match=f"its {name} is a link"):
        train(SWEEP, run)
    assert not list(outside.iterdir())


@pytest.mark.parametrize("name", ["parts/.lock", "parts/1-of-2/.lock", "parts/1-of-2/.writer.json"])
def test_a_part_is_not_locked_through_a_link(name, run, outside):
    (run / name).parent.mkdir(parents=True)
    (run / name).symlink_to(outside / "target")
    with pytest.raises(GridjaxError, match=r"\.(lock|writer\.json) is a link"):
        train(SWEEP, run, part="1/2")
    assert not list(outside.iterdir())


@pytest.mark.parametrize("name", ["parts", "parts/1-of-2", "parts/of-2.json"])
def test_the_status_follows_no_link_in_the_place_of_parts(name, run, outside):
    (outside / "of-2.json").write_bytes(dump_checksummed_json({"parts": [["x"], ["y"]]}))
    (run / name).parent.mkdir(exist_ok=True)
    (run / name).symlink_to(outside / "of-2.json" if name.endswith("json") else outside)
    told = status(run)
    assert (told["parts"], told["workers"]) == (None, [])


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", dump_checksummed_json({"parts": [["x"]]})])
def test_a_damaged_list_of_parts_is_named_and_not_used(content, run):
    (run / "parts").mkdir()
    (run / "parts" / "of-2.json").write_bytes(content)
    assert status(run)["parts"] is None
    with pytest.raises(DamageError, match=r"of-2\.json: damaged"):
        verify(run)


def test_files_are_not_written_through_what_a_killed_writer_seems_to_have_left(run, outside):
    target = outside / "target"
    target.write_text("untouched")
    (run / ".aside-page.html").symlink_to(target)
    replace_file(run / "page.html", b"new")
    assert (run / "page.html").read_bytes() == b"new"
    assert target.read_text() == "untouched"


@pytest.mark.parametrize("name", ["figures", "figures/gallery.png"])
def test_a_report_is_not_written_through_a_link(name, run, outside):
    (run / name).parent.mkdir(exist_ok=True)
    (run / name).symlink_to(outside)
    with pytest.raises(GridjaxError, match=f"{name} is a link"):
        write_report(open_run(run), run)
    assert not list(outside.iterdir())
