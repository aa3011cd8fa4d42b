"""A part of the measurement: its time, its size, and the file that its numbers are written to."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Part:
    """What a part may use, and where its numbers go."""

    file: Path
    """JSON file of this part, rewritten at every ``save``"""
    out: Path
    """folder of the files that are kept"""
    work: Path
    """folder of files that are not kept"""
    seconds: float
    """wall-clock seconds that the part may take"""
    tiny: bool
    """whether this is a rehearsal on a CPU: everything runs, no number means anything"""
    known: dict[str, Any]
    """numbers of the parts before this one, by letter"""
    rows: Sequence[str] = ()
    """the rows to measure, where a part has a list of them; none for all"""
    data: dict[str, Any] = field(default_factory=dict)
    _begun: float = field(default_factory=time.perf_counter)

    @property
    def left(self) -> float:
        """Seconds left."""
        return self.seconds - (time.perf_counter() - self._begun)

    def save(self, **values: Any) -> None:
        """Add numbers and write all of this part's to its file."""
        self.data |= values
        self.data["seconds"] = time.perf_counter() - self._begun
        write_json(self.file, self.data)

    def row(self, table: str, row: dict[str, Any]) -> None:
        """Add a row to a table of this part, print it, and write the file."""
        told = (f"{name} {brief(value)}" for name, value in row.items() if is_brief(value))
        print(f"  {table}: " + ", ".join(told), flush=True)
        self.save(**{table: [*self.data.get(table, []), row]})


def is_brief(value: Any) -> bool:
    """Tell whether a value has room in a line."""
    return not isinstance(value, dict | list)


def brief(value: Any) -> str:
    """Return a value with at most four digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def write_json(file: Path, values: dict[str, Any]) -> None:
    """Write a file as a whole: whoever is killed meanwhile leaves the old one."""
    new = file.with_name(f".{file.name}.new")
    new.write_text(json.dumps(values, indent=1, default=lambda number: number.item()) + "\n")
    new.replace(file)
