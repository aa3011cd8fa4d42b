"""Checks of the spikes of a session: their unit, counts in place of times, spikes left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from gridjax.errors import Place
from gridjax.io.source_location import Problems
from gridjax.metrics.ratemaps.spike_counts import is_counts, times_of_counts
from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.session import RawSession

_FIX = "give spikes in seconds on the clock of the positions, and within it"
_MOST_OUTSIDE = 0.5
"""Largest share of a cell's spikes that may be outside the session."""
_GUESSES = (
    *((1e3, "--time-units ms"), (1e6, "--time-units us")),
    *((rate, f"--time-units samples --rate {rate:g}") for rate in (20e3, 24e3, 25e3, 30e3, 32e3)),
    *((rate, f"--time-units samples --rate {rate:g}") for rate in (40e3, 48e3, 50e3)),
)
"""Possible units of spike times other than seconds: (units per second, options)."""
_LEAST_SPAN = 0.8
"""Smallest share of the session that the spikes must span in a unit to suggest it."""


def in_seconds(raw: RawSession, options: InputOptions, remarks: list[str]) -> RawSession:
    """Return the session with times in seconds, and with spike times in place of counts.

    Times of positions are read in the unit of the spikes if most spikes lie between the first and
    the last time of the positions. Otherwise they are read in seconds.
    """
    per_second, times = options.per_second, raw.times
    n_samples = len(times)
    with_counts = [
        cell
        for cell, train in raw.spikes.items()
        if raw.spike_lines is None and is_counts(train, n_samples)
    ]
    trains = {cell: train for cell, train in raw.spikes.items() if cell not in with_counts}
    activity_times = raw.activity_times
    if per_second != 1:
        spikes = np.concatenate(list(trains.values())) if trains else times
        spikes = spikes if activity_times is None else activity_times
        is_one_clock = n_samples < 2 or _share_within(spikes, times[0], times[-1]) > 0.5
        times = times / per_second if is_one_clock else times
        trains = {cell: train / per_second for cell, train in trains.items()}
        activity_times = None if activity_times is None else activity_times / per_second
        if not is_one_clock:
            remarks.append(f"spike times are in {options.time_units}, times of positions in s")
    is_ordered = n_samples > 1 and bool((np.diff(times) >= 0).all())
    for cell in with_counts if is_ordered else ():
        trains[cell] = times_of_counts(raw.spikes[cell], times)
    if with_counts:
        remarks.append(
            f"{_cells(with_counts)}: one whole number for each sample, read as counts of spikes"
        )
    return replace(raw, times=times, spikes=trains, activity_times=activity_times)


def checked_spikes(
    raw: RawSession, remarks: list[str], problems: Problems
) -> dict[str, Float[np.ndarray, " spike"]]:
    """Return the sorted spike times of each cell within the session.

    Spikes outside are left out and counted. If they are more than half of a cell's spikes, a
    problem is added.
    """
    if not raw.spikes:
        problems.add("holds no cell", Place(raw.spikes_path), "give the spikes of at least one")
    start, end = raw.times[0], raw.times[-1] + np.median(np.diff(raw.times))
    kept, n_nan, n_outside, n_spikes, wrong = {}, 0, 0, 0, []
    for cell, train in raw.spikes.items():
        is_time = ~np.isnan(train)
        inside = (train >= start) & (train <= end)
        outside = is_time & ~inside
        kept[cell] = np.sort(train[inside])
        n_nan += int((~is_time).sum())
        n_spikes += int(is_time.sum())
        n_outside += int(outside.sum())
        if outside.sum() > _MOST_OUTSIDE * is_time.sum():
            wrong.append((cell, int(np.flatnonzero(outside)[0])))
    if n_nan:
        remarks.append(f"{n_nan:,} spike times are NaN and left out")
    if wrong:
        _add_problem(raw, wrong, (start, end), problems)
    elif n_outside:
        remarks.append(
            f"{n_outside:,} of {n_spikes:,} spikes left out: they are before {start:.10g} s or"
            f" after {end:.10g} s, outside the times of the path"
        )
    return kept


def _add_problem(
    raw: RawSession,
    wrong: list[tuple[str, int]],
    session: tuple[float, float],
    problems: Problems,
) -> None:
    """Add one problem for all cells that have most of their spikes outside the session."""
    start, end = session
    cell, at = wrong[0]
    train = raw.spikes[cell]
    n_outside = int((~((train >= start) & (train <= end)) & ~np.isnan(train)).sum())
    lines = None if raw.spike_lines is None else raw.spike_lines[cell]
    n_others = len(wrong) - 1
    more = f"; so are those of {n_others} other cell{'s' * (n_others != 1)}" if n_others else ""
    problems.add(
        f"cell {cell}: {n_outside} of {len(train)} spikes, the first at {train[at]:.10g} s, are"
        f" outside the session from {start:.10g} to {end:.10g} s{more}",
        Place(raw.spikes_path, None if lines is None else int(lines[at])),
        _guess(np.concatenate(list(raw.spikes.values())), start, end) or _FIX,
    )


def _guess(spikes: Float[np.ndarray, " spike"], start: float, end: float) -> str:
    """Return the options with which the spikes would fill the session; empty if there are none."""
    spikes = spikes[np.isfinite(spikes)]
    fitting = []
    for per_second, options in _GUESSES:
        scaled = spikes / per_second
        span = float(np.ptp(scaled)) / (end - start) if len(scaled) else 0.0
        if span >= _LEAST_SPAN and _share_within(scaled, start, end) >= 1 - 1e-3:
            fitting.append((span, per_second, options))
    if not fitting:
        return ""
    _, per_second, options = max(fitting)
    return f"{options} (spike times divided by {per_second:,.0f} would fill the session), or {_FIX}"


def _share_within(times: Float[np.ndarray, " time"], low: float, high: float) -> float:
    return float(((times >= low) & (times <= high)).mean()) if len(times) else 1.0


def _cells(names: list[str]) -> str:
    return f"cell {names[0]}" if len(names) == 1 else f"{len(names)} cells"
