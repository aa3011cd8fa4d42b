"""Registries of target codes, cells and losses, which built-ins and plugins share.

Registered entries can be named in sweep files. The SHA-256 of their source file is part of the
run_id, so that an edited plugin gives new networks. No sweep file and no run folder can register
anything.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator
from typing import Any

from gridjax.errors import GridjaxError, Problem

KINDS = ("distribution", "shares", "polar", "numbers")
"""What targets can be, and what losses can ask of them."""


class Registry:
    """The entries of one parameter by their name in sweep files."""

    def __init__(self, parameter: str):
        self.parameter = parameter
        self._entries: dict[str, Any] = {}
        self._sources: dict[str, str] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._entries:
            message = f"{self.parameter}: {name!r} is not registered"
            raise GridjaxError(Problem(message, fix="give its source by --plugin FILE.py"))
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def build_in(self, **entries: Any) -> None:
        """Add gridjax's own entries."""
        self._entries |= entries

    @property
    def sources(self) -> dict[str, str]:
        """The SHA-256 of the source of each entry that a user registered."""
        return dict(self._sources)

    def register(self, name: str, entry: Any) -> None:
        """Add a user's entry, a NamedTuple of functions.

        The same source may register a name again. Raises GridjaxError for a name that is taken or
        that cannot stand in a sweep file, and for functions whose source cannot be found.
        """
        if not (isinstance(name, str) and name.isidentifier() and len(name) <= 64):
            message = f"{self.parameter}: {name!r} cannot be a name"
            raise GridjaxError(Problem(message, fix="give a word of letters, digits and _"))
        if name in self._entries and name not in self._sources:
            message = f"{self.parameter}: {name!r} is gridjax's own"
            raise GridjaxError(Problem(message, fix="give another name"))
        kind = getattr(entry, "targets", getattr(entry, "needs", KINDS[0]))
        if kind not in KINDS:
            message = f"{self.parameter}: {name!r} with targets that are {kind!r}"
            raise GridjaxError(Problem(message, fix=f"give one of {', '.join(KINDS)}"))
        source = source_hash(entry, name)
        if self._sources.get(name, source) != source:
            message = f"{self.parameter}: {name!r} is registered already, from another source"
            raise GridjaxError(Problem(message, fix="give another name, or start a new process"))
        self._entries[name], self._sources[name] = entry, source


ENCODINGS = Registry("place_field_values")
CELLS = Registry("rnn_type")
LOSSES = Registry("place_field_loss")
REGISTRIES = {registry.parameter: registry for registry in (ENCODINGS, CELLS, LOSSES)}
"""The registry of each parameter that has one."""


def registered(parameter: str, name: Any) -> str | None:
    """Return the source hash of what a user registered under a name; None where nobody did."""
    registry = REGISTRIES.get(parameter)
    return registry.sources.get(name) if registry and isinstance(name, str) else None


def registered_sources() -> dict[str, str]:
    """Return the source hash of everything that users registered, by ``parameter: name``."""
    return {
        f"{parameter}: {name}": sha
        for parameter, registry in REGISTRIES.items()
        for name, sha in registry.sources.items()
    }


def source_hash(entry: Any, name: str) -> str:
    """Return the SHA-256 of the files that an entry's functions stand in.

    Of the whole files, because functions call others beside them; of a function typed into a
    notebook its own text.
    """
    texts = set()
    for part in entry:
        if not callable(part):
            continue
        function = inspect.unwrap(getattr(part, "func", part))
        try:
            module = inspect.getmodule(function)
            in_file = module is not None and getattr(module, "__file__", None)
            texts.add(inspect.getsource(module if module and in_file else function))
        except (OSError, TypeError):
            message = f"{name!r}: the source of {function!r} cannot be found"
            raise GridjaxError(Problem(message, fix="write it into a file and import it")) from None
    values = [repr(part) for part in entry if not callable(part)]
    return hashlib.sha256("\n".join([*sorted(texts), *values]).encode()).hexdigest()
