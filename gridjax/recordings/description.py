"""Description of input files: their content, and how gridjax score would read them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gridjax.io.source_location import Problems
from gridjax.io.text import shown
from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.map_scores import bin_cm
from gridjax.recordings.map_set import MapSet
from gridjax.recordings.options import ScoreOptions
from gridjax.recordings.readers import ReadFile, read_files
from gridjax.recordings.session import Session
from gridjax.recordings.session_scores import SessionVisits, prepare_session

if TYPE_CHECKING:
    from rich.console import Console

    from gridjax.metrics.ratemaps.tracked_time import TrackedTime

_MOST_CELLS = 20
"""Largest number of cells that are described one by one."""


def describe_files(
    names: Sequence[str | Path], meaning: InputOptions, options: ScoreOptions, console: Console
) -> None:
    """Print the content of files, how they would be read, and the problems that refuse them.

    Args:
        names: input files, or patterns that match files.
        meaning: meaning of the numbers in the inputs.
        options: options of scoring.
        console: terminal for the output.

    Raises GridjaxError for invalid options and for names that match no file.
    """
    options.check()
    problems = Problems()
    read = read_files(names, meaning, problems)
    problems.raise_any()
    for each in read:
        for line in description(each, meaning, options):
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def description(read: ReadFile, meaning: InputOptions, options: ScoreOptions) -> list[str]:
    """Return the lines about one file."""
    lines = [f"{shown(read.path)}: {read.format or 'unknown format'}"]
    lines += ["  holds", *(f"    {line}" for line in read.found)] if read.found else []
    own = Problems()
    own.take(read.problems)
    if isinstance(read.result, Session):
        prepared = prepare_session(read.result, options, own)
        lines += ["  read as a session"] if prepared is not None else []
        if prepared is not None:
            lines += [f"    {line}" for line in _session(prepared, meaning)]
    elif read.result is not None:
        side_cm = bin_cm(read.result, options, own)
        lines += ["  read as rate maps"]
        lines += [f"    {line}" for line in _maps(read.result, side_cm)]
    if own.found:
        lines.append("  refused")
        for problem in own.found:
            where = problem.place.line if problem.place else None
            line = f"line {where}: " if where is not None else ""
            lines.append(f"    {line}{problem.message}")
            lines += [f"      {problem.fix}"] if problem.fix else []
    return lines


def _session(prepared: SessionVisits, meaning: InputOptions) -> list[str]:
    session, visited_bins, shape = prepared
    tracked, arena = visited_bins.tracked, visited_bins.arena
    times, positions = session.times_s, session.positions_m
    known = positions[np.isfinite(positions).all(axis=1)]
    step = float(np.median(np.diff(times)))
    (x_low, y_low), (x_high, y_high) = known.min(axis=0), known.max(axis=0)
    gaps, n_gaps, n_lost = tracked.gaps_s, len(tracked.gaps_s), session.n_lost
    lines = [
        f"clock: {len(times):,} samples from {times[0]:.10g} to {times[-1]:.10g} s; the median"
        f" interval is {1000 * step:.4g} ms ({1 / step:.4g} Hz)",
        f"tracked: {tracked.total_s:,.6g} s; {_counted(n_gaps, 'gap')}, {gaps.sum():,.6g} s in"
        f" total; {_counted(n_lost, 'sample')} without position",
        f"positions: x from {x_low:.4g} to {x_high:.4g} m, y from {y_low:.4g} to {y_high:.4g} m"
        f" ({'--units ' + meaning.units if meaning.units else 'without --units'})",
        f"arena: {shape.kind}, {shape.width_cm:.0f} by {shape.height_cm:.0f} cm; maps of"
        f" {arena.n_bins} by {arena.n_bins} bins of {100 * arena.bin_m:.3g} cm",
        *_cells(session, tracked),
    ]
    return lines + list(session.remarks)


def _cells(session: Session, tracked: TrackedTime) -> list[str]:
    from gridjax.metrics.ratemaps.tracked_time import tracked_spikes

    n = len(session.cells)
    what = "activity" if session.activity is not None else "spikes"
    lines = [f"cells: {n} with {what}"]
    for at, cell in enumerate(session.cells[:_MOST_CELLS]):
        if session.activity is None:
            n_spikes = len(tracked_spikes(session.spikes_s[at], tracked).clock_s)
            rate = n_spikes / tracked.total_s
            lines.append(f"  {cell}: {_counted(n_spikes, 'spike')} in tracked time, {rate:.3g} Hz")
        else:
            values = session.activity[:, at]
            lines.append(f"  {cell}: {values.min():.4g} to {values.max():.4g}")
    return lines + ([f"  and {n - _MOST_CELLS:,} more"] if n > _MOST_CELLS else [])


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' * (n != 1)}"


def _maps(map_set: MapSet, side_cm: float | None) -> list[str]:
    known = np.isfinite(map_set.maps)
    finite = map_set.maps[known]
    n_bins = map_set.n_x * map_set.n_y
    cells = ", ".join(map_set.cells[:_MOST_CELLS])
    more = ", ..." if len(map_set.cells) > _MOST_CELLS else ""
    size = "of unknown size (give --width-cm)" if side_cm is None else f"of {side_cm:.4g} cm"
    range_ = f"{finite.min():.4g} to {finite.max():.4g}" if len(finite) else "all unknown"
    return [
        f"{_counted(len(map_set.maps), 'map')} of {map_set.n_x} bins along x by {map_set.n_y} along"
        f" y, {size}",
        f"rates: {range_}; {100 * known.sum() / (n_bins * len(map_set.maps)):.0f} % of bins known",
        f"cells: {cells}{more}",
        *map_set.remarks,
    ]
