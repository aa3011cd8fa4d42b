"""Validator of the networks of one sweep file, for grids and for random draws."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gridjax.errors import Place, Problem
from gridjax.io.source_location import Problems
from gridjax.spec.constraints import RULES
from gridjax.spec.parameters import FIELDS, depends_on_code
from gridjax.spec.validation import DEFAULTS, TARGET_CODE, Constraint, FieldValue, Limits, Rule

MAX_COMBINATIONS = 50_000
"""Largest number of combinations of values for which one rule is checked in a grid (0.5 s)."""
_MAX_RESULTS = 200_000  # stored results of one constraint


class _Check(NamedTuple):
    """A constraint, and its results so far by the values of its fields."""

    constraint: Constraint
    results: dict[tuple[Any, ...], Problem | None]


class Validator:
    """Finds the reasons why networks cannot run.

    Each constraint is checked once for equal values of its fields. ``names`` are the parameters in
    the file; other parameters have their defaults. ``place`` is the place of the file, for problems
    without their own place.
    """

    def __init__(self, names: Iterable[str], place: Place):
        given = sorted(names, key=lambda name: (name != TARGET_CODE, name))
        rules = [rule for rule in RULES if not set(given).isdisjoint(rule.fields)]
        self._checks = [_Check(each, {}) for each in (*map(Limits.of, given), *rules)]
        self._place = place
        self._reported: dict[tuple[Any, ...], Problem] = {}

    def problems(self, point: Mapping[str, FieldValue]) -> tuple[Problem, ...]:
        """Return every reason why the network of ``point`` cannot run: limits first, then rules."""
        found = []
        for check in self._checks:
            fields = check.constraint.fields
            if isinstance(check.constraint, Limits) and not point[fields[0]].has_problem:
                continue
            problem = self._problem(check, [point.get(name) or DEFAULTS[name] for name in fields])
            if problem:
                found.append(problem)
        return tuple(found)

    def check_grid(
        self, values: Mapping[str, Sequence[FieldValue]], problems: Problems
    ) -> tuple[Problem, ...]:
        """Return why points of a grid cannot run, each reason once, without checking each point.

        If a rule has too many combinations, an error is added to ``problems``. Later calls of
        ``problems`` check only constraints that at least one point of this grid violates.
        """
        found = [
            dict.fromkeys(self._broken_in_grid(check, values, problems)) for check in self._checks
        ]
        self._checks = [check for check, own in zip(self._checks, found, strict=True) if own]
        return tuple(dict.fromkeys(itertools.chain(*found)))

    def _broken_in_grid(
        self, check: _Check, values: Mapping[str, Sequence[FieldValue]], problems: Problems
    ) -> Iterator[Problem]:
        fields = check.constraint.fields
        choices = [values.get(name, [DEFAULTS[name]]) for name in fields]
        if isinstance(check.constraint, Limits):
            choices[0] = [one for one in choices[0] if one.has_problem]
        else:
            choices = [
                [one for one in given if not _is_always_refused(name, one)]
                for name, given in zip(fields, choices, strict=True)
            ]
            if math.prod(map(len, choices)) > MAX_COMBINATIONS:
                message = f"too many combinations of {' and '.join(fields)} to check"
                fix = f"give fewer values: at most {MAX_COMBINATIONS} combinations"
                problems.add(message, self._place, fix)
                return
        for chosen in itertools.product(*choices):
            problem = self._problem(check, chosen)
            if problem:
                yield problem

    def _problem(self, check: _Check, values: Sequence[FieldValue]) -> Problem | None:
        key = tuple([one.value for one in values])
        if key in check.results:
            return check.results[key]
        problem = check.constraint.problem(values, self._place)
        if problem and isinstance(check.constraint, Rule):
            problem = self._reported.setdefault(_report_key(check.constraint, values), problem)
        if len(check.results) < _MAX_RESULTS:
            check.results[key] = problem
        return problem


def _is_always_refused(name: str, one: FieldValue) -> bool:
    """Return whether a value violates its limits for every target code; rules then skip it."""
    is_refused_if_unread = one.problem_if_unread is not None or not depends_on_code(FIELDS[name])
    return one.problem_if_read is not None and is_refused_if_unread


def _report_key(rule: Rule, values: Sequence[FieldValue]) -> tuple[Any, ...]:
    """Return a key that is equal for all combinations of values that are reported as one problem.

    Such combinations differ only in numbers. Each listed value of the first field is reported, but
    not each number with which it cannot be combined.
    """
    first = None if values[0].is_sampled else values[0].value
    return (rule.fields, first, *(one.value for one in values if isinstance(one.value, str)))
