"""The points of a grid that can never run, found before any point is laid out.

A value is checked with every target code of the grid, and the values of a rule's fields with each
other, so that each point is one lookup.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gridjax.errors import Place, Problem
from gridjax.io.source_location import Problems
from gridjax.spec.constraints import RULES, Rule
from gridjax.spec.parameters import FIELDS, depends_on_code
from gridjax.sweep.parameter_values import CODE, Choice, default_choice

_MAX_TUPLES = 50_000  # of one rule; that many are looked at in half a second


class Check(NamedTuple):
    """What the values of some fields can never be."""

    fields: tuple[str, ...]
    refused: Mapping[tuple[Any, ...], Problem]
    """values of the fields -> why no network can have them"""

    def why(self, values: Mapping[str, Any]) -> Problem | None:
        """Return why the network of these values can never run; None where it can."""
        return self.refused.get(tuple(values[name] for name in self.fields))


def checks_of(
    choices: Mapping[str, Sequence[Choice]], place: Place, problems: Problems
) -> list[Check]:
    """The checks that some point of a grid fails: values first, then rules."""
    codes = [one.value for one in choices.get(CODE, [default_choice(CODE)]) if not one.if_read]
    names = sorted(choices, key=lambda name: (name != CODE, name))
    checks = [_of_values(name, choices[name], codes) for name in names]
    checks += [_of_rule(rule, choices, place, problems) for rule in RULES]
    return [check for check in checks if check.refused]


def _of_values(name: str, choices: Sequence[Choice], codes: Sequence[str]) -> Check:
    if not depends_on_code(FIELDS[name]):
        return Check((name,), {(one.value,): one.if_read for one in choices if one.if_read})
    refused = {}
    for one, code in itertools.product(choices, codes):
        problem = one.refusal(name, code)
        if problem:
            refused[one.value, code] = problem
    return Check((name, CODE), refused)


def _of_rule(
    rule: Rule, choices: Mapping[str, Sequence[Choice]], place: Place, problems: Problems
) -> Check:
    given = [
        [one for one in choices.get(name, [default_choice(name)]) if not _is_never(name, one)]
        for name in rule.fields
    ]
    if math.prod(map(len, given)) > _MAX_TUPLES:
        message = f"too many combinations of {' and '.join(rule.fields)} to check"
        problems.add(message, place, f"give fewer values: at most {_MAX_TUPLES} combinations")
        return Check(rule.fields, {})
    refused: dict[tuple[Any, ...], Problem] = {}
    alike: dict[tuple[Any, ...], Problem] = {}
    for chosen in itertools.product(*given):
        values = tuple(one.value for one in chosen)
        broken = rule.broken(*values)
        if broken is None or _is_refused(rule, chosen, dict(zip(rule.fields, chosen, strict=True))):
            continue
        # told once for each value of the first field, not for each number it does not fit
        key = (values[0], *(value for value in values if isinstance(value, str)))
        if key not in alike:
            alike[key] = _problem(broken, chosen, place)
        refused[values] = alike[key]
    return Check(rule.fields, refused)


def _is_never(name: str, one: Choice) -> bool:
    """Whether a choice is refused whatever the target code: no rule can be asked about it."""
    return one.if_read is not None and (
        one.if_unread is not None or not depends_on_code(FIELDS[name])
    )


def broken_rule(rule: Rule, point: Mapping[str, Choice], place: Place) -> Problem | None:
    """Return how the choices of a point break a rule; none of them may be refused itself.

    It is placed at the first of the rule's fields that was written, or else at ``place``.
    """
    chosen = [point.get(name) or default_choice(name) for name in rule.fields]
    broken = rule.broken(*(one.value for one in chosen))
    return None if broken is None else _problem(broken, chosen, place)


def _is_refused(rule: Rule, chosen: Sequence[Choice], point: Mapping[str, Choice]) -> bool:
    """Whether one of a rule's choices is refused itself."""
    code = (point.get(CODE) or default_choice(CODE)).value
    return any(one.refusal(name, code) for name, one in zip(rule.fields, chosen, strict=True))


def _problem(broken: tuple[str, str], chosen: Sequence[Choice], place: Place) -> Problem:
    where = next((one.place for one in chosen if one.place), place)
    return Problem(broken[0], where, broken[1])
