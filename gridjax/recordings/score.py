"""Scores of maps and sessions: grid score, lattice and null scores, with one row for each cell."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Array, Float, Key

from gridjax.errors import GridjaxError, Place
from gridjax.io.source_location import Problems
from gridjax.metrics import map_batches
from gridjax.recordings.options import ScoreOptions
from gridjax.recordings.readers import MapSet
from gridjax.recordings.session import ArenaShape, Session, arena_shape

if TYPE_CHECKING:
    from gridjax.metrics.ratemaps.tracked_time import TrackedSpikes, TrackedTime

PERCENTILES = (95.0, 99.0)
_SQUARE_BINS = 0.02
"""Largest relative difference of the sides of a square bin."""
SHIFTS, ISOTROPIC = "time shifts", "isotropic"
"""Names of the nulls of sessions and of rate maps."""


@dataclass(frozen=True)
class InputScores:
    """Scores of the cells of one input file."""

    name: str
    cells: tuple[str, ...]
    maps: Float[np.ndarray, "cell n n"]
    columns: dict[str, np.ndarray | list]
    """Columns of the table, one value for each cell; see docs/howto/scoring.md."""
    null_scores: Float[np.ndarray, "cell draw"]
    """score60 of the null draws; [cell, 0] without shuffles."""
    null: str
    """Name of the null: SHIFTS or ISOTROPIC."""
    headline: str
    """One line that describes the input."""
    remarks: tuple[str, ...] = ()
    """One line for each kind of numbers that were left out or are questionable."""


class _SessionVisits(NamedTuple):
    """A session, the visits of its samples to bins, and the shape of its arena."""

    session: Session
    visits: Any
    shape: ArenaShape


def score_inputs(
    inputs: Sequence[MapSet | Session],
    options: ScoreOptions,
    progress: Callable[[str, int, int], None] = lambda name, done, total: None,
) -> list[InputScores]:
    """Return the scores of every cell of every input, in the order of the inputs.

    Args:
        inputs: rate maps and sessions.
        options: options of scoring.
        progress: function that receives the name of an input, the number of its finished cells and
            the number of all its cells.

    Raises GridjaxError before scoring, for invalid options and for inputs that cannot be scored
    with these options.
    """
    options.check()
    problems = Problems()
    prepared = []
    for each in inputs:
        if isinstance(each, Session):
            prepared.append(_prepare(each, options, problems))
        else:
            _bin_cm(each, options, problems)
            prepared.append(each)
    problems.raise_any()
    return [
        _score_maps(each, options, progress)
        if isinstance(each, MapSet)
        else _score_session(each, options, progress)
        for each in prepared
        if each is not None
    ]


def _prepare(session: Session, options: ScoreOptions, problems: Problems) -> _SessionVisits | None:
    from gridjax.metrics.ratemaps.occupancy import visits

    place = Place(session.name)
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
            f"choose --bin-cm or --bins for {map_batches.SMALLEST} to {map_batches.LARGEST} bins",
        )
    tracked_s = visited_bins.tracked.total_s
    if options.shuffles and not 2 * options.min_shift_s < tracked_s:
        problems.add(
            f"a session of {tracked_s:g} s of tracked time is too short for shifts of"
            f" {options.min_shift_s:g} s",
            place,
            "give a --min-shift below half the duration",
        )
    return _SessionVisits(session, visited_bins, arena_shape(session))


def _score_session(one: _SessionVisits, options: ScoreOptions, progress) -> InputScores:
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
    nulls = []
    for cell in range(len(session.cells)) if options.shuffles else ():
        progress(session.name, cell, len(session.cells))
        nulls.append(_shift_scores(one, cell, options))
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
    scores = _score_cells(
        session, rates.maps, 100 * arena.width_m, session_columns, nulls, options, headline
    )
    return replace(scores, remarks=session.remarks)


def _shift_scores(
    one: _SessionVisits, cell: int, options: ScoreOptions
) -> Float[np.ndarray, " draw"]:
    """Return the scores of one cell with its spikes or its activity shifted in tracked time."""
    from gridjax.metrics.ratemaps.time_shifts import activity_shift_scores, shift_scores
    from gridjax.metrics.ratemaps.tracked_time import tracked_spikes

    session, visited_bins, _ = one
    common = {"min_shift_s": options.min_shift_s, "smoothing_cm": options.smoothing_cm}
    if session.activity is not None:
        values = session.activity[:, cell]
        key = _key(options, values, visited_bins.bins)
        given = (key, visited_bins, values, options.shuffles, _score_60(options))
        return activity_shift_scores(*given, **common)
    train = session.spikes_s[cell]
    # whole microseconds of tracked time, so that a gap changes no draw
    clock_s = np.sort(tracked_spikes(train, visited_bins.tracked).clock_s)
    key = _key(options, np.round(clock_s * 1e6).astype(np.int64), visited_bins.bins)
    given = (key, visited_bins, train, options.shuffles, _score_60(options))
    return shift_scores(*given, **common)


def _gaps(trains: Sequence[TrackedSpikes], tracked: TrackedTime) -> str:
    """Return the number and length of the gaps of a session, and the spikes in them, as text."""
    gaps = tracked.gaps_s
    if not len(gaps):
        return ""
    n_spikes = sum(own.n_in_gaps for own in trains)
    found = f", {len(gaps)} gap{'s' * (len(gaps) != 1)} of {gaps.sum():,.6g} s"
    found += " in all" if len(gaps) > 1 else ""
    return found + (f" with {n_spikes:,} spikes, left out" if n_spikes else "")


def _score_maps(map_set: MapSet, options: ScoreOptions, progress) -> InputScores:
    from gridjax.metrics.nulls.isotropic_fields import isotropic_scores

    n_maps, n = map_set.maps.shape[:2]
    nulls = []
    for done, rate in enumerate(map_set.maps):
        if options.shuffles:
            progress(map_set.name, done, n_maps)
            score = _score_60(options)
            nulls.append(isotropic_scores(_key(options, rate), rate, options.shuffles, score))
    known = np.isfinite(map_set.maps)
    count = known.sum(axis=(1, 2))
    # division before the sum, because the sum of large rates may leave the range of float64
    shares = np.where(known, map_set.maps, 0.0) / np.maximum(count, 1)[:, None, None]
    n_bins = map_set.n_x * map_set.n_y
    map_columns = {
        "mean_rate": np.where(count > 0, shares.sum(axis=(1, 2)), np.nan),
        "visited": count / n_bins,
    }
    headline = (
        f"{map_set.name}: {n_maps} map{'s' * (n_maps != 1)} of {map_set.n_x} by {map_set.n_y} bins,"
        f" {100 * count.mean() / n_bins:.0f} % visited"
    )
    bin_cm = _bin_cm(map_set, options, Problems())
    width_cm = None if bin_cm is None else n * bin_cm
    return _score_cells(map_set, map_set.maps, width_cm, map_columns, nulls, options, headline)


def _bin_cm(map_set: MapSet, options: ScoreOptions, problems: Problems) -> float | None:
    """Return the side of a bin of rate maps, cm; None if their size is not given.

    Adds a problem if bins are not square, or if rectangular maps have only one side.
    """
    n_x, n_y = map_set.n_x, map_set.n_y
    if len(options.sides_cm) == 1 and n_x != n_y:
        fix = "give both sides along x and y, such as --width-cm 150x75"
        problems.add(f"maps have {n_x} by {n_y} bins", Place(map_set.name), fix)
    if len(options.sides_cm) < 2:
        return options.sides_cm[0] / n_x if options.sides_cm else None
    width, height = options.sides_cm
    x_cm, y_cm = width / n_x, height / n_y
    if abs(x_cm - y_cm) > _SQUARE_BINS * max(x_cm, y_cm):
        what = f"bins are {x_cm:.4g} cm along x and {y_cm:.4g} cm along y"
        fix = "give maps of square bins; if the first axis is y, add --axes yx"
        problems.add(what, Place(map_set.name), fix)
    return x_cm


def _score_cells(
    source: MapSet | Session,
    maps: Float[np.ndarray, "cell n n"],
    width_cm: float | None,
    further_columns: dict[str, Any],
    nulls: list[np.ndarray],
    options: ScoreOptions,
    headline: str,
) -> InputScores:
    from gridjax.metrics.gridscore.grid_score import grid_score
    from gridjax.metrics.lattice.lattice import lattice
    from gridjax.metrics.nulls.chance_scores import p_values, thresholds

    n_cells, n = maps.shape[:2]
    scores = grid_score(maps, options.variant, options.nan, options.rings)
    lattices = lattice(maps, n / 100)  # a box of n cm has bins of 1 cm, so periods are in bins
    cm_per_bin = math.nan if width_cm is None else width_cm / n
    null_scores = np.stack(nulls) if nulls else np.empty((n_cells, 0))
    score_60 = np.asarray(scores.score_60, float)
    unknown = np.full(n_cells, np.nan)
    null = SHIFTS if isinstance(source, Session) else ISOTROPIC
    columns = {
        "input": [source.name] * n_cells,
        "cell": list(source.cells),
        "n_bins": np.full(n_cells, n),
        "n_spikes": unknown,
        "mean_rate": unknown,
        "score_60": score_60,
        "score_90": np.asarray(scores.score_90, float),
        "ring_60": np.asarray(scores.ring_60),
        "period_cm": np.asarray(lattices.period_cm, float) * cm_per_bin,
        "period_bins": np.asarray(lattices.period_cm, float),
        "orientation_rad": np.asarray(lattices.orientation_rad, float),
        "ellipticity": np.asarray(lattices.ellipticity, float),
        "lattice_p": np.asarray(lattices.p_value, float),
        "null": [null if nulls else None] * n_cells,
        "n_shuffles": np.full(n_cells, null_scores.shape[1]),
        "p_value": p_values(score_60, null_scores) if nulls else unknown,
        "shuffle_95": unknown,
        "shuffle_99": unknown,
        "arena": [None] * n_cells,
        "arena_x_cm": unknown,
        "arena_y_cm": unknown,
        "map_width_cm": np.full(n_cells, math.nan if width_cm is None else width_cm),
        "visited": np.isfinite(maps).mean(axis=(1, 2)),
    } | further_columns
    if nulls:
        columns["shuffle_95"], columns["shuffle_99"] = thresholds(null_scores, PERCENTILES).per_cell
    return InputScores(source.name, source.cells, maps, columns, null_scores, null, headline)


def pooled_thresholds(scored: Sequence[InputScores]) -> dict[str, Float[np.ndarray, "2"]]:
    """Return the 95th and 99th percentile of the pooled null scores of all cells, for each null."""
    from gridjax.metrics.nulls.chance_scores import thresholds

    pools: dict[str, list[np.ndarray]] = {}
    for one in scored:
        if one.null_scores.size:
            pools.setdefault(one.null, []).append(one.null_scores.ravel())
    return {
        null: thresholds(np.concatenate(parts), PERCENTILES).pooled for null, parts in pools.items()
    }


def _score_60(options: ScoreOptions) -> Callable[[Any], Any]:
    from gridjax.metrics.gridscore.grid_score import grid_score

    return lambda maps: grid_score(maps, options.variant, options.nan, options.rings).score_60


def _key(options: ScoreOptions, *content: np.ndarray) -> Key[Array, ""]:
    """Return the random key of a cell; it depends only on the data of the cell and the seed."""
    from jax import random

    digest = zlib.crc32(b"".join(np.ascontiguousarray(part).tobytes() for part in content))
    return random.fold_in(random.key(options.seed, impl="threefry2x32"), digest)
