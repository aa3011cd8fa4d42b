"""Grid of one sweep file: all combinations of the values of its parameters."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gridjax.errors import Place, Problem
from gridjax.io.source_location import Problems
from gridjax.spec.constraints import make_spec
from gridjax.spec.network import NetworkSpec
from gridjax.spec.validation import FieldValue
from gridjax.sweep.search.search_space import TruncatedRange
from gridjax.sweep.validator import Validator


@dataclass(frozen=True)
class GridSearch:
    """The distinct values of each given parameter, in order, and reasons why points cannot run."""

    values: Mapping[str, tuple[FieldValue, ...]]
    truncated: Mapping[str, TruncatedRange]
    """parameter -> range that is too long to be listed"""
    validator: Validator
    problems: tuple[Problem, ...]
    """reasons why points of the grid cannot run, each reason once"""

    @property
    def n_points(self) -> int:
        """Number of points of the grid."""
        omitted = {name: each.n_omitted for name, each in self.truncated.items()}
        return math.prod(len(each) + omitted.get(name, 0) for name, each in self.values.items())

    @property
    def n_listed(self) -> int:
        """Number of points, from the first point of the grid, that need only listed values."""
        number = 1
        for name in sorted(self.values, reverse=True):
            number *= len(self.values[name])
            if name in self.truncated:
                break
        return number

    def points(self) -> Iterator[tuple[NetworkSpec, tuple[Problem, ...]]]:
        """Yield the listed networks, each with every reason why it cannot run.

        Parameter names are sorted. The values of the last parameter change fastest.
        """
        names = sorted(self.values)
        points = itertools.product(*(self.values[name] for name in names))
        for values in itertools.islice(points, self.n_listed):
            point = dict(zip(names, values, strict=True))
            spec = make_spec({name: one.value for name, one in point.items()})
            yield spec, self.validator.problems(point)


def make_grid_search(
    values: Mapping[str, Sequence[FieldValue]],
    truncated: Mapping[str, TruncatedRange],
    place: Place,
    problems: Problems,
) -> GridSearch:
    """Return the grid of the values that a file at ``place`` lists for each parameter."""
    distinct = {}
    for name, given in values.items():
        firsts: dict[Any, FieldValue] = {}
        for one in given:
            firsts.setdefault(one.value, one)
        distinct[name] = tuple(firsts.values())
    validator = Validator(distinct, place)
    reasons = validator.check_grid(distinct, problems)
    return GridSearch(distinct, truncated, validator, reasons)
