"""Child processes of a run or a measurement, and the lines of JSON to and from them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

from gridjax.run.worker.machine import ONE_THREAD

Message = dict[str, Any]
ON_ONE_CORE = ONE_THREAD | {"JAX_PLATFORMS": "cpu"}
"""Environment of a process that computes in one thread on the CPU."""


def encode(message: Message) -> str:
    """Return a message as one line."""
    return json.dumps(message) + "\n"


def decode(line: str) -> Message:
    """Return the message of a line."""
    message: Message = json.loads(line)
    return message


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


def start_python(
    module: str,
    message: Message,
    locks: Sequence[int] = (),
    environment: Mapping[str, str] = ON_ONE_CORE,
) -> subprocess.Popen[str]:
    """Start a process, and send it its first message.

    Args:
        module: the module that the process runs (``python -m``).
        message: the first message.
        locks: file descriptors that the process holds until it ends.
        environment: environment variables that differ from those of this process.
    """
    package = [path for path in sys.path if path]
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | environment | {"PYTHONPATH": os.pathsep.join(package)},
        text=True,
        encoding="utf-8",
        pass_fds=locks,
    )
    with suppress(OSError):  # the process has ended; the next read of its output detects this
        pipe = pipe_of(process.stdin)
        pipe.write(encode(message))
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
