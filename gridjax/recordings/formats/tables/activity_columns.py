"""Columns of activity in tables: one for each cell, told from all others by their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from gridjax.errors import Place
from gridjax.io.source_location import Problems
from gridjax.io.text import shown
from gridjax.recordings.formats.named_arrays import check_cell
from gridjax.recordings.formats.reading import GUIDE, Reading

_OTHERS = {
    *(
        "index",
        "unnamed:_0",
        "__index_level_0__",
        "frame",
        "frames",
        "frame_number",
        "sample",
        "samples",
    ),
    *("t", "time", "times", "timestamp", "timestamps", "x", "y", "z", "hd", "head_direction"),
    *("heading", "angle", "theta", "speed", "velocity", "vx", "vy", "epoch", "trial", "lap"),
}
"""Usual columns that are no cells, in lower case, with _ for spaces."""
_CELL = re.compile(r"\d+|(?:cell|unit|neuron|roi|cluster)[\s_.-]*\w*\d\w*", re.IGNORECASE)
"""Names of columns that are cells in any table."""
_DECIMAL = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+e[+-]?\d+|nan)", re.IGNORECASE)
"""Numbers in a first line that are no names of columns."""
_ACTIVITY = "activity_"
_MOST_NAMES = 8


def activity_columns(
    header: Sequence[str], used: set[int], is_of_activity: bool
) -> list[tuple[str, int]]:
    """Return the name of the cell and the index of each column of activity.

    In a table of activity, all columns are cells but the clock, numbers of rows and usual columns
    of a path. In other tables, those are whose names are numbers, or begin with activity_, or are
    such as cell_3.

    Args:
        header: names of the columns.
        used: indices of columns of another meaning.
        is_of_activity: whether the table is one of activity.
    """
    found = []
    for at, name in enumerate(header):
        text = name.strip()
        is_other = re.sub(r"\s", "_", text.lower()) in _OTHERS or (not text and at == 0)
        is_named = text.lower().startswith(_ACTIVITY) and len(text) > len(_ACTIVITY)
        is_cell = is_named or _CELL.fullmatch(text) or (is_of_activity and not is_other)
        if at not in used and is_cell:
            found.append((text[len(_ACTIVITY) :] if is_named else text, at))
    return found


def chosen_by(
    reading: Reading, own: Sequence[tuple[str, int]]
) -> Callable[[Sequence[str], set[int]], dict[str, int] | None]:
    """Return the choice of columns of activity for a reader of tables.

    The choice is None, with a problem, if two cells have one name or the first line holds numbers.
    """

    def choose(header: Sequence[str], used: set[int]) -> dict[str, int] | None:
        place, problems = Place(reading.path, 1), Problems()
        names = [name for name, _ in own]
        numbers = [name for name in header if _DECIMAL.fullmatch(name.strip())]
        if own and numbers:
            what = f"the first line holds the number {numbers[0]}, not names of columns"
            problems.add(what, place, f"name the columns in the first line ({GUIDE}#activity)")
        for name in sorted({name for name in names if names.count(name) > 1} - {""}):
            what = f"{names.count(name)} columns of activity have the name {name!r}"
            problems.add(what, place, "give each cell a name of its own")
        if "" in names:
            what = f"{names.count('')} columns of activity have no name"
            problems.add(what, place, "give each cell a name of its own")
        for name in filter(None, names):
            check_cell(name, place, problems)
        reading.problems.take(problems)
        return None if problems.found else dict(own)

    return choose


def left_out(header: Sequence[str], read: set[int]) -> tuple[str, ...]:
    """Return one line about the columns that are not read; none if all are."""
    names = [name or "without a name" for at, name in enumerate(header) if at not in read]
    if not names:
        return ()
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    listed = ", ".join(map(shown, names[:_MOST_NAMES]))
    return (f"columns that are no cells, not read: {listed}{more}",)
