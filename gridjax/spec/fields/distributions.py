"""Distributions of place-field parameters: Uniform(low, high) and Poisson(mean).

The texts are those of the study's sweep files. A distribution may replace a number. One value is
then drawn from it, with layout_seed, for each field or each cell of a layout.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

# Possessive quantifiers (++, *+) never backtrack, so a text of a million digits takes one pass.
_NUMBER = r"\s*+([-+]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][-+]?[0-9]++)?)\s*+"
_UNIFORM = re.compile(rf"\s*+uniform\s*+\({_NUMBER},{_NUMBER}\)\s*+", re.IGNORECASE)
_POISSON = re.compile(rf"\s*+poisson\s*+\({_NUMBER}\)\s*+", re.IGNORECASE)
_BEGINS = re.compile(r"\s*+(uniform|poisson)\b", re.IGNORECASE)
MOST_TRUNCATED = 1e-6
"""Limit of the expected number of cells of a layout that lose fields because slots are limited."""


class Uniform(NamedTuple):
    """Uniform distribution from low to high, in the parameter's unit; one draw for each field."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"Uniform({self.low!r}, {self.high!r})"


class Poisson(NamedTuple):
    """Distribution of 1 plus a Poisson number with this mean; one draw for each cell."""

    mean: float

    def __str__(self) -> str:
        return f"Poisson({self.mean!r})"


FieldDistribution = Uniform | Poisson


def is_distribution_text(text: str) -> bool:
    """Return whether a text begins like a distribution, well formed or not."""
    return _BEGINS.match(text) is not None


def parse_distribution(text: str) -> FieldDistribution | None:
    """Return the distribution that a text describes; None if it describes no distribution."""
    if found := _UNIFORM.fullmatch(text):
        return Uniform(float(found[1]) + 0.0, float(found[2]) + 0.0)
    if found := _POISSON.fullmatch(text):
        return Poisson(float(found[1]) + 0.0)
    return None


def bounds(value: float | Uniform) -> tuple[float, float]:
    """Return the smallest and the largest value that can be drawn."""
    return (value.low, value.high) if isinstance(value, Uniform) else (value, value)


def n_slots(fields: int | Poisson, n_cells: int) -> int:
    """Return the number of slots for fields that each cell gets.

    For a Poisson distribution, the expected number of cells that draw more fields than slots is
    less than MOST_TRUNCATED. Such a cell keeps one field for each slot.
    """
    if not isinstance(fields, Poisson):
        return fields
    # P(more than k) <= p_{k+1} / (1 - mean / (k + 2)), a geometric bound beyond the mean
    slots, log_p = 1, -fields.mean
    while True:
        beyond = log_p + math.log(fields.mean / slots) if fields.mean > 0 else -math.inf
        ratio = fields.mean / (slots + 1)
        if ratio < 1 and n_cells * math.exp(beyond) / (1 - ratio) < MOST_TRUNCATED:
            return slots
        slots, log_p = slots + 1, beyond


def mean(value: float | Uniform) -> float:
    """Return the mean of a parameter or of its distribution."""
    return sum(bounds(value)) / 2
