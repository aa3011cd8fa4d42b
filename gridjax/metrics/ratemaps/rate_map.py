"""Rate maps from positions and either spike times or the activity of units.

Counts and occupancy are smoothed separately and then divided. A bin with a short visit therefore
has little weight in the rates of its neighbours. Bins are square. The first axis of a map is x.
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from gridjax.metrics.arguments import check_array, check_float, invalid_argument
from gridjax.metrics.ratemaps.occupancy import Arena, Visits, visits
from gridjax.metrics.ratemaps.session_labels import session_arrays
from gridjax.metrics.ratemaps.spike_counts import is_counts, is_signal
from gridjax.metrics.ratemaps.tracked_time import tracked_spikes

# Radius of the Gaussian in standard deviations; at this distance it is 3e-4 of its peak.
SMOOTHING_REACH = 4
# Largest number of spikes of a unit at exactly 0 s; more are zeros that fill up a matrix.
MOST_AT_ZERO = 20
# Largest absolute activity; sums of larger values over a session can exceed the float64 range.
LARGEST_ACTIVITY = 1e290


class RateMaps(NamedTuple):
    """Rate maps of one session; a bin without visits has rate NaN and occupancy 0."""

    maps: Float[np.ndarray, "unit n n"] | Any
    """Spikes per second, or mean activity; an array, or a DataArray for a session with labels."""
    occupancy: Float[np.ndarray, "n n"] | Any
    """Seconds in each bin, or samples in each bin if no times are given."""
    arena: Arena
    n_left_out: Int[np.ndarray, " unit"] | Any = None
    """Spikes of each unit outside the tracked time, which are left out; None for activity."""


def rate_map(
    positions: Any,
    *,
    spikes: Sequence[Any] | None = None,
    activity: Any | None = None,
    times_s: Any | None = None,
    bin_cm: float = 2.5,
    n_bins: int | None = None,
    smoothing_cm: float | None = None,
    min_speed_cm_s: float | None = None,
    units: Literal["m", "cm"] = "m",
    extent_m: tuple[tuple[float, float], tuple[float, float]] | None = None,
) -> RateMaps:
    """Return rate maps of units, from NumPy or JAX arrays, or objects of pynapple and xarray.

    If any argument has labels, maps, occupancy and n_left_out are DataArrays: the axis unit has the
    names of the units, and x and y are the centres of bins, metres.

    Args:
        positions: [sample, 2], x and y in `units`; NaN where the tracking was lost. Or a DataFrame
            with the columns x and y; or a TsdFrame, or a DataArray with the axes time and space,
            which have times of their own.
        spikes: spike times in seconds, one array [spike] for each unit; requires `times_s`. Spikes
            outside the tracked time, or in its gaps, are left out and counted. Or a TsGroup.
        activity: [sample, unit], activity at the positions; `times_s` is optional. Or a TsdFrame,
            or a DataArray with the axes time and unit, at the times of the positions.
        times_s: [sample], increasing times of the positions, seconds.
        bin_cm: side of a bin, centimetres; not used if `n_bins` is given.
        n_bins: number of bins along the longer side of the arena.
        smoothing_cm: standard deviation of the Gaussian smoothing; by default 4 cm with spikes and
            0 with activity.
        min_speed_cm_s: samples with a lower speed are left out; by default 2.5 cm/s with spikes and
            0 with activity.
        units: unit of `positions`, "m" or "cm".
        extent_m: ((x low, x high), (y low, y high)) of the arena in metres; by default the range of
            the positions. Maps cover the smallest square of whole bins around it.

    Raises GridjaxError unless exactly one of `spikes` and `activity` is given, and for invalid
    positions, times, spikes, activity or numbers.
    """
    if (spikes is None) == (activity is None):
        raise invalid_argument(
            "give spikes or activity, one of them", "spikes=[...] or activity=array"
        )
    positions, times_s, spikes, activity, names = session_arrays(
        positions, times_s, spikes, activity
    )
    typical = (4.0, 2.5) if spikes is not None else (0.0, 0.0)
    smoothing_cm = typical[0] if smoothing_cm is None else smoothing_cm
    smoothing_cm = check_float("smoothing_cm", smoothing_cm, 0, 1000)
    min_speed_cm_s = typical[1] if min_speed_cm_s is None else min_speed_cm_s
    seen = visits(
        positions,
        times_s,
        bin_cm=bin_cm,
        n_bins=n_bins,
        min_speed_cm_s=min_speed_cm_s,
        units=units,
        extent_m=extent_m,
    )
    if spikes is None:
        rates = smoothed_rates(seen, activity_totals(seen, activity), smoothing_cm)
        return _labelled(rates, names)
    if times_s is None:
        raise invalid_argument("spikes are given without times_s", "give the time of each position")
    by_unit = _by_unit(spikes, len(seen.bins))
    rates = smoothed_rates(seen, spike_counts(seen, by_unit), smoothing_cm)
    trains = [check_array("spikes", each, 1) for each in by_unit]
    n_left_out = [len(one) - len(tracked_spikes(one, seen.tracked).clock_s) for one in trains]
    return _labelled(rates._replace(n_left_out=np.array(n_left_out, int)), names)


def _labelled(rates: RateMaps, names: list[Any] | None) -> RateMaps:
    """Return maps with the names of units and the centres of bins; without names, unchanged."""
    if names is None:
        return rates
    import xarray

    arena = rates.arena
    names = names if len(names) == len(rates.maps) else list(range(len(rates.maps)))
    centres = arena.low_m[:, None] + arena.bin_m * (np.arange(arena.n_bins) + 0.5)
    sides = {dim: (dim, at, {"units": "m"}) for dim, at in zip("xy", centres, strict=True)}
    units = {"unit": names}
    left_out = rates.n_left_out
    return RateMaps(
        xarray.DataArray(rates.maps, dims=("unit", "x", "y"), coords=units | sides, name="rate"),
        xarray.DataArray(rates.occupancy, dims=("x", "y"), coords=sides, name="occupancy"),
        arena,
        None if left_out is None else xarray.DataArray(left_out, dims="unit", coords=units),
    )


def spike_counts(seen: Visits, spikes: Sequence[Any]) -> Float[np.ndarray, "unit bin"]:
    """Return the number of spikes of each unit in each bin, without spikes of left-out samples.

    Spikes outside the tracked time are left out. Raises GridjaxError if more than half of a unit's
    spikes are outside the session.
    """
    n_flat, n_samples = seen.arena.n_bins**2, len(seen.bins)
    counts = []
    for unit, given in enumerate(_by_unit(spikes, n_samples)):
        train = check_array(f"spikes of unit {unit}", given, 1)
        if np.asarray(given).dtype == bool or is_counts(train, n_samples):
            raise invalid_argument(f"spikes of unit {unit} are not times, but {_NOT_TIMES}", _FIX)
        if is_signal(train, n_samples):
            raise invalid_argument(
                f"spikes of unit {unit} are one number for each position, which do not increase",
                "give rates or calcium as activity=...; if these are spike times, sort them",
            )
        if np.count_nonzero(train == 0) > MOST_AT_ZERO:
            what = f"{np.count_nonzero(train == 0):,} of {len(train):,} spikes of unit {unit} are"
            raise invalid_argument(
                f"{what} at exactly 0 s", "leave out zeros that fill up a matrix, or give NaN"
            )
        found = tracked_spikes(train, seen.tracked)
        if 2 * found.n_outside > len(train):
            start, end = seen.tracked.times_s[0], seen.tracked.end_s
            outside = train[~((train >= start) & (train <= end))]
            raise invalid_argument(
                f"unit {unit}: {found.n_outside} of {len(train)} spikes, the first at "
                f"{outside[0]:g} s, are outside the session from {start:g} to {end:g} s",
                "give spikes on the clock of times_s, in seconds, and within it",
            )
        counts.append(_counts(seen.bins[found.samples], n_flat))
    return np.array(counts, float).reshape(len(counts), n_flat)


def _counts(bins: Int[np.ndarray, " spike"], n_flat: int) -> Int[np.ndarray, " bin"]:
    return np.bincount(bins, minlength=n_flat + 1)[:n_flat]


_NOT_TIMES = "one count or boolean for each position"
_FIX = (
    "give spike times in seconds, one array for each unit; from counts [sample]:"
    " numpy.repeat(times_s, counts)"
)


def _by_unit(spikes: Any, n_samples: int) -> list[Any]:
    fix = "give one array of spike times for each unit: spikes=[those of unit 0, ...]"
    try:
        units = list(spikes)
    except TypeError:
        raise invalid_argument(f"spikes are {reprlib.repr(spikes)}", fix) from None
    if isinstance(spikes, str | bytes | Mapping):
        raise invalid_argument(f"spikes are of type {type(spikes).__name__}", fix)
    if units and np.isscalar(units[0]):
        raise invalid_argument(
            f"spikes of unit 0 are a single number, {reprlib.repr(units[0])}", fix
        )
    if len(units) == n_samples and _is_table_of_counts(units):
        raise invalid_argument(f"spikes are not times, but {_NOT_TIMES}, in rows of units", _FIX)
    return units


def _is_table_of_counts(rows: Sequence[Any]) -> bool:
    """Return whether rows, one for each sample, hold the counts of the same number of units."""
    arrays = [np.asarray(row) for row in rows]
    if arrays[0].ndim != 1 or not arrays[0].size or len({array.shape for array in arrays}) > 1:
        return False
    table = np.stack(arrays)
    return table.dtype == bool or (
        table.dtype.kind in "iuf" and bool((table >= 0).all() and (table == np.floor(table)).all())
    )


def activity_totals(seen: Visits, activity: Any) -> Float[np.ndarray, "unit bin"]:
    """Return the sum of activity [sample, unit] times duration in each bin."""
    from scipy.sparse import csr_array

    values = check_array("activity", activity, 2)
    n_samples, n_flat = len(seen.bins), seen.arena.n_bins**2
    if len(values) != n_samples:
        raise invalid_argument(
            f"activity has {len(values)} samples, positions have {n_samples}",
            "give one row of activity per position",
        )
    counts = (seen.bins < n_flat)[:, None]
    wrong = np.argwhere(counts & ~(np.abs(values) <= LARGEST_ACTIVITY))
    if len(wrong):
        sample, unit = wrong[0]
        raise invalid_argument(
            f"activity of unit {unit} at sample {sample} is {values[sample, unit]:g}, one of"
            f" {len(wrong)} values that have no mean",
            "leave such units out, or make the position of such samples NaN: they do not count",
        )
    values = np.where(counts, values, 0.0)
    where = (seen.bins, np.arange(n_samples))
    into_bins = csr_array((seen.durations, where), shape=(n_flat + 1, n_samples))
    return (into_bins @ values)[:n_flat].T


def smoothed_rates(
    seen: Visits, totals: Float[np.ndarray, "unit bin"], smoothing_cm: float
) -> RateMaps:
    """Return smoothed totals divided by smoothed occupancy; NaN in bins without visits."""
    arena = seen.arena
    shape = (arena.n_bins, arena.n_bins)
    weights = np.bincount(seen.bins, seen.durations, minlength=arena.n_bins**2 + 1)
    occupancy = weights[:-1].reshape(shape)
    totals = totals.reshape(-1, *shape)
    spent = occupancy
    width_m = smoothing_cm / 100
    if width_m > 0:  # a tiny smoothing_cm / 100 can round to 0
        kernel = _gaussian(arena, width_m)
        totals, spent = kernel @ totals @ kernel.T, kernel @ occupancy @ kernel.T
    visited = occupancy > 0
    maps = np.where(visited, totals / np.where(visited, spent, 1.0), np.nan)
    return RateMaps(maps, occupancy, arena)


def _gaussian(arena: Arena, width_m: float) -> Float[np.ndarray, "n n"]:
    step = np.subtract.outer(np.arange(arena.n_bins), np.arange(arena.n_bins)) * arena.bin_m
    with np.errstate(over="ignore"):  # with a very small width all neighbours have weight 0
        kernel = np.exp(-((step / width_m) ** 2) / 2)
    return np.where(np.abs(step) <= SMOOTHING_REACH * width_m, kernel, 0.0)
