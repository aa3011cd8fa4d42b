"""Units that a file states, beside those of the options: headers of tables, and formats with units.

A unit of a file is used without any option. An option that contradicts a header is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gridjax.errors import Place
from gridjax.io.dates import ISO_DATES
from gridjax.io.source_location import Problems
from gridjax.io.text import shown
from gridjax.io.unit_names import length_unit, time_unit
from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.session import RawSession

_LENGTHS, _TIMES = "m, cm, mm or px", "min, s, ms, us, ns or samples"


def with_stated_units(raw: RawSession, options: InputOptions, problems: Problems) -> RawSession:
    """Return a session with the units that its headers name.

    Adds a problem for a header that names no known unit, if no option gives it, and for options
    that contradict what a file states.
    """
    axes = {axis: raw.units[(raw.path, axis)] for axis in "xy" if (raw.path, axis) in raw.units}
    found = {
        axis: _read(raw.path, axis, text, length_unit, options.units, problems)
        for axis, text in axes.items()
    }
    named = {unit for unit in found.values() if unit is not None}
    if len(named) > 1:
        what = f"the headers name {axes['x']} for x and {axes['y']} for y"
        problems.add(what, Place(raw.path, 1), "write both in one unit")
    for path in (raw.path, raw.spikes_path):
        text = raw.units.get((path, "t"))
        if text is None:
            continue
        is_cells = path == raw.spikes_path
        option = options.time_units if is_cells else None
        unit = _read(path, "t", text, time_unit, option, problems)
        if unit == "samples" and options.rate_hz is None:
            fix = "give --time-units samples --rate N"
            problems.add("the header of t names samples", Place(path, 1), fix)
        if path == raw.path:
            raw = replace(raw, time_unit=unit)
        if is_cells:
            raw = replace(raw, spike_time_unit=unit)
    stated = raw.spike_time_unit
    is_unused = None not in (raw.time_unit, stated) and options.time_units not in (None, stated)
    if is_unused and not problems.found:
        what = f"times are in {stated} in this file: --time-units {options.time_units} would"
        problems.add(f"{what} have no effect", Place(raw.spikes_path), "leave it out")
    return replace(raw, unit=named.pop()) if len(named) == 1 else raw


def _read(
    path: str,
    column: str,
    text: str,
    unit_of: Callable[[str], str | None],
    option: str | None,
    problems: Problems,
) -> str | None:
    """Return the unit of a header; add a problem if it is unknown or another one than the option.

    Args:
        path: the file.
        column: the column.
        text: the unit in its header.
        unit_of: function from texts to known units.
        option: the unit of --units or --time-units; None if it is not given.
        problems: list of problems.
    """
    name, known = ("--time-units", _TIMES) if column == "t" else ("--units", _LENGTHS)
    unit = ISO_DATES if text == ISO_DATES else unit_of(text)
    if unit is None and option is None:
        what = f"the header of {column} names {shown(text)}, which is no known unit"
        problems.add(what, Place(path, 1), f"give {name} {known}, or take it out of the header")
    elif unit is not None and option not in (None, unit):
        if unit == ISO_DATES:
            problems.add(
                f"{column} holds dates, and {name} is {option}", Place(path), f"leave {name} out"
            )
            return unit
        what = f"the header of {column} names {shown(text)}, and {name} is {option}"
        problems.add(what, Place(path, 1), f"leave {name} out, or correct the header")
    return unit
