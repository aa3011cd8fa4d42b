"""Fixtures that several test modules share."""

import os
import shutil
import tempfile
from pathlib import Path

import jax
import numpy as np
import pytest
from filelock import FileLock
from source_tree import use_installed_packages
from tiny import CARTESIAN, DIVERGING, PLACE_CELLS, Trained, sweep_content, write_sweep
from torture.quick_evaluation import quick_evaluation

import gridjax as gj
from gridjax.metrics.compiler_options import QUICK
from gridjax.run.worker.machine import ONE_THREAD, device_kind

use_installed_packages()
# Tests train in one thread of their own process, as a worker process does; JAX has not started yet.
os.environ.update(ONE_THREAD | {"GRIDJAX_WORKERS": "1"})
# Where programs are compiled without optimizations, the older generator of loops halves the rest.
if os.environ.get("JAX_DISABLE_MOST_OPTIMIZATIONS"):
    FLAGS = os.environ.get("XLA_FLAGS", "").split()
    FLAGS += [f"--{name}={str(value).lower()}" for name, value in QUICK.items()]
    os.environ["XLA_FLAGS"] = " ".join(dict.fromkeys(FLAGS))
# JAX's plugin for GPUs, if it is installed, otherwise refuses to load without a driver.
os.environ.setdefault("JAX_SKIP_CUDA_CONSTRAINTS_CHECK", "1")

REFERENCE = Path(
    os.environ.get(
        "GRIDJAX_REFERENCE",
        Path(__file__).parents[2] / "shared" / "reference" / "grid_scores.npz",
    )
)


def pytest_configure(config):
    """Share compiled programs between all processes of the session, in a folder of its own.

    Worker processes and the commands that tests start inherit the folder: each program is compiled
    once. Short compilations count too, because many tests compile the same small programs. The
    folder has no limit of size; with a limit, JAX lists it whenever it adds a program.
    """
    if not hasattr(config, "workerinput"):
        config.cache_home = os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="gridjax-tests-")
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", config.cache_home)
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    jax.config.update("jax_compilation_cache_dir", os.environ["JAX_COMPILATION_CACHE_DIR"])
    least_s = float(os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"])
    jax.config.update("jax_persistent_cache_min_compile_time_secs", least_s)
    if device_kind() == "cpu":  # an accelerator's memory is for the processes that tests start
        jax.local_devices()


def pytest_unconfigure(config):
    """Remove the folder of compiled programs."""
    if hasattr(config, "cache_home"):
        shutil.rmtree(config.cache_home, ignore_errors=True)


@pytest.fixture(scope="session")
def reference() -> dict[str, np.ndarray]:
    """The published scorer's outputs on maps of several kinds, where the file is at hand."""
    if not REFERENCE.exists():
        pytest.skip(f"no published scorer outputs at {REFERENCE}; set GRIDJAX_REFERENCE")
    with np.load(REFERENCE, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="module")
def evaluation_without_compilation():
    """In a module about what happens before or after the evaluation, it takes no time."""
    with quick_evaluation():
        yield


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """Make a folder in one worker process of the session; return this process's own copy of it."""

    def copy_of(name, make):
        ours = tmp_path_factory.mktemp(name) / name
        base = tmp_path_factory.getbasetemp()
        common = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
        made = common / f"made-{name}"
        with FileLock(common / f"made-{name}.lock"):
            if not made.exists():
                part = common / f"part-{name}"
                shutil.rmtree(part, ignore_errors=True)
                make(part)
                part.rename(made)
        return shutil.copytree(made, ours)

    return copy_of


@pytest.fixture(scope="session")
def trained(made_once) -> Trained:
    """Four place-cell networks, one Cartesian, one that diverges; in a folder."""

    def make(folder):
        folder.mkdir()
        for name, parameters in contents.items():
            write_sweep(folder, f"{name}.yaml", sweep_content(**parameters))
        gj.train(gj.Sweep.from_yaml(*(folder / name for name in names)), out=folder / "out")

    contents = {"cells": PLACE_CELLS, "cartesian": CARTESIAN, "diverging": DIVERGING}
    names = [f"{name}.yaml" for name in contents]
    base = made_once("tiny", make)
    sweep = gj.Sweep.from_yaml(*(base / name for name in names))
    return Trained(sweep, base / "out", gj.open_run(base / "out"))
