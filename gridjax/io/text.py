"""Formatting of names and values for messages, terminals, tables and figures."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

_FLAWS = {"Cs": "is not UTF-8 text", "Cc": "holds control characters"}


def flaw(name: str) -> str | None:
    """Return why a name cannot be printed or written; None if it can.

    Python represents a byte of a file name that is not UTF-8 as one half of a surrogate pair.
    """
    if not name.strip():
        return "is blank"
    found = {unicodedata.category(character) for character in name}
    return next((words for category, words in _FLAWS.items() if category in found), None)


def shown(name: str) -> str:
    """Return a name, escaped if it cannot be printed."""
    return name if name.isprintable() and flaw(name) is None else ascii(name)


def printable(text: str) -> str:
    """Return a text of several lines with every control character escaped."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(c if c == "\n" or c.isprintable() else ascii(c)[1:-1] for c in text)


def show(value: Any, length: int = 60) -> str:
    """Return a value as text for a message: escaped, and at most ``length`` characters long."""
    if isinstance(value, str):
        value = value[: length + 1]
    try:
        text = repr(value)
    except ValueError:  # Python does not print integers of thousands of digits
        text = "an integer of thousands of digits"
    return text if len(text) <= length else text[: length - 3] + "..."


def did_you_mean(name: Any, known: Iterable[str]) -> str | None:
    """Return a question with the known name most similar to ``name``; None if none is similar.

    A known name is similar if its spelling is similar, in upper or lower case, or if it is the only
    known name that contains ``name`` as a word.
    """
    if not isinstance(name, str) or len(name) > 64:  # the comparison takes quadratic time
        return None
    by_lower = {candidate.lower(): candidate for candidate in known}
    wanted = name.strip().lower()
    near = difflib.get_close_matches(wanted, by_lower, n=1, cutoff=0.6)
    holding = [candidate for candidate in by_lower if wanted in re.split("[_.]", candidate)]
    if not near and len(holding) == 1:
        near = holding
    return f"did you mean {by_lower[near[0]]}?" if near else None
