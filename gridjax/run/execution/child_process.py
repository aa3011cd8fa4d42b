"""Child processes of a run or a measurement; each computes in one thread of a CPU core."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

from gridjax.run.execution import messages
from gridjax.run.execution.messages import Message
from gridjax.run.worker.machine import ONE_THREAD


def sources_message(
    plugin_files: Sequence[str],
    plugin_modules: Sequence[str],
    place_maps: Sequence[tuple[str, str]],
) -> Message:
    """Return the part of a first message that names plugins, place maps and the import path.

    Args:
        plugin_files: Python files with plugins.
        plugin_modules: importable modules with plugins.
        place_maps: (sha256, .npy file) of each set of measured place cells.
    """
    return {
        "plugin_files": list(plugin_files),
        "plugin_modules": list(plugin_modules),
        "place_maps": dict(place_maps),
        "sys_path": sys.path,
    }


def start_python(module: str, message: Message, locks: Sequence[int] = ()) -> subprocess.Popen[str]:
    """Start a process on the CPU that computes in one thread, and send it its first message.

    ``module`` is the module that the process runs (``python -m``). ``locks`` are file descriptors
    that the process holds until it ends.
    """
    package = [path for path in sys.path if path]
    environment = os.environ | ONE_THREAD | {"JAX_PLATFORMS": "cpu"}
    environment["PYTHONPATH"] = os.pathsep.join(package)
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
        encoding="utf-8",
        pass_fds=locks,
    )
    with suppress(OSError):  # the process has ended; the next read of its output detects this
        pipe = pipe_of(process.stdin)
        pipe.write(messages.encode(message))
        pipe.flush()
    return process


def pipe_of(pipe: IO[str] | None) -> IO[str]:
    """Return a pipe of a process that start_python started."""
    assert pipe is not None, "the process was started with pipes"
    return pipe


def cause_of_end(code: int) -> str:
    """Return the cause of the end of a process, in words: its exit code or the signal."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
