"""One run that nothing happened to, and processes that something happens to."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from torture.sweeps import tortured

import gridjax as gj

TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def untouched(tmp_path_factory):
    """Give the folder of an uninterrupted run of some length."""
    folders = {}

    def of_length(n_steps):
        if n_steps not in folders:
            folders[n_steps] = tmp_path_factory.mktemp("untouched") / "run"
            gj.train(tortured(n_steps), out=folders[n_steps])
        return folders[n_steps]

    return of_length


@pytest.fixture(scope="session")
def victim(tmp_path_factory):
    """Start a run in a process of its own; compiled functions are kept for the next one."""
    cache = tmp_path_factory.mktemp("compiled")
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)]),
        "JAX_COMPILATION_CACHE_DIR": str(cache),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }

    def start(folder, n_steps, point="-", occurrence=0):
        command = [sys.executable, "-m", "torture.victim", folder, n_steps, point, occurrence]
        return subprocess.Popen(
            [str(part) for part in command], stdout=subprocess.PIPE, env=environment, text=True
        )

    return start


def told(process):
    """Return what a process that has ended has told, but for a line it could not finish."""
    lines = process.stdout.read().splitlines()
    process.stdout.close()
    process.wait()
    return [json.loads(line) for line in lines if line.endswith("}")]
