"""Distributions of place-field parameters: Uniform(low, high) and Poisson(mean).

As in the study's sweep files. A distribution may replace a number; a value is drawn from it for
each field or cell of a layout, with layout_seed.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

# possessive (++, *+): without going back, texts of a million digits are told in one pass
_NUMBER = r"\s*+([-+]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][-+]?[0-9]++)?)\s*+"
_UNIFORM = re.compile(rf"\s*+uniform\s*+\({_NUMBER},{_NUMBER}\)\s*+", re.IGNORECASE)
_POISSON = re.compile(rf"\s*+poisson\s*+\({_NUMBER}\)\s*+", re.IGNORECASE)
_BEGINS = re.compile(r"\s*+(uniform|poisson)\b", re.IGNORECASE)
MOST_TRUNCATED = 1e-6
"""Cells of a layout, in the mean, that may lose a field because its slots are counted."""


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


Law = Uniform | Poisson


def is_law(text: str) -> bool:
    """Tell whether a text begins like a law, well formed or not."""
    return _BEGINS.match(text) is not None


def parse_law(text: str) -> Law | None:
    """Return the law that a text writes, blanks anywhere; None where it writes none."""
    if found := _UNIFORM.fullmatch(text):
        return Uniform(float(found[1]) + 0.0, float(found[2]) + 0.0)
    if found := _POISSON.fullmatch(text):
        return Poisson(float(found[1]) + 0.0)
    return None


def bounds(value: float | Uniform) -> tuple[float, float]:
    """Return the least and the largest value that may be drawn."""
    return (value.low, value.high) if isinstance(value, Uniform) else (value, value)


def n_slots(fields: int | Poisson, n_cells: int) -> int:
    """Return how many fields a cell has room for: a function of the law and the cells alone.

    Of a Poisson law so many that less than MOST_TRUNCATED of ``n_cells`` cells has more in the
    mean; those few keep as many as there is room for.
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
    """Return the mean of what is drawn."""
    return sum(bounds(value)) / 2
