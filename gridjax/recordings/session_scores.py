"""Scores of the cells of a session: rate maps from spikes or activity, and shifts in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float

from gridjax.errors import GridjaxError, Place
from gridjax.io.source_location import Problems
from gridjax.metrics import map_batches
from gridjax.recordings.cell_scores import (
    InputScores,
    Progress,
    cell_key,
    score_60_of,
    score_cells,
)
from gridjax.recordings.options import ScoreOptions
from gridjax.recordings.session import ArenaShape, Session, arena_shape

if TYPE_CHECKING:
    from gridjax.metrics.ratemaps.tracked_time import TrackedSpikes, TrackedTime


class SessionVisits(NamedTuple):
    """A session, the bin of each of its samples, and the shape of its arena."""

    session: Session
    visits: Any
    shape: ArenaShape


def prepare_session(
    session: Session, options: ScoreOptions, problems: Problems
) -> SessionVisits | None:
    """Return a session with the bin of each of its samples.

    Adds a problem if the session cannot be scored with these options. Returns None if its samples
    cannot be assigned to bins.
    """
    from gridjax.metrics.ratemaps.occupancy import visits

    place = Place(session.name)
    if not session.cells:
        fix = "read the file with its cells, without path_only"
        problems.add("has no cells: only its path was read", place, fix)
        return None
    try:
        visited_bins = visits(
            session.positions_m,
            session.times_s,
            bin_cm=options.bin_cm or 2.5,
            n_bins=options.n_bins,
            min_speed_cm_s=options.min_speed_cm_s,
            extent_m=session.extent_m,
        )
    except GridjaxError as error:
        problems.add_error(error, place)
        return None
    n = visited_bins.arena.n_bins
    if not map_batches.SMALLEST <= n <= map_batches.LARGEST:
        problems.add(
            f"the arena has {n} bins of {100 * visited_bins.arena.bin_m:g} cm along its side",
            place,
            f"choose --bin-cm or --bins for {map_batches.SMALLEST} to {map_batches.LARGEST} bins,"
            f" or other --units, if the arena is not {n * visited_bins.arena.bin_m:.3g} m wide",
        )
    tracked_s = visited_bins.tracked.total_s
    if options.shuffles and not 2 * options.min_shift_s < tracked_s:
        problems.add(
            f"a session of {tracked_s:g} s of tracked time is too short for shifts of"
            f" {options.min_shift_s:g} s",
            place,
            "give a --min-shift below half the duration",
        )
    return SessionVisits(session, visited_bins, arena_shape(session))


def score_session(one: SessionVisits, options: ScoreOptions, progress: Progress) -> InputScores:
    """Return the scores of every cell of a session.

    Args:
        one: the session, as ``prepare_session`` returns it.
        options: options of scoring.
        progress: function that is called before the null scores of each cell.
    """
    from gridjax.metrics.ratemaps import rate_map
    from gridjax.metrics.ratemaps.tracked_time import tracked_spikes

    session, visited_bins, shape = one
    tracked = visited_bins.tracked
    trains = [tracked_spikes(train, tracked) for train in session.spikes_s]
    if session.activity is None:
        totals = rate_map.spike_counts(visited_bins, session.spikes_s)
    else:
        totals = rate_map.activity_totals(visited_bins, session.activity)
    rates = rate_map.smoothed_rates(visited_bins, totals, options.smoothing_cm)
    nulls = _shift_scores(one, options, progress) if options.shuffles else []
    n_spikes = np.array([len(own.clock_s) for own in trains])
    mean_rate = n_spikes / tracked.total_s
    if session.activity is not None:
        n_spikes = np.full(len(session.cells), np.nan)
        mean_rate = np.average(session.activity, axis=0, weights=tracked.durations_s)
    visited = float((rates.occupancy > 0).mean())
    arena = visited_bins.arena
    session_columns = {
        "n_spikes": n_spikes,
        "mean_rate": mean_rate,
        "arena": [shape.kind] * len(n_spikes),
        "arena_x_cm": np.full(len(n_spikes), shape.width_cm),
        "arena_y_cm": np.full(len(n_spikes), shape.height_cm),
    }
    lost = f", {session.n_lost:,} without position" if session.n_lost else ""
    headline = (
        f"{session.name}: {shape.kind} arena of {shape.width_cm:.0f} by {shape.height_cm:.0f} cm;"
        f" {len(session.times_s):,} samples, {tracked.total_s:.1f} s tracked"
        f"{_gaps(trains, tracked)}{lost};"
        f" {len(n_spikes)} cell{'s' * (len(n_spikes) != 1)}; maps of {arena.n_bins} by"
        f" {arena.n_bins} bins of {100 * arena.bin_m:.3g} cm, {100 * visited:.0f} % visited"
    )
    scores = score_cells(
        session, rates.maps, 100 * arena.width_m, session_columns, nulls, options, headline
    )
    return replace(scores, remarks=session.remarks)


def _shift_scores(
    one: SessionVisits, options: ScoreOptions, progress: Progress
) -> list[Float[np.ndarray, " draw"]]:
    """Return the scores of each cell with its spikes or its activity shifted in tracked time.

    The maps of all cells are scored one after the other, so that chunks of maps are full.
    """
    from gridjax.metrics.ratemaps.time_shifts import scores_of

    n_cells = len(one.session.cells)

    def moved() -> Iterator[Float[np.ndarray, " bin"]]:
        for cell in range(n_cells):
            progress(one.session.name, cell, n_cells)
            yield from _shifted(one, cell, options)

    score, smoothing_cm = score_60_of(options), options.smoothing_cm
    scores = scores_of(one.visits, moved(), score, smoothing_cm) if n_cells else np.empty(0)
    return list(scores.reshape(n_cells, options.shuffles))


def _shifted(
    one: SessionVisits, cell: int, options: ScoreOptions
) -> Iterator[Float[np.ndarray, " bin"]]:
    from gridjax.metrics.ratemaps.time_shifts import shifted_activity, shifted_spikes
    from gridjax.metrics.ratemaps.tracked_time import tracked_spikes

    session, visited_bins, _ = one
    if session.activity is not None:
        values = session.activity[:, cell]
        key = cell_key(options, values, visited_bins.bins)
        return shifted_activity(key, visited_bins, values, options.shuffles, options.min_shift_s)
    train = session.spikes_s[cell]
    # tracked time in whole microseconds, so that the length of a gap does not change the key
    clock_s = np.sort(tracked_spikes(train, visited_bins.tracked).clock_s)
    key = cell_key(options, np.round(clock_s * 1e6).astype(np.int64), visited_bins.bins)
    return shifted_spikes(key, visited_bins, train, options.shuffles, options.min_shift_s)


def _gaps(trains: Sequence[TrackedSpikes], tracked: TrackedTime) -> str:
    """Return the number and length of the gaps of a session, and the spikes in them, as text."""
    gaps = tracked.gaps_s
    if not len(gaps):
        return ""
    n_spikes = sum(own.n_in_gaps for own in trains)
    found = f", {len(gaps)} gap{'s' * (len(gaps) != 1)} of {gaps.sum():,.6g} s"
    found += " in total" if len(gaps) > 1 else ""
    return found + (f" with {n_spikes:,} spikes, left out" if n_spikes else "")
