"""Numbers and times as people read them."""

from __future__ import annotations


def quantity(number: float) -> str:
    """A number with three digits and a decimal prefix: 37.8e9 is '37.8 G'."""
    for prefix in ("", "k", "M", "G", "T", "P", "E"):
        if number < 999.5:
            return f"{number:.3g} {prefix}"
        number /= 1000
    return f"{number:.3g} Z"


def duration(seconds: float) -> str:
    """A time in two units: 5400 is '1 h 30 min'."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"
