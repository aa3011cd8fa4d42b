"""A run of one network with 400 steps: finished, and stopped during its training.

Evaluation takes no time in these runs, nor in those of the modules that use them.
"""

import shutil

import pytest
from tiny import StopAt
from torture.quick_evaluation import quick_evaluation

import gridjax as gj
from gridjax.callbacks import Stopped

from .one_network import sweep


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    with quick_evaluation():
        gj.train(sweep(), out=folder)
    return folder


@pytest.fixture(scope="session")
def stopped(tmp_path_factory):
    """A run stopped in the middle of its one training."""
    folder = tmp_path_factory.mktemp("stopped") / "run"
    with quick_evaluation(), pytest.raises(Stopped, match="a test"):
        gj.train(sweep(), folder, [StopAt(100)], checkpoint_every=0)
    return folder


@pytest.fixture
def copy(stopped, tmp_path):
    """Somewhere else: run folders can be moved."""
    return shutil.copytree(stopped, tmp_path / "moved")
