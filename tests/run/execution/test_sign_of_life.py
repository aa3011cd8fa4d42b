"""What a process records of its work: speeds by block, and the time left."""

import pytest

from gridjax.callbacks import BlockFinished, BlockStarted, RunStart, TrainingSteps
from gridjax.run.execution.sign_of_life import EVERY_S, FIRST_S, SignOfLife


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_records_have_the_speed_of_each_block_and_the_time_left(tmp_path):
    clock, records = Clock(), []
    sign = SignOfLife(records.append, "a card", 2, clock)
    sign.on_start(RunStart(10, 5, 1, 2000.0, 1000.0, tmp_path))
    assert records[0] == {
        **{"device": "a card", "workers": 2, "blocks": {}},
        **{"steps_per_s": 0, "left_s": None},
    }
    sign.on_event(TrainingSteps(30, 60.0, "a"))
    clock.now += 1
    sign.on_event(TrainingSteps(70, 140.0, "b"))
    sign.on_poll()
    assert len(records) == 1  # too early for the next one
    clock.now += FIRST_S
    sign.on_poll()
    sign.on_poll()
    (_, told) = records
    seconds = FIRST_S + 1
    assert told["blocks"] == {
        "a": {"steps_per_s": 30 / seconds, "idle_s": seconds},
        "b": {"steps_per_s": 70 / seconds, "idle_s": FIRST_S},
    }
    assert told["steps_per_s"] == pytest.approx(100 / seconds)
    assert told["left_s"] == (1000 - 200) / (200 / seconds)  # half of the networks are finished
    sign.on_event(BlockFinished("a", 1, 1.0, 1.0, 1.0))
    sign.on_event(TrainingSteps(50, 100.0, "b"))
    clock.now += EVERY_S
    sign.on_poll()
    assert list(records[-1]["blocks"]) == ["b"]
    assert records[-1]["blocks"]["b"]["steps_per_s"] == 120 / (seconds + EVERY_S)
    assert records[-1]["left_s"] == (1000 - 300) / (300 / (seconds + EVERY_S))


def test_a_speed_is_that_of_the_last_records(tmp_path):
    clock, records = Clock(), []
    sign = SignOfLife(records.append, "cpu", 1, clock)
    sign.on_start(RunStart(1, 0, 1, 1e6, 1e6, tmp_path))
    for steps in (1000, 10, 10, 10, 10, 10, 10):
        clock.now += EVERY_S
        sign.on_event(TrainingSteps(steps, 1.0, "a"))
        sign.on_poll()
    assert records[-1]["blocks"]["a"]["steps_per_s"] == 10 / EVERY_S


def test_a_block_has_the_worker_that_took_it_last(tmp_path):
    clock, records = Clock(), []
    sign = SignOfLife(records.append, "cpu", 1, clock)
    for host, pid in (("one", 1), ("two", 2)):
        sign.on_event(BlockStarted("a", 3, host, pid, "a card"))
    clock.now += EVERY_S
    sign.on_poll()
    worker = {"host": "two", "pid": 2, "device": "a card"}
    assert records[-1]["blocks"]["a"] == worker | {"steps_per_s": 0.0, "idle_s": EVERY_S}
