"""Atomic writes of files and folders: a temporary name, fsync, then a rename.

Readers ignore temporary names. The next writer removes those that a killed writer left.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from gridjax.errors import DamageError, Problem, StorageError

T = TypeVar("T")
ASIDE = ".aside-"
_SEAL = "sha256"
_REMOVALS, _BETWEEN_REMOVALS_S = 50, 0.05


def write_file(path: Path, content: bytes) -> None:
    """Write a new file and bring it to the disk; what had its name is removed, a link too."""
    path.unlink(missing_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def read_regular(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises OSError for what is no regular file and does not open it: a pipe would wait for a writer
    for ever, a device never ends.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "is no regular file")
    return path.read_bytes()


def sync(path: Path) -> None:
    """Bring a file, or a folder's list of names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def rename(old: Path, new: Path) -> None:
    """Give a file or folder its name at once, over a file that has it."""
    old.replace(new)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that a reader, now or after a crash, sees the old or the new one whole."""
    aside = path.with_name(ASIDE + path.name)
    try:
        write_file(aside, content)
        rename(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync(path.parent)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give a folder to fill; where nothing is raised it becomes ``path``, whole.

    Each file in it is brought to the disk once, before the folder gets its name: it is written
    plainly. A folder that cannot be finished is removed.
    """
    aside = path.with_name(ASIDE + path.name)
    remove_tree(aside)
    aside.mkdir()  # no parents: a run folder that was moved away is not made again
    try:
        yield aside
        for name in (*aside.rglob("*"), aside):
            sync(name)
        rename(aside, path)
    except BaseException:
        _remove_what_is_still_written(aside)
        raise
    sync(path.parent)


def _remove_what_is_still_written(folder: Path) -> None:
    """Remove a folder that threads of orbax, which failed, may still write to for an instant."""
    for _ in range(_REMOVALS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(_BETWEEN_REMOVALS_S)


def remove_folder(path: Path) -> None:
    """Remove a folder so that no reader sees a part of it."""
    aside = path.with_name(ASIDE + path.name)
    remove_tree(aside)
    rename(path, aside)
    remove_tree(aside)


def remove_tree(path: Path) -> None:
    """Remove what lies at a path, a folder with all in it; a link itself, never where it leads."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()


def clear_asides(folder: Path) -> None:
    """Remove what a killed writer left half done directly under a folder."""
    if folder.is_dir():
        for left in folder.glob(f"{ASIDE}*"):
            remove_tree(left)


def digest(content: bytes) -> str:
    """Return the sha256 of bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def seal(content: dict[str, Any]) -> bytes:
    """Return a mapping as JSON with its own sha256, so that a reader knows it is whole."""
    return json.dumps(content | {_SEAL: _digest_of(content)}, indent=1).encode()


def unseal(sealed: bytes) -> dict[str, Any]:
    """Return the mapping that was sealed.

    Raises ValueError where the bytes are not what ``seal`` wrote.
    """
    content = json.loads(sealed)
    if not isinstance(content, dict):
        raise ValueError("it is no mapping")
    told = content.pop(_SEAL, None)
    if told != _digest_of(content):
        raise ValueError("its sha256 is not that of its content")
    return content


def _digest_of(content: dict[str, Any]) -> str:
    return digest(json.dumps(content, sort_keys=True).encode())


def steady(sealed: Path, read: Callable[[], T]) -> T:
    """Read what a seal describes; again, where a writer has changed the seal meanwhile.

    Raises the DamageError of what is damaged under a seal that stays.
    """
    while True:
        before = _stamp(sealed)
        try:
            return read()
        except DamageError:
            if _stamp(sealed) == before:
                raise


def _stamp(path: Path) -> tuple[int, ...] | None:
    """What is another after a file was replaced; nothing is opened, for it may be a link."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_size)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn what the file system refuses into one clear message."""
    try:
        yield
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror or error}"
        fix = "make room or allow writing; the same command then goes on"
        raise StorageError(Problem(message, fix=fix)) from error
