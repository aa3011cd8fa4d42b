"""Reader of parameter values: conversion of a user's value to a field's type, and its limits.

A field is a dataclass field; its metadata contain its limits (see NetworkParameters). The same
functions read the settings of a run.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import Field
from typing import Any

import numpy as np

from gridjax.errors import GridjaxError, Problem
from gridjax.io.numbers import parse_number
from gridjax.io.text import did_you_mean, show
from gridjax.spec.fidelity import Fidelity, parse_fidelity
from gridjax.spec.fields.distributions import (
    FieldDistribution,
    Poisson,
    Uniform,
    bounds,
    is_distribution_text,
    parse_distribution,
)
from gridjax.spec.place_maps import PlaceMaps
from gridjax.spec.registry import REGISTRIES, is_plugin

_FLOAT32_MAX = float(np.finfo(np.float32).max)


class LimitError(GridjaxError):
    """The error for a value of the correct type that is outside a limit, or is an unknown name."""

    def __init__(self, problem: Problem, value: Any):
        super().__init__(problem)
        self.value = value
        """the value that the user wrote, converted to the field's type"""


class _RefusedError(Exception):
    """The error for a value that a field does not accept: the problem and the fix."""

    def __init__(self, what: str, fix: str):
        super().__init__(what)
        self.what = what
        self.fix = fix


def read_value(field: Field, raw: Any, is_read: bool = True) -> Any:
    """Return the value of ``field`` from the raw value ``raw``.

    Integers may be written as 30.0 or "30", floats as 1 or "1e-4". If the target code does not read
    the field (``is_read`` False), the type is checked but not the limits; the field's default then
    replaces a number or a text of another type.

    Raises LimitError if the type is correct but a limit is not satisfied, and otherwise
    GridjaxError. The errors have no place.
    """
    try:
        value = _convert(field, raw)
    except _RefusedError as refused:
        if not is_read and _is_number_or_text(raw):
            return field.default
        raise GridjaxError(_problem(field, raw, refused)) from None
    try:
        _check(field, value, is_read)
    except _RefusedError as refused:
        raise LimitError(_problem(field, raw, refused), value) from None
    return value


def _problem(field: Field, raw: Any, refused: _RefusedError) -> Problem:
    return Problem(f"{field.name}: {show(raw)} {refused.what}", fix=refused.fix)


def _is_number_or_text(raw: Any) -> bool:
    number = parse_number(raw) if isinstance(raw, str) else raw
    if isinstance(number, float):
        return math.isfinite(number)
    return isinstance(raw, str | int) and not isinstance(raw, bool)


def _kinds(field: Field) -> tuple[str, str]:
    """Return the name of a field's type, and the other type that it accepts, if any.

    The other type is None, Uniform or Poisson.
    """
    kind, _, other = str(field.type).partition(" | ")
    return kind, other


def _convert(field: Field, raw: Any) -> Any:
    kind, other = _kinds(field)
    is_absent = raw is None or (isinstance(raw, str) and raw in ("null", "none", "None"))
    if other == "None" and is_absent:
        return None
    if kind == "Fidelity":
        return _fidelity(field, raw)
    if kind == "PlaceMaps":
        if not isinstance(raw, PlaceMaps):
            raise _RefusedError(
                "is not a file of place maps", "give gridjax: {place_maps: FILE.npy}"
            )
        return raw
    if other in ("Uniform", "Poisson") and (
        isinstance(raw, FieldDistribution) or (isinstance(raw, str) and is_distribution_text(raw))
    ):
        return _law(field, raw, other)
    if kind == "str":
        if not isinstance(raw, str):
            raise _RefusedError("is not a name", _describe(field))
        return raw
    if kind == "bool":
        if isinstance(raw, str) and raw.lower() in ("true", "false"):
            return raw.lower() == "true"
        if not isinstance(raw, bool):
            raise _RefusedError("is neither true nor false", _describe(field))
        return raw
    number = parse_number(raw) if isinstance(raw, str) else raw
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise _RefusedError(
            f"is not {'a whole' if kind == 'int' else 'a'} number", _describe(field)
        )
    if not -_FLOAT32_MAX <= number <= _FLOAT32_MAX:
        raise _RefusedError("is not a finite number in single precision", _describe(field))
    if kind == "float":
        return float(number) + 0.0  # -0.0 becomes 0.0: one network, one run_id
    if number != int(number):
        raise _RefusedError("is not a whole number", _describe(field))
    return int(number)


