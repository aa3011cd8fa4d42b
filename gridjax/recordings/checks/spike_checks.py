"""Checks of the spikes of a session: their unit, counts in place of times, spikes left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from gridjax.errors import Place
from gridjax.io.source_location import Problems
from gridjax.metrics.ratemaps.rate_map import MOST_AT_ZERO
from gridjax.metrics.ratemaps.spike_counts import is_counts, is_signal, times_of_counts
from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.session import RawSession

_FIX = "give spikes in seconds on the clock of the positions, and within it"
_MOST_OUTSIDE = 0.5
"""Largest share of a cell's spikes that may be outside the session."""
_RATES = (
    10e3,
    12207.03125,
    20e3,
    24e3,
    24414.0625,
    25e3,
    30e3,
    32e3,
    40e3,
    44.1e3,
    48e3,
    48828.125,
    50e3,
)
"""Usual samples per second of amplifiers."""
_GUESSES = (
    *((1 / 60, "--time-units min"), (1e3, "--time-units ms"), (1e6, "--time-units us")),
    (1e9, "--time-units ns"),
    *((rate, f"--time-units samples --rate {rate:.10g}") for rate in _RATES),
)
"""Possible units of spike times other than seconds: (units per second, options)."""
_FEWEST, _SHORTEST_SPAN = 20, 0.1
"""All spikes of a session, if there are that many, span at least this share of it."""
_MANY, _LONGEST_SILENCE = 100, 0.1
"""The spikes of a session, if there are that many, begin and end this close to its ends, as a share
of it."""
_COARSEST_S, _WHOLE = 0.15, 0.01
"""Longest interval that spike times may be multiples of without a remark, seconds, and how close to
whole multiples they must be."""
_LEAST_SPAN = 0.8
"""Smallest share of the session that the spikes must span in a unit to suggest it."""


def in_seconds(raw: RawSession, options: InputOptions, remarks: list[str]) -> RawSession:
    """Return the session with times in seconds, and with spike times in place of counts.

    Spikes are in the unit that their file states, else in that of --time-units, else in that of the
    path or in seconds, whichever lets them fill more of the session. If the file of the path states
    no unit, its times are in the unit of --time-units, or else of the spikes, if most spikes then
    lie between its first and its last time; otherwise they are in seconds.
    """
    times, n_samples = raw.times, len(raw.times)
    with_counts = [
        cell
        for cell, train in raw.spikes.items()
        if raw.spike_lines is None and is_counts(train, n_samples)
    ]
    unit = raw.spike_time_unit or options.time_units or _unit_like(raw, options, with_counts)
    trains = {
        cell: _scaled(train, options.per_second(unit))
        for cell, train in raw.spikes.items()
        if cell not in with_counts
    }
    activity_times = raw.activity_times
    if activity_times is not None:
        activity_times = _scaled(activity_times, options.per_second(unit))
    of_path = raw.time_unit
    if of_path is None:
        candidate = options.time_units or unit
        per_second = options.per_second(candidate)
        all_times = np.concatenate(list(trains.values())) if trains else np.empty(0)
        all_times = all_times if activity_times is None else activity_times
        # without spikes there is one clock alone
        is_one_clock = (
            n_samples < 2
            or not len(all_times)
            or _share_within(all_times, times[0] / per_second, times[-1] / per_second) > 0.5
        )
        of_path = candidate if is_one_clock else "s"
    times = _scaled(times, options.per_second(of_path))
    if of_path != unit and (trains or activity_times is not None):
        remarks.append(f"spike times are in {unit}, times of positions in {of_path}")
    elif options.time_units is None and unit != "s":
        remarks.append(f"times in {unit}, as the file states")
    is_ordered = n_samples > 1 and bool((np.diff(times) >= 0).all())
    for cell in with_counts if is_ordered else ():
        trains[cell] = times_of_counts(raw.spikes[cell], times)
    if with_counts:
        remarks.append(
            f"{_cells(with_counts)}: one whole number for each sample, read as counts of spikes"
        )
    return replace(raw, times=times, spikes=trains, activity_times=activity_times)


def _unit_like(raw: RawSession, options: InputOptions, with_counts: list[str]) -> str:
    """Return the unit of times of cells whose file states none: that of the path, or seconds."""
    of_path = raw.time_unit or "s"
    trains = [train for cell, train in raw.spikes.items() if cell not in with_counts]
    all_times = (
        raw.activity_times
        if raw.activity_times is not None
        else np.concatenate([*trains, np.empty(0)])
    )
    start, end = (raw.times[[0, -1]] if len(raw.times) else np.zeros(2)) / options.per_second(
        of_path
    )
    spans = {"s": 0.0, of_path: 0.0}
    for unit in spans:
        scaled = all_times / options.per_second(unit)
        inside = scaled[(scaled >= start) & (scaled <= end)]
        spans[unit] = float(np.ptp(inside)) if 2 * len(inside) > len(scaled) else 0.0
    return "s" if spans["s"] > spans[of_path] else of_path


def checked_spikes(
    raw: RawSession, remarks: list[str], problems: Problems
) -> dict[str, Float[np.ndarray, " spike"]]:
    """Return the sorted spike times of each cell within the session.

    Spikes outside are left out and counted. If they are more than half of a cell's spikes, a
    problem is added.
    """
    if not raw.spikes:
        problems.add("holds no cell", Place(raw.spikes_path), "give the spikes of at least one")
    if _has_signal(raw, problems):
        return {}
    step = float(np.median(np.diff(raw.times)))
    start, end = raw.times[0], raw.times[-1] + step
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
    inside = np.concatenate([*kept.values(), np.empty(0)])
    _question_clock(inside, (start, end), remarks)
    _question_resolution(inside, step, remarks)
    _check_zeros(raw, problems)
    if wrong:
        _add_problem(raw, wrong, (start, end), problems)
    elif n_outside:
        remarks.append(
            f"{n_outside:,} of {n_spikes:,} spikes left out: they are before {start:.10g} s or"
            f" after {end:.10g} s, outside the times of the path"
        )
    return kept


