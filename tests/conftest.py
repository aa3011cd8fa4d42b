"""Fixtures that several test modules share."""

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from tiny import CARTESIAN, DIVERGING, PLACE_CELLS, Recorder, Trained, sweep_content, write_sweep

import gridjax as gj

REFERENCE = Path(
    os.environ.get(
        "GRIDJAX_REFERENCE",
        Path(__file__).parents[2] / "shared" / "reference" / "grid_scores.npz",
    )
)


def pytest_configure(config):
    """Compiled programs go to a folder of this session, which its worker processes share."""
    if not hasattr(config, "workerinput"):
        config.cache_home = os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="gridjax-tests-")


def pytest_unconfigure(config):
    """Remove that folder."""
    if hasattr(config, "cache_home"):
        shutil.rmtree(config.cache_home, ignore_errors=True)


@pytest.fixture(scope="session")
def reference() -> dict[str, np.ndarray]:
    """The published scorer's outputs on maps of several kinds, where the file is at hand."""
    if not REFERENCE.exists():
        pytest.skip(f"no published scorer outputs at {REFERENCE}; set GRIDJAX_REFERENCE")
    with np.load(REFERENCE, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Trained:
    """Four place-cell networks, one Cartesian, one that diverges; in a folder."""
    base = tmp_path_factory.mktemp("tiny")
    contents = {"cells": PLACE_CELLS, "cartesian": CARTESIAN, "diverging": DIVERGING}
    paths = [
        write_sweep(base, f"{name}.yaml", sweep_content(**parameters))
        for name, parameters in contents.items()
    ]
    sweep = gj.Sweep.from_yaml(*paths)
    recorder = Recorder()
    run = gj.train(sweep, base / "out", [recorder])
    return Trained(sweep, base / "out", run, recorder)
