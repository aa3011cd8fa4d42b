"""Reading of one file: its options, the content found in it, and its problems."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gridjax.errors import Place
from gridjax.io.source_location import Problems
from gridjax.io.text import shown
from gridjax.recordings.input_options import InputOptions

GUIDE = "docs/howto/formats.md"
"""Page with one recipe for each format."""
_MOST_FOUND = 200
"""Largest number of lines about the contents of one file."""


@dataclass(frozen=True)
class Reading:
    """The reading of one file; the reader of its format fills the lists."""

    path: str
    options: InputOptions = InputOptions()
    path_only: bool = False
    """Whether only the path of a session is read, without its cells."""
    problems: Problems = field(default_factory=Problems)
    found: list[str] = field(default_factory=list)
    """One line for each array, series or table of the file, in its own names."""

    @property
    def place(self) -> Place:
        """The file as the place of a problem."""
        return Place(self.path)

    @property
    def may_lack_spikes(self) -> bool:
        """Whether the spikes come from another file, or are not read."""
        return self.path_only or self.options.spikes is not None

    def refuse(self, what: str, fix: str) -> None:
        """Add a problem of the file."""
        self.problems.add(what, self.place, fix)

    def note(self, name: str, array: Any, more: str = "") -> None:
        """Add the type and the shape of an array, and the text ``more``, to ``found``."""
        what = f"{array.dtype} {list(array.shape)}"
        self.say(f"{shown(name)}: " * bool(name) + what + f", {more}" * bool(more))

    def say(self, line: str) -> None:
        """Add a line to ``found``, up to a largest number of lines for one file."""
        if len(self.found) < _MOST_FOUND:
            self.found.append(line)
        elif len(self.found) == _MOST_FOUND:
            self.found.append("more, not listed")

    def library(self, module: str, what: str) -> Any | None:
        """Return a module of another package; add a problem and return None if it is missing.

        Args:
            module: name of the module.
            what: the kind of file that needs it, such as "NWB files".
        """
        try:
            return importlib.import_module(module)
        except ImportError:
            package = module.partition(".")[0]
            fix = f"pip install 'gridjax[labs]', or pip install {package} ({GUIDE})"
            self.refuse(f"{what} need the package {package}, which is not installed", fix)
            return None


def is_number(array: np.ndarray) -> bool:
    """Return whether an array holds real numbers or booleans."""
    return array.dtype.kind in "iufb"
