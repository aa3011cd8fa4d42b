"""A run of one network with 400 steps: finished, and stopped during its training."""

import shutil

import pytest
from tiny import StopAt

import gridjax as gj
from gridjax.callbacks import Stopped

from .one_network import sweep


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    gj.train(sweep(), out=folder)
    return folder


@pytest.fixture(scope="session")
def stopped(tmp_path_factory):
    """A run stopped in the middle of its one training."""
    folder = tmp_path_factory.mktemp("stopped") / "run"
    with pytest.raises(Stopped, match="a test"):
        gj.train(sweep(), folder, [StopAt(100)], checkpoint_every_s=0)
    return folder


@pytest.fixture
def copy(stopped, tmp_path):
    """Somewhere else: run folders can be moved."""
    return shutil.copytree(stopped, tmp_path / "moved")
