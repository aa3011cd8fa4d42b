"""Distributions of place-field parameters: Uniform(low, high) and Poisson(mean).

As in the study's sweep files. A distribution may replace a number; a value is drawn from it for
each field or cell of a layout, with layout_seed.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

# possessive (++, *+): without backtracking, texts of a million digits are matched in one pass
_NUMBER = r"\s*+([-+]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][-+]?[0-9]++)?)\s*+"
_UNIFORM = re.compile(rf"\s*+uniform\s*+\({_NUMBER},{_NUMBER}\)\s*+", re.IGNORECASE)
_POISSON = re.compile(rf"\s*+poisson\s*+\({_NUMBER}\)\s*+", re.IGNORECASE)
_BEGINS = re.compile(r"\s*+(uniform|poisson)\b", re.IGNORECASE)
MOST_TRUNCATED = 1e-6
"""Expected number of cells of a layout that lose a field because slots are limited."""


class Uniform(NamedTuple):
    """Drawn independently for each field, uniformly from low to high, in the parameter's unit."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"Uniform({self.low!r}, {self.high!r})"


class Poisson(NamedTuple):
    """One more than a Poisson number of this mean, for each cell."""

    mean: float

    def __str__(self) -> str:
        return f"Poisson({self.mean!r})"


FieldDistribution = Uniform | Poisson


def is_distribution_text(text: str) -> bool:
    """Return whether a text begins like a distribution, well formed or not."""
    return _BEGINS.match(text) is not None


def parse_distribution(text: str) -> FieldDistribution | None:
    """Return the distribution that a text writes; None where it writes none."""
    if found := _UNIFORM.fullmatch(text):
        return Uniform(float(found[1]) + 0.0, float(found[2]) + 0.0)
    if found := _POISSON.fullmatch(text):
        return Poisson(float(found[1]) + 0.0)
    return None


def bounds(value: float | Uniform) -> tuple[float, float]:
    """Return the least and the largest value that may be drawn."""
    return (value.low, value.high) if isinstance(value, Uniform) else (value, value)


def n_slots(fields: int | Poisson, n_cells: int) -> int:
    """Return how many fields a cell has room for.

    For a Poisson distribution, the expected number of cells that draw more fields is less than
    MOST_TRUNCATED; such a cell keeps as many as it has room for.
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
