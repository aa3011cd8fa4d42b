"""Locks of a run folder: one writer, or several parts of a run, recorded with host and process.

A lock is held by processes and released by the operating system when they end. On a network file
system it holds between hosts if the file system passes locks on (NFS 4, Lustre with ``flock``,
GPFS, CephFS); the results do not depend on it, because finished work is written under names that
its content decides (gridjax.run.storage.run_folder).
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from gridjax.errors import GridjaxError, Problem
from gridjax.io.atomic_files import read_regular, replace_file
from gridjax.io.text import shown

LOCK = ".lock"
WORKERS_LOCK = ".workers.lock"
WRITER = ".writer.json"
_PATIENCE_OF_WORKERS_S = 10.0
_PATIENCE_S = 1.0
"""Longest wait for a lock, in seconds. ``gridjax status`` holds the lock for a shorter time; a
writer holds it longer."""
_PATIENCE_OF_PARTS_S = 10.0
"""Longest wait of a part for the lock, in seconds: another part may be at the end of the run."""
_POLL_S = 0.05


def system_lock(path: Path, timeout_s: float) -> FileLock:
    """Return the lock of a file, which the operating system releases when its process ends.

    On a file system without such locks, acquiring it raises OSError: a file that marks the lock
    instead would stay after a process was killed on another host.
    """
    return FileLock(path, timeout=timeout_s, fallback_to_soft=False)


@contextmanager
def locked(
    folder: Path,
    refusal: Callable[[], GridjaxError] | None = None,
    patience_s: float | None = None,
) -> Iterator[dict[str, Any]]:
    """Hold the lock of a folder; the operating system releases it when the process ends.

    Yields host, process and start time of this process, for ``record_writer``.

    Args:
        folder: the folder.
        refusal: returns the error if another process holds the lock; by default it names the
            folder, and host and process of the writer.
        patience_s: longest wait for the lock, seconds; None: _PATIENCE_S.

    Raises GridjaxError if another process holds the lock.
    """
    lock = system_lock(folder / LOCK, _PATIENCE_S if patience_s is None else patience_s)
    try:
        lock.acquire()
    except Timeout:
        raise (refusal or (lambda: in_use(folder)))() from None
    except (OSError, NotImplementedError) as error:
        raise _not_lockable(folder, error) from None
    try:
        started = datetime.now(UTC).isoformat(timespec="seconds")
        me = {"host": socket.gethostname(), "pid": os.getpid(), "started": started}
        record_writer(folder, me)
        yield me
    finally:
        with suppress(OSError):
            (folder / WRITER).unlink(missing_ok=True)
        lock.release()


@contextmanager
def shared_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder together with other holders of the shared lock.

    Raises GridjaxError, with host and process of the writer, if a process holds the lock alone, and
    if the system has no shared locks.
    """
    try:
        descriptor = _open(folder / LOCK)
    except OSError as error:
        raise _not_lockable(folder, error) from None
    try:
        try:
            is_held = _acquire(descriptor, is_shared=True, patience_s=_PATIENCE_OF_PARTS_S)
        except (OSError, ImportError) as error:
            raise _not_lockable(folder, error) from None
        if not is_held:
            raise in_use(folder)
        yield
    finally:
        os.close(descriptor)


def in_use(folder: Path, whose: str = "another gridjax sweep") -> GridjaxError:
    """Return the error for a folder that another process writes."""
    message = f"--out {folder} is being written by {whose}{named(folder)}"
    return GridjaxError(Problem(message, fix="wait for it to end, or give another folder"))


def record_writer(folder: Path, me: dict[str, Any], activity: dict[str, Any] | None = None) -> None:
    """Record the process that holds the lock of a folder, and what it does now.

    The time of the file is the last sign of life of the process. The lock also works without this
    file, as on a full disk: no error is raised.
    """
    content = me if activity is None else me | {"activity": activity}
    with suppress(OSError):
        replace_file(folder / WRITER, json.dumps(content).encode())


def writer(folder: Path) -> dict[str, Any] | None:
    """Return host, pid and start time of the last writer of a folder; it may no longer run."""
    content = _read_writer(folder)
    kinds = {"host": str, "pid": int, "started": str}
    if not all(isinstance(content.get(name), kind) for name, kind in kinds.items()):
        return None
    host, started = (shown(content[name]) for name in ("host", "started"))
    return {"host": host, "pid": content["pid"], "started": started}


def activity(folder: Path) -> tuple[dict[str, Any], float | None]:
    """Return what the last writer of a folder recorded about its work, and the time of the record.

    The record is not checked; it is empty if there is none. The time is in seconds since the epoch.
    """
    try:
        recorded = (folder / WRITER).lstat().st_mtime
    except OSError:
        return {}, None
    found = _read_writer(folder).get("activity")
    return found if isinstance(found, dict) else {}, recorded


def is_locked(folder: Path) -> bool:
    """Return whether a process holds the lock of a folder."""
    if not (folder / LOCK).is_file() or (folder / LOCK).is_symlink():
        return False
    lock = system_lock(folder / LOCK, 0)
    try:
        lock.acquire()
    except Timeout:
        return True
    except (OSError, NotImplementedError):
        return writer(folder) is not None
    lock.release()
    return False


def named(folder: Path) -> str:
    """Return process, host and start time of the last writer in brackets; empty if unknown."""
    found = writer(folder)
    if found is None:
        return ""
    return f" (process {found['pid']} on {found['host']}, since {found['started']})"


@contextmanager
def workers_lock(folder: Path, is_shared: bool = False) -> Iterator[int | None]:
    """Hold a lock that worker processes inherit; yield its file descriptor, None on Windows.

    The lock is free when all processes that hold it have ended. If the process of a run was killed,
    a new run therefore does not start while a worker of the earlier one still writes. Parts of a
    run share the lock of its folder.

    Raises GridjaxError if such workers do not end within some seconds.
    """
    try:
        import fcntl  # noqa: F401
    except ImportError:
        yield None
        return
    try:
        descriptor = _open(folder / WORKERS_LOCK)
    except OSError:  # the lock also works without this file, as on a full disk
        yield None
        return
    try:
        with suppress(OSError):  # a file system without locks; the lock of the folder still holds
            if not _acquire(descriptor, is_shared, _PATIENCE_OF_WORKERS_S):
                message = f"--out {folder} is still being written by workers of an earlier call"
                fix = "wait for them to end, or end the processes of gridjax.run.execution"
                raise GridjaxError(Problem(message, fix=fix))
        yield descriptor
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)


def _acquire(descriptor: int, is_shared: bool, patience_s: float) -> bool:
    """Lock an open file; return False if others hold the lock for longer than ``patience_s``."""
    import fcntl

    kind = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return True
        except (BlockingIOError, PermissionError):  # some file systems report the second
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_S)


def _read_writer(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_regular(folder / WRITER))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _not_lockable(folder: Path, error: BaseException) -> GridjaxError:
    message = f"--out {folder} cannot be locked: {error}"
    return GridjaxError(Problem(message, fix="give a folder on a file system with file locks"))
