"""Spellings of units in files, in lower case, and the unit that each names."""

from __future__ import annotations

LENGTHS = {
    **dict.fromkeys(("m", "meter", "meters", "metre", "metres"), "m"),
    **dict.fromkeys(("cm", "centimeter", "centimeters", "centimetre", "centimetres"), "cm"),
    **dict.fromkeys(("mm", "millimeter", "millimeters", "millimetre", "millimetres"), "mm"),
    **dict.fromkeys(("px", "pix", "pixel", "pixels"), "px"),
}
"""Units of positions."""
TIMES = {
    **dict.fromkeys(("min", "minute", "minutes"), "min"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("us", "usec", "µs", "μs", "microsecond", "microseconds"), "us"),
    **dict.fromkeys(("ns", "nsec", "nanosecond", "nanoseconds"), "ns"),
    **dict.fromkeys(("sample", "samples"), "samples"),
}
"""Units of times."""


def length_unit(text: str) -> str | None:
    """Return the unit of length that a text names: m, cm, mm or px; None for any other text."""
    return LENGTHS.get(text.strip().lower())


def time_unit(text: str) -> str | None:
    """Return the unit of time that a text names, as in TIMES; None for any other text."""
    return TIMES.get(text.strip().lower())
