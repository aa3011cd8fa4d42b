"""Errors of user input: the problem, its place, and its fix."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """The place of a value: a file and, if known, a line and a column (both counted from 1)."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        parts = [self.file, self.line, self.column]
        return ":".join(str(part) for part in parts if part is not None)


@dataclass(frozen=True)
class Problem:
    """One problem: a sentence that contains the value, its place, and the fix."""

    message: str
    place: Place | None = None
    fix: str | None = None

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        return f"{text}\n    {self.fix}" if self.fix else text


class GridjaxError(Exception):
    """The error for invalid input; it holds every problem that was found in the input.

    The command line prints it without a traceback and exits with ``exit_code``.
    """

    exit_code = 2

    def __init__(self, problems: str | Problem | Iterable[Problem]):
        if isinstance(problems, str):
            problems = Problem(problems)
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class DamageError(GridjaxError):
    """The error for a damaged file of a run. The command line exits with code 4."""

    exit_code = 4


class StorageError(GridjaxError):
    """The error for a failed write during a run, for example on a full disk.

    The command line exits with code 74.
    """

    exit_code = 74


class MemoryShortageError(GridjaxError):
    """The error for a device with less memory than one block of a run needs.

    The command line exits with code 74.
    """

    exit_code = 74
