"""Chance scores: random readouts of a code, time shifts of spikes, and p-values.

The module isotropic_fields contains the isotropic null.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jax import random
from jaxtyping import Array, Float, Key

from gridjax.errors import GridjaxError, Problem


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
    observed: Float[np.ndarray, "..."], null: Float[np.ndarray, "... draw"]
) -> Float[np.ndarray, "..."]:
    """Return p-values: (1 + number of null scores >= the observed score) / (1 + number of draws).

    The 1 counts the observation itself; without it p could be 0. A null score of NaN counts as at
    least as high. p is NaN if the observed score is NaN.

    Args:
        observed: [...], scores.
        null: [..., draw], null scores of each observed score.

    Source: Phipson and Smyth 2010.
    """
    observed, null = np.asarray(observed, float), np.asarray(null, float)
    as_high = ~(null < observed[..., None])
    p = (1 + as_high.sum(axis=-1)) / (1 + null.shape[-1])
    return np.where(np.isnan(observed), np.nan, p)


class Thresholds(NamedTuple):
    """Percentiles of null scores; a significant score is above them."""

    per_cell: Float[np.ndarray, "percent ..."]
    pooled: Float[np.ndarray, " percent"]


def thresholds(
    null: Float[np.ndarray, "... draw"], percent: tuple[float, ...] = (95.0, 99.0)
) -> Thresholds:
    """Return percentiles of the null scores of each cell, and of the scores of all cells together.

    Args:
        null: [..., draw].
        percent: percentiles, 0 to 100.
    """
    null = np.asarray(null, float)
    return Thresholds(np.percentile(null, percent, axis=-1), np.percentile(null, percent))


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