def _law(field: Field, raw: Any, wanted: str) -> Any:
    """Return the distribution that a text describes.

    A distribution with only one possible value is returned as that number.
    """
    law = parse_distribution(raw) if isinstance(raw, str) else raw
    how = "Uniform(low, high)" if wanted == "Uniform" else "Poisson(mean)"
    if law is None or type(law).__name__ != wanted:
        raise _RefusedError(f"is not {how}", _describe(field))
    if not all(-_FLOAT32_MAX <= number <= _FLOAT32_MAX for number in law):
        raise _RefusedError("is not a finite number in single precision", f"give {how}")
    if isinstance(law, Uniform):
        if law.low > law.high:
            swapped = Uniform(law.high, law.low)
            raise _RefusedError("has its low above its high", f"did you mean {swapped}?")
        return law.low if law.low == law.high else Uniform(float(law.low), float(law.high))
    if law.mean < 0:
        raise _RefusedError("has a negative mean", "give Poisson(mean) of a mean of at least 0")
    return 1 if law.mean == 0 else Poisson(float(law.mean))


def _fidelity(field: Field, raw: Any) -> Fidelity:
    if isinstance(raw, Fidelity):
        return raw
    if isinstance(raw, dict):
        switches = [f"{name}={value}" for name, value in raw.items() if name != "preset"]
        raw = ", ".join([str(raw.get("preset", "corrected")), *switches])
    try:
        return parse_fidelity(raw)
    except (ValueError, AttributeError):
        fix = "give corrected or published, or {preset: corrected, dropout: inert}"
        raise _RefusedError("is no fidelity", fix) from None


def _check(field: Field, value: Any, is_read: bool) -> None:
    limits = field.metadata
    is_users = is_plugin(field.name, value)
    if "choices" in limits and value not in limits["choices"] and not is_users:
        known = (*limits["choices"], *_users(field))
        question = did_you_mean(value, known)
        own = "; another needs the file that registers it: --plugin FILE.py"
        known_ones = _describe(field) + (own if field.name in REGISTRIES else "")
        raise _RefusedError("is unknown", " ".join(filter(None, (question, known_ones))))
    if not is_read or value is None:
        return
    if "pattern" in limits and not re.fullmatch(limits["pattern"], value):
        raise _RefusedError("has another form", _describe(field))
    if value in limits.get("never", ()):
        raise _RefusedError(f"cannot be used: {limits['never'][value]}", _describe(field))
    if isinstance(value, Poisson):
        if value.mean > limits["mean_at_most"]:
            most = f"a Poisson mean of at most {limits['mean_at_most']}"
            raise _RefusedError(f"is above {most}", f"give {most}")
        return
    if isinstance(value, Uniform):
        for bound in bounds(value):
            _check(field, bound, is_read)
        return
    if isinstance(value, float):
        value = float(np.float32(value))  # training uses float32, in which 1e-50 is 0
    why = f": {limits['why']}" if "why" in limits else ""
    if "above" in limits and not value > limits["above"]:
        raise _RefusedError(f"is not above {limits['above']:g}{why}", _describe(field))
    if "below" in limits and not value < limits["below"]:
        raise _RefusedError(f"is not below {limits['below']:g}{why}", _describe(field))
    if "at_least" in limits and value < limits["at_least"]:
        raise _RefusedError(f"is below {limits['at_least']}{why}", _describe(field))
    if "at_most" in limits and value > limits["at_most"]:
        raise _RefusedError(f"is above {limits['at_most']}{why}", _describe(field))
    if value != limits.get("only", value):
        raise _RefusedError("is not supported", f"only {limits['only']} is currently supported")


def _users(field: Field) -> tuple[str, ...]:
    """Return the names that users registered for a field."""
    registry = REGISTRIES.get(field.name)
    return tuple(registry.hashes) if registry else ()


def _listed(values: Iterable[str]) -> str:
    return ", ".join(map(str, values))


def _describe(field: Field) -> str:
    """Return a description in words of the values that a field accepts."""
    limits = field.metadata
    kind, other = _kinds(field)
    if "choices" in limits:
        runnable = [each for each in limits["choices"] if each not in limits.get("never", ())]
        return f"one of {_listed((*runnable, *_users(field)))}"
    if "form" in limits:
        return f"give {limits['form']}"
    named: dict[str, str] = {"int": "a whole number", "float": "a number", "bool": "true or false"}
    words = named.get(kind, str(limits["doc"]))
    if "above" in limits:
        words += f" above {limits['above']:g}"
    if "at_least" in limits and "at_most" in limits:
        words += f" from {limits['at_least']} to {limits['at_most']}"
    elif "at_least" in limits:
        words += f" of at least {limits['at_least']}"
    if "below" in limits:
        words += f", below {limits['below']:g}"
    either = {
        "None": " or null",
        "Uniform": " or Uniform(low, high)",
        "Poisson": " or Poisson(mean)",
    }
    return f"give {words}{either.get(other, '')} ({limits['doc']})"
