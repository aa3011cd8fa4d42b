"""One part of the measurement: its time limit, its size, and the file of its results."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any

PIECE = 15 << 20
"""Largest number of bytes of a file."""


@dataclass
class Part:
    """Limits of a part, and places of its results."""

    file: Path
    """JSON file of this part, rewritten at every ``save``"""
    out: Path
    """folder of the files that are kept"""
    work: Path
    """folder of files that are not kept"""
    seconds: float
    """maximum wall-clock seconds of the part"""
    tiny: bool
    """whether this is a test run on a CPU, whose numbers are not valid"""
    known: dict[str, Any]
    """results of earlier parts, by letter"""
    rows: Sequence[str] = ()
    """rows to measure, for a part with a list of rows; empty for all"""
    data: dict[str, Any] = field(default_factory=dict)
    _begun: float = field(default_factory=time.perf_counter)
    _lock: Any = field(default_factory=RLock)
    """threads of a part may write rows at the same time"""

    @property
    def left(self) -> float:
        """Seconds left."""
        return self.seconds - (time.perf_counter() - self._begun)

    @property
    def n_errors(self) -> int:
        """Number of rows with an error."""
        rows = [row for table in self.data.values() if isinstance(table, list) for row in table]
        return sum(isinstance(row, dict) and "error" in row for row in rows)

    def save(self, **values: Any) -> None:
        """Add values, and write all values of this part to its file."""
        with self._lock:
            self.data |= values
            self.data["seconds"] = time.perf_counter() - self._begun
            write_json(self.file, self.data)

    def row(self, table: str, row: dict[str, Any]) -> None:
        """Add a row to a table of this part, print it, and write the file."""
        told = (f"{name} {brief(value)}" for name, value in row.items() if is_brief(value))
        print(f"  {table}: " + ", ".join(told), flush=True)
        with self._lock:
            self.save(**{table: [*self.data.get(table, []), row]})


def is_brief(value: Any) -> bool:
    """Return whether a value fits into a printed line."""
    return not isinstance(value, dict | list)


def brief(value: Any) -> str:
    """Return a value as text, floats with four digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def pack(folder: Path, archive: Path) -> int:
    """Write a folder as ``archive.0``, ``archive.1`` and so on of at most PIECE bytes.

    Returns the number of bytes of all pieces.
    """
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        tar.add(folder, arcname=folder.name)
    content = whole.getvalue()
    for number, start in enumerate(range(0, len(content), PIECE)):
        archive.with_name(f"{archive.name}.{number}").write_bytes(content[start : start + PIECE])
    return len(content)


def write_json(file: Path, values: dict[str, Any]) -> None:
    """Write a file atomically: a process that is killed meanwhile leaves the old file."""
    new = file.with_name(f".{file.name}.new")
    new.write_text(json.dumps(values, indent=1, default=lambda number: number.item()) + "\n")
    new.replace(file)
