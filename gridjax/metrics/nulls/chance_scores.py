"""Scores by chance: random readouts of a code, time shifts of spikes, and p-values.

The isotropic null (fields without arrangement) is in isotropic_fields.py.
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
    """Draw the weights w of random readouts of a target code, standard normal."""
    return random.normal(key, (n_code, n_readouts))


def readout(
    code: Float[Array, "*n code"],
    mean: Float[Array, " code"],
    scale: Float[Array, ""],
    weights: Float[Array, "code readout"],
    activation: Callable[[Array], Array],
) -> Float[Array, "*n readout"]:
    """Return phi(w . (y - mean y) / scale), phi the activation.

    scale: square root of the code's total variance over positions, one number for all readouts. It
        gives readouts unit variance on average, which matters only where phi saturates.
    """
    return activation((code - mean) @ weights / scale)


def p_values(
    observed: Float[np.ndarray, "..."], null: Float[np.ndarray, "... draw"]
) -> Float[np.ndarray, "..."]:
    """Return the p of observed scores: (1 + number of null scores as high) / (1 + draws).

    The 1 is the observation itself; without it p could be 0 (Phipson and Smyth 2010). A null score
    that is NaN counts as high; p is NaN where the observed score is NaN.

    observed: [...]. null: [..., draw].
    """
    observed, null = np.asarray(observed, float), np.asarray(null, float)
    as_high = ~(null < observed[..., None])
    p = (1 + as_high.sum(axis=-1)) / (1 + null.shape[-1])
    return np.where(np.isnan(observed), np.nan, p)


class Thresholds(NamedTuple):
    """Percentiles of null scores, which a significant score exceeds."""

    per_cell: Float[np.ndarray, "percent ..."]
    pooled: Float[np.ndarray, " percent"]


def thresholds(
    null: Float[np.ndarray, "... draw"], percent: tuple[float, ...] = (95.0, 99.0)
) -> Thresholds:
    """Return percentiles of each cell's null scores, and of all cells' together."""
    null = np.asarray(null, float)
    return Thresholds(np.percentile(null, percent, axis=-1), np.percentile(null, percent))


def shifts(
    key: Key[Array, ""], n_draws: int, duration_s: float, min_shift_s: float
) -> Float[np.ndarray, " draw"]:
    """Draw circular shifts of spikes against the path, in seconds.

    Uniform between ``min_shift_s`` and the session's duration minus ``min_shift_s``. Raises
    GridjaxError where the session is too short for that.
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

    Intervals between spikes stay the same, except the one across the session's end.
    """
    return start_s + np.mod(np.asarray(spike_times_s) - start_s + shift_s, duration_s)
