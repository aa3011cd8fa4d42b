"""The grid of one sweep file: the product of its parameters' values."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gridjax.errors import Place, Problem
from gridjax.io.source_location import Problems
from gridjax.spec.network import NetworkSpec
from gridjax.spec.parameters import FIELDS
from gridjax.sweep.grid_constraints import Check, checks_of
from gridjax.sweep.parameter_values import Choice, spec_of
from gridjax.sweep.search_space import Rest


@dataclass(frozen=True)
class Grid:
    """For each parameter that a file gives its distinct values in order, and what cannot run."""

    values: Mapping[str, tuple[Any, ...]]
    checks: tuple[Check, ...] = ()
    rests: Mapping[str, Rest] = field(default_factory=dict)
    """of the parameters whose ranges are too long to be listed"""

    @property
    def n_points(self) -> int:
        """Points of the grid."""
        rests = {name: rest.number for name, rest in self.rests.items()}
        return math.prod(len(each) + rests.get(name, 0) for name, each in self.values.items())

    @property
    def n_listed(self) -> int:
        """Points of the grid, from its first, that need none but the listed values."""
        number = 1
        for name in sorted(self.values, reverse=True):
            number *= len(self.values[name])
            if name in self.rests:
                break
        return number

    @property
    def refusals(self) -> list[Problem]:
        """Why points of the grid can never run, each reason once."""
        return list(dict.fromkeys(why for check in self.checks for why in check.refused.values()))

    def points(self) -> Iterator[tuple[NetworkSpec, Problem | None]]:
        """The networks of the product over sorted names, the last name fastest: the listed ones.

        Each with the reason why it can never run; None where it can.
        """
        names = sorted(self.values)
        defaults = {name: FIELDS[name].default for check in self.checks for name in check.fields}
        points = itertools.product(*(self.values[name] for name in names))
        for point in itertools.islice(points, self.n_listed):
            values = dict(zip(names, point, strict=True))
            why = self._why(defaults | values) if self.checks else None
            yield spec_of(values), why

    def _why(self, values: Mapping[str, Any]) -> Problem | None:
        for check in self.checks:
            why = check.why(values)
            if why:
                return why
        return None


def make_grid(
    choices: Mapping[str, Sequence[Choice]],
    rests: Mapping[str, Rest],
    place: Place,
    problems: Problems,
) -> Grid:
    """The grid of the choices that a file at ``place`` gives for each parameter."""
    distinct: dict[str, list[Choice]] = {}
    for name, given in choices.items():
        firsts: dict[Any, Choice] = {}
        for one in given:
            firsts.setdefault(one.value, one)
        distinct[name] = list(firsts.values())
    checks = checks_of(distinct, place, problems)
    values = {name: tuple(one.value for one in given) for name, given in distinct.items()}
    return Grid(values, tuple(checks), rests)
