"""The values of parameters and the constraints on them: limits of one field, rules between fields.

Grids, random draws and specs built in Python are all checked by these constraints.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from gridjax.errors import Place, Problem
from gridjax.spec.parameters import FIELDS, depends_on_code, is_read_by
from gridjax.spec.value_reader import LimitError, read_value

TARGET_CODE = "place_field_values"
"""The parameter that names the target code."""


class FieldValue(NamedTuple):
    """One value of a parameter, with the reasons why a network cannot have it.

    A limit holds for the target codes that read the parameter: a Gaussian code does not read
    surround_scale: 1, and a difference of Gaussians cannot be computed with it.
    """

    value: Any
    """of the field's type; outside its limits where there is a problem"""
    place: Place | None = None
    """where it was written; None for a default"""
    problem_if_read: Problem | None = None
    """why it cannot be used with a target code that reads the parameter"""
    problem_if_unread: Problem | None = None
    """why it cannot be used with another target code"""
    is_sampled: bool = False
    """whether it was drawn from a distribution of numbers"""

    @property
    def has_problem(self) -> bool:
        """Whether some target code cannot be used with it."""
        return self.problem_if_read is not None or self.problem_if_unread is not None

    def problem(self, name: str, code: str) -> Problem | None:
        """Return why it cannot be the parameter ``name`` with a target code; None if it can."""
        is_read = is_read_by(FIELDS[name], code)
        return self.problem_if_read if is_read else self.problem_if_unread


DEFAULTS = {name: FieldValue(field.default) for name, field in FIELDS.items()}
"""The default of every parameter."""


def read_field_value(
    name: str, raw: Any, place: Place | None, codes: Sequence[str], is_sampled: bool = False
) -> FieldValue:
    """Return the value of a parameter that ``raw`` writes, for networks of these target codes.

    Raises GridjaxError if ``raw`` does not have the field's type.
    """
    value, problems = None, {}
    readings = {is_read_by(FIELDS[name], code) for code in codes}
    for is_read in readings or {not depends_on_code(FIELDS[name])}:
        try:
            value = read_value(FIELDS[name], raw, is_read)
        except LimitError as error:
            value = error.value
            problems[is_read] = replace(error.problems[0], place=place)
    return FieldValue(value, place, problems.get(True), problems.get(False), is_sampled)


@dataclass(frozen=True)
class Limits:
    """The limits of the first of ``fields``; the second, if any, is the target code."""

    fields: tuple[str, ...]

    @classmethod
    def of(cls, name: str) -> Limits:
        """Return the limits of a parameter."""
        return cls((name, TARGET_CODE) if depends_on_code(FIELDS[name]) else (name,))

    def problem(self, values: Sequence[FieldValue], place: Place | None) -> Problem | None:
        """Return why no network can have these values of ``fields``; None if one can."""
        if not values[0].has_problem:
            return None
        code = values[-1].value if len(values) > 1 else ""
        return values[0].problem(self.fields[0], code)


@dataclass(frozen=True)
class Rule:
    """A rule between parameters.

    ``broken`` takes the values of ``fields`` and returns what is wrong and how to fix it, or None.
    """

    fields: tuple[str, ...]
    broken: Callable[..., tuple[str, str] | None]

    def problem(self, values: Sequence[FieldValue], place: Place | None) -> Problem | None:
        """Return why no network can have these values of ``fields``; None if one can.

        A value outside its own limits breaks no rule. The problem has the place of the first value
        that was written, or else ``place``.
        """
        chosen = dict(zip(self.fields, values, strict=True))
        code = chosen.get(TARGET_CODE, DEFAULTS[TARGET_CODE]).value
        if any(one.has_problem and one.problem(name, code) for name, one in chosen.items()):
            return None
        broken = self.broken(*(one.value for one in values))
        if broken is None:
            return None
        where = next((one.place for one in values if one.place), place)
        return Problem(broken[0], where, broken[1])


Constraint = Limits | Rule
