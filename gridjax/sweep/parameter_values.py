"""The values that a sweep gives a parameter, each with the reason why it could never run.

Whether a value can run depends on the target code: a Gaussian code does not read surround_scale: 1,
and a difference of Gaussians has no target with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from gridjax.errors import GridjaxError, Place, Problem
from gridjax.io.source_location import Located, Problems
from gridjax.spec.network import NetworkSpec
from gridjax.spec.parameters import FIELDS, SEEDS, depends_on_code, is_read_by
from gridjax.spec.value_reader import LimitError, read_value

CODE = "place_field_values"
"""The parameter that names the target code."""
_MOST_UNKNOWN = 100  # names of one parameter; every one costs the search for a similar name


class Choice(NamedTuple):
    """One value of a parameter."""

    value: Any
    """of the field's type; beyond its limits where it is refused"""
    place: Place | None = None
    """where it was written; None for a default"""
    if_read: Problem | None = None
    """why no network can have it whose target code reads the parameter"""
    if_unread: Problem | None = None
    """why no other network can have it"""

    def refusal(self, name: str, code: str) -> Problem | None:
        """Return why a network of a target code cannot have it as the parameter ``name``."""
        return self.if_read if is_read_by(FIELDS[name], code) else self.if_unread


def default_choice(name: str) -> Choice:
    """Return what stands for a parameter that a sweep does not give."""
    return Choice(FIELDS[name].default)


def read_choices(
    name: str, items: Iterable[Located], codes: Sequence[str], problems: Problems
) -> list[Choice]:
    """The choices that a file writes for a parameter of networks of these target codes.

    A value that is none of the field's type goes to ``problems`` and is left out.
    """
    readers = [code for code in codes if is_read_by(FIELDS[name], code)]
    whose = f" ({CODE}: {', '.join(readers)})" if 0 < len(readers) < len(codes) else ""
    choices, n_unknown = [], 0
    for item in items:
        try:
            choice = read_choice(name, item.plain(), item.place, codes)
        except GridjaxError as error:
            problems.add_error(error, item.place)
            continue
        if choice.if_read and "choices" in FIELDS[name].metadata:
            n_unknown += 1
            if n_unknown > _MOST_UNKNOWN:
                message = f"{name}: more than {_MOST_UNKNOWN} of its values can never be used"
                problems.add(message, item.place, choice.if_read.fix)
                break
        if choice.if_read and not choice.if_unread and whose:
            message = choice.if_read.message + whose
            choice = choice._replace(if_read=replace(choice.if_read, message=message))
        choices.append(choice)
    return choices


def read_choice(name: str, raw: Any, place: Place, codes: Sequence[str]) -> Choice:
    """The choice that ``raw`` writes. Raises GridjaxError where it is none of the field's type."""
    field = FIELDS[name]
    value, refused = None, {}
    always = not depends_on_code(field)
    for is_read in {is_read_by(field, code) for code in codes} or {always}:
        try:
            value = read_value(field, raw, is_read)
        except LimitError as error:
            value = error.value
            refused[is_read] = replace(error.problems[0], place=place)
    return Choice(value, place, refused.get(True), refused.get(False))


def spec_of(values: dict[str, Any]) -> NetworkSpec:
    """Return the network of these values; one network has one way to write its seeds."""
    for name in SEEDS:
        if name in values and values[name] == values.get("seed", 0):
            values[name] = None
    return NetworkSpec(**values)
