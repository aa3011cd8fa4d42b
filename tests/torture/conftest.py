"""A run without interruption, and processes that are killed during a run."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from torture.sweeps import long_blocks, tortured

import gridjax as gj

TESTS = Path(__file__).parents[1]
IN_WORKERS = Path(__file__).with_name("in_workers")
N_STEPS = 40


@pytest.fixture(autouse=True, scope="module")
def blocks_longer_than_lanes():
    """Free lanes are refilled, and results are stored before their block is complete."""
    with long_blocks():
        yield


@pytest.fixture(autouse=True, scope="module")
def quick(evaluation_without_compilation):
    """Evaluation takes no time in the processes of the tests either."""


@pytest.fixture(scope="session")
def untouched(tmp_path_factory):
    """Return the folder of an uninterrupted run with a number of gradient steps."""
    folders = {}

    def of_length(n_steps=N_STEPS):
        if n_steps not in folders:
            folders[n_steps] = tmp_path_factory.mktemp("untouched") / "run"
            gj.train(tortured(n_steps), out=folders[n_steps])
        return folders[n_steps]

    return of_length


@pytest.fixture
def victim(tmp_path):
    """Start a run in a process of its own; processes that still run at the end are killed.

    Evaluation takes no time in them. ``point`` and ``occurrence`` are those of the main process;
    ``in_point``, ``in_occurrence`` and ``deaths`` are those of its worker processes
    (in_workers/sitecustomize.py).
    """
    started = []

    def start(
        folder,
        n_steps,
        point="-",
        occurrence=0,
        workers=1,
        in_point="-",
        in_occurrence=0,
        deaths=1,
    ):
        paths = [str(IN_WORKERS), str(TESTS), str(TESTS.parent)]
        marks = tmp_path / f"marks-{len(started)}"
        marks.mkdir()
        settings = {
            **{"folder": str(folder), "marks": str(marks), "deaths": deaths},
            **{"point": in_point, "occurrence": in_occurrence},
        }
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(paths),
            "TORTURE_WORKERS": json.dumps(settings),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        }
        command = [sys.executable, "-m", "torture.victim", folder, n_steps, workers]
        process = subprocess.Popen(
            [str(part) for part in [*command, point, occurrence]],
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        process.marks = marks
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture
def quick_workers(tmp_path, monkeypatch):
    """Let the worker processes of runs in this process use the evaluation that takes no time."""

    def of_folder(folder, **more):
        marks = tmp_path / "marks"
        marks.mkdir()
        settings = {"folder": str(folder), "marks": str(marks), "point": "-", "occurrence": 0}
        monkeypatch.setenv("TORTURE_WORKERS", json.dumps(settings | {"deaths": 0} | more))
        monkeypatch.syspath_prepend(IN_WORKERS)

    return of_folder


def printed(process):
    """Wait for the end of a process; return the complete lines that it printed."""
    lines = process.stdout.read().splitlines()
    process.stdout.close()
    process.wait()
    return [json.loads(line) for line in lines if line.endswith("}")]


def points_of_workers(process):
    """Return how often the worker processes of a run passed each crash point."""
    files = process.marks.glob("*.points")
    return Counter(line for file in files for line in file.read_text().splitlines())


def n_killed(process):
    """Return how many worker processes of a run ended themselves."""
    return len(list(process.marks.glob("killed-*")))


def workers_of(process):
    """Return the pids of the worker processes of a run; threads of the run have started them."""
    pids = []
    for children in Path(f"/proc/{process.pid}/task").glob("*/children"):
        with suppress(OSError):  # a thread that has ended meanwhile
            pids += map(int, children.read_text().split())
    return sorted(pid for pid in pids if _is_worker(pid))


def _is_worker(pid):
    try:
        return b"worker_process" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def is_alive(pid):
    """Return whether a process exists and is not a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return fields[0] not in ("Z", "X")


def wait_until(condition, seconds=120.0):
    """Wait until a condition is true; fail after some seconds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "the condition did not become true"
        time.sleep(0.02)
    return found
