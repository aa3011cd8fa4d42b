"""Scores of maps of which spikes or activity are shifted in tracked time against the path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from jax import random
from jaxtyping import Array, Float, Int, Key

from gridjax.metrics.arguments import check_array, check_int, invalid_argument
from gridjax.metrics.nulls import chance_scores
from gridjax.metrics.ratemaps import session_labels
from gridjax.metrics.ratemaps.occupancy import Visits
from gridjax.metrics.ratemaps.rate_map import smoothed_rates
from gridjax.metrics.ratemaps.tracked_time import tracked_spikes

# Number of maps of shifted spikes in memory at a time.
MAPS_AT_ONCE = 256

Score = Callable[[Float[np.ndarray, "draw n n"]], Any]
"""Function from maps [draw, n, n] to scores [draw]."""
Totals = Iterator[Float[np.ndarray, " bin"]]
"""Spikes, or activity times duration, in each bin, for one map after the other."""


def shift_scores(
    key: Key[Array, ""],
    seen: Visits,
    spikes_s: Any,
    n_draws: int,
    score: Callable[[Float[np.ndarray, "draw n n"]], Any],
    *,
    min_shift_s: float = 20.0,
    smoothing_cm: float = 4.0,
) -> Float[np.ndarray, " draw"] | Any:
    """Return the scores of one unit's maps with its spikes shifted in tracked time.

    Args:
        key: random key of the shifts.
        seen: the samples of the session, from `visits`.
        spikes_s: [spike], in seconds. Spikes outside the tracked time are left out. Or a Ts of
            pynapple; or a TsGroup, which gives a DataArray [unit, draw] with the key folded by the
            index of each unit.
        n_draws: number of shifts.
        score: function from maps [draw, n, n] to scores [draw].
        min_shift_s: smallest shift, in seconds.
        smoothing_cm: standard deviation of the Gaussian smoothing, centimetres.

    Raises GridjaxError if the tracked time is too short for the smallest shift.
    """
    if type(spikes_s).__name__ == "TsGroup":
        import xarray

        trains, units = session_labels.trains(spikes_s)
        given = {"min_shift_s": min_shift_s, "smoothing_cm": smoothing_cm}
        found = [
            shift_scores(random.fold_in(key, at), seen, one, n_draws, score, **given)
            for at, one in enumerate(trains)
        ]
        found = np.reshape(found, (len(units), n_draws))
        return xarray.DataArray(found, dims=("unit", "draw"), coords={"unit": units})
    moved = shifted_spikes(key, seen, session_labels.train(spikes_s), n_draws, min_shift_s)
    return scores_of(seen, moved, score, smoothing_cm)


def activity_shift_scores(
    key: Key[Array, ""],
    seen: Visits,
    activity: Any,
    n_draws: int,
    score: Callable[[Float[np.ndarray, "draw n n"]], Any],
    *,
    min_shift_s: float = 20.0,
    smoothing_cm: float = 0.0,
) -> Float[np.ndarray, " draw"]:
    """Return the scores of one unit's maps with its activity shifted in tracked time.

    Args:
        activity: [sample], finite at every tracked sample; or a Tsd of pynapple, or a DataArray.

    The other arguments are those of ``shift_scores``. Raises GridjaxError for activity that is not
    finite, or if the tracked time is too short for the smallest shift.
    """
    values = session_labels.signal(activity, seen.tracked.times_s)
    moved = shifted_activity(key, seen, values, n_draws, min_shift_s)
    return scores_of(seen, moved, score, smoothing_cm)


def shifted_spikes(
    key: Key[Array, ""], seen: Visits, spikes_s: Any, n_draws: int, min_shift_s: float
) -> Totals:
    """Yield the spikes in each bin for every shift; arguments as for ``shift_scores``."""
    tracked = seen.tracked
    train = tracked_spikes(check_array("spikes_s", spikes_s, 1), tracked).clock_s
    for shift_s in _shifts(key, seen, n_draws, min_shift_s):
        moved = chance_scores.shifted(train, float(shift_s), 0.0, tracked.total_s)
        yield _sums(seen, seen.bins[tracked.samples_at(moved)])


def shifted_activity(
    key: Key[Array, ""], seen: Visits, activity: Any, n_draws: int, min_shift_s: float
) -> Totals:
    """Yield activity times duration in each bin for every shift.

    The arguments are those of ``activity_shift_scores``.
    """
    tracked = seen.tracked
    values = check_array("activity", activity, 1)
    at = np.flatnonzero(tracked.durations_s > 0)
    wrong = at[~np.isfinite(values[at])]
    if len(wrong):
        raise invalid_argument(
            f"activity at sample {wrong[0]} is {values[wrong[0]]:g}, one of {len(wrong)} tracked"
            " samples that cannot be shifted",
            "give finite activity at every sample with a position",
        )
    clock, durations = tracked.clock_s[at], tracked.durations_s[at]
    for shift_s in _shifts(key, seen, n_draws, min_shift_s):
        source = tracked.samples_at(np.mod(clock - float(shift_s), tracked.total_s))
        yield _sums(seen, seen.bins[at], values[source] * durations)


def scores_of(
    seen: Visits, totals: Totals, score: Score, smoothing_cm: float
) -> Float[np.ndarray, " map"]:
    """Return the scores of maps of totals, which may be those of many units, one after the other.

    Args:
        seen: the samples of the session.
        totals: totals [bin] of each map.
        score: function from maps [map, n, n] to scores [map].
        smoothing_cm: standard deviation of the Gaussian smoothing, centimetres.
    """
    found = []
    rows = iter(totals)
    while some := list(islice(rows, MAPS_AT_ONCE)):
        found.append(np.asarray(score(smoothed_rates(seen, np.stack(some), smoothing_cm).maps)))
    return np.concatenate(found)


def _shifts(
    key: Key[Array, ""], seen: Visits, n_draws: int, min_shift_s: float
) -> Float[np.ndarray, " draw"]:
    n_draws = check_int("n_draws", n_draws, 1, 10**7)
    return chance_scores.shifts(key, n_draws, seen.tracked.total_s, min_shift_s)


def _sums(
    seen: Visits, bins: Int[np.ndarray, " item"], weights: Float[np.ndarray, " item"] | None = None
) -> Float[np.ndarray, " bin"]:
    """Return the sum of weights (1 for each item if None) in each bin of the map."""
    n_flat = seen.arena.n_bins**2
    return np.bincount(bins, weights, minlength=n_flat + 1)[:n_flat].astype(float)
