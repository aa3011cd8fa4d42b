"""Links in a run folder through which a run, or a report of it, would be written elsewhere."""

import pytest
from gridjax.run.checkpointing.checkpoints import CHECKPOINTS, Checkpoints, Snapshot

from gridjax.errors import GridjaxError
from gridjax.io.atomic_files import dump_checksummed_json, load_checksummed_json, replace_file
from gridjax.report.html import write_report
from gridjax.run.checkpointing import checkpoints as checkpoint_module
from gridjax.run.execution.train import train
from gridjax.run.storage.run_reader import open_run

from .forkedreader import OFF_LIMITS
from .runfolder import MANIFEST_CONTENT, SWEEP

RUN_IDS = MANIFEST_CONTENT["run_ids"][2:]


@pytest.fixture
def outside(tmp_path):
    """A folder that nobody may look into or write to."""
    folder = tmp_path / OFF_LIMITS
    folder.mkdir()
    return folder


def save(run, steps):
    """Save a checkpoint of the networks that are not finished; where it is."""
    n = len(RUN_IDS)
    snapshot = Snapshot(RUN_IDS, [steps] * n, {}, [1.0] * n, 0, [False] * n)
    Checkpoints(run).save(snapshot)
    return max((run / CHECKPOINTS).glob("*/*"))


@pytest.fixture(autouse=True)
def without_arrays(monkeypatch):
    """Checkpoints hold no arrays here: their lists and folders alone matter."""
    monkeypatch.setattr(checkpoint_module, "save_arrays", lambda path, arrays: path.mkdir())


@pytest.mark.parametrize("part", ["block", "steps", "list", "arrays"])
def test_links_in_place_of_checkpoints_are_damage_and_not_followed(part, run, outside, reader):
    steps = save(run, 40)
    assert [each.folder for each in Checkpoints(run).listed()] == [steps]
    names = {"list": "checkpoint.json", "arrays": "arrays"}
    path = {"block": steps.parent, "steps": steps}.get(part) or steps / names[part]
    path.rename(outside / path.name)
    path.symlink_to(outside / path.name)
    checkpoints = Checkpoints(run)
    assert not list(checkpoints.listed())
    (told,) = checkpoints.damage
    assert "not a checkpoint of gridjax" in told
    assert checkpoints.restore(RUN_IDS, {}) == {}
    problems = reader.check(run, "run")["problems"]
    assert "not a checkpoint of gridjax" in problems[0]["message"]


@pytest.mark.parametrize("part", ["block", "steps"])
def test_checkpoints_are_not_saved_through_links(part, run, outside):
    steps = save(run, 40)
    path = steps.parent if part == "block" else steps
    path.rename(outside / path.name)
    before = sorted(outside.rglob("*"))
    path.symlink_to(outside / path.name)
    (steps.parent / "000000000000009").symlink_to(outside)
    for number in (40, 60, 80):
        save(run, number)
    assert not path.is_symlink()
    Checkpoints(run).drop(RUN_IDS)
    Checkpoints(run).drop_finished(set())
    assert not (run / CHECKPOINTS).exists()
    assert [each for each in before if not each.exists()] == []


LISTS = {
    "run_ids": [None, 5, [[]], "x"],
    "steps": [None, 5, ["1"], []],
    "seconds": [None, {}, ["x"]],
    "resumed": [None, [1, 2]],
    "segment": [None, "x"],
    "leaves": [None, []],
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_another_form_is_damage(name, run, reader):
    steps = save(run, 40)
    path = steps / "checkpoint.json"
    good = load_checksummed_json(path.read_bytes())
    for wrong in LISTS[name]:
        path.write_bytes(dump_checksummed_json(good | {name: wrong}))
        checkpoints = Checkpoints(run)
        assert not list(checkpoints.listed())
        assert str(steps) in checkpoints.damage[0]


@pytest.mark.parametrize("name", ["shards", "checkpoints", "damaged", ".lock", ".writer.json"])
def test_a_run_is_not_written_through_a_link(name, run, outside):
    if (run / name).exists():
        (run / name).rename(run / "moved")
    (run / name).symlink_to(outside / "target")
    with pytest.raises(GridjaxError, match=f"its {name} is a link"):
        train(SWEEP, run)
    assert not list(outside.iterdir())


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
