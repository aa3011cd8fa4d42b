"""Reader of the columns that are asked for from CSV files, with the line number of every row."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np
from jaxtyping import Float, Int

from gridjax.errors import GridjaxError, Place
from gridjax.io.dates import ISO_DATES, date_in_seconds
from gridjax.io.source_location import Problems
from gridjax.io.unit_names import LENGTHS, TIMES


class Clock(float):
    """Kind of a column of times: numbers, or dates in ISO 8601 as seconds since 1970."""


class Label(str):
    """Kind of a column of texts that may be empty."""


Kind = type[float] | type[str]
Further = Callable[[Sequence[str], set[int]], dict[str, int] | None]
"""Function from the header and the columns that are read anyway to further columns of numbers, by
name; None after a problem."""
MISSING = {"", "na", "n/a", "nan", "null", "none"}
"""Texts of a missing number, in lower case."""
_UNIT = re.compile(r"[\s_]*[(\[]\s*([^()\[\]]*?)\s*[)\]]\s*$")
_LENGTH, _TIME = (
    re.compile(rf"[\s_]({'|'.join(map(re.escape, units))})$") for units in (LENGTHS, TIMES)
)
_SEPARATORS = ",;\t"


class Columns(NamedTuple):
    """The rows of a file, column by column."""

    numbers: dict[str, Float[np.ndarray, " row"]]
    """column name -> numbers; NaN for a missing number (MISSING)"""
    texts: dict[str, list[str]]
    lines: Int[np.ndarray, " row"]
    """line number of each row, from 1"""
    units: dict[str, str]
    """column name -> unit at the end of its header, such as cm, or ISO_DATES; only where there is
    one"""
    further: dict[str, Float[np.ndarray, " row"]]
    """numbers of the columns that ``Further`` chose"""


def read_columns(
    path: str,
    kinds: Mapping[str, Kind],
    problems: Problems,
    others: Mapping[str, Sequence[str]] | None = None,
    further: Further = lambda header, used: {},
) -> Columns | None:
    """Read columns of a CSV file whose first line names its columns, in any order.

    The text is UTF-8. Fields stand between commas, or else semicolons or tabs, whichever the first
    line has; between semicolons or tabs, decimals may have commas. A # before the first name, as
    numpy.savetxt writes it, is no part of it. Blank lines and all other columns are skipped. Errors
    are added to ``problems``, and the result is then None.

    Args:
        path: the file.
        kinds: column name -> type of its values.
        problems: list of problems.
        others: column name -> other names in the header, in lower case.
        further: function that chooses further columns of numbers.
    """
    found = Problems()
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            separator = _separator(file)
            reader = csv.reader(file, strict=True, delimiter=separator)
            columns = _rows(path, reader, kinds, others or {}, further, separator, found)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        found.add(f"cannot be read: {error}", Place(path), "give UTF-8 text, fields between commas")
        columns = None
    except GridjaxError:
        columns = None
    problems.found.update(found.found)
    return None if found.found else columns


def read_header(path: str) -> list[str]:
    """Return the names in the first line of a CSV file; none if it cannot be read."""
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True, delimiter=_separator(file))
            return _names(next(reader, []))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def _names(fields: Sequence[str]) -> list[str]:
    """Return the names in a first line, without the # that numpy.savetxt writes before them."""
    names = [name.strip() for name in fields]
    return [name.lstrip("#").strip() if at == 0 else name for at, name in enumerate(names)]


def _separator(file: TextIO) -> str:
    """Return the first of the separators that the first line has; a comma if it has none."""
    line = file.readline()
    file.seek(0)
    return next((each for each in _SEPARATORS if each in line), ",")


