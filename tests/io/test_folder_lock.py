"""Locks of folders on file systems without locks, such as Lustre mounted without flock."""

import errno
import os

import pytest

from gridjax.errors import GridjaxError
from gridjax.io.folder_lock import LOCK, is_locked, locked

fcntl = pytest.importorskip("fcntl")


@pytest.fixture
def without_locks(tmp_path, monkeypatch):
    def flock(descriptor, operation):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", flock)
    return tmp_path


def test_a_folder_without_locks_is_refused_and_no_mark_stays(without_locks):
    with pytest.raises(GridjaxError, match="cannot be locked"), locked(without_locks):
        pass
    assert not (without_locks / LOCK).read_bytes()


def test_a_copy_of_a_run_is_not_running(without_locks):
    """A finished run leaves an empty lock file, which is copied with the folder."""
    (without_locks / LOCK).touch()
    assert not is_locked(without_locks)
    with pytest.raises(GridjaxError, match="cannot be locked"), locked(without_locks):
        pass
