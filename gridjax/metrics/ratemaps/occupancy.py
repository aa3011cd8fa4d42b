"""Visited bins and durations of the samples of a tracked path, and the arena that they span."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from gridjax.metrics.arguments import (
    check_array,
    check_choice,
    check_float,
    check_int,
    invalid_argument,
)
from gridjax.metrics.ratemaps import session_labels
from gridjax.metrics.ratemaps.tracked_time import (
    FRAMES_FIX,
    TrackedTime,
    are_frame_numbers,
    tracked_time,
)

# Limits of the longer side of an arena, metres. Positions with another extent have a wrong unit.
SMALLEST_ARENA_M, LARGEST_ARENA_M = 0.2, 20.0
# Smallest shorter side of an arena, metres. A narrower path is a line with tracking noise.
NARROWEST_ARENA_M = 0.05
# Largest number of bins along a side. A larger number results from a wrong arena or bin size.
MOST_BINS = 1024
# Latest time, seconds: 1e11 s are 3,000 years, and 1e11 ms are 3 years. Later times are in another
# unit.
LATEST_S = 1e11
SPEED_WINDOW_S = 0.4


class Arena(NamedTuple):
    """The square that maps cover: its lower corner [x, y] and bin side in metres, and its bins."""

    low_m: Float[np.ndarray, "2"]
    bin_m: float
    n_bins: int

    @property
    def width_m(self) -> float:
        """Side of the square, metres."""
        return self.bin_m * self.n_bins


class Visits(NamedTuple):
    """The bin and the duration of every sample of a path."""

    bins: Int[np.ndarray, " sample"]
    """Flat bin; n_bins^2 for samples that are left out (without position, outside, too slow)."""
    tracked: TrackedTime
    """Duration of each sample in tracked time; 1 for each sample if no times are given."""
    arena: Arena

    @property
    def durations(self) -> Float[np.ndarray, " sample"]:
        """Seconds of each sample; 0 for samples in a gap."""
        return self.tracked.durations_s


def visits(
    positions: Any,
    times_s: Any | None,
    *,
    bin_cm: float = 2.5,
    n_bins: int | None = None,
    min_speed_cm_s: float = 0.0,
    units: Literal["m", "cm"] = "m",
    extent_m: tuple[tuple[float, float], tuple[float, float]] | None = None,
) -> Visits:
    """Return the bin and the duration of every position; arguments as for `rate_map`."""
    positions, times_s = session_labels.path(positions, times_s)
    check_choice("units", units, ("m", "cm"))
    min_speed_cm_s = check_float("min_speed_cm_s", min_speed_cm_s, 0, 1000)
    path = check_array("positions", positions, 2) / (100 if units == "cm" else 1)
    if path.shape[1] != 2 or len(path) == 0:
        raise invalid_argument(f"positions have shape {path.shape}", "give [sample, 2], x then y")
    known = np.asarray(np.isfinite(path).all(axis=1))
    if not known.any():
        raise invalid_argument("no position is finite", "give at least one sample with x and y")
    arena = _arena(path[known], bin_cm, n_bins, extent_m)
    place = (np.where(known[:, None], path, arena.low_m) - arena.low_m) / arena.bin_m
    # the tolerance keeps positions on the walls inside in spite of rounding
    counts = known & ((place > -1e-6) & (place < arena.n_bins + 1e-6)).all(axis=1)
    if not counts.any():
        raise invalid_argument(
            f"none of the {known.sum()} known positions is within extent_m, which is {extent_m}",
            "give positions and extent on the same axes, the extent in metres",
        )
    if times_s is None:
        if min_speed_cm_s > 0:
            raise invalid_argument(
                "a speed filter needs times", "give times_s, or min_speed_cm_s=0"
            )
        clock = np.arange(len(path), dtype=float)
        tracked = TrackedTime(clock, clock, np.ones(len(path)), np.empty(0))
    else:
        tracked = tracked_time(_times(times_s, len(path)), known)
        if min_speed_cm_s > 0:
            counts &= _speed(path, tracked.clock_s, known) >= min_speed_cm_s / 100
            if not counts.any():
                fix = (
                    "give the units of times and positions (--time-units, --units), or a lower"
                    " minimum"
                )
                is_frames = are_frame_numbers(tracked.times_s)
                raise invalid_argument(
                    f"no sample is as fast as {min_speed_cm_s:g} cm/s",
                    f"{FRAMES_FIX}; else {fix}" if is_frames else fix,
                )
    place = np.clip(np.floor(place), 0, arena.n_bins - 1)
    column, row = np.where(counts[:, None], place, 0).astype(int).T
    bins = np.where(counts, column * arena.n_bins + row, arena.n_bins**2)
    return Visits(bins, tracked, arena)


def _arena(path, bin_cm: Any, n_bins: Any, extent_m: Any) -> Arena:
    low, high = _inferred(path) if extent_m is None else _extent(extent_m)
    side = float((high - low).max())
    if n_bins is None:
        bin_m = check_float("bin_cm", bin_cm, 1e-3, 1e3) / 100
        n_bins = max(1, int(np.ceil(side / bin_m - 1e-6)))
        if n_bins > MOST_BINS:
            raise invalid_argument(
                f"{n_bins} bins of {100 * bin_m:g} cm would span the arena, {side:g} m wide",
                f"choose larger bins: at most {MOST_BINS} across it",
            )
    else:
        n_bins = check_int("n_bins", n_bins, 1, MOST_BINS)
        bin_m = side / n_bins
    return Arena((low + high) / 2 - n_bins * bin_m / 2, bin_m, n_bins)


def _inferred(path) -> tuple[Float[np.ndarray, "2"], Float[np.ndarray, "2"]]:
    low, high = path.min(axis=0), path.max(axis=0)
    with np.errstate(over="ignore"):
        size = high - low
    if not SMALLEST_ARENA_M <= size.max() <= LARGEST_ARENA_M:
        raise invalid_argument(
            f"the arena would be {size[0]:g} by {size[1]:g} m",
            "say in which units the positions are, 'm' or 'cm'",
        )
    if size.min() < NARROWEST_ARENA_M:
        raise invalid_argument(
            f"the positions span {size[0]:g} by {size[1]:g} m: a line, no arena",
            "give the path of an animal in an open arena, or the arena's extent_m",
        )
    return low, high


def _extent(extent_m: Any) -> tuple[Float[np.ndarray, "2"], Float[np.ndarray, "2"]]:
    given = check_array("extent_m", extent_m, 2)
    fix = "give ((x low, x high), (y low, y high)) in metres"
    if given.shape != (2, 2) or not np.isfinite(given).all():
        raise invalid_argument(f"extent_m is {extent_m}", fix)
    low, high = given.T
    with np.errstate(over="ignore"):
        size = high - low
    if not SMALLEST_ARENA_M <= size.max() <= LARGEST_ARENA_M or not (size > 0).all():
        raise invalid_argument(f"extent_m, {extent_m}, is {size[0]:g} by {size[1]:g} m", fix)
    return low, high


def _times(times_s, n_samples: int) -> Float[np.ndarray, " sample"]:
    times = check_array("times_s", times_s, 1)
    if len(times) != n_samples:
        raise invalid_argument(
            f"{len(times)} times for {n_samples} positions", "give one time per position"
        )
    if n_samples < 2:
        raise invalid_argument(
            "the session has a single sample", "give at least two positions with times"
        )
    wrong = np.flatnonzero(~(np.abs(times) <= LATEST_S))
    if len(wrong):
        raise invalid_argument(
            f"times_s: sample {wrong[0]} is at {times[wrong[0]]:g} s",
            "give the time of every sample in seconds",
        )
    wrong = np.flatnonzero(~(np.diff(times) > 0))
    if len(wrong):
        at = wrong[0]
        raise invalid_argument(
            f"times_s do not increase: sample {at + 1} is at {times[at + 1]:g} s after "
            f"{times[at]:g} s",
            "sort the samples by time and drop repeated ones",
        )
    return times


def _speed(path, times, known) -> Float[np.ndarray, " sample"]:
    """Return the speed (m/s) at each sample, over a window that averages tracking noise.

    ``times`` are tracked times, so that a gap has no length.
    """
    ends = [np.clip(times + half * SPEED_WINDOW_S, 0, times[-1]) for half in (-0.5, 0.5)]
    before, after = (
        np.stack([np.interp(at, times[known], path[known, axis]) for axis in (0, 1)]) for at in ends
    )
    return np.hypot(*(after - before)) / (ends[1] - ends[0])
