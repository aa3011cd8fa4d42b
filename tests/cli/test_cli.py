"""The commands as a user types them, in this process or, where streams break, in their own."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from commands import in_this_process
from source_tree import text_of
from tiny import CARTESIAN, sweep_content, write_sweep
from typer.main import get_group

import gridjax as gj
from gridjax import cli

ENVIRONMENT = os.environ | {"COLUMNS": "200", "NO_COLOR": "1"}


def gridjax(*arguments, cwd="."):
    return in_this_process(cwd, *arguments)


def assert_refused(result, *wanted):
    """One clear message on stderr, exit code 2, no traceback."""
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    for text in wanted:
        assert text in result.stderr


def test_version_and_help_with_examples():
    assert gridjax("--version").stdout == f"gridjax {gj.__version__}\n"
    for command in ("sweep", "plan", "report", "score", "bench", "theory"):
        shown = gridjax(command, "--help")
        assert shown.returncode == 0
        assert "Example" in shown.stdout, command


def test_the_commands_are_listed_in_the_order_of_the_readme():
    rows = re.findall(r"^\| `gridjax (\w+)", text_of("README.md"), flags=re.MULTILINE)
    assert list(get_group(cli.app).commands) == rows


def test_plan_prints_integers_as_json_and_needs_no_jax():
    result = gridjax("plan", "quickstart", "--json")
    plan = json.loads(result.stdout)
    assert plan["networks"] == 12
    assert plan["buckets"] == 3
    blocked = "import sys; sys.modules['jax'] = None; from gridjax.cli import main; main()"
    command = [sys.executable, "-c", blocked, "plan", "quickstart"]
    shown = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert shown.returncode == 0, shown.stderr
    assert "12 networks in 3 compile buckets" in shown.stdout


def test_shipped_experiments_are_found_from_an_empty_directory(tmp_path):
    assert gridjax("plan", "quickstart", cwd=tmp_path).returncode == 0
    one = gridjax("plan", "quickstart/gaussian.yaml", "--networks", 3, "--json", cwd=tmp_path)
    assert json.loads(one.stdout)["networks"] == 3
    assert list(tmp_path.iterdir()) == []


def test_set_overrides_every_network_and_is_checked_like_the_file(tmp_path):
    changed = gridjax("plan", "quickstart", "--set", "seed=5", "--json")
    assert json.loads(changed.stdout)["networks"] == 3
    assert_refused(gridjax("plan", "quickstart", "--set", "Ng=-3"), "--set Ng", "-3")
    assert_refused(gridjax("plan", "quickstart", "--set", "sead=1"), "sead", "seed")
    assert_refused(gridjax("plan", "quickstart", "--set", "seed"), "NAME=VALUE")
    assert_refused(gridjax("plan", "quickstart", "--set", "=5"), "--set =5: no name", "NAME=VALUE")
    for wrong, right in (
        ("optimizer=adam,sgd", "optimizer=[adam,sgd]"),
        ("Ng=[16,", "Ng=[16]"),
        ("Ng=16, 32]", "Ng=[16,32]"),
        ("learning_rate=0,001", "or a decimal point"),
    ):
        refused = gridjax("plan", "quickstart", "--set", wrong)
        assert_refused(refused, f"--set {wrong}: several values need brackets", right)
    for accepted in ("fidelity=corrected, dropout=inert", "place_cell_rf=uniform(0.1,0.2)"):
        assert gridjax("plan", "quickstart", "--set", accepted, "--json").returncode == 0
    assert_refused(gridjax("sweep", "quickstart", "--out", tmp_path / "x", "--networks", 0), "0")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["sweep", "quickstart", "--out", "a", "--out", "b"], "--out is given twice"),
        (["plan", "quickstart", "--networks", 3, "--networks=4"], "--networks is given twice"),
        (["plan", "quickstart", *["--for", "h100"] * 3], "--for is given 3 times"),
        (["score", "a.npy", "--units", "m", "--units", "cm"], "--units is given twice"),
        (["export", "a", "b", "--maps", 1, "--maps", 2], "--maps is given twice"),
        (["status", "a", "--json", "--json"], "--json is given twice"),
    ],
)
def test_an_option_that_takes_one_value_is_given_once(words, wanted, tmp_path):
    assert_refused(gridjax(*words, cwd=tmp_path), wanted, "give it once")
    assert list(tmp_path.iterdir()) == []


def test_a_list_and_help_may_be_repeated():
    two = gridjax("plan", "quickstart", "--set", "Ng=8", "--set", "seed=[0,1,2,3]", "--json")
    assert json.loads(two.stdout)["networks"] == 12
    assert gridjax("plan", "--help", "--help").returncode == 0


BAD = {
    "empty.yaml": (b"", "empty"),
    "not_yaml.yaml": (b"a: [1, 2", "not_yaml.yaml:"),
    "bayes.yaml": (b"method: bayes\nparameters: {Ng: {value: 8}}\n", "bayes.yaml:1:9"),
    "unknown.yaml": (b"parameters: {plaec_cell_rf: {value: 1}}\n", "did you mean place_cell_rf"),
    "negative.yaml": (b"parameters: {Ng: {value: -3}}\n", "negative.yaml:1:26"),
    "twice.yaml": (b"parameters:\n  Ng: {value: 8}\n  Ng: {value: 9}\n", "twice.yaml:3:3"),
    "object.yaml": (b"parameters: {Ng: !!python/object:os.system {}}\n", "object.yaml:1:18"),
    "utf16.yaml": ("parameters: {}".encode("utf-16"), "utf16.yaml"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_in_one_message_and_nothing_is_written(name, tmp_path):
    content, wanted = BAD[name]
    path = tmp_path / name
    path.write_bytes(content)
    assert_refused(gridjax("sweep", path, "--out", tmp_path / "out"), wanted)
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_missing_files_and_folders_are_refused(tmp_path):
    assert_refused(gridjax("sweep", tmp_path / "no.yaml", "--out", tmp_path / "o"), "no.yaml")
    assert_refused(gridjax("report", tmp_path), "holds no run")
    assert_refused(gridjax("report", tmp_path / "nowhere"), "holds no run")
    assert list(tmp_path.iterdir()) == []


def test_a_number_that_yaml_takes_for_a_text_is_a_number(tmp_path):
    content = sweep_content(learning_rate={"value": "1e-4"}, place_cell_rf={"value": 0.1})
    path = write_sweep(tmp_path, "text.yaml", content)
    assert yaml.safe_load(path.read_text())["parameters"]["learning_rate"]["value"] == "1e-4"
    assert gj.Sweep.from_yaml(path).specs[0].learning_rate == 1e-4


def test_a_folder_of_another_sweep_is_refused_naming_both(trained):
    other = trained.folder.parent / "other.yaml"
    write_sweep(other.parent, other.name, sweep_content(**CARTESIAN, seed={"value": 9}))
    before = {path: path.stat().st_mtime_ns for path in trained.folder.rglob("*")}
    refused = gridjax("sweep", other, "--out", trained.folder)
    assert_refused(refused, "cells.yaml", "other.yaml", str(trained.folder))
    assert before == {path: path.stat().st_mtime_ns for path in trained.folder.rglob("*")}


def test_a_finished_sweep_says_so_and_quiet_says_nothing(trained):
    files = [trained.folder.parent / f"{name}.yaml" for name in ("cells", "cartesian", "diverging")]
    loud = gridjax("sweep", *files, "--out", trained.folder)
    assert loud.returncode == 0, loud.stderr
    assert "nothing to train" in loud.stdout
    assert "1 of 6 networks diverged" in loud.stdout
    quiet = gridjax("sweep", *files, "--out", trained.folder, "--quiet")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


def test_a_finished_run_is_watched_once(trained):
    shown = gridjax("status", trained.folder, "--watch")
    assert "6 of 6 networks finished" in shown.stdout
    told = gridjax("status", trained.folder, "--watch", "--json").stdout
    assert told.count("\n") == 1
    assert json.loads(told) | {"last_finished_s": None} == json.loads(
        gridjax("status", trained.folder, "--json").stdout
    ) | {"last_finished_s": None}


def test_a_part_of_no_array_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.delenv("SLURM_ARRAY_TASK_ID", raising=False)
    for part, words in (("auto", "no task of a job array"), ("17/16", "is not a part")):
        refused = gridjax("sweep", "quickstart", "--out", tmp_path / "run", "--part", part)
        assert_refused(refused, words)
    assert not (tmp_path / "run").exists()


def test_networks_that_diverged_end_a_sweep_with_code_3_where_asked(trained):
    files = [trained.folder.parent / f"{name}.yaml" for name in ("cells", "cartesian", "diverging")]
    result = gridjax("sweep", *files, "--out", trained.folder, "--fail-on-diverged")
    assert (result.returncode, result.stderr) == (3, "")


@pytest.mark.slow
def test_report_writes_one_self_contained_page(trained):
    result = gridjax("report", trained.folder)
    assert result.returncode == 0, result.stderr
    page = (trained.folder / "report.html").read_text()
    assert "data:image" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert len(list((trained.folder / "figures").glob("*.png"))) >= 5


def test_an_error_of_ours_is_not_mistaken_for_bad_input(monkeypatch, capsys):
    def broken():
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "app", broken)
    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_unwritable_out_is_refused_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    refused = gridjax("sweep", "quickstart", "--out", Path(tmp_path / "file" / "deep"))
    assert_refused(refused, "cannot be written")


RANDOM = """method: random
parameters:
  Ng: {min: 8, max: 64}
  surround_scale: {values: [1, 2]}
