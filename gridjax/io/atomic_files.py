"""Atomic writes of files and folders: a temporary name, fsync, then a rename.

Readers ignore temporary names. If a writer was killed, the next writer removes its temporary files.
Temporary folders, and the temporary files of ``create_file``, have a name of their own in every
process, so that processes that write the same folder at the same time cannot mix their files.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from gridjax.errors import DamageError, Problem, StorageError

T = TypeVar("T")
TEMP_PREFIX = ".aside-"
_SEAL = "sha256"
_NO_HARD_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)
_REMOVALS, _BETWEEN_REMOVALS_S, _ABSENT = 50, 0.05, 4


def write_file(path: Path, content: bytes) -> None:
    """Write a file and flush it to the disk; replace an existing file or link of the same name."""
    path.unlink(missing_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def read_regular(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises OSError for anything but a regular file, without opening it: a read of a pipe or a device
    may never end.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "is not a regular file")
    return path.read_bytes()


def sync(path: Path) -> None:
    """Flush a file, or the list of names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def rename(old: Path, new: Path) -> None:
    """Rename a file or folder atomically; replace an existing file of the new name."""
    old.replace(new)


def replace_file(path: Path, content: bytes, *, by_several: bool = False) -> None:
    """Replace a file atomically: readers see the old or the new content, also after a crash.

    ``by_several``: other processes may replace it at the same time, each with a temporary file of
    its own; one that was killed leaves it for :func:`remove_temporaries`.
    """
    token = f"{secrets.token_hex(6)}-" if by_several else ""
    aside = path.with_name(TEMP_PREFIX + token + path.name)
    try:
        write_file(aside, content)
        rename(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync(path.parent)


def create_file(path: Path, content: bytes) -> bool:
    """Create a file atomically; return False, and change nothing, if the name exists.

    Of several processes that create the same file, one succeeds. A file system without hard links
    has no such operation; there the name is looked for before the file is renamed to it.
    """
    aside = path.with_name(f"{TEMP_PREFIX}{secrets.token_hex(6)}-{path.name}")
    try:
        write_file(aside, content)
        try:
            os.link(aside, path)
        except OSError as error:
            if error.errno == errno.EEXIST or os.path.lexists(path):
                return False  # a network file system can hide for some seconds what exists
            if error.errno not in _NO_HARD_LINKS:
                raise
            rename(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    sync(path.parent)
    return True


@contextmanager
def new_folder(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Yield an empty temporary folder; when the block ends, rename the folder to ``path``.

    Before the rename, all files in the folder are flushed to the disk, so the caller need not
    flush them. If an exception is raised, the temporary folder is removed. With ``replace``, an
    existing entry of the name is removed; between two renames there is no entry of the name.
    """
    token = secrets.token_hex(6)
    old = path.with_name(f"{TEMP_PREFIX}{token}-old-{path.name}")
    aside = path.with_name(f"{TEMP_PREFIX}{token}-{path.name}")
    aside.mkdir()  # without parents: a run folder that was moved must not be created again
    try:
        yield aside
        for name in (*aside.rglob("*"), aside):
            sync(name)
        if replace and os.path.lexists(path):
            rename(path, old)
        rename(aside, path)
    except BaseException:
        if replace and os.path.lexists(old) and not os.path.lexists(path):
            rename(old, path)
        _remove_what_is_still_written(aside)
        raise
    sync(path.parent)
    remove_tree(old)


def _remove_what_is_still_written(folder: Path) -> None:
    """Remove a folder to which threads of orbax may still write for a moment after a failure.

    They may even make it again, so it must stay absent for some time.
    """
    n_absent = 0
    for _ in range(_REMOVALS):
        n_absent = 0 if folder.exists() else n_absent + 1
        if n_absent > _ABSENT:
            return
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(_BETWEEN_REMOVALS_S)


def remove_folder(path: Path) -> None:
    """Remove a folder atomically: readers never see a part of it."""
    aside = path.with_name(TEMP_PREFIX + path.name)
    remove_tree(aside)
    rename(path, aside)
    remove_tree(aside)


def remove_tree(path: Path) -> None:
    """Remove a file, or a folder with its content; for a link, remove only the link itself.

    Another process may remove the same at the same time.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, onerror=_pass_over_absent)
    elif os.path.lexists(path):
        path.unlink(missing_ok=True)


def _pass_over_absent(function: Any, path: str, error: Any) -> None:
    """Raise the error of a removal unless there is nothing to remove."""
    del function, path
    if not isinstance(error[1], FileNotFoundError):
        raise error[1]


def remove_temporaries(folder: Path) -> None:
    """Remove the temporary files and folders that a killed writer left directly in a folder."""
    if folder.is_dir():
        for left in folder.glob(f"{TEMP_PREFIX}*"):
            remove_tree(left)


def digest(content: bytes) -> str:
    """Return the SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def dump_checksummed_json(content: dict[str, Any]) -> bytes:
    """Return a mapping as JSON that includes its own SHA-256."""
    return json.dumps(content | {_SEAL: _digest_of(content)}, indent=1).encode()


def load_checksummed_json(sealed: bytes) -> dict[str, Any]:
    """Return the mapping that ``dump_checksummed_json`` wrote as bytes.

    Raises ValueError if the bytes are damaged.
    """
    content = json.loads(sealed)
    if not isinstance(content, dict):
        raise ValueError("it is not a mapping")
    expected = content.pop(_SEAL, None)
    if expected != _digest_of(content):
        raise ValueError("its sha256 differs from that of its content")
    return content


def _digest_of(content: dict[str, Any]) -> str:
    return digest(json.dumps(content, sort_keys=True).encode())


def retry_while_replaced(sealed: Path, read: Callable[[], T]) -> T:
    """Call ``read``; call it again if it fails because a writer replaced the file ``sealed``.

    Raises the DamageError of ``read`` if ``sealed`` did not change during the call.
    """
    while True:
        before = _stamp(sealed)
        try:
            return read()
        except DamageError:
            if _stamp(sealed) == before:
                raise


def _stamp(path: Path) -> tuple[int, ...] | None:
    """Return inode, time and size without opening the file; they change when it is replaced."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_size)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn an OSError in the block into a StorageError with a message for users."""
    try:
        yield
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror or error}"
        fix = "free space or allow writing; then the same command resumes the run"
        raise StorageError(Problem(message, fix=fix)) from error
