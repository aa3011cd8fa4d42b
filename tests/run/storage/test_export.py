"""Export of a run: a small run folder with the tables, to which later networks are added."""

import errno
import os
import shutil

import pytest
from commands import in_this_process
from tiny import CARTESIAN, Recorder, sweep_content

import gridjax as gj
from gridjax.errors import DamageError, GridjaxError
from gridjax.io.atomic_files import dump_checksummed_json, load_checksummed_json
from gridjax.run.storage.integrity import verify

pytestmark = pytest.mark.usefixtures("evaluation_without_compilation")
TABLES = ("units", "history", "drift", "spectra", "nulls")
SHORT = {"n_grad_steps_per_epoch": {"value": 20}}


def of_seeds(*seeds):
    return gj.Sweep.from_dict(sweep_content(**CARTESIAN | SHORT | {"seed": {"values": [*seeds]}}))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Runs of one seed and of three seeds."""
    from torture.quick_evaluation import quick_evaluation

    folder = tmp_path_factory.mktemp("runs")
    with quick_evaluation():
        gj.train(of_seeds(0), folder / "one")
        gj.train(of_seeds(0, 1, 2), folder / "three")
    return folder


def test_an_export_has_all_tables_and_the_best_maps_and_no_weights(runs, tmp_path):
    assert gj.export_run(runs / "three", tmp_path / "out", maps=2) == (3, 3, 3)
    run, exported = gj.open_run(runs / "three"), gj.open_run(tmp_path / "out")
    for name in ("networks", "timings", *TABLES):
        assert getattr(exported, name).equals(getattr(run, name)), name
    run_id = run.networks["run_id"][1]
    assert exported.rate_maps(run_id).equals(run.rate_maps(run_id)[:2])
    with pytest.raises(GridjaxError, match="are not stored"):
        exported.network(run_id)
    verify(tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["manifest.json", "shards"]


def test_no_maps_are_copied_by_default(runs, tmp_path):
    gj.export_run(runs / "one", tmp_path / "out")
    exported = gj.open_run(tmp_path / "out")
    with pytest.raises(GridjaxError, match="no rate maps"):
        exported.rate_maps(exported.networks["run_id"][0])


def test_an_earlier_export_with_another_number_of_maps_is_refused(runs, tmp_path):
    gj.export_run(runs / "three", tmp_path / "none")
    with pytest.raises(GridjaxError, match=r"has 0 maps of each network, not 2\n +give --maps 0"):
        gj.export_run(runs / "three", tmp_path / "none", maps=2)
    gj.export_run(runs / "one", tmp_path / "two", maps=2)
    before = sorted((tmp_path / "two").rglob("*"))
    for maps, told in ((0, 0), (1, 1), (3, 3)):
        with pytest.raises(GridjaxError, match=f"has 2 maps of each network, not {told}"):
            gj.export_run(runs / "three", tmp_path / "two", maps=maps)
    assert sorted((tmp_path / "two").rglob("*")) == before
    assert gj.export_run(runs / "three", tmp_path / "two", maps=2) == (2, 3, 3)


def test_an_export_of_more_maps_than_the_run_has_can_be_repeated(runs, tmp_path):
    for added in (1, 0):
        assert gj.export_run(runs / "one", tmp_path / "out", maps=1000) == (added, 1, 1)


def test_a_later_export_adds_what_has_finished_since(runs, tmp_path):
    run = shutil.copytree(runs / "one", tmp_path / "run")
    assert gj.export_run(run, tmp_path / "out") == (1, 1, 1)
    assert gj.export_run(run, tmp_path / "out") == (0, 1, 1)
    (first,) = (tmp_path / "out" / "shards").iterdir()
    before = {path.name: path.read_bytes() for path in first.iterdir()}
    gj.train(of_seeds(0, 1, 2), run, accept=["sweep"])
    assert gj.export_run(run, tmp_path / "out") == (2, 3, 3)
    assert {path.name: path.read_bytes() for path in first.iterdir()} == before
    assert gj.open_run(tmp_path / "out").units.equals(gj.open_run(run).units)


def test_a_resumed_export_trains_only_what_it_lacks(runs, tmp_path):
    gj.export_run(runs / "one", tmp_path / "out", maps=5)
    recorder = Recorder()
    gj.train(of_seeds(0, 1, 2), tmp_path / "out", [recorder], accept=["sweep"])
    assert recorder.n_steps == 2 * 20
    grown, whole = gj.open_run(tmp_path / "out"), gj.open_run(runs / "three")
    assert grown.networks["segment"].tolist() == [0, 1, 1]  # the sweep has grown
    assert grown.networks.drop(columns="segment").equals(whole.networks.drop(columns="segment"))
    for name in TABLES:
        assert getattr(grown, name).equals(getattr(whole, name)), name


def test_a_damaged_run_is_not_exported(runs, tmp_path):
    run = shutil.copytree(runs / "one", tmp_path / "run")
    (shard,) = (run / "shards").iterdir()
    with (shard / "units.parquet").open("ab") as file:
        file.write(b"x")
    with pytest.raises(DamageError, match=r"units\.parquet"):
        gj.export_run(run, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_added_to_a_damaged_export(runs, tmp_path):
    gj.export_run(runs / "one", tmp_path / "out")
    (units,) = (tmp_path / "out").rglob("units.parquet")
    units.write_bytes(units.read_bytes()[:-1])
    with pytest.raises(DamageError, match=r"units\.parquet: damaged, in an earlier export"):
        gj.export_run(runs / "three", tmp_path / "out")
    assert len(list((tmp_path / "out" / "shards").iterdir())) == 1


def test_an_export_into_something_else_is_refused(runs, tmp_path):
    with pytest.raises(GridjaxError, match="is the run itself"):
        gj.export_run(runs / "one", runs / "one")
    gj.export_run(runs / "three", tmp_path / "three")
    with pytest.raises(GridjaxError, match="contains 2 networks that are not finished in"):
        gj.export_run(runs / "one", tmp_path / "three")
    with pytest.raises(GridjaxError, match="contains weights, so it is a run and no export"):
        gj.export_run(runs / "three", runs / "one")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "text").write_text("mine")
    with pytest.raises(GridjaxError, match="is not empty, and contains no run"):
        gj.export_run(runs / "one", tmp_path / "notes")
    with pytest.raises(GridjaxError, match="maps=-1 is negative"):
        gj.export_run(runs / "one", tmp_path / "new", maps=-1)
    assert not (tmp_path / "new").exists()


def test_an_export_of_an_earlier_version_is_completed(runs, tmp_path):
    gj.export_run(runs / "one", tmp_path / "out")
    manifest = load_checksummed_json((tmp_path / "out" / "manifest.json").read_bytes())
    del manifest["settings"]["evaluation"]["environments"]
    (tmp_path / "out" / "manifest.json").write_bytes(dump_checksummed_json(manifest))
    assert gj.export_run(runs / "one", tmp_path / "out") == (0, 1, 1)


def test_an_export_of_a_run_with_other_settings_is_refused(runs, tmp_path):
    other = sweep_content(**CARTESIAN | SHORT | {"seed": {"values": [0]}})
    other["gridjax"] = other["gridjax"] | {"keep_maps": "best:4"}
    gj.train(gj.Sweep.from_dict(other), tmp_path / "run")
    gj.export_run(runs / "one", tmp_path / "out")
    with pytest.raises(GridjaxError, match="is the export of a run with other settings than"):
        gj.export_run(tmp_path / "run", tmp_path / "out")


def test_the_command_says_what_it_added(runs, tmp_path):
    done = in_this_process(tmp_path, "export", runs / "three", "out", "--maps", 1)
    assert done.returncode == 0
    assert done.stdout.startswith("3 networks added to out; 3 of the 3 networks of the run")
    again = in_this_process(tmp_path, "export", runs / "three", "out", "--maps", 2)
    assert (again.returncode, again.stdout) == (2, "")
    assert "has 1 maps of each network, not 2" in again.stderr
    absent = in_this_process(tmp_path, "export", "absent", "new")
    assert (absent.returncode, absent.stdout) == (2, "")
    assert "absent" in absent.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("out", ["file", "file/out"])
def test_an_export_to_a_place_that_cannot_be_written_is_refused(runs, tmp_path, out):
    (tmp_path / "file").write_text("mine")
    done = in_this_process(tmp_path, "export", runs / "one", out)
    assert done.returncode == 2
    assert f"{out}: " in done.stderr
    assert "resumes the run" not in done.stderr
    assert "name a" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_export_to_a_read_only_folder_is_refused(runs, tmp_path, monkeypatch):
    def read_only(*arguments, **options):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    (tmp_path / "out").mkdir()
    monkeypatch.setattr("gridjax.io.output_paths.TemporaryFile", read_only)  # root may write it
    with pytest.raises(GridjaxError, match="cannot be written: Permission denied") as error:
        gj.export_run(runs / "one", tmp_path / "out")
    assert error.value.exit_code == 2
    assert not any((tmp_path / "out").iterdir())
