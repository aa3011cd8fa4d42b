"""Chance scores: random readouts of a code, time shifts of spikes, and p-values.

The module isotropic_fields contains the isotropic null.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jax import random
from jaxtyping import Array, Float, Key

from gridjax.errors import GridjaxError, Problem
from gridjax.metrics.arguments import to_floats
from gridjax.metrics.map_labels import is_data_array


def random_readout_weights(
    key: Key[Array, ""], n_code: int, n_readouts: int
) -> Float[Array, "code readout"]:
    """Return standard normal weights [code, readout] of random readouts of a target code."""
    return random.normal(key, (n_code, n_readouts))


def readout(
    code: Float[Array, "*n code"],
    mean: Float[Array, " code"],
    scale: Float[Array, ""],
    weights: Float[Array, "code readout"],
    activation: Callable[[Array], Array],
) -> Float[Array, "*n readout"]:
    """Return the readouts phi(w . (y - mean y) / scale) of a code y.

    Args:
        code: [..., code], values of the code y.
        mean: [code], mean of the code over positions.
        scale: square root of the code's total variance over positions, one number for all readouts.
            It gives the argument of phi unit variance on average, which has an effect only if phi
            saturates.
        weights: [code, readout], the weights w.
        activation: the function phi.
    """
    return activation((code - mean) @ weights / scale)


def p_values(
    observed: Float[np.ndarray, "..."] | Any, null: Float[np.ndarray, "... draw"] | Any
) -> Float[np.ndarray, "..."] | Any:
    """Return p-values: (1 + number of null scores >= the observed score) / (1 + number of draws).

    The 1 counts the observation itself; without it p could be 0. A null score of NaN counts as at
    least as high. p is NaN if the observed score is NaN. Masked scores count as NaN.

    Args:
        observed: [...], scores; a DataArray gives a DataArray.
        null: [..., draw], null scores of each observed score. Axes of a DataArray are matched by
            name, and their coordinates must be equal.

    Source: Phipson and Smyth 2010.
    """
    if is_data_array(observed):
        scores: Any = observed
        return scores.copy(data=p_values(scores.values, _matched(scores, null)))
    observed, null = to_floats(observed), to_floats(null)
    as_high = ~(null < observed[..., None])
    p = (1 + as_high.sum(axis=-1)) / (1 + null.shape[-1])
    return np.where(np.isnan(observed), np.nan, p)


def _matched(observed: Any, null: Any) -> Any:
    """Return null scores in the order of the axes of observed scores, the draws last."""
    if not is_data_array(null):
        return null
    fix = "give null scores of the same units, in the same order, and one axis of draws"
    others = [dim for dim in null.dims if dim not in observed.dims]
    if len(others) != 1 or len(null.dims) != 1 + len(observed.dims):
        what = f"null scores have the axes {null.dims}, observed scores {observed.dims}"
        raise GridjaxError(Problem(what, fix=fix))
    for dim in observed.dims:
        both = dim in observed.coords and dim in null.coords
        if both and not np.array_equal(observed[dim].values, null[dim].values):
            what = f"null scores have other coordinates along {dim} than observed scores"
            raise GridjaxError(Problem(what, fix=fix))
    return null.transpose(*observed.dims, *others).values


class Thresholds(NamedTuple):
    """Percentiles of null scores; a significant score is above them."""

    per_cell: Float[np.ndarray, "percent ..."] | Any
    """An array, or a DataArray for null scores of xarray."""
    pooled: Float[np.ndarray, " percent"] | Any


def thresholds(
    null: Float[np.ndarray, "... draw"] | Any, percent: tuple[float, ...] = (95.0, 99.0)
) -> Thresholds:
    """Return percentiles of the null scores of each cell, and of the scores of all cells together.

    Args:
        null: [..., draw]; or a DataArray with an axis draw, which gives DataArrays. A missing
            score, NaN or masked, gives NaN.
        percent: percentiles, 0 to 100.
    """
    if is_data_array(null):
        return _labelled_thresholds(null, percent)
    null = to_floats(null)
    return Thresholds(np.percentile(null, percent, axis=-1), np.percentile(null, percent))


def _labelled_thresholds(null: Any, percent: tuple[float, ...]) -> Thresholds:
    import xarray

    draws = "draw" if "draw" in null.dims else null.dims[-1]
    cells = null.isel({draws: 0}, drop=True)
    found = thresholds(null.transpose(*cells.dims, draws).values, percent)
    coords = {"percent": list(percent)}
    per_cell = xarray.DataArray(
        found.per_cell,
        dims=("percent", *cells.dims),
        coords=coords | {dim: cells[dim] for dim in cells.dims if dim in cells.coords},
    )
    return Thresholds(per_cell, xarray.DataArray(found.pooled, dims="percent", coords=coords))


def count_above(n_units: int, n_draws: int, percent: float = 99.0) -> Any:
    """Return the distribution of the number of units above a percentile of null scores, by chance.

    The scores of units and of the null are independent and of one distribution. The percentile is
    that of a finite number of draws, so the share of scores above it has a beta distribution, and
    the number of units a beta-binomial one. It is wider than the binomial distribution.

    Args:
        n_units: number of units, or an array of such numbers.
        n_draws: number of null scores.
        percent: the percentile, 0 to 100, by linear interpolation between null scores.

    Returns a distribution of scipy.stats. Source: Wilks 1941, Annals of Mathematical Statistics 12.
    """
    from scipy.stats import betabinom

    rank = 1 + (n_draws - 1) * percent / 100
    return betabinom(n_units, n_draws + 1 - rank, rank)


def shifts(
    key: Key[Array, ""], n_draws: int, duration_s: float, min_shift_s: float
) -> Float[np.ndarray, " draw"]:
    """Draw circular shifts of spikes against the path, in seconds.

    Shifts are uniform between ``min_shift_s`` and the session's duration minus ``min_shift_s``.
    Raises GridjaxError unless the duration is longer than twice ``min_shift_s``.
    """
    if not 0 <= 2 * min_shift_s < duration_s:
        raise GridjaxError(
            Problem(
                f"a session of {duration_s:g} s has no shift of at least {min_shift_s:g} s",
                fix="give a shorter minimum shift, less than half the session",
            )
        )
    uniform = np.asarray(random.uniform(key, (n_draws,)), np.float64)
    return min_shift_s + uniform * (duration_s - 2 * min_shift_s)


def shifted(
    spike_times_s: Float[np.ndarray, " spike"], shift_s: float, start_s: float, duration_s: float
) -> Float[np.ndarray, " spike"]:
    """Return spike times shifted circularly within the session, all in seconds.

    Intervals between spikes do not change, except the interval across the end of the session.
    """
    return start_s + np.mod(np.asarray(spike_times_s) - start_s + shift_s, duration_s)
