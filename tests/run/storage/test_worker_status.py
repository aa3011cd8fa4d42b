"""The workers of a run as gridjax status shows them, also those of damaged or hostile records."""

import json

import pytest

from gridjax.io.folder_lock import WRITER, locked, record_writer
from gridjax.run.storage.worker_status import (
    numbers,
    part_lines,
    workers_lines,
    workers_status,
    workers_table,
)

ACTIVITY = {
    "device": "a card",
    "workers": 2,
    "blocks": {
        "a" * 16: {"steps_per_s": 1500.0, "idle_s": 2.0},
        "b" * 16: {"steps_per_s": 500.0, "idle_s": 1.0},
    },
    "steps_per_s": 2000.0,
    "left_s": 7200.0,
}


def test_each_block_in_training_is_a_worker(tmp_path):
    with locked(tmp_path) as me:
        (one,) = workers_status(tmp_path)
        assert (one["host"], one["pid"], one["block"]) == (me["host"], me["pid"], None)
        record_writer(tmp_path, me, ACTIVITY)
        first, second = workers_status(tmp_path)
    assert (first["device"], first["block"], first["steps_per_s"]) == ("a card", "a" * 16, 1500.0)
    assert 2 <= first["last_sign_s"] < 60
    assert 1 <= second["last_sign_s"] < first["last_sign_s"]
    assert 7140 < first["left_s"] <= 7200
    (line,) = workers_lines([first, second])
    assert line.startswith("2,000 gradient steps per second, ")
    assert workers_table([first, second]).row_count == 2
    assert workers_status(tmp_path) == []
    assert not (tmp_path / WRITER).exists()


def test_a_block_on_another_host_is_shown_with_its_worker(tmp_path):
    there = {"host": "node\x1b7", "pid": 12, "device": "a card"}
    blocks = {"a" * 16: {"steps_per_s": 10.0, "idle_s": 0.0}, "b" * 16: {"pid": "12"}}
    blocks["a" * 16] |= there
    with locked(tmp_path) as me:
        record_writer(tmp_path, me, ACTIVITY | {"blocks": blocks})
        first, second = workers_status(tmp_path)
    assert (first["pid"], first["device"]) == (12, "a card")
    assert "node" in first["host"]
    assert first["host"].isprintable()
    assert (second["pid"], second["host"]) == (me["pid"], me["host"])


@pytest.mark.parametrize(
    "activity",
    [None, [], {"blocks": []}, {"blocks": {"\x1b": 5}}, {"device": 1, "left_s": "x"},
     {"blocks": {"a": {"steps_per_s": True, "idle_s": "1"}}, "left_s": 10**400},
     {"left_s": float("nan")}],
)  # fmt: skip
def test_records_of_another_form_are_unknown_values(activity, tmp_path):
    with locked(tmp_path) as me:
        (tmp_path / WRITER).write_text(json.dumps(me | {"activity": activity}))
        (one,) = workers_status(tmp_path)
        assert one["pid"] == me["pid"]
        assert one["device"] is one["left_s"] is one["steps_per_s"] is None
        assert one["block"] is None or one["block"].isprintable()
        assert workers_lines([one]) == []
        workers_table([one])


def test_numbers_are_written_in_runs():
    assert numbers([]) == ""
    assert numbers([3]) == "3"
    assert numbers([1, 2, 3, 7, 9, 10]) == "1-3,7,9-10"


def test_missing_parts_are_not_offered_while_a_whole_run_trains_them():
    parts = {
        **{"n_parts": 9, "finished": [1], "running": [], "missing": [2, 3, 4, 5, 6, 8]},
        "commands": [f"command {n}" for n in (2, 3, 4, 5, 6, 8)],
    }
    lines = part_lines(parts, is_whole_running=False)
    assert lines[0] == "9 parts: 1 finished, 6 missing (2-6,8)"
    assert "  command 2" in lines
    assert "  and 2 more with another number before the /" in lines
    assert lines[-1].endswith("sbatch --array=2-6,8 SCRIPT")
    assert part_lines(parts, is_whole_running=True) == lines[:1]
