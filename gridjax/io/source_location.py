"""Values with the place where they were written, and the list of problems of one command."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gridjax.errors import GridjaxError, Place, Problem

MAX_VALUES = 20_000
"""Largest number of values in one file or dict, including the values of ranges in a grid.

More values take longer than a second to read. A file with a hundred values for each parameter has a
fifth of this number.
"""

MAX_DEPTH = 50
"""Largest depth of nesting in one file or dict."""

MAX_PROBLEMS = 500
"""Largest number of problems in one report: the search for a similar name takes time for each."""


@dataclass(frozen=True, slots=True)
class SourcedValue:
    """A scalar, a list or a dict of SourcedValue values, with the place where it was written."""

    value: Any
    place: Place
    name_place: Place | None = None
    """place of the name of a value in a dict; None for other values"""

    def plain(self) -> Any:
        """Return the value without places."""
        if isinstance(self.value, dict):
            return {name: item.plain() for name, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value


@dataclass(frozen=True)
class Problems:
    """The problems of all files of one command: each occurs once, all are reported together."""

    found: dict[Problem, None] = field(default_factory=dict)

    def add(self, message: str, place: Place | None, fix: str | None = None) -> None:
        """Add one problem. Raises GridjaxError when there are MAX_PROBLEMS."""
        self.found[Problem(message, place, fix)] = None
        if len(self.found) == MAX_PROBLEMS:
            self.add(f"there may be more: these are the first {MAX_PROBLEMS} problems", None)
            self.raise_any()

    def add_error(self, error: GridjaxError, place: Place) -> None:
        """Add the problems of an error; problems without a place get ``place``."""
        for problem in error.problems:
            placed = replace(problem, place=problem.place or place)
            self.add(placed.message, placed.place, placed.fix)

    def take(self, others: Problems) -> None:
        """Add the problems of another list."""
        for problem in others.found:
            self.add(problem.message, problem.place, problem.fix)

    def raise_any(self) -> None:
        """Raise GridjaxError if there is a problem; problems of one file are sorted by line."""
        files: dict[str, int] = {}

        def position(problem: Problem) -> tuple[int, int, int]:
            place = problem.place or Place("")
            rank = files.setdefault(place.file, len(files))
            return rank, place.line or 0, place.column or 0

        if self.found:
            raise GridjaxError(sorted(self.found, key=position))


def attach_places(content: Mapping[str, Any], name: str, problems: Problems) -> SourcedValue | None:
    """Return a Python dict as SourcedValue values, with places such as ``name: path.to.value``.

    NumPy scalars and arrays, tuples and ranges become plain numbers and lists. If the dict is
    nested too deeply or has too many values, an error is added to ``problems`` and the result is
    None.
    """
    n_values = 0

    def visit(value: Any, path: tuple[str, ...], depth: int) -> SourcedValue:
        nonlocal n_values
        n_values += 1
        place = Place(f"{name}: {'.'.join(path)}" if path else name)
        if n_values > MAX_VALUES:
            raise GridjaxError(Problem(f"holds more than {MAX_VALUES} values", place))
        if depth > MAX_DEPTH:
            raise GridjaxError(Problem(f"is nested more than {MAX_DEPTH} deep", Place(name)))
        if isinstance(value, np.generic | np.ndarray) and value.ndim == 0:
            value = value.item()
        if isinstance(value, Mapping):
            items = {}
            for key, item in value.items():
                inner = visit(item, (*path, str(key)), depth + 1)
                items[str(key)] = replace(inner, name_place=inner.place)
            return SourcedValue(items, place)
        if isinstance(value, Iterable) and not isinstance(value, str | bytes):
            return SourcedValue([visit(item, path, depth + 1) for item in value], place)
        return SourcedValue(value, place)

    try:
        return visit(content, (), 0)
    except GridjaxError as error:
        problems.add_error(error, Place(name))
        return None
