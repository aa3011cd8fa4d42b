"""Files and folders that several processes write at the same time under one name."""

import errno
import os
import threading

import pytest

from gridjax.io import atomic_files
from gridjax.io.atomic_files import create_file, new_folder


def without_links(*_):
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.mark.parametrize("has_links", [True, False])
def test_a_file_is_created_once(has_links, tmp_path, monkeypatch):
    if not has_links:
        monkeypatch.setattr(atomic_files.os, "link", without_links)
    path = tmp_path / "file"
    assert create_file(path, b"first")
    assert not create_file(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_of_several_that_create_a_file_at_the_same_time_one_succeeds(tmp_path):
    path, created, barrier = tmp_path / "file", [], threading.Barrier(8)

    def create(number):
        barrier.wait()
        if create_file(path, b"%d" % number * 10_000):
            created.append(number)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (number,) = created
    assert path.read_bytes() == b"%d" % number * 10_000
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic_files.os, "link", full)
    with pytest.raises(OSError, match="No space left"):
        create_file(tmp_path / "file", b"content")
    assert not list(tmp_path.iterdir())


def test_two_writers_of_one_folder_do_not_mix_their_files(tmp_path):
    path = tmp_path / "folder"
    with new_folder(path, replace=True) as ours:
        (ours / "a").write_text("ours")
        with new_folder(path, replace=True) as theirs:
            (theirs / "a").write_text("theirs")
            (theirs / "b").write_text("theirs")
        (ours / "b").write_text("ours")
    assert {file.read_text() for file in path.iterdir()} == {"ours"}
    assert list(tmp_path.iterdir()) == [path]
