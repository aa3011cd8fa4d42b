"""Columns that divide the rows of a table: groups of cells, and sessions of a path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from gridjax.io.csv_reader import Columns, Further, Kind, Label, columns_named
from gridjax.io.source_location import Problems
from gridjax.io.text import shown
from gridjax.recordings.formats.reading import Reading

_OF_CELLS: dict[str, Kind] = dict.fromkeys(
    ("tetrode", "tt", "ntrode", "shank", "probe", "animal", "rat", "mouse", "subject"), str
)
"""Columns of spikes whose values each have cells of their own, numbered from the first."""
_OF_PATH: dict[str, Kind] = dict.fromkeys(("session", "epoch", "environment", "room"), str)
"""Columns of a path, or of spikes, whose values are different sessions."""
Read = Callable[[Reading, Mapping[str, Kind], Further], Columns | None]
"""The function ``TableFormat.columns``."""


def refuse_mixed_cells(reading: Reading, header: Sequence[str], read: Read) -> None:
    """Add a problem if one name of a cell stands for several cells, such as one in each tetrode."""
    for group in columns_named(header, _OF_CELLS, {})[0]:
        texts = _texts(reading, ("cell", group), read)
        pairs = set(zip(texts.get("cell", ()), texts.get(group, ()), strict=True))
        names = [cell for cell, value in pairs if value]  # an empty value says nothing
        mixed = sorted({cell for cell in names if names.count(cell) > 1})
        if mixed:
            n = names.count(mixed[0])
            others = f", and so has {len(mixed) - 1:,} more" if len(mixed) > 1 else ""
            reading.refuse(
                f"cell {shown(mixed[0])} has spikes of {n:,} values of {group}{others}",
                f"name each cell by both, such as 2_1, in the column cell; or leave {group} out if"
                " these are spikes of one cell",
            )


def told_sessions(reading: Reading, header: Sequence[str], read: Read) -> list[str]:
    """Return one line for each column that divides a path into several sessions.

    With --time there is none.
    """
    return [
        f"the column {group} has {values}: all rows are scored as one session; --time START:STOP"
        " chooses a part"
        for group, values in _sessions(reading, header, read)
    ]


def told_sessions_of_spikes(reading: Reading, header: Sequence[str], read: Read) -> list[str]:
    """Return one line for each column that divides spikes into several sessions.

    With --time there is none.
    """
    return [
        f"the column {group} of the spikes has {values}: all spikes are used, on the clock of the"
        " path; leave out those of other sessions if the clock of each session begins anew"
        for group, values in _sessions(reading, header, read)
    ]


def _sessions(reading: Reading, header: Sequence[str], read: Read) -> Iterator[tuple[str, str]]:
    """Yield the columns that divide rows into sessions, and their numbers of values as text."""
    if reading.options.windows_s is not None:
        return
    for group in columns_named(header, _OF_PATH, {})[0]:
        values = set(_texts(reading, (group,), read).get(group, []))
        if len(values) > 1:
            n = len(values - {""})
            empty = " and rows without one" * ("" in values)
            yield group, f"{n:,} value{'s' * (n != 1)}{empty}"


def _texts(reading: Reading, names: Sequence[str], read: Read) -> Mapping[str, list[str]]:
    """Return columns as texts; none if the column of cells is not valid."""
    own = replace(reading, problems=Problems(), found=[])
    kinds: dict[str, Kind] = {name: str if name == "cell" else Label for name in names}
    columns = read(own, kinds, lambda header, used: {})
    return {} if columns is None else columns.texts
