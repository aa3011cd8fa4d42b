"""Time series of NWB files: their names, clocks and scaled values, and the choice of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from gridjax.io.text import shown
from gridjax.recordings.formats.reading import GUIDE, Reading

PAGE = f"{GUIDE}#nwb"
_MOST_NAMES = 40


def series_of(file: Any, kind: str) -> dict[str, Any]:
    """Return the series of one type of NWB by their path in the file, such as "SpatialSeries".

    Subclasses count, also those of extensions.
    """
    found = {
        series_path(each): each
        for each in file.objects.values()
        if kind in {own.__name__ for own in type(each).__mro__}
    }
    return dict(sorted(found.items()))


def series_path(series: Any) -> str:
    """Return the names of a series and of what contains it, such as behavior/Position/led."""
    parts = [series.name]
    parent = series.parent
    while parent is not None and type(parent).__name__ != "NWBFile":
        parts.append(parent.name)
        parent = parent.parent
    return "/".join(reversed(parts))


def note_series(reading: Reading, name: str, series: Any) -> None:
    """Add a series to what was found: its shape, scale, unit and clock."""
    clock = f"{series.rate:g} Hz" if series.rate else "timestamps"
    scale = f"{series.conversion:g} x + {series.offset:g} {series.unit}"
    reading.note(name, series.data, f"{scale}, {clock}")


def chosen_series(
    reading: Reading, found: Mapping[str, Any], wanted: str | None, option: str, what: str
) -> tuple[str, Any] | None:
    """Return the series that an option names, or the only one; None after a problem.

    Args:
        reading: the reading of the file.
        found: the series by their path, at least one.
        wanted: the end of the path of a series; None for the only one.
        option: the option, such as --series.
        what: the kind of series, in the singular, such as "spatial series".
    """
    fitting = [
        name
        for name in found
        if wanted is None or name == wanted or f"/{name}".endswith(f"/{wanted}")
    ]
    if len(fitting) == 1:
        return fitting[0], found[fitting[0]]
    if wanted is not None and not fitting:
        fix = f"choose {option} from {listed(list(found))}"
        reading.refuse(f"has no {what} {shown(wanted)}", fix)
    else:
        problem = f"has {len(fitting)} {what}: {listed(fitting)}"
        reading.refuse(problem, f"choose one, such as {option} {shown(fitting[0])} ({PAGE})")
    return None


def listed(names: Sequence[str]) -> str:
    """Return the first names of a file as text."""
    return ", ".join(map(shown, names[:_MOST_NAMES])) + ", ..." * (len(names) > _MOST_NAMES)


def series_times(
    reading: Reading, name: str, series: Any, n_samples: int
) -> Float[np.ndarray, " sample"] | None:
    """Return the times of the samples, seconds; add a problem and return None if there are none."""
    if series.timestamps is not None:
        return np.asarray(series.timestamps[:], float)
    if not series.rate or not series.rate > 0:
        reading.refuse(f"{name} has neither timestamps nor a rate", f"write one of them ({PAGE})")
        return None
    return (series.starting_time or 0.0) + np.arange(n_samples) / series.rate


def series_values(reading: Reading, name: str, series: Any) -> np.ndarray | None:
    """Return the data of a series times conversion plus offset; None after a problem."""
    data = np.asarray(series.data[:])
    if data.dtype.kind not in "iuf":
        reading.refuse(f"{name} is {data.dtype}", f"write numbers ({PAGE})")
        return None
    return data * float(series.conversion) + float(series.offset)
