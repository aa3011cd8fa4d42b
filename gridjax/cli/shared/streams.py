"""Standard output and standard error of a command, and the reaction to write failures.

If the output of a command is its result, the command ends when the output cannot be written. If the
pipe is closed, it ends without a message, with the exit code of SIGPIPE. If the disk is full, it
ends with one message. A command that writes its results to files (``keep_on``) continues without
its output, for example under nohup. A failure of standard error never ends a command.
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
"""Exit code that shells report for a process that SIGPIPE ended: 128 + 13."""


class OutputLost(Exception):  # noqa: N818 - not an OSError, which typer would catch
    """The error for standard output that its reader has closed."""


class Output:
    """A standard stream that handles write failures as described in this module."""

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
                Problem(message, fix="free some space, or write to another disk")
            ) from None

    def _discard(self) -> None:
        """Send all later output to /dev/null, including buffered text and output of C libraries."""
        with suppress(OSError, ValueError):  # a stream without a descriptor has no buffer
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())
            os.close(null)


@contextmanager
def standard_streams() -> Iterator[None]:
    """Replace the standard streams by ``Output`` during a command, and flush them at its end."""
    _open_closed()
    before = sys.stdout, sys.stderr
    for stream in before:
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")  # non-ASCII names must not end a run
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
    """Ignore write failures of standard output, for a command that writes its results to files."""
    if isinstance(sys.stdout, Output):
        sys.stdout.keeps_on = True


def _open_closed() -> None:
    """Open closed standard streams as /dev/null, so that no other file gets their descriptors."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free descriptor
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - open until the process ends
