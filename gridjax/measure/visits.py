"""Where an animal was, sample by sample, and the arena it was in, from its tracked positions."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from gridjax.errors import GridjaxError, Problem

# Extents, in metres, that no arena for rats or networks has.
SMALLEST_ARENA_M, LARGEST_ARENA_M = 0.2, 20.0
# A gap in the tracking longer than this many typical steps is not spent anywhere.
LONGEST_STEP = 5
SPEED_WINDOW_S = 0.4


class Arena(NamedTuple):
    """The square that maps cover, in metres: its lower corner and its bins."""

    low_m: Float[np.ndarray, "2"]
    bin_m: float
    n_bins: int

    @property
    def width_m(self) -> float:
        """The side of the square."""
        return self.bin_m * self.n_bins


class Visits(NamedTuple):
    """Where the animal was, sample by sample, and for how long it counts."""

    bins: Int[np.ndarray, " sample"]
    """Flat bin; n_bins^2 where the sample does not count (no position, too slow)."""
    durations: Float[np.ndarray, " sample"]
    times_s: Float[np.ndarray, " sample"]
    arena: Arena


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
    """Return the bin and the duration of every position; arguments as in `recordings.rate_map`."""
    if units not in ("m", "cm"):
        raise refusal(f"units is {units!r}", "choose 'm' or 'cm'")
    path = numbers("positions", positions, 2) / (100 if units == "cm" else 1)
    if path.shape[1] != 2 or len(path) == 0:
        raise refusal(f"positions have shape {path.shape}", "give [sample, 2], x then y")
    known = np.asarray(np.isfinite(path).all(axis=1))
    if not known.any():
        raise refusal("no position is finite", "give at least one sample with x and y")
    arena = _arena(path[known], bin_cm / 100, n_bins, extent_m)
    if times_s is None:
        if min_speed_cm_s > 0:
            raise refusal("a speed filter needs times", "give times_s, or min_speed_cm_s=0")
        times, durations = np.arange(len(path), dtype=float), np.ones(len(path))
    else:
        times = _times(times_s, len(path))
        durations = _durations(times)
        if min_speed_cm_s > 0:
            known &= _speed(path, times) >= min_speed_cm_s / 100
    place = (path - arena.low_m) / arena.bin_m
    # walls belong to the arena, whatever rounding says
    known &= ((place > -1e-6) & (place < arena.n_bins + 1e-6)).all(axis=1)
    place = np.clip(np.floor(place), 0, arena.n_bins - 1)
    column, row = np.where(known[:, None], place, 0).astype(int).T
    bins = np.where(known, column * arena.n_bins + row, arena.n_bins**2)
    return Visits(bins, durations, times, arena)


def _arena(path, bin_m: float, n_bins: int | None, extent_m) -> Arena:
    if extent_m is None:
        low, high = path.min(axis=0), path.max(axis=0)
    else:
        low, high = np.array(extent_m, float).T
    size = high - low
    side = float(size.max())
    if not SMALLEST_ARENA_M <= side <= LARGEST_ARENA_M or (size <= 0).any():
        raise refusal(
            f"the arena would be {size[0]:g} by {size[1]:g} m",
            "say in which units the positions are, 'm' or 'cm'",
        )
    if n_bins is None:
        if not bin_m > 0:
            raise refusal(f"bin_cm is {100 * bin_m:g}", "give the side of a bin in centimetres")
        n_bins = max(1, int(np.ceil(side / bin_m - 1e-6)))
    elif n_bins < 1:
        raise refusal(f"n_bins is {n_bins}", "give how many bins span the arena")
    else:
        bin_m = side / n_bins
    return Arena((low + high) / 2 - n_bins * bin_m / 2, bin_m, n_bins)


def _times(times_s, n_samples: int) -> Float[np.ndarray, " sample"]:
    times = numbers("times_s", times_s, 1)
    if len(times) != n_samples:
        raise refusal(f"{len(times)} times for {n_samples} positions", "give one time per position")
    if n_samples < 2:
        raise refusal("the session has a single sample", "give at least two positions with times")
    wrong = np.flatnonzero(~(np.diff(times) > 0))
    if len(wrong):
        at = wrong[0]
        raise refusal(
            f"times_s do not increase: sample {at + 1} is at {times[at + 1]:g} s after "
            f"{times[at]:g} s",
            "sort the samples by time and drop repeated ones",
        )
    return times


def _durations(times) -> Float[np.ndarray, " sample"]:
    steps = np.diff(times)
    typical = np.median(steps)
    return np.minimum(np.append(steps, typical), LONGEST_STEP * typical)


def _speed(path, times) -> Float[np.ndarray, " sample"]:
    """Metres per second over a window around each sample, which tracking noise does not fill."""
    known = np.isfinite(path).all(axis=1)
    ends = [np.clip(times + half * SPEED_WINDOW_S, times[0], times[-1]) for half in (-0.5, 0.5)]
    before, after = (
        np.stack([np.interp(at, times[known], path[known, axis]) for axis in (0, 1)]) for at in ends
    )
    return np.hypot(*(after - before)) / (ends[1] - ends[0])


def numbers(name: str, values: Any, rank: int) -> np.ndarray:
    """Return values as float64 of that many axes; raise GridjaxError for anything else."""
    try:
        array = np.asarray(values)
    except (ValueError, TypeError) as error:
        raise refusal(f"{name} are no array: {error}", "give numbers") from None
    if array.dtype.kind not in "biuf" or array.ndim != rank:
        raise refusal(
            f"{name} are {array.dtype} of shape {array.shape}",
            f"give real numbers, an array of {rank} axes",
        )
    return array.astype(np.float64)


def refusal(message: str, fix: str) -> GridjaxError:
    """Return the error that says what is wrong and what to do."""
    return GridjaxError(Problem(message, fix=fix))
