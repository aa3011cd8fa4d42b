"""Strict YAML reader: every value has its place, and nothing is executed, expanded or dropped.

Duplicate names, tags, aliases and several documents are errors. The values yes, no, on, off, dates,
1:30 and 010 are read as texts. Sizes are limited: no file takes more than a second to read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from gridjax.errors import Place
from gridjax.io.numbers import parse_number
from gridjax.io.source_location import MAX_DEPTH, MAX_VALUES, Problems, SourcedValue
from gridjax.io.text import did_you_mean, show

MAX_BYTES = 1_000_000
"""Largest size of one file, in bytes: forty times the size of a file with a hundred values for each
parameter."""

SWEEP = "a sweep: method and parameters"

_CONSTANTS = (
    dict.fromkeys(("", "~", "null", "Null", "NULL"), None)
    | dict.fromkeys(("true", "True", "TRUE"), True)
    | dict.fromkeys(("false", "False", "FALSE"), False)
)
_NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(
    path: str | Path, problems: Problems, wanted: str = SWEEP
) -> tuple[SourcedValue | None, str]:
    """Return the content of a YAML file, and its text; add errors to ``problems``.

    The content is None if it cannot be checked any further. ``wanted`` describes in words the
    expected content of the file.
    """
    text = _read_text(Path(path), problems)
    if text is None:
        return None, ""
    return parse_yaml(text, _printable(Path(path)), problems, wanted), text


def parse_yaml(
    text: str, name: str, problems: Problems, wanted: str = SWEEP
) -> SourcedValue | None:
    """Return the content of a YAML text; messages use ``name`` as its file. See read_yaml."""
    wrong = _NOT_TEXT.search(text)
    if wrong:
        line = text.count("\n", 0, wrong.start()) + 1
        column = wrong.start() - text.rfind("\n", 0, wrong.start())
        message = f"the character {wrong.group()!r} is not allowed in YAML"
        problems.add(message, Place(name, line, column), "remove it, or save the file as UTF-8")
        return None
    return _Composer(text, name, problems, wanted).compose()


def _read_text(path: Path, problems: Problems) -> str | None:
    place = Place(_printable(path))
    try:
        if path.is_dir():
            files = f"give the files in it: {_printable(path)}/*.yaml"
            problems.add("is a folder, not a sweep file", place, files)
            return None
        if path.exists() and not path.is_file():
            problems.add("is not a regular file", place, "give a YAML file")
            return None
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        problems.add("does not exist", place, _near_files(path))
        return None
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = getattr(error, "strerror", None) or str(error)
        problems.add(f"cannot be read: {reason}", place)
        return None
    if len(content) > MAX_BYTES:
        problems.add(f"is longer than {MAX_BYTES} bytes", place, "is it the right file?")
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            message = "is not UTF-8 text: it looks like UTF-16"
        else:
            message = f"is not UTF-8 text: byte {content[error.start]:#04x}"
            place = Place(place.file, content.count(b"\n", 0, error.start) + 1)
        problems.add(message, place, "save the file as UTF-8")
        return None


def _printable(path: Path) -> str:
    return str(path).encode("unicode_escape").decode() if not str(path).isprintable() else str(path)


def _near_files(path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {_printable(path.parent)}"
    names = {file.name for pattern in ("*.yaml", "*.yml") for file in path.parent.glob(pattern)}
    return did_you_mean(path.name, sorted(names)) or "give the path of a YAML file"


class _StopError(Exception):
    """The rest of a file cannot be read; the problem was reported before."""


class _Composer:
    """Converter of the events of the YAML parser to SourcedValue values."""

    def __init__(self, text: str, name: str, problems: Problems, wanted: str):
        self.text = text
        self.wanted = wanted
        self.name = name
        self.problems = problems
        self.n_values = 0
        self.is_sound = True

    def compose(self) -> SourcedValue | None:
        """Return the one document of the text; None if it cannot be read."""
        try:
            events = self._events()
            root = None
            for event in events:
                if isinstance(event, yaml.DocumentStartEvent):
                    if root is not None:
                        self._stop(
                            event,
                            "a second document begins here",
                            "write one document in each file",
                        )
                    root = self._node(next(events), events, 0)
        except _StopError:
            return None
        if root is None or root.value is None:
            self.problems.add("is empty", Place(self.name), f"give {self.wanted}")
            return None
        return root if self.is_sound else None

    def _events(self) -> Iterator[Any]:
        try:
            yield from yaml.parse(self.text, Loader=_Loader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
            place = self._place(mark) if mark else Place(self.name)
            parts = (getattr(error, "context", None), getattr(error, "problem", None))
            what = ", ".join(part for part in parts if part) or "it cannot be parsed"
            self.problems.add(f"is not YAML: {what}", place, "check indents, quotes and brackets")
            raise _StopError from None
        except (ValueError, OverflowError):  # from PyYAML, for an escape beyond Unicode
            self.problems.add("is not YAML: an escape beyond Unicode", Place(self.name))
            raise _StopError from None

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> SourcedValue:
        self.n_values += 1
        if self.n_values > MAX_VALUES:
            self._stop(
                event, f"the file has more than {MAX_VALUES} values; the next one is here", None
            )
        if depth > MAX_DEPTH:
            self._stop(event, f"the file is nested more than {MAX_DEPTH} deep here", None)
        place = self._place(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            self._refuse(
                f"the alias *{event.anchor[:40]} is not supported", place, "repeat the value"
            )
            return SourcedValue(None, place)
        if event.tag is not None:
            message = f"the tag {show(event.tag)} is not supported"
            self._refuse(message, place, "write plain names, numbers and lists")
        if isinstance(event, yaml.ScalarEvent):
            return SourcedValue(_scalar(event), place)
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(item := next(events), yaml.SequenceEndEvent):
                items.append(self._node(item, events, depth + 1))
            return SourcedValue(items, place)
        return SourcedValue(self._mapping(events, depth), place)

    def _mapping(self, events: Iterator[Any], depth: int) -> dict[str, SourcedValue]:
        items: dict[str, SourcedValue] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if not isinstance(event, yaml.ScalarEvent):
                self._refuse("a name must be a plain word", key.place, "write name: value")
            elif event.value in items:
                first = items[event.value].name_place
                message = f"{show(event.value)} stands here a second time; first at {first}"
                self.problems.add(message, key.place, "remove one of the two")
            else:
                items[event.value] = SourcedValue(value.value, value.place, key.place)
        return items

    def _place(self, mark: Any) -> Place:
        return Place(self.name, mark.line + 1, mark.column + 1)

    def _refuse(self, message: str, place: Place, fix: str) -> None:
        self.is_sound = False
        self.problems.add(message, place, fix)

    def _stop(self, event: Any, message: str, fix: str | None) -> None:
        self.problems.add(message, self._place(event.start_mark), fix)
        raise _StopError


def _scalar(event: Any) -> Any:
    """Return the value of a scalar: text, null, true, false or a number; text if it is quoted."""
    if not event.implicit[0]:
        return event.value
    if event.value in _CONSTANTS:
        return _CONSTANTS[event.value]
    number = parse_number(event.value)
    return event.value if number is None else number
