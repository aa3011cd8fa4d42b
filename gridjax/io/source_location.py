"""Values with the place they were written at, and the list of problems with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gridjax.errors import GridjaxError, Place, Problem

MAX_VALUES = 20_000
"""Values in one file or dict, ranges of a grid included; more take longer to read than a second.

Five times the longest sweep with a hundred values for each parameter.
"""

MAX_DEPTH = 50
"""Nesting of one file or dict."""

MAX_PROBLEMS = 500
"""Problems reported at once; nobody reads on, and every one costs a suggestion."""


@dataclass(frozen=True, slots=True)
class Located:
    """A scalar, a list of Located or a dict of Located, with the place it was written at."""

    value: Any
    place: Place
    name_place: Place | None = None
    """Where its name stands, for a value in a dict."""

    def plain(self) -> Any:
        """The value alone."""
        if isinstance(self.value, dict):
            return {name: item.plain() for name, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value


@dataclass(frozen=True)
class Problems:
    """All that is wrong with the files of one command: each problem once, reported together."""

    found: dict[Problem, None] = field(default_factory=dict)

    def add(self, message: str, place: Place | None, fix: str | None = None) -> None:
        """Note one problem. Raises GridjaxError once there are too many to go on."""
        self.found[Problem(message, place, fix)] = None
        if len(self.found) == MAX_PROBLEMS:
            self.add(f"there may be more: these are the first {MAX_PROBLEMS} problems", None)
            self.raise_any()

    def add_error(self, error: GridjaxError, place: Place) -> None:
        """Note the problems of an error that knew no place."""
        for problem in error.problems:
            placed = replace(problem, place=problem.place or place)
            self.add(placed.message, placed.place, placed.fix)

    def take(self, others: Problems) -> None:
        """Note the problems of another list."""
        for problem in others.found:
            self.add(problem.message, problem.place, problem.fix)

    def raise_any(self) -> None:
        """Raise GridjaxError if there is any problem; those of one file in the file's order."""
        files: dict[str, int] = {}

        def position(problem: Problem) -> tuple[int, int, int]:
            place = problem.place or Place("")
            rank = files.setdefault(place.file, len(files))
            return rank, place.line or 0, place.column or 0

        if self.found:
            raise GridjaxError(sorted(self.found, key=position))


def locate(content: Mapping[str, Any], name: str, problems: Problems) -> Located | None:
    """A Python dict as Located values, whose places read ``name: path.to.value``.

    NumPy scalars and arrays, tuples and ranges become plain numbers and lists. None where the dict
    is nested too deeply or holds too many values.
    """
    n_values = 0

    def visit(value: Any, path: tuple[str, ...], depth: int) -> Located:
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
            return Located(items, place)
        if isinstance(value, Iterable) and not isinstance(value, str | bytes):
            return Located([visit(item, path, depth + 1) for item in value], place)
        return Located(value, place)

    try:
        return visit(content, (), 0)
    except GridjaxError as error:
        problems.add_error(error, Place(name))
        return None
