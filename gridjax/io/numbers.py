"""Numbers as text: a parser of decimal numbers, and formats for people."""

from __future__ import annotations

import math
import re

# ++ and *+ prevent backtracking, so that a text of a million digits is read in one pass
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*+(_[0-9]++)*+)")
_FLOAT = re.compile(r"[-+]?([0-9]++(_[0-9]++)*+\.?[0-9]*+|\.[0-9]++)([eE][-+]?[0-9]++)?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
_NOT_FINITE = re.compile(r"[-+]?\.?(nan|inf|infinity)", re.IGNORECASE)
_LONGEST_INTEGER = 18  # digits; a longer integer exceeds every limit and is read as a float


def parse_number(text: str) -> int | float | None:
    """Return the decimal number in a text; None if the text is not a decimal number.

    A text such as 010 is not a number: YAML 1.1 reads it as eight, other formats read it as ten.
    """
    text = text.strip()
    if _LEADING_ZERO.fullmatch(text):
        return None
    if _INTEGER.fullmatch(text) and len(text) <= _LONGEST_INTEGER:
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return None


def quantity(number: float) -> str:
    """Format a number with three digits and a decimal prefix: 37.8e9 is '37.8 G'."""
    for prefix in ("", "k", "M", "G", "T", "P", "E"):
        if number < 999.5:
            return f"{number:.3g} {prefix}"
        number /= 1000
    return f"{number:.3g} Z"


def duration(seconds: float) -> str:
    """Format a time in seconds in two units: 5400 is '1 h 30 min'."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"


def in_cm(value: float) -> str:
    """Format a length in cm; NaN is a dash."""
    return "–" if math.isnan(value) else f"{round(value, 1):g} cm"


def percent(share: float) -> str:
    """Format a share as per cent, with a decimal below 10 %; NaN is a dash."""
    if math.isnan(share) or share == 0:
        return "–" if math.isnan(share) else "0 %"
    if share < 0.0005:
        return "<0.1 %"
    return f"{100 * share:.{1 if share < 0.0995 else 0}f} %"


def number(value: float, decimals: int = 2) -> str:
    """Format a number with fixed decimals, from 100,000 with a power of ten; NaN is a dash."""
    if math.isnan(value):
        return "–"
    text = f"{value:.{decimals}f}"
    if 1e5 <= abs(value) < math.inf:
        mantissa, exponent = f"{value:.1e}".split("e")
        text = f"{mantissa}e{int(exponent)}"
    return text.replace("-", "−")
