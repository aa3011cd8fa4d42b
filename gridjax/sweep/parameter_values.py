"""Reader of the listed values of a parameter, for the target codes of one sweep file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from gridjax.errors import GridjaxError
from gridjax.io.source_location import Problems, SourcedValue
from gridjax.spec.parameters import FIELDS, is_read_by
from gridjax.spec.validation import DEFAULTS, TARGET_CODE, FieldValue, read_field_value

_MAX_UNKNOWN = 100  # unknown names of one parameter; the search for a similar name takes time


def read_listed_values(
    listed: Mapping[str, Iterable[SourcedValue]], problems: Problems
) -> dict[str, list[FieldValue]]:
    """Return the values of every parameter whose values are listed.

    A value whose type does not fit its field is reported in ``problems`` and left out.
    """
    values: dict[str, list[FieldValue]] = {}
    code_values = [DEFAULTS[TARGET_CODE]]
    if TARGET_CODE in listed:
        code_values = _read_values(TARGET_CODE, listed[TARGET_CODE], (), problems)
        values[TARGET_CODE] = code_values
    codes = [one.value for one in code_values if one.problem_if_read is None]
    for name, items in listed.items():
        if name != TARGET_CODE:
            values[name] = _read_values(name, items, codes, problems)
    return values


def _read_values(
    name: str, items: Iterable[SourcedValue], codes: Sequence[str], problems: Problems
) -> list[FieldValue]:
    readers = [code for code in codes if is_read_by(FIELDS[name], code)]
    which_codes = f" ({TARGET_CODE}: {', '.join(readers)})" if 0 < len(readers) < len(codes) else ""
    values, n_unknown = [], 0
    for item in items:
        try:
            one = read_field_value(name, item.plain(), item.place, codes)
        except GridjaxError as error:
            problems.add_error(error, item.place)
            continue
        problem = one.problem_if_read
        if problem and "choices" in FIELDS[name].metadata:
            n_unknown += 1
            if n_unknown > _MAX_UNKNOWN:
                message = f"{name}: more than {_MAX_UNKNOWN} of its values can never be used"
                problems.add(message, item.place, problem.fix)
                break
        if problem and not one.problem_if_unread and which_codes:
            placed = replace(problem, message=problem.message + which_codes)
            one = one._replace(problem_if_read=placed)
        values.append(one)
    return values
