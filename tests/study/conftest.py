"""A tiny run, trained once, that the tests of the study layer look at."""

import pytest
from tiny import CARTESIAN, DIVERGING, PLACE_CELLS, Heard, Trained, sweep_content, write_sweep

import gridjax as gj


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
    heard = Heard()
    run = gj.train(sweep, out=base / "out", show=heard)
    return Trained(sweep, base / "out", run, heard)