def _question_clock(
    spikes: Float[np.ndarray, " spike"], session: tuple[float, float], remarks: list[str]
) -> None:
    """Add a remark if all spikes are in a small part of the session, or end far from its ends."""
    (start, end), n = session, len(spikes)
    if n >= _FEWEST and np.ptp(spikes) < _SHORTEST_SPAN * (end - start):
        remarks.append(
            f"all spikes lie within {np.ptp(spikes):.4g} s of a session of {end - start:.4g} s: if"
            " spikes and positions have times in different units, give --time-units"
        )
    elif n >= _MANY:
        silent = [("first", spikes.min() - start), ("last", end - spikes.max())]
        where, length = max(silent, key=lambda each: each[1])
        if length > _LONGEST_SILENCE * (end - start):
            remarks.append(
                f"no spike of any cell in the {where} {length:.4g} s of {end - start:.4g} s: if the"
                " clocks of spikes and positions differ, correct one of them"
            )


def _question_resolution(
    spikes: Float[np.ndarray, " spike"], step_s: float, remarks: list[str]
) -> None:
    """Add a remark if spike times are multiples of a long interval, because they are rounded.

    Args:
        spikes: spike times of all cells, seconds.
        step_s: median interval of the path, seconds; spikes may be at the times of the path.
        remarks: list of remarks.
    """
    between = np.diff(np.unique(spikes))
    if len(spikes) < _MANY or not len(between):
        return
    interval = float(between.min())
    multiples = between / interval
    is_whole = bool((np.abs(multiples - np.round(multiples)) < _WHOLE).all())
    if is_whole and interval > max(_COARSEST_S, 2 * step_s):
        remarks.append(
            f"spike times are multiples of {interval:.4g} s: they are rounded, or were saved as"
            " float32, and maps are blurred by the way that the animal moves in this time"
        )


def _has_signal(raw: RawSession, problems: Problems) -> bool:
    """Add a problem for the first cell whose spikes are a signal; return whether there is one."""
    for cell, train in raw.spikes.items():
        if raw.spike_lines is None and is_signal(train, len(raw.times)):
            problems.add(
                f"cell {cell}: one number for each of the {len(train):,} samples, which do not"
                " increase: a rate or calcium, no spike times",
                Place(raw.spikes_path),
                "give them as activity [sample, cell]; if these are spike times, sort them",
            )
            return True
    return False


def _check_zeros(raw: RawSession, problems: Problems) -> None:
    """Add a problem for the first cell of which many spikes are at exactly 0 s."""
    for cell, train in raw.spikes.items():
        n_zeros = int(np.count_nonzero(train == 0))
        if n_zeros > MOST_AT_ZERO:
            problems.add(
                f"cell {cell}: {n_zeros:,} of {len(train):,} spikes are at exactly 0 s",
                Place(raw.spikes_path),
                f"if these are counts, give one whole number for each of the {len(raw.times):,}"
                " samples; if they are rates, give them as activity; if zeros fill up a matrix,"
                " leave them out",
            )
            return


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
    every = np.concatenate(list(raw.spikes.values()))
    frame_rate = 1 / float(np.median(np.diff(raw.times)))
    n_others = len(wrong) - 1
    more = f"; so are those of {n_others} other cell{'s' * (n_others != 1)}" if n_others else ""
    problems.add(
        f"cell {cell}: {n_outside} of {len(train)} spikes, the first at {train[at]:.10g} s, are"
        f" outside the session from {start:.10g} to {end:.10g} s{more}",
        Place(raw.spikes_path, None if lines is None else int(lines[at])),
        _guess(every, start, end, frame_rate) or _FIX,
    )


def _guess(spikes: Float[np.ndarray, " spike"], start: float, end: float, frame_rate: float) -> str:
    """Return the options with which the spikes would fill the session; empty if there are none."""
    spikes = spikes[np.isfinite(spikes)]
    fitting = []
    frame_rate = float(f"{frame_rate:.6g}")
    frames = (frame_rate, f"--time-units samples --rate {frame_rate:g} (numbers of frames)")
    for per_second, options in (*_GUESSES, frames):
        scaled = spikes / per_second
        span = float(np.ptp(scaled)) / (end - start) if len(scaled) else 0.0
        if span >= _LEAST_SPAN and _share_within(scaled, start, end) >= 1 - 1e-3:
            fitting.append((span, per_second, options))
    if not fitting:
        return ""
    span, per_second, options = max(fitting)
    return (
        f"{options}, if that is their unit (spike times divided by {per_second:,.10g} span"
        f" {100 * span:.3g} % of the session), or {_FIX}"
    )


def _scaled(times: np.ndarray, per_second: float) -> np.ndarray:
    return times if per_second == 1 else times / per_second


def _share_within(times: Float[np.ndarray, " time"], low: float, high: float) -> float:
    return float(((times >= low) & (times <= high)).mean()) if len(times) else 1.0


def _cells(names: list[str]) -> str:
    return f"cell {names[0]}" if len(names) == 1 else f"{len(names)} cells"