def _rows(
    path: str,
    reader,
    kinds: Mapping[str, Kind],
    others: Mapping[str, Sequence[str]],
    further: Further,
    separator: str,
    problems: Problems,
) -> Columns | None:
    header = _names(next(reader, []))
    places, units = columns_named(header, kinds, others)
    if len(places) < len(kinds):
        first = ",".join(header)[:80]
        problems.add(
            f"the first line is {first!r}" if header else "is empty",
            Place(path, 1, 1),
            f"name the columns {','.join(kinds)} in the first line, each once",
        )
        return None
    more = further(header, set(places.values()))
    if more is None:
        return None
    columns: dict[str, list] = {name: [] for name in kinds}
    table: list[list[float]] = []
    lines: list[int] = []
    wrong: dict[str, list[tuple[str, Place, str]]] = {}
    dated: set[str] = set()
    first_number: dict[str, int] = {}
    first_mark: dict[str, int] = {}

    def number_at(row: list[str], at: int, name: str) -> float | None:
        value = row[at].strip()
        if separator == "\t":
            for mark in {",", "."} & set(value):
                first_mark.setdefault(mark, reader.line_num)
        value = value if separator == "," else value.replace(",", ".")
        number = _number(value)
        if kinds.get(name) is Clock:
            if number is None:
                number = date_in_seconds(value)
                dated.update({name} if number is not None else ())
            elif not np.isnan(number):
                first_number.setdefault(name, reader.line_num)
        if number is None:
            column = 1 + sum(len(field) + 1 for field in row[:at])
            fix = "give a number, with a point for decimals"
            fix += ", or a date as in 2026-03-01T10:00:00.02" * (kinds.get(name) is Clock)
            where = Place(path, reader.line_num, column)
            wrong.setdefault(name, []).append((f"{name} is {value[:40]!r}", where, fix))
        return number

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
            if issubclass(kinds[name], float):
                columns[name].append(number_at(row, at, name))
            elif kinds[name] is Label:
                columns[name].append("" if value.lower() in MISSING else value)
            elif value:
                columns[name].append(value)
            else:
                what, fix = f"{name} is empty", f"name the {name} of each row"
                wrong.setdefault(name, []).append((what, Place(path, line), fix))
        if more:
            try:
                table.append([float(row[at]) for at in more.values()])
            except ValueError:  # missing numbers, or texts
                numbers = [number_at(row, at, name) for name, at in more.items()]
                table.append([np.nan if each is None else each for each in numbers])
    for name in dated & first_number.keys():
        what, place = f"{name} holds dates and numbers", Place(path, first_number[name])
        wrong[name] = [(what, place, "write all times as dates, or all in seconds")]
    if len(first_mark) > 1:
        what = "numbers with commas and numbers with points"
        place = Place(path, max(first_mark.values()))
        wrong["marks"] = [(what, place, "write decimals in one way, and no mark for thousands")]
    for each in wrong.values():
        what, place, fix = each[0]
        others_too = f", the first of {len(each):,} such lines" if len(each) > 1 else ""
        problems.add(what + others_too, place, fix)
    if wrong:
        return None
    of_texts = {name for name, kind in kinds.items() if issubclass(kind, str)}
    return Columns(
        {name: np.array(columns[name], float) for name in kinds if name not in of_texts},
        {name: columns[name] for name in kinds if name in of_texts},
        np.array(lines, int),
        units | dict.fromkeys(dated, ISO_DATES),
        dict(zip(more, np.reshape(np.array(table, float), (len(lines), len(more))).T, strict=True)),
    )


def columns_named(
    header: Sequence[str], kinds: Mapping[str, Kind], others: Mapping[str, Sequence[str]]
) -> tuple[dict[str, int], dict[str, str]]:
    """Return the index of each column that the header names once, and the units of its names.

    A unit stands in brackets or at the end, as in "x (cm)" and "x_cm". The name itself goes before
    its other names, and these before names with a unit at the end. Times end with a unit of time,
    other columns with one of length, so that x_min is not x in minutes.
    """
    plain, units = [], []
    for name in header:
        unit = _UNIT.search(name)
        plain.append(re.sub(r"[\s.-]+", "_", _UNIT.sub("", name).strip().lower()))
        units.append(unit[1] if unit else "")
    places = {}
    for kind, type_ in kinds.items():
        ending = _TIME if type_ is Clock else _LENGTH
        stems = [ending.sub("", name) for name in plain]
        known = (kind, *others.get(kind, ()))
        tiers = [(plain, known[:1]), (plain, known[1:]), (stems, known)]
        by_tier = [[at for at, name in enumerate(texts) if name in ns] for texts, ns in tiers]
        found = next(filter(None, by_tier), [])
        if len(found) == 1:
            places[kind] = found[0]
            suffix = ending.search(plain[found[0]])
            if not any(by_tier[:2]) and suffix:
                units[found[0]] = suffix[1]
    return places, {name: units[at] for name, at in places.items() if units[at]}


def _number(text: str) -> float | None:
    """Return a number, NaN for a missing one, and None for any other text."""
    if text.lower() in MISSING:
        return np.nan
    try:
        return float(text)
    except ValueError:
        return None
