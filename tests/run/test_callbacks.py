"""Callbacks of a run: what each receives, and what an exception in one of them does."""

import shutil
import threading

import pytest
from source_tree import text_of
from tiny import CARTESIAN, DIVERGING, Recorder, StopAt, sweep_content, write_sweep
from torture.sweeps import promised

import gridjax as gj
from gridjax.run.storage.integrity import verify

pytestmark = pytest.mark.usefixtures("evaluation_without_compilation")

N_STEPS = 40
LENGTH = {"n_grad_steps_per_epoch": {"value": N_STEPS}, "seed": {"values": [0, 3]}}


def sweep():
    return gj.Sweep.from_dict(sweep_content(**CARTESIAN | LENGTH))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    gj.train(sweep(), folder)
    return folder


class Threads(gj.callbacks.RunCallback):
    """Notes the threads that call it, and how often it is polled."""

    def __init__(self):
        self.threads, self.n_polls = set(), 0

    def on_start(self, start):
        self.threads.add(threading.current_thread())

    def on_event(self, event):
        self.threads.add(threading.current_thread())

    def on_poll(self):
        self.threads.add(threading.current_thread())
        self.n_polls += 1

    def on_end(self, end):
        self.threads.add(threading.current_thread())


def test_a_callback_receives_start_steps_measures_checkpoints_networks_and_end(tmp_path):
    recorder, threads = Recorder(), Threads()
    run = gj.train(sweep(), tmp_path, [recorder, threads], checkpoint_every=0)
    run_ids = set(run.networks["run_id"])
    start = recorder.start
    assert (start.n_networks, start.n_finished, start.n_buckets) == (2, 0, 1)
    steps = recorder.of(gj.callbacks.TrainingSteps)
    assert sum(event.network_steps for event in steps) == 2 * N_STEPS
    assert sum(event.flop for event in steps) == pytest.approx(start.flop)
    measures = recorder.of(gj.callbacks.TrainingMeasures)
    assert all(isinstance(event.loss, float) and event.loss > 0 for event in measures)
    assert all(event.position_error_m > 0 for event in measures)
    saved = recorder.of(gj.callbacks.CheckpointSaved)
    assert {run_id for event in saved for run_id in event.run_ids} == run_ids
    assert all(0 < step <= N_STEPS for event in saved for step in event.steps)
    finished = recorder.of(gj.callbacks.NetworkFinished)
    assert {run_id for event in finished for run_id in event.run_ids} == run_ids
    assert not any(event.diverged for event in finished)
    assert recorder.warnings == []
    assert (recorder.end.n_finished, recorder.end.error) == (2, None)
    assert threads.threads == {threading.current_thread()}
    assert threads.n_polls > len(recorder.events)


def test_a_diverged_network_is_reported_as_one():
    recorder = Recorder()
    gj.train(gj.Sweep.from_dict(sweep_content(**DIVERGING)), callbacks=[recorder])
    (finished,) = recorder.of(gj.callbacks.NetworkFinished)
    assert finished.diverged


class Failing(Recorder):
    """Raises in one of its methods, at each call from the second event on."""

    def __init__(self, method):
        super().__init__()
        self.method, self.n_after = method, 0

    def _raise_in(self, method):
        if method == self.method:
            raise RuntimeError(f"in {method}")

    def on_start(self, start):
        self._raise_in("on_start")

    def on_event(self, event):
        super().on_event(event)
        self._raise_in("on_event")

    def on_poll(self):
        self._raise_in("on_poll")

    def on_end(self, end):
        super().on_end(end)
        self._raise_in("on_end")


@pytest.mark.parametrize("method", ["on_start", "on_event", "on_poll"])
def test_an_exception_stops_the_run_with_all_saved_and_is_raised(method, whole, tmp_path):
    failing, other = Failing(method), Recorder()
    with pytest.raises(RuntimeError, match=f"in {method}"):
        gj.train(sweep(), tmp_path / "run", [failing, other], checkpoint_every=0)
    assert len(failing.events) <= 1, "a callback that has raised was called again"
    for callback in (failing, other):
        assert str(callback.end.error) == f"in {method}"
    verify(tmp_path / "run")
    gj.train(sweep(), tmp_path / "run")
    assert promised(tmp_path / "run") == promised(whole)


def test_an_exception_at_the_end_is_raised_after_the_run_and_the_other_callbacks(whole, tmp_path):
    failing, other = Failing("on_end"), Recorder()
    with pytest.raises(RuntimeError, match="in on_end"):
        gj.train(sweep(), tmp_path / "run", [failing, other])
    assert other.end.error is None
    assert promised(tmp_path / "run") == promised(whole)


def test_an_exception_at_the_end_does_not_hide_the_one_that_ended_the_run():
    stop, failing = StopAt(10), Failing("on_end")
    with pytest.raises(gj.callbacks.Stopped):
        gj.train(sweep(), callbacks=[stop, failing])


def test_a_stop_is_reported_with_the_checkpoints_that_it_leaves(tmp_path):
    stop, other = StopAt(10), Recorder()
    with pytest.raises(gj.callbacks.Stopped, match="a test"):
        gj.train(sweep(), tmp_path / "run", [stop, other])
    saved = other.of(gj.callbacks.CheckpointSaved)  # none is due before the stop
    assert saved
    kept = {run_id: step for e in saved for run_id, step in zip(e.run_ids, e.steps, strict=True)}
    assert isinstance(other.end.error, gj.callbacks.Stopped)
    assert other.end.n_finished == 0
    again = Recorder()
    gj.train(sweep(), tmp_path / "run", [again])
    resumed = again.of(gj.callbacks.NetworkResumed)
    assert {event.run_id: event.step for event in resumed} == kept
    assert all(event.n_grad_steps == N_STEPS for event in resumed)


def test_damaged_results_are_a_warning(whole, tmp_path):
    copy = shutil.copytree(whole, tmp_path / "run")
    next((copy / "shards").iterdir()).joinpath("units.parquet").write_bytes(b"")
    recorder = Recorder()
    gj.train(sweep(), copy, [recorder])
    (warning,) = recorder.warnings
    assert "units.parquet" in warning


def test_the_example_of_the_documentation_runs(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_sweep(tmp_path, "sweep.yaml", sweep_content(**CARTESIAN | LENGTH))
    page = text_of("docs", "howto", "callbacks.md")
    (example,) = (block.partition("```")[0] for block in page.split("```python\n")[1:])
    exec(compile(example, "callbacks.md", "exec"), {})
    assert "finished" in capsys.readouterr().out
