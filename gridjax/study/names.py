"""Names of files and cells: text that every terminal, table and figure can hold, or none."""

from __future__ import annotations

import unicodedata

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
