"""Interface of one run of a tracker, and the import of a tracker's library."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gridjax.errors import GridjaxError, Problem

if TYPE_CHECKING:
    import pandas as pd


class TrackedRun(Protocol):
    """One run of a tracker: a population, or one of its networks."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Record values after ``step`` gradient steps."""
        ...

    def summarise(self, values: Mapping[str, float]) -> None:
        """Record the final measures."""
        ...

    def add_table(self, name: str, table: pd.DataFrame) -> None:
        """Record a table."""
        ...

    def add_figure(self, name: str, caption: str, png: Path) -> None:
        """Record a figure from a PNG file."""
        ...

    def finish(self, is_complete: bool) -> None:
        """Close the run."""
        ...


def import_library(module: str, label: str, extra: str) -> Any:
    """Import the library of a tracker. Raises GridjaxError with the extra to install."""
    try:
        return import_module(module)
    except ImportError as error:
        fix = f"install the extra [{extra}]: pip install 'gridjax[{extra}]'"
        raise GridjaxError(Problem(f"{label} cannot be used: {error}", fix=fix)) from None
