"""Text for people: names and values in messages, on terminals, in tables and figures."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

_FLAWS = {"Cs": "is no UTF-8 text", "Cc": "holds control characters"}


def flaw(name: str) -> str | None:
    """Return what keeps a name from being printed and written; None where nothing does.

    Bytes of a file's name that are no UTF-8 reach Python as halves of surrogate pairs.
    """
    if not name.strip():
        return "is blank"
    found = {unicodedata.category(character) for character in name}
    return next((words for category, words in _FLAWS.items() if category in found), None)


def shown(name: str) -> str:
    """Return a name as it can be printed, whatever it holds."""
    return name if name.isprintable() and flaw(name) is None else ascii(name)


def printable(text: str) -> str:
    """Return a text of several lines with all that could steer a terminal escaped."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(c if c == "\n" or c.isprintable() else ascii(c)[1:-1] for c in text)


def show(value: Any, length: int = 60) -> str:
    """The value as it can be printed in a message: escaped, at most ``length`` characters."""
    if isinstance(value, str):
        value = value[: length + 1]
    try:
        text = repr(value)
    except ValueError:  # Python refuses to print integers of thousands of digits
        text = "an integer of thousands of digits"
    return text if len(text) <= length else text[: length - 3] + "..."


def did_you_mean(name: Any, known: Iterable[str]) -> str | None:
    """A question naming the known name nearest to ``name``; None when none is near.

    Near are names of similar spelling in any case, and the one name that holds it as a word.
    """
    if not isinstance(name, str) or len(name) > 64:  # the comparison is quadratic
        return None
    by_lower = {candidate.lower(): candidate for candidate in known}
    wanted = name.strip().lower()
    near = difflib.get_close_matches(wanted, by_lower, n=1, cutoff=0.6)
    holding = [candidate for candidate in by_lower if wanted in re.split("[_.]", candidate)]
    if not near and len(holding) == 1:
        near = holding
    return f"did you mean {by_lower[near[0]]}?" if near else None
