"""The progress of gj.train: where it is shown, and what it says."""

import math
import sys
from pathlib import Path
from types import ModuleType

import pytest
from rich.console import Console
from tiny import CARTESIAN, Recorder, sweep_content

import gridjax as gj
from gridjax.callbacks import (
    BlockFinished,
    EvaluationStarted,
    NetworkFinished,
    RunCallback,
    RunEnd,
    RunStart,
    Stopped,
    TrainingMeasures,
    TrainingSteps,
)
from gridjax.errors import GridjaxError
from gridjax.run.execution.progress_bar import ProgressBar, progress_bar
from gridjax.run.planning.plan import flop_per_step

NAN = math.nan
pytestmark = pytest.mark.usefixtures("evaluation_without_compilation")


def two_networks():
    return gj.Sweep.from_dict(sweep_content(**CARTESIAN | {"seed": {"values": [0, 1]}}))


def report_a_run(bar):
    bar.on_start(
        RunStart(n_networks=2, n_finished=0, n_buckets=1, flop=10.0, flop_left=10.0, folder=Path())
    )
    bar.on_event(TrainingSteps(network_steps=5, flop=5.0))
    bar.on_event(NetworkFinished(("a",), False))
    bar.on_event(NetworkFinished(("b",), True))
    bar.on_end(RunEnd(2, None))


