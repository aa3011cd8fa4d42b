"""Processes that a script starts by multiprocessing: forks are refused, spawned ones compute."""

import subprocess
import sys

import pytest

SCRIPT = """
import multiprocessing
import sys

import numpy as np

import gridjax as gj
import gridjax.metrics

MAPS = np.random.default_rng(0).random((2, 20, 20))
CALLS = {
    "grid_score": lambda each: float(gj.grid_score(each).score_60),
    "participation_ratio": lambda each: gridjax.metrics.participation_ratio(each),
    "train": lambda each: str(gj.train(gj.Sweep.from_dict({"parameters": {}}))),
    "stream": lambda each: str(gj.stream(0, gj.Stream.MOTION)),
}


def call(arguments):
    name, each = arguments
    return CALLS[name](each)


if __name__ == "__main__":
    context, name, starts = sys.argv[1:]
    if starts == "started":
        here = [call((name, each)) for each in MAPS] if context == "spawn" else jax_started()
    try:
        with multiprocessing.get_context(context).Pool(2) as pool:
            done = pool.map_async(call, [(name, each) for each in MAPS]).get(timeout=100)
    except gj.GridjaxError as error:
        print("refused:", error)
    else:
        print("equal" if context == "fork" or done == here else (done, here))
""".replace("jax_started()", "__import__('jax').numpy.ones(3)")

needs_fork = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")


def printed(tmp_path, *arguments):
    script = tmp_path / "pool.py"
    script.write_text(SCRIPT)
    command = [sys.executable, script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


OTHERS = [
    pytest.param(name, marks=pytest.mark.slow)
    for name in ("participation_ratio", "stream", "train")
]


@needs_fork
@pytest.mark.parametrize("name", ["grid_score", *OTHERS])
def test_a_process_forked_after_jax_has_started_is_refused(name, tmp_path):
    said = printed(tmp_path, "fork", name, "started")
    assert said.startswith("refused: this process was forked after JAX had started")
    assert 'get_context("spawn")' in said


@needs_fork
def test_a_process_forked_before_jax_starts_computes(tmp_path):
    """The import of JAX alone starts no threads."""
    assert printed(tmp_path, "fork", "participation_ratio", "not started") == "equal\n"


@pytest.mark.slow
def test_spawned_processes_compute_the_same(tmp_path):
    assert printed(tmp_path, "spawn", "grid_score", "started") == "equal\n"
