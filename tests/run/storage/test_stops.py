"""Runs that are stopped by a signal, a time limit or a callback, with all networks saved."""

import signal
from contextlib import suppress

import pytest
from tiny import CARTESIAN, Recorder, StopAt, sweep_content
from torture.sweeps import promised

import gridjax as gj
from gridjax.callbacks import NetworkResumed, Stopped, TrainingSteps
from gridjax.errors import GridjaxError
from gridjax.run.execution.stop_signal import StopSwitch, on_signals, read_duration
from gridjax.run.storage.status import status
from gridjax.run.worker import block_run

from .one_network import steps_saved, sweep

pytestmark = pytest.mark.usefixtures("evaluation_without_compilation")


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("1h30m", 5400), ("7", 7)])
def test_times_are_read(text, seconds):
    assert read_duration(text, "--time-limit") == seconds


@pytest.mark.parametrize("text", ["", "0", "-1m", "5x", "m", "1m x"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(GridjaxError, match="is not a time"):
        read_duration(text, "--time-limit")


def test_a_time_limit_shorter_than_starting_takes_lets_every_start_get_on(tmp_path):
    stood = 0
    for _ in range(3):
        with pytest.raises(Stopped, match="the time limit, which start and compilation alone"):
            gj.train(sweep(), tmp_path / "run", [StopSwitch(1e-6)])
        stood, before = max(steps_saved(tmp_path / "run")), stood
        assert stood > before
    assert stood < 400


def test_a_stop_after_the_last_step_lets_the_network_be_evaluated(whole, copy):
    stop = StopAt(399 - max(steps_saved(copy)))
    with pytest.raises(Stopped, match="a test"):
        gj.train(sweep(), copy, [stop], checkpoint_every=0)
    assert status(copy)["finished"] == 1
    assert promised(copy) == promised(whole)


def test_a_time_limit_lets_a_network_be_evaluated_whose_training_is_done(whole, copy, monkeypatch):
    """Otherwise a run with a short time limit would never finish the network."""

    def interrupted(*_):
        raise KeyboardInterrupt("a test")

    with monkeypatch.context() as patched:
        patched.setattr(block_run, "evaluate_block", interrupted)
        with pytest.raises(KeyboardInterrupt, match="a test"):
            gj.train(sweep(), copy, checkpoint_every=0)
    assert max(steps_saved(copy)) == 400
    assert not status(copy)["finished"]
    with pytest.raises(Stopped, match="the time limit"):
        gj.train(sweep(), copy, [StopSwitch(1e-6)])
    assert status(copy)["finished"] == 1
    assert promised(copy) == promised(whole)


def test_whoever_asks_for_a_stop_is_heard_before_anything_is_trained(tmp_path):
    switch = StopSwitch()
    switch.ask("a signal")
    with pytest.raises(Stopped, match="a signal"):
        gj.train(sweep(), tmp_path / "run", [switch])
    assert not steps_saved(tmp_path / "run")


class HangUp(Recorder):
    """Closes the terminal, as often as the system and a shell may report it."""

    def on_event(self, event):
        if isinstance(event, TrainingSteps):
            for _ in range(2):
                signal.raise_signal(signal.SIGHUP)


@pytest.fixture
def hang_up_is():
    """Set what SIGHUP does; the tests themselves may run under nohup."""
    before = signal.getsignal(signal.SIGHUP)
    yield lambda handler: signal.signal(signal.SIGHUP, handler)
    signal.signal(signal.SIGHUP, before)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no SIGHUP")
def test_a_closed_terminal_stops_a_run_with_all_saved_unless_it_is_ignored(tmp_path, hang_up_is):
    hang_up_is(signal.SIG_DFL)
    switch = StopSwitch()
    with pytest.raises(Stopped, match="SIGHUP"), on_signals(switch):
        gj.train(sweep(), tmp_path / "run", [HangUp(), switch])
    assert steps_saved(tmp_path / "run")
    switch = StopSwitch()
    hang_up_is(signal.SIG_IGN)
    with on_signals(switch):  # under nohup
        signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    assert switch.reason is None


def test_networks_that_wait_for_a_lane_keep_their_steps_after_the_lanes_were_halved(tmp_path):
    """Otherwise each call would resume from the step at which the lane width was lowered."""

    def train(lane_width, last_step):
        content = sweep_content(**CARTESIAN | {"seed": {"values": [0, 1, 2, 3]}})
        content["gridjax"] = content["gridjax"] | {"lane_width": lane_width}
        recorder = StopAt(last_step)
        with suppress(Stopped):
            gj.train(
                gj.Sweep.from_dict(content),
                tmp_path / "run",
                [recorder],
                checkpoint_every=0,
                accept=("lane-width",),
            )
        return {event.run_id: event.step for event in recorder.of(NetworkResumed)}

    train(4, 4 * 40)
    train(2, 2 * 10)
    resumed = train(2, 2 * 10)
    entered_first = set(resumed)
    assert len(entered_first) == 2
    assert min(resumed.values()) > 40 + 10
    resumed = train(2, 4 * 90)
    run = gj.open_run(tmp_path / "run")
    assert set(resumed) == set(run.networks["run_id"])
    for run_id, step in resumed.items():
        assert step > (40 + 2 * 10 if run_id in entered_first else 40)
    assert run.networks["resumed"].all()
