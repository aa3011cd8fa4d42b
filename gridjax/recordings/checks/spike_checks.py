"""Checks of the spikes of a session: signals in place of times, clocks, spikes left out."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from gridjax.errors import Place
from gridjax.io.source_location import Problems
from gridjax.metrics.ratemaps.rate_map import MOST_AT_ZERO
from gridjax.metrics.ratemaps.spike_counts import is_signal
from gridjax.recordings.checks.spike_units import FIX, guess, share_within
from gridjax.recordings.session import RawSession

_MOST_OUTSIDE = 0.5
"""Largest share of a cell's spikes that may be outside the session."""
_FEWEST, _SHORTEST_SPAN = 20, 0.1
"""All spikes of a session, if there are that many, span at least this share of it."""
_MANY, _LONGEST_SILENCE = 100, 0.1
"""The spikes of a session, if there are that many, begin and end this close to its ends, as a share
of it."""
_COARSEST_S, _WHOLE = 0.15, 0.01
"""Longest interval that spike times may be multiples of without a remark, seconds, and how close to
whole multiples they must be."""


def check_whole(raw: RawSession, problems: Problems) -> None:
    """Add the problems of spikes that only the whole session shows, before a part is taken.

    Values that are no spike times, and times in another unit, could be within the part by chance.
    """
    times = raw.times
    if len(times) < 2 or not (np.diff(times) >= 0).all() or times[0] == times[-1]:
        return
    if _has_signal(raw, problems):
        return
    _check_zeros(raw, problems)
    every = np.concatenate([*raw.spikes.values(), np.empty(0)])
    start, end = float(times[0]), float(times[-1])
    share = share_within(every, start, end)
    step = float(np.median(np.diff(np.unique(times))))
    if share < 1 - _MOST_OUTSIDE and (fix := guess(every, start, end, 1 / step)):
        problems.add(
            f"{100 * (1 - share):.0f} % of the spikes are outside the session from {start:.10g} to"
            f" {end:.10g} s",
            Place(raw.spikes_path),
            fix,
        )


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
        guess(every, start, end, frame_rate) or FIX,
    )
