"""The cache of compiled programs in a folder of the user.

Compilation takes longer than many trainings: a minute of processor time for the first network of a
shape. JAX stores compiled programs on disk. The file name is a hash of the program, the versions,
the flags and the device. JAX executes a cached program without checking its origin, so the folder
belongs to the user and is never part of a run folder. The cache does not change the results.
"""

from __future__ import annotations

import hashlib
import os
import warnings
import zlib
from collections.abc import Callable, Hashable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import jax
from filelock import Timeout

from gridjax.io.folder_lock import system_lock
from gridjax.run.worker.machine import processor, processor_flags

MOST_BYTES = 4 << 30
"""Largest size of the folder in bytes; JAX removes the least recently used programs."""
LEAST_SECONDS = 0.2
"""Shortest compilation, in seconds, whose program is stored."""
_PROGRAM, _TIME_OF_USE = "-cache", "-atime"
"""Suffixes of the two files of a program: the compressed program, and the time of its last use."""
_TIME_BYTES = 8
_PATIENCE_S = 300.0
"""Longest wait for the programs of another process, which may be suspended."""
_CALLED: set[str] = set()
"""names of the programs that this process has called"""
Function = TypeVar("Function", bound=Callable[..., Any])
_ZSTD = b"\x28\xb5\x2f\xfd"


def use_program_cache() -> Path | None:
    """Set the folder of the user as the cache folder of JAX; return the folder.

    Returns None, and changes nothing, if JAX already has a cache folder
    (``JAX_COMPILATION_CACHE_DIR``), if its cache is switched off
    (``JAX_ENABLE_COMPILATION_CACHE=false``), or if the folder cannot be written.
    """
    config = jax.config
    is_enabled = config.jax_enable_compilation_cache  # pyright: ignore[reportAttributeAccessIssue]
    chosen = config.jax_compilation_cache_dir  # pyright: ignore[reportAttributeAccessIssue]
    if not is_enabled or chosen:
        return None
    folder = cache_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    if not os.access(folder, os.W_OK | os.X_OK):
        return None
    with suppress(OSError, Timeout):
        remove_damaged(folder)
    # A program that cannot be read or written is compiled again; the user cannot change that.
    warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache")
    config.update("jax_compilation_cache_dir", str(folder))
    config.update("jax_compilation_cache_max_size", MOST_BYTES)
    config.update("jax_persistent_cache_min_compile_time_secs", LEAST_SECONDS)
    return folder


def compiled_by_one_process(call: Function, *key: Hashable) -> Function:
    """Return a function whose first call in this process holds a lock that all processes share.

    The first call compiles the programs of the function. Processes that start at the same time
    would all compile the same programs; with the lock, one compiles them and the others load them.
    ``key`` identifies the programs. There is no lock without a cache folder.
    """
    name = hashlib.sha256(repr(key).encode()).hexdigest()[:16]

    def guarded(*arguments: Any, **options: Any) -> Any:
        folder = jax.config.jax_compilation_cache_dir  # pyright: ignore[reportAttributeAccessIssue]
        if not folder or name in _CALLED:
            return call(*arguments, **options)
        with ExitStack() as stack:
            with suppress(OSError, Timeout, NotImplementedError):
                stack.enter_context(system_lock(Path(folder) / f".{name}", _PATIENCE_S))
            result = call(*arguments, **options)
        _CALLED.add(name)
        return result

    return cast(Function, guarded)


def cache_folder() -> Path:
    """Return the folder for this processor: ``$XDG_CACHE_HOME/gridjax/programs/...``.

    A program for another processor may use instructions that this one does not have.
    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    machine = f"{processor()}\n{processor_flags()}"
    name = hashlib.sha256(machine.encode()).hexdigest()[:16]
    return Path(base) / "gridjax" / "programs" / name


def remove_damaged(folder: Path) -> list[str]:
    """Remove damaged programs from a folder; return their names.

    JAX does not use or replace damaged programs. A killed process or a full disk can leave an
    incomplete program, or a program without its time of use. Each program is checked only once,
    when it is new.

    Raises Timeout if another process holds the lock of the folder, and OSError if the folder cannot
    be read or changed.
    """
    damaged = []
    stamp = folder / ".checked"
    with system_lock(folder / ".lockfile", 1):
        checked_s = stamp.stat().st_mtime if stamp.exists() else 0.0
        for program in folder.glob(f"*{_PROGRAM}"):
            used = program.with_name(program.name.removesuffix(_PROGRAM) + _TIME_OF_USE)
            is_new = program.stat().st_mtime >= checked_s
            is_timed = used.exists() and used.stat().st_size == _TIME_BYTES
            if not is_timed or (is_new and not _is_intact(program)):
                damaged.append(program.name)
                program.unlink()
                used.unlink(missing_ok=True)
        stamp.touch()
    return damaged


def _is_intact(program: Path) -> bool:
    """Return whether a file is a complete zlib stream. Other compressions count as intact."""
    content = program.read_bytes()
    if content[:4] == _ZSTD:
        return True
    try:
        zlib.decompress(content)
    except zlib.error:
        return False
    return True
