"""Reader of CSV files with given columns, with the line number of every row."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from gridjax.errors import GridjaxError, Place
from gridjax.io.source_location import Problems

Kind = type[float] | type[str]


class Columns(NamedTuple):
    """The rows of a file, column by column."""

    numbers: dict[str, Float[np.ndarray, " row"]]
    """column name -> numbers; NaN for an empty field or the text nan"""
    texts: dict[str, list[str]]
    lines: Int[np.ndarray, " row"]
    """line number of each row, from 1"""


def read_columns(path: str, kinds: Mapping[str, Kind], problems: Problems) -> Columns | None:
    """Read a CSV file whose first line names exactly the columns in ``kinds``, in any order.

    The text is UTF-8 with commas; blank lines are skipped. Errors are added to ``problems``, and
    the result is then None.
    """
    found = Problems()
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            columns = _rows(path, csv.reader(file, strict=True), kinds, found)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        found.add(f"cannot be read: {error}", Place(path), "give UTF-8 text, fields between commas")
        columns = None
    except GridjaxError:
        columns = None
    problems.found.update(found.found)
    return None if found.found else columns


def _rows(path: str, reader, kinds: Mapping[str, Kind], problems: Problems) -> Columns | None:
    header = [name.strip() for name in next(reader, [])]
    if sorted(header) != sorted(kinds):
        wanted = ",".join(kinds)
        first = ",".join(header)[:80]
        problems.add(
            f"the first line is {first!r}" if header else "is empty",
            Place(path, 1, 1),
            f"write the first line {wanted} and exactly these columns",
        )
        return None
    columns: dict[str, list] = {name: [] for name in kinds}
    lines = []
    for row in reader:
        if not row:
            continue
        line = reader.line_num
        if len(row) != len(header):
            problems.add(
                f"{len(row)} fields instead of {len(header)}",
                Place(path, line),
                f"give {','.join(header)} on every line",
            )
            continue
        lines.append(line)
        for at, (name, text) in enumerate(zip(header, row, strict=True)):
            value = text.strip()
            if kinds[name] is float:
                try:
                    columns[name].append(float(value) if value else np.nan)
                except ValueError:
                    column = 1 + sum(len(field) + 1 for field in row[:at])
                    problems.add(
                        f"{name} is {value[:40]!r}",
                        Place(path, line, column),
                        "give a number, with a point for decimals",
                    )
            elif value:
                columns[name].append(value)
            else:
                problems.add(f"{name} is empty", Place(path, line), f"name the {name} of each row")
    return Columns(
        {name: np.array(columns[name], float) for name, kind in kinds.items() if kind is float},
        {name: columns[name] for name, kind in kinds.items() if kind is str},
        np.array(lines, int),
    )
