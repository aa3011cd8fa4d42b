"""What trackers record of a run, with a library of the tests, and what a failing library does."""

import logging
import math
import sys
import threading
import time
from pathlib import Path

import pytest
from commands import in_this_process
from tiny import CARTESIAN, DIVERGING, StopAt, sweep_content, write_sweep
from torture.sweeps import promised

import gridjax as gj
from gridjax.trackers import background_calls
from gridjax.trackers.tracker import run_name

pytestmark = pytest.mark.usefixtures("evaluation_without_compilation")

SHORT = {"n_grad_steps_per_epoch": {"value": 40}, "seed": {"values": [0, 3]}}


def sweep(parameters=CARTESIAN, first=None):
    return gj.Sweep.from_dict(sweep_content(**parameters | SHORT), first=first)


class FakeRun:
    """A tracker run that keeps what it is given, and can raise at one of its methods."""

    def __init__(self, name, config, population, fails_in=None):
        self.name, self.config, self.population = name, config, population
        self.points, self.summary, self.tables, self.figures = [], {}, {}, {}
        self.is_complete, self.fails_in = None, fails_in

    def _check(self, method):
        if method == self.fails_in:
            raise ConnectionError(f"no network in {method}\nTry again.")

    def log(self, step, values):
        self._check("log")
        self.points.append((step, values))

    def summarise(self, values):
        self.summary.update(values)

    def add_table(self, name, table):
        self._check("add_table")
        self.tables[name] = table

    def add_figure(self, name, caption, png):
        self.figures[name] = (caption, png.read_bytes()[:4])

    def finish(self, is_complete):
        self._check("finish")
        self.is_complete = is_complete


class FakeTracker(gj.trackers.Tracker):
    """A tracker whose library is FakeRun."""

    def __init__(self, fails_in=None, per_network=False, figures=False):
        super().__init__("Fake", per_network, figures)
        self.fails_in, self.runs, self.threads = fails_in, [], set()

    def open_run(self, folder, name, config, population):
        self.threads.add(threading.current_thread())
        if self.fails_in == "open_run":
            raise ConnectionError("no network in open_run")
        self.runs.append(FakeRun(name, config, population, self.fails_in))
        return self.runs[-1]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    gj.train(sweep(), folder)
    return folder


def test_a_population_is_one_run_with_progress_and_the_table_of_networks(whole, tmp_path):
    tracker = FakeTracker()
    run = gj.train(sweep(), tmp_path / "mine", [tracker])
    (tracked,) = tracker.runs
    assert (tracked.name, tracked.population, tracked.is_complete) == ("mine", None, True)
    assert tracked.config["networks"] == 2
    assert tracked.config["sweep_files"] == ["sweep dict"]
    assert tracked.config["seed"] == [0, 3]
    assert tracked.config["Ng"] == 24
    assert tracked.config["settings"]["keep_maps"] == "best:5"
    steps = [step for step, _ in tracked.points]
    assert steps == sorted(steps)
    last_step, last = tracked.points[-1]
    assert last_step == 2 * 40
    assert (last["networks_finished"], last["networks_diverged"]) == (2, 0)
    measured = [values for _, values in tracked.points if "loss" in values]
    assert measured
    assert all(0 < values["pos_decoding_err"] < 200 for values in measured), "not in cm"
    assert not any("loss_excess" in values for values in measured), "NaN was recorded"
    assert tracked.tables["networks"].equals(run.networks)
    assert tracked.figures == {}
    assert promised(tmp_path / "mine") == promised(whole)
    assert threading.main_thread() not in tracker.threads


def test_the_networks_of_studies_have_the_name_of_both_folders(tmp_path):
    assert run_name(tmp_path / "mine") == "mine"
    assert run_name(tmp_path / "studies" / "networks") == "studies-networks"


