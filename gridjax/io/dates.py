"""Dates and durations in files, as seconds."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from jaxtyping import Float

ISO_DATES = "ISO dates"
"""Unit of times that a file writes as dates; the numbers are then seconds since 1970 (UTC)."""


def date_in_seconds(text: str) -> float | None:
    """Return the seconds since 1970 of a date in ISO 8601; None for any other text.

    A date without time zone is taken as UTC. Fractions of seconds are read to a microsecond.
    """
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return None
    date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return date.timestamp()


def array_in_seconds(array: np.ndarray) -> tuple[Float[np.ndarray, "..."], str]:
    """Return dates as seconds since 1970, or durations in seconds, and their unit.

    A missing time (NaT) becomes NaN. Seconds since 1970 are exact to a microsecond.

    Args:
        array: type datetime64 or timedelta64.
    """
    unit = ISO_DATES if array.dtype.kind == "M" else "s"
    spans = array - np.datetime64(0, "s") if unit == ISO_DATES else array
    return np.asarray(spans / np.timedelta64(1, "s"), float), unit


def date_of_seconds(seconds: float) -> str:
    """Return the date, to a second, of seconds since 1970 (UTC)."""
    return f"{np.datetime64(0, 's') + np.timedelta64(int(seconds // 1), 's')}".replace("T", " ")
