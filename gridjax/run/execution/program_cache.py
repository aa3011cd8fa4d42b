"""Compiled programs of earlier processes, in a cache folder of the user.

Compilation takes longer than many trainings: a minute of processor time for the first network of a
shape. JAX keeps compiled programs on disk and finds them by the program, its versions, its
flags and its device. A cached program is trusted as code is, so the folder belongs to the user and
is never part of a run folder. Results have the same bits with and without it.
"""

from __future__ import annotations

import hashlib
import os
import warnings
import zlib
from contextlib import suppress
from pathlib import Path

import jax
from filelock import FileLock, Timeout

from gridjax.run.execution.machine import processor, processor_flags

MOST_BYTES = 4 << 30
"""Size of the folder, beyond which JAX removes the programs that were used least recently."""
LEAST_SECONDS = 0.2
"""Compilations shorter than this are not worth a file."""
_PROGRAM, _TIME_OF_USE = "-cache", "-atime"
"""Ends of the names of JAX's files: a compressed program, and when it was used last."""
_TIME_BYTES = 8
_ZSTD = b"\x28\xb5\x2f\xfd"


def use_program_cache() -> Path | None:
    """Let JAX keep compiled programs in the user's cache folder; return the folder.

    Nothing changes, and None is returned, where JAX has a cache folder already
    (``JAX_COMPILATION_CACHE_DIR``), where its cache is switched off
    (``JAX_ENABLE_COMPILATION_CACHE=false``), or where the folder cannot be written.
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
    # What cannot be read or written is compiled; nobody can do anything about it.
    warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache")
    config.update("jax_compilation_cache_dir", str(folder))
    config.update("jax_compilation_cache_max_size", MOST_BYTES)
    config.update("jax_persistent_cache_min_compile_time_secs", LEAST_SECONDS)
    return folder


def cache_folder() -> Path:
    """Return the folder for this processor: ``$XDG_CACHE_HOME/gridjax/programs/...``.

    A program of another processor may use instructions that this one has not.
    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    told = f"{processor()}\n{processor_flags()}"
    name = hashlib.sha256(told.encode()).hexdigest()[:16]
    return Path(base) / "gridjax" / "programs" / name


def remove_damaged(folder: Path) -> list[str]:
    """Remove the entries of a folder that are damaged; return their names.

    JAX neither uses nor replaces them. A process that was killed, or had no disk left, leaves a
    part of a program or one without its time of use. Contents are checked once, when they are new.

    Raises Timeout where another process holds the folder's lock, and OSError.
    """
    damaged = []
    stamp = folder / ".checked"
    with FileLock(folder / ".lockfile", timeout=1):
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
    """Tell whether a file is a whole zlib stream; of another compression that is not known."""
    content = program.read_bytes()
    if content[:4] == _ZSTD:
        return True
    try:
        zlib.decompress(content)
    except zlib.error:
        return False
    return True