def test_networks_are_runs_of_their_own_on_request(tmp_path):
    tracker = FakeTracker(per_network=True)
    run = gj.train(sweep(), tmp_path / "mine", [tracker])
    population, *networks = tracker.runs
    assert [each.name for each in networks] == list(run.networks["run_id"])
    for each, row in zip(networks, run.networks.to_dict("records"), strict=True):
        assert (each.population, each.is_complete) == (population, True)
        assert each.config["seed"] == row["seed"]
        assert each.config["gradient_clip"] is None
        assert each.summary["pos_decoding_err"] == row["pos_decoding_err"]
        assert "seed" not in each.summary
        assert all(map(math.isfinite, each.summary.values()))
        own = run.history[run.history["run_id"] == each.name]
        assert [step for step, _ in each.points] == list(own["step"])
        assert [values["loss"] for _, values in each.points] == list(own["loss"])


def test_a_resumed_run_records_only_its_own_networks(tmp_path):
    gj.train(sweep(first=1), tmp_path / "mine")
    tracker = FakeTracker(per_network=True)
    gj.train(sweep(), tmp_path / "mine", [tracker], accept=["sweep"])
    population, network = tracker.runs
    assert len(population.tables["networks"]) == 2
    assert network.name == sweep().specs[1].run_id
    assert population.points[0][1]["networks_finished"] == 1


def test_the_command_gives_its_trackers_to_the_run(tmp_path, monkeypatch):
    tracker = FakeTracker()
    monkeypatch.setattr(gj.trackers, "WandB", lambda project, per_network: tracker)
    file = write_sweep(tmp_path, "two.yaml", sweep_content(**CARTESIAN | SHORT))
    done = in_this_process(tmp_path, "sweep", file, "--out", "mine", "--track", "wandb")
    assert done.returncode == 0, done.stderr
    (tracked,) = tracker.runs
    assert (tracked.name, tracked.is_complete) == ("mine", True)
    assert tracked.config["sweep_files"] == ["two.yaml"]


@pytest.mark.slow
def test_figures_of_the_report_are_recorded(tmp_path):
    tracker = FakeTracker(figures=True)
    gj.train(sweep(), tmp_path / "mine", [tracker])
    (tracked,) = tracker.runs
    assert "history" in tracked.figures
    for caption, start in tracked.figures.values():
        assert caption
        assert start == b"\x89PNG"
    assert not (tmp_path / "mine" / "figures").exists()


def test_a_run_that_is_stopped_or_diverges_is_recorded(tmp_path):
    stopped, diverged = FakeTracker(), FakeTracker(per_network=True)
    with pytest.raises(gj.callbacks.Stopped):
        gj.train(sweep(), tmp_path / "a", [StopAt(10), stopped], checkpoint_every=0)
    assert stopped.runs[0].is_complete is False
    assert stopped.runs[0].tables == {}, "no network was finished"
    gj.train(sweep(DIVERGING), tmp_path / "b", [diverged])
    assert diverged.runs[0].points[-1][1]["networks_diverged"] == 2
    assert len(diverged.runs) == 3


@pytest.mark.parametrize("method", ["open_run", "log", "add_table", "finish"])
def test_a_library_that_fails_changes_nothing_and_is_one_warning(method, whole, tmp_path, caplog):
    tracker = FakeTracker(method)
    with caplog.at_level(logging.WARNING, "gridjax"):
        gj.train(sweep(), tmp_path / "run", [tracker])
    assert promised(tmp_path / "run") == promised(whole)
    (message,) = [record.getMessage() for record in caplog.records if "Fake" in record.message]
    assert message == (
        f"Fake failed, and the run continues without it: ConnectionError: no network in {method}"
    )


def test_a_library_that_hangs_is_left_behind(caplog):
    calls, release = background_calls.BackgroundCalls("Slow"), threading.Event()
    calls.submit(release.wait)
    start = time.perf_counter()
    with caplog.at_level(logging.WARNING, "gridjax"):
        calls.close(patience_s=0.05)
    assert time.perf_counter() - start < 5
    assert "Slow has not answered" in caplog.text
    release.set()


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [
        ("WandB", "wandb", "wandb"),
        ("MLflow", "mlflow", "mlflow"),
        ("TensorBoard", "tensorboardX", "tensorboard"),
    ],
)
def test_a_missing_library_is_one_error_that_names_the_extra(monkeypatch, name, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(gj.GridjaxError, match=rf"pip install 'gridjax\[{extra}\]'"):
        getattr(gj.trackers, name)()
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert f'\n{extra} = ["{module}>=' in text
