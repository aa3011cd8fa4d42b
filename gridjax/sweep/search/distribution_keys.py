"""Reader of the keys of a parameter's distribution."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from gridjax.errors import Place
from gridjax.io.numbers import parse_number
from gridjax.io.source_location import Problems, SourcedValue
from gridjax.io.text import show
from gridjax.spec.parameters import FIELDS
from gridjax.sweep.search.distributions import (
    DISTRIBUTIONS,
    Beta,
    Distribution,
    IntUniform,
    Quantized,
)

_LARGEST = 3.4e38  # in single precision
_EXTREMES = (2.0**-53, 1 - 2.0**-53)  # smallest and largest u of a draw
_LOG_NORMAL = ("log_normal", "q_log_normal")
_POSITIVE = ("q", "sigma", "a", "b")


class SampledParameter(NamedTuple):
    """A parameter whose numbers are drawn from a distribution."""

    name: str
    kind: str
    """name of the distribution"""
    distribution: Distribution
    place: Place
    limits: tuple[float, float] | None = None
    """min and max, if the distribution has them"""
    mu: float | None = None
    """mu, if the distribution has it"""

    @property
    def doubt(self) -> str:
        """Why the distribution may not be meant; empty if there is no doubt.

        Exponents between 0 and 1 draw numbers between 1 and e, which are rarely meant.
        """
        if self.kind in _LOG_NORMAL and self.mu is not None and 0 < self.mu < 1:
            return (
                f"{self.place}: {self.name}: mu of {self.kind} is an exponent of e, so the median"
                f" is {math.exp(self.mu):.5g}; for a median of {self.mu:g} give mu:"
                f" {math.log(self.mu):.5g}"
            )
        if f"{self.kind}_values" not in DISTRIBUTIONS or self.limits is None:
            return ""
        if not 0 < self.limits[0] < 1:
            return ""
        first, last = sorted(self.distribution.at(u) for u in _EXTREMES)
        return (
            f"{self.place}: {self.name}: min and max of {self.kind} are exponents of e, so it draws"
            f" {first:.5g} to {last:.5g}; did you mean {self.kind}_values?"
        )


def read_sampled_parameter(
    name: str, place: Place, kind: str, given: dict[str, SourcedValue], problems: Problems
) -> SampledParameter | None:
    """Return the distribution ``kind`` of the parameter ``name`` with the keys ``given``.

    Errors are added to ``problems``, which must be empty at the call; the result is then None.
    """
    keys = DISTRIBUTIONS[kind]
    numbers: dict[str, Any] = {
        key: _read_key(name, kind, key, given[key], problems)
        if key in given
        else keys.optional[key]
        for key in keys.all
    }
    _check_type(name, place, kind, numbers.get("q"), problems)
    if problems.found or keys.make is None:
        return None
    if "min" in numbers and numbers["min"] > numbers["max"]:
        message = f"{name}: min: {numbers['min']} is above max: {numbers['max']}"
        problems.add(message, given["min"].place, "exchange min and max")
        return None
    distribution = keys.make(*numbers.values())
    if not _is_finite(distribution):
        fix = "give a narrower distribution"
        if f"{kind}_values" in DISTRIBUTIONS:
            fix = f"min and max of {kind} are exponents of e: did you mean {kind}_values?"
        problems.add(f"{name}: {kind} exceeds the largest number", place, fix)
        return None
    limits = (numbers["min"], numbers["max"]) if "min" in numbers else None
    return SampledParameter(name, kind, distribution, place, limits, numbers.get("mu"))


def read_number(value: Any) -> int | float | None:
    """Return a value such as 3 or "3" as a finite number; None if it is not a finite number."""
    number = parse_number(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    return number if -_LARGEST <= number <= _LARGEST else None


def _read_key(name: str, kind: str, key: str, item: SourcedValue, problems: Problems) -> Any:
    number = read_number(item.value)
    shown = f"{name}: {key}: {show(item.plain())}"
    if number is None:
        problems.add(f"{shown} is not a number", item.place, f"give {key} a number")
    elif kind == "int_uniform" and number != int(number):
        fix = f"give {key} a whole number, or use distribution: uniform"
        problems.add(f"{shown} is not a whole number", item.place, fix)
    elif key in _POSITIVE and number <= 0:
        problems.add(f"{shown} is not above 0", item.place, f"give {key} a number above 0")
    elif kind.endswith("_values") and key == "min" and number <= 0:
        fix = f"{kind} takes the logarithm of min: give a number above 0"
        problems.add(f"{shown} is not above 0", item.place, fix)
    return int(number) if number is not None and kind == "int_uniform" else number


def _check_type(name: str, place: Place, kind: str, q: Any, problems: Problems) -> None:
    """Report a distribution for a parameter without numbers, or of fractions for an integer."""
    type_ = str(FIELDS[name].type).partition(" | ")[0]
    if type_ not in ("int", "float"):
        message = f"{name}: {kind} draws numbers, but {name} is not a number"
        problems.add(message, place, f"write {name}: {{values: [...]}}")
    elif type_ == "int" and kind != "int_uniform" and (q is None or q != int(q)):
        message = f"{name}: {kind} draws fractions, but {name} is a whole number"
        fix = "write min and max as whole numbers, or use a q_ distribution with a whole q"
        problems.add(message, place, fix)


def _is_finite(distribution: Distribution) -> bool:
    if isinstance(distribution, Beta | IntUniform):
        return True
    of = distribution.of if isinstance(distribution, Quantized) else distribution
    return isinstance(of, Beta) or all(math.isfinite(of.at(u)) for u in _EXTREMES)
