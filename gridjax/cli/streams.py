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


class OutputLost(Exception):  # noqa: N818 - whoever reads has gone; no OSError, or typer takes it
    """Nobody reads standard output any more."""


class Output:
    """A standard stream that knows what to do where it cannot be written."""

    def __init__(self, stream: Any, keeps_on: bool):
        self._stream = stream
        self.keeps_on = keeps_on

    def write(self, text: str) -> int:
        """Write text."""
        with self._failing():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is still held back."""
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
            raise StorageError(Problem(message, fix="write it to where there is room")) from None

    def _discard(self) -> None:
        """Let nothing fail again: what is held back, and what libraries in C write."""
        with suppress(OSError, ValueError):  # a stream without a descriptor holds nothing back
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())
            os.close(null)


@contextmanager
def standard_streams() -> Iterator[None]:
    """Give a command streams that fail in these ways; flush them at its end."""
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
    """Go on without standard output where it fails: what the command makes is kept in files."""
    if isinstance(sys.stdout, Output):
        sys.stdout.keeps_on = True


def _open_closed() -> None:
    """Lead closed standard streams nowhere: else the next file opened would be written as one."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - to the process's end
