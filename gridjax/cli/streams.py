"""Standard output and error of a command, and the reaction to write failures.

A command whose output is its result ends when the output cannot be written: silently at a closed
pipe, with the exit code of SIGPIPE; with one message at a full disk. A command that keeps its
results in files (``keep_on``) continues without its output, as under nohup. A failure of standard
error never ends a command.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gridjax.errors import Problem, StorageError

EXIT_PIPE = 141
"""What shells give for a process that SIGPIPE ended: 128 + 13."""


class OutputLost(Exception):  # noqa: N818 - not an OSError, which typer would catch
    """The reader of standard output has closed it."""


class Output:
    """A standard stream with a defined reaction to write failures."""

    def __init__(self, stream: Any, keeps_on: bool):
        self._stream = stream
        self.keeps_on = keeps_on

    def write(self, text: str) -> int:
        """Write text."""
        with self._failing():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write the buffered text."""
        with self._failing():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._discard()
            if self.keeps_on:
                return
            if error.errno == errno.EPIPE:
                raise OutputLost from None
            message = f"standard output cannot be written: {error.strerror or error}"
            raise StorageError(
                Problem(message, fix="free some space, or write it elsewhere")
            ) from None

    def _discard(self) -> None:
        """Send all later output, buffered text and that of C libraries included, to /dev/null."""
        with suppress(OSError, ValueError):  # a stream without a descriptor has no buffer
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())
            os.close(null)


@contextmanager
def standard_streams() -> Iterator[None]:
    """Replace the standard streams by ``Output`` during a command; flush them at its end."""
    _open_closed()
    before = sys.stdout, sys.stderr
    for stream in before:
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")  # a name must not end a run on an ASCII terminal
    sys.stdout, sys.stderr = Output(before[0], False), Output(before[1], True)
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
    finally:
        sys.stdout, sys.stderr = before


def keep_on() -> None:
    """Make write failures of standard output harmless: the command keeps its results in files."""
    if isinstance(sys.stdout, Output):
        sys.stdout.keeps_on = True


def _open_closed() -> None:
    """Open closed standard streams as /dev/null, so that no other file takes their number."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - to the process's end
