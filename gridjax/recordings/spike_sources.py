"""Spikes of a session from another file, and the choice of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gridjax.errors import Place
from gridjax.io.source_location import Problems
from gridjax.io.text import shown
from gridjax.recordings.session import RawSession, Spikes

_MOST_NAMES = 40


def with_spikes_of(raw: RawSession, spikes: Spikes) -> RawSession:
    """Return a session with the spikes or the activity of another file in place of its own."""
    own = raw.activity.shape[1] if raw.activity is not None else len(raw.spikes)
    remarks = [*raw.remarks, *spikes.remarks]
    if own:
        remarks.append(
            f"{own} cell{'s' * (own != 1)} of the input not used: --spikes replaces them"
        )
    remarks.append(f"spikes from {spikes.path}; their times are read on the clock of the positions")
    return replace(
        raw,
        spikes=spikes.trains,
        spikes_path=spikes.path,
        spike_lines=spikes.lines,
        activity=None if spikes.activity is None else spikes.activity.values,
        activity_times=None if spikes.activity is None else spikes.activity.times,
        activity_cells=() if spikes.activity is None else spikes.activity.cells,
        units={place: unit for place, unit in raw.units.items() if place[0] == raw.path}
        | dict(spikes.units),
        spike_time_unit=spikes.time_unit,
        remarks=tuple(remarks),
    )


def without_cells(raw: RawSession) -> RawSession:
    """Return a session with its path alone."""
    return replace(
        raw,
        spikes={},
        spike_lines=None,
        activity=None,
        activity_times=None,
        activity_cells=(),
        spike_time_unit=None,
    )


def chosen_cells(
    raw: RawSession, names: Sequence[str] | None, problems: Problems
) -> RawSession | None:
    """Return a session with the named cells only; None after a problem.

    Args:
        raw: the session.
        names: names of cells; None for all.
        problems: list that receives a problem if the session lacks one of the names.
    """
    if names is None:
        return raw
    known = list(raw.spikes) if raw.activity is None else list(raw.activity_cells)
    unknown = [name for name in names if name not in known]
    if unknown:
        listed = ", ".join(map(shown, known[:_MOST_NAMES])) + ", ..." * (len(known) > _MOST_NAMES)
        problems.add(
            f"--cells: no cell {', '.join(map(shown, unknown))}",
            Place(raw.spikes_path),
            f"choose from {listed}" if known else "give the spikes of at least one cell",
        )
        return None
    if raw.activity is not None:
        columns = [known.index(name) for name in names]
        return replace(raw, activity=raw.activity[:, columns], activity_cells=tuple(names))
    return replace(raw, spikes={name: raw.spikes[name] for name in names})
