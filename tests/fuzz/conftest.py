"""What all tests of one session share: the forked reader, and a run folder to copy and damage."""

import shutil

import pytest

from .reading import Reader
from .runfolder import make_run


@pytest.fixture(scope="session")
def reader():
    reader = Reader()
    yield reader
    reader.close()


@pytest.fixture(scope="session")
def made_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "run"
    make_run(folder)
    return folder


@pytest.fixture
def run(made_run, tmp_path):
    """A copy of the run, to be damaged."""
    return shutil.copytree(made_run, tmp_path / "run")
