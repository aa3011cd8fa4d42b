"""Values of parameters and their constraints: limits of one field, rules between fields.

These constraints check grids, random draws, and specs that are built in Python.
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

    A limit applies only to target codes that read the parameter. Example: surround_scale 1 is
    allowed for a Gaussian code, which does not read it, but not for a difference of Gaussians.
    """

    value: Any
    """the value, of the field's type; it is outside the limits if there is a problem"""
    place: Place | None = None
    """place where the value was written; None for a default"""
    problem_if_read: Problem | None = None
    """reason against the value for target codes that read the parameter; None if there is none"""
    problem_if_unread: Problem | None = None
    """reason against the value for all other target codes; None if there is none"""
    is_sampled: bool = False
    """whether it was drawn from a distribution of numbers"""

    @property
    def has_problem(self) -> bool:
        """Whether the value has a problem with at least some target codes."""
        return self.problem_if_read is not None or self.problem_if_unread is not None

    def problem(self, name: str, code: str) -> Problem | None:
        """Return the problem of this value of parameter ``name`` with a target code, or None."""
        is_read = is_read_by(FIELDS[name], code)
        return self.problem_if_read if is_read else self.problem_if_unread


DEFAULTS = {name: FieldValue(field.default) for name, field in FIELDS.items()}
"""The default of every parameter."""


def read_field_value(
    name: str, raw: Any, place: Place | None, codes: Sequence[str], is_sampled: bool = False
) -> FieldValue:
    """Return the value of a parameter from the raw value ``raw``.

    Args:
        name: name of the parameter.
        raw: the value as a user wrote it.
        place: place where it was written; None if unknown.
        codes: target codes of the networks that will have the value.
        is_sampled: whether the value was drawn from a distribution of numbers.

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
        """Return the problem of these values of ``fields``; None if a network can have them."""
        if not values[0].has_problem:
            return None
        code = values[-1].value if len(values) > 1 else ""
        return values[0].problem(self.fields[0], code)


@dataclass(frozen=True)
class Rule:
    """A rule between parameters.

    ``broken`` takes the values of ``fields``. It returns a description of the problem and its fix,
    or None if the values satisfy the rule.
    """

    fields: tuple[str, ...]
    broken: Callable[..., tuple[str, str] | None]

    def problem(self, values: Sequence[FieldValue], place: Place | None) -> Problem | None:
        """Return the problem of these values of ``fields``; None if a network can have them.

        Values outside their own limits are not checked by rules. The place of the problem is that
        of the first value with a place, or else ``place``.
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
