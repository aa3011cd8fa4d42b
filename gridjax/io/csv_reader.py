"""Reader of the columns that are asked for from CSV files, with the line number of every row."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from gridjax.errors import GridjaxError, Place
from gridjax.io.source_location import Problems

Kind = type[float] | type[str]
MISSING = {"", "na", "n/a", "nan", "null", "none"}
"""Texts of a missing number, in lower case."""
_UNIT = re.compile(r"[\s_]*[(\[]\s*([^()\[\]]*?)\s*[)\]]\s*$")


class Columns(NamedTuple):
    """The rows of a file, column by column."""

    numbers: dict[str, Float[np.ndarray, " row"]]
    """column name -> numbers; NaN for a missing number (MISSING)"""
    texts: dict[str, list[str]]
    lines: Int[np.ndarray, " row"]
    """line number of each row, from 1"""
    units: dict[str, str]
    """column name -> unit in brackets at the end of its header, such as cm; only where there is
    one"""


def read_columns(
    path: str,
    kinds: Mapping[str, Kind],
    problems: Problems,
    others: Mapping[str, Sequence[str]] | None = None,
) -> Columns | None:
    """Read columns of a CSV file whose first line names its columns, in any order.

    The text is UTF-8 with commas; blank lines and all other columns are skipped. Errors are added
    to ``problems``, and the result is then None.

    Args:
        path: the file.
        kinds: column name -> type of its values.
        problems: list of problems.
        others: column name -> other names in the header, in lower case.
    """
    found = Problems()
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            columns = _rows(path, csv.reader(file, strict=True), kinds, others or {}, found)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        found.add(f"cannot be read: {error}", Place(path), "give UTF-8 text, fields between commas")
        columns = None
    except GridjaxError:
        columns = None
    problems.found.update(found.found)
    return None if found.found else columns


def _rows(
    path: str,
    reader,
    kinds: Mapping[str, Kind],
    others: Mapping[str, Sequence[str]],
    problems: Problems,
) -> Columns | None:
    header = [name.strip() for name in next(reader, [])]
    places, units = columns_named(header, kinds, others)
    if len(places) < len(kinds):
        first = ",".join(header)[:80]
        problems.add(
            f"the first line is {first!r}" if header else "is empty",
            Place(path, 1, 1),
            f"name the columns {','.join(kinds)} in the first line, each once",
        )
        return None
    columns: dict[str, list] = {name: [] for name in kinds}
    lines: list[int] = []
    wrong: dict[str, list[tuple[str, Place, str]]] = {}
    for row in reader:
        if not row:
            continue
        line = reader.line_num
        if len(row) != len(header):
            what = f"{len(row)} fields instead of {len(header)}"
            fix = f"give {','.join(header)[:80]} on every line"
            wrong.setdefault("fields", []).append((what, Place(path, line), fix))
            continue
        lines.append(line)
        for name, at in places.items():
            value = row[at].strip()
            if kinds[name] is float:
                number = _number(value)
                columns[name].append(number)
                if number is None:
                    column = 1 + sum(len(field) + 1 for field in row[:at])
                    what = f"{name} is {value[:40]!r}"
                    fix = "give a number, with a point for decimals"
                    wrong.setdefault(name, []).append((what, Place(path, line, column), fix))
            elif value:
                columns[name].append(value)
            else:
                what, fix = f"{name} is empty", f"name the {name} of each row"
                wrong.setdefault(name, []).append((what, Place(path, line), fix))
    for each in wrong.values():
        what, place, fix = each[0]
        more = f", the first of {len(each):,} such lines" if len(each) > 1 else ""
        problems.add(what + more, place, fix)
    if wrong:
        return None
    return Columns(
        {name: np.array(columns[name], float) for name, kind in kinds.items() if kind is float},
        {name: columns[name] for name, kind in kinds.items() if kind is str},
        np.array(lines, int),
        units,
    )


def columns_named(
    header: Sequence[str], kinds: Mapping[str, Kind], others: Mapping[str, Sequence[str]]
) -> tuple[dict[str, int], dict[str, str]]:
    """Return the index of each column that the header names once, and the units in brackets.

    The name itself goes before its other names.
    """
    plain, in_brackets = [], []
    for name in header:
        unit = _UNIT.search(name)
        plain.append(_UNIT.sub("", name).lower())
        in_brackets.append(unit[1] if unit else "")
    places = {}
    for kind in kinds:
        for names in ((kind,), others.get(kind, ())):
            found = [at for at, name in enumerate(plain) if name in names]
            if found:
                break
        if len(found) == 1:
            places[kind] = found[0]
    return places, {name: in_brackets[at] for name, at in places.items() if in_brackets[at]}


def _number(text: str) -> float | None:
    """Return a number, NaN for a missing one, and None for any other text."""
    if text.lower() in MISSING:
        return np.nan
    try:
        return float(text)
    except ValueError:
        return None