"""


def test_random_sweeps_are_planned_and_what_cannot_run_is_left_out(tmp_path):
    (tmp_path / "drawn.yaml").write_text(RANDOM)
    assert_refused(gridjax("plan", "drawn.yaml", cwd=tmp_path), "run_cap", "--networks")
    drawn = ("plan", "drawn.yaml", "--networks", 12, "--sweep-seed", 3)
    refused = gridjax(*drawn, cwd=tmp_path)
    assert_refused(refused, "drawn.yaml:4:29", "of 12 draws", "--skip-invalid")
    result = gridjax(*drawn, "--skip-invalid", "--json", cwd=tmp_path)
    told = json.loads(result.stdout)
    (file,) = told["files"]
    assert (file["file"], told["sweep_seed"]) == ("drawn.yaml", 3)
    assert file["networks"] + file["skipped"] == 12
    assert told["skipped"][0]["networks"] == file["skipped"] > 0
    assert "12 random networks, sweep seed 3" in result.stderr
    assert f"left out {file['skipped']} networks" in result.stderr


def test_several_files_are_planned_with_a_row_for_each(tmp_path):
    result = gridjax("plan", "quickstart", cwd=tmp_path)
    for name in ("cartesian.yaml", "gaussian.yaml", "difference_of_gaussians.yaml"):
        assert name in result.stdout
    assert result.stdout.index("3 files") < result.stdout.index("12 networks in 3 compile buckets")
    alone = gridjax("plan", "quickstart/gaussian.yaml", cwd=tmp_path)
    assert "distinct networks" not in alone.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--track", "wandbb"], ["--track wandbb is unknown", "did you mean wandb?"]),
        (["--track-project", "p"], ["--track-project p needs --track", "wandb, mlflow"]),
        (["--track-networks"], ["--track-networks needs --track"]),
        (["--track", "tensorboard"], ["TensorBoard cannot be used", "gridjax[tensorboard]"]),
    ],
)
def test_trackers_that_cannot_be_used_are_refused_before_the_run(
    options, words, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    file = write_sweep(tmp_path, "sweep.yaml", sweep_content(**CARTESIAN))
    assert_refused(gridjax("sweep", file, "--out", tmp_path / "run", *options), *words)
    assert not (tmp_path / "run").exists()


def test_a_tracker_of_the_command_line_has_the_project_and_records_networks(monkeypatch):
    from gridjax.cli.shared.tracking import tracker_callbacks

    made = []
    for name in ("WandB", "MLflow", "TensorBoard"):
        monkeypatch.setattr(
            gj.trackers, name, lambda *given, name=name, **named: made.append((name, given, named))
        )
    tracker_callbacks(["wandb", "mlflow", "tensorboard"], None, False)
    tracker_callbacks(["tensorboard", "wandb"], "cells", True)
    assert made == [
        ("WandB", ("gridjax",), {"per_network": False}),
        ("MLflow", ("gridjax",), {"per_network": False}),
        ("TensorBoard", (None,), {"per_network": False}),
        ("TensorBoard", (Path("cells"),), {"per_network": True}),
        ("WandB", ("cells",), {"per_network": True}),
    ]
