"""Lock of a run folder: one writer at a time, recorded with host and process."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
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


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder; the operating system releases it when the process ends.

    Raises GridjaxError, with host and process of the writer, if another process holds it.
    """
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=_PATIENCE_S)
    except Timeout:
        message = f"--out {folder} is being written by another gridjax sweep{_named(folder)}"
        raise GridjaxError(
            Problem(message, fix="wait for it to end, or give another folder")
        ) from None
    except (OSError, NotImplementedError) as error:
        message = f"--out {folder} cannot be locked: {error}"
        raise GridjaxError(Problem(message, fix="give a folder on another file system")) from None
    try:
        started = datetime.now(UTC).isoformat(timespec="seconds")
        me = {"host": socket.gethostname(), "pid": os.getpid(), "started": started}
        with suppress(OSError):  # the lock also works without this file, as on a full disk
            replace_file(folder / WRITER, json.dumps(me).encode())
        yield
    finally:
        with suppress(OSError):
            (folder / WRITER).unlink(missing_ok=True)
        lock.release()


def writer(folder: Path) -> dict[str, Any] | None:
    """Return host, pid and start time of the last writer of a folder; it may no longer run."""
    try:
        named = json.loads(read_regular(folder / WRITER))
    except (OSError, ValueError, RecursionError):
        return None
    kinds = {"host": str, "pid": int, "started": str}
    if not isinstance(named, dict):
        return None
    if not all(isinstance(named.get(name), kind) for name, kind in kinds.items()):
        return None
    return {"host": shown(named["host"]), "pid": named["pid"], "started": shown(named["started"])}


def is_locked(folder: Path) -> bool:
    """Return whether a process holds the lock of a folder."""
    if not (folder / LOCK).is_file() or (folder / LOCK).is_symlink():
        return False
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except (OSError, NotImplementedError):
        return writer(folder) is not None
    lock.release()
    return False


def _named(folder: Path) -> str:
    named = writer(folder)
    if named is None:
        return ""
    return f" (process {named['pid']} on {named['host']}, since {named['started']})"


@contextmanager
def workers_lock(folder: Path) -> Iterator[int | None]:
    """Hold a lock that worker processes inherit; yield its file descriptor, None on Windows.

    The lock is free when all processes that hold it have ended. If the process of a run was killed,
    a new run therefore does not start while a worker of the earlier one still writes.

    Raises GridjaxError if such workers do not end within some seconds.
    """
    try:
        import fcntl
    except ImportError:
        yield None
        return
    try:
        descriptor = os.open(folder / WORKERS_LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    except OSError:  # the lock also works without this file, as on a full disk
        yield None
        return
    try:
        deadline = time.monotonic() + _PATIENCE_OF_WORKERS_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                message = f"--out {folder} is still being written by workers of an earlier call"
                fix = "wait for them to end, or end the processes of gridjax.run.execution"
                raise GridjaxError(Problem(message, fix=fix)) from None
            except OSError:  # a file system without locks; the lock of the folder still holds
                break
        yield descriptor
    finally:
        os.close(descriptor)