def test_it_is_shown_where_it_is_wanted_and_on_standard_error(capsys):
    gj.train(two_networks())  # this output is no terminal
    assert capsys.readouterr().err == ""
    gj.train(two_networks(), progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "training 2 of 2 networks in 1 buckets" in shown.err
    assert "/2 networks" in shown.err


@pytest.mark.parametrize(
    ("measures", "shown"),
    [
        ((1.5, 0.2, 0.25), "  loss 1.5  position error 25.0 cm"),
        ((NAN, NAN, NAN, 0.03125), "  objective 0.03125"),  # networks without outputs
        ((1.5, 0.2, 0.25, 2.0), "  loss 1.5  objective 2  position error 25.0 cm"),
        ((NAN, NAN, NAN), "  loss nan"),  # networks that diverged
    ],
)
def test_measures_that_do_not_exist_are_not_shown(measures, shown, capsys):
    bar = ProgressBar(Console(width=200))
    bar.on_start(
        RunStart(n_networks=2, n_finished=0, n_buckets=1, flop=10.0, flop_left=10.0, folder=Path())
    )
    bar.on_event(TrainingSteps(network_steps=5, flop=5.0))
    bar._last_line = -math.inf
    bar.on_event(TrainingMeasures(*measures))
    before, after = [
        line.partition(" steps/s")[2] for line in capsys.readouterr().out.splitlines()[1:]
    ]
    assert before.partition("s left")[0].strip().isdecimal()  # nothing is measured yet
    assert after.startswith(f"{shown}  ")


@pytest.mark.parametrize(
    ("is_terminal", "is_wanted", "is_shown"),
    [(True, None, True), (False, None, False), (True, False, False), (False, True, True)],
)
def test_terminals_have_it_by_default(is_terminal, is_wanted, is_shown, monkeypatch):
    monkeypatch.setattr(Console, "is_terminal", is_terminal)
    assert bool(progress_bar(is_wanted)) == is_shown


def test_a_notebook_has_one_line_that_changes(monkeypatch, capsys):
    shown = []

    class Handle:
        def update(self, content, raw):
            assert raw
            shown.append(content["text/plain"])

    def display(content, raw, display_id):
        assert raw
        assert display_id
        shown.append(content["text/plain"])
        return Handle()

    ipython, module = ModuleType("IPython"), ModuleType("IPython.display")
    module.display = display  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    console = Console(force_jupyter=True)
    monkeypatch.setattr(console, "print", lambda *args, **_: shown.append(args[0]))
    report_a_run(ProgressBar(console))
    assert shown[0].startswith("training 2 of 2 networks")
    assert shown[1] == "compiling"
    assert shown[-1].startswith("2/2 networks (1 diverged)")


def test_an_evaluation_is_shown_when_it_starts_and_not_after_its_block():
    lines = []
    console = Console(file=sys.stderr)
    console.print = lambda *args, **_: lines.append(args[0])
    bar = ProgressBar(console)
    bar.on_start(
        RunStart(n_networks=9, n_finished=0, n_buckets=1, flop=10.0, flop_left=10.0, folder=Path())
    )
    bar.on_event(TrainingSteps(network_steps=5, flop=5.0, block="x"))
    bar.on_event(EvaluationStarted("x", 8))
    assert "evaluating 8  " in lines[-1]
    bar.on_event(EvaluationStarted("y", 2))
    assert "evaluating 10  " in lines[-1]
    bar.on_event(TrainingSteps(network_steps=5, flop=5.0, block="y"))
    bar.on_event(BlockFinished("x", 8, 1.0, 1.0, 0.1))
    bar.on_event(EvaluationStarted("z", 3))
    assert "evaluating 3  " in lines[-1]


@pytest.mark.parametrize(
    ("n_finished", "words"),
    [
        (1, "stopped with 1 of 2 networks finished; the same command resumes the rest"),
        (2, "stopped with all 2 networks finished; nothing is left to train"),
    ],
)
def test_a_stop_says_whether_networks_are_left(n_finished, words, capsys):
    bar = ProgressBar(Console(stderr=True, width=200))
    bar.on_start(
        RunStart(n_networks=2, n_finished=0, n_buckets=1, flop=10.0, flop_left=10.0, folder=Path())
    )
    bar.on_end(RunEnd(n_finished, Stopped("a signal")))
    assert capsys.readouterr().err.splitlines()[-1] == words


def test_the_time_left_is_that_of_the_networks_without_results(tmp_path):
    """Finished networks of little work do not make the others look like little work."""
    starts = []

    class Watch(Recorder):
        def on_start(self, start):
            starts.append(start)

    small = CARTESIAN | {"seed": {"values": [0, 1]}, "batch_size": {"value": 8}}
    large = small | {"batch_size": {"value": 64}}
    gj.train(gj.Sweep.from_dict(sweep_content(**small)), tmp_path / "run")
    both = gj.Sweep.from_dict(sweep_content(**small | {"batch_size": {"values": [8, 64]}}))
    gj.train(both, tmp_path / "run", [Watch()], accept=["sweep"])
    of_large = gj.Sweep.from_dict(sweep_content(**large)).specs
    (start,) = starts
    assert start.n_finished == len(both.specs) - len(of_large) > 0
    assert start.flop_left == sum(flop_per_step(s.static) * s.n_grad_steps for s in of_large)
    assert start.flop_left > 0.6 * start.flop


@pytest.mark.slow
def test_settings_of_the_command_are_keywords_of_the_function(tmp_path):
    recorder = Recorder()
    run = gj.train(
        two_networks(),
        tmp_path / "run",
        [recorder],
        keep_maps="none",
        keep_weights="best:1",
        merge=True,
        checkpoint_every=0,
        time_limit="1h",
    )
    settings = run.manifest["settings"]
    assert (settings["keep_maps"], settings["keep_weights"]) == ("none", "best:1")
    assert settings["merge"] is True
    assert len(run.networks) == 2


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"keep_maps": "best"}, "keep_maps: 'best' has another form"),
        ({"keep_weights": 3}, "keep_weights"),
        ({"merge": "yes"}, "merge: 'yes' is neither true nor false"),
        ({"time_limit": 0}, "time_limit 0.000000000 is not a time"),
        ({"checkpoint_every": -1}, "checkpoint_every: -1 is not a time"),
        ({"checkpoint_every": float("nan")}, "checkpoint_every: nan is not a time"),
        ({"time_limit": "soon"}, "time_limit soon is not a time"),
        ({"time_limit": [3]}, "time_limit: .3. is not a time"),
        ({"checkpoint_every": "3"}, "checkpoint_every: '3' is not a time"),
        ({"workers": "2"}, "workers: '2' is not a whole number"),
        ({"workers": 1.5}, "workers: 1.5 is not a whole number"),
        ({"workers": True}, "workers: True is not a whole number"),
        ({"workers": 0}, "0 workers cannot train anything"),
        ({"part": 3}, r"part: 3 is not text\s*give text such as 3/16"),
        ({"progress": "no"}, "progress: 'no' is not true or false"),
        ({"deterministic": None}, "deterministic: None is not true or false"),
        ({"callbacks": 3}, "callbacks: 3 is not a list"),
        ({"callbacks": RunCallback()}, "callbacks: .* is not a list"),
        ({"callbacks": [RunCallback]}, "callbacks: .* is not a callback"),
    ],
)
def test_a_wrong_keyword_is_refused_before_anything_is_written(keywords, message, tmp_path):
    with pytest.raises(GridjaxError, match=message):
        gj.train(two_networks(), tmp_path / "run", **keywords)
    assert not (tmp_path / "run").exists()


def test_a_time_limit_stops_with_all_saved_and_the_same_call_resumes(tmp_path):
    with pytest.raises(Stopped, match="time limit"):
        gj.train(two_networks(), tmp_path / "run", time_limit=1e-6)
    run = gj.train(two_networks(), tmp_path / "run")
    assert list(run.networks["status"]) == ["finished"] * 2
