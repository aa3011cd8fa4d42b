"""Kalman filter of a position from noisy moves and noisy landmarks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from gridjax.metrics.arguments import check_array, check_float, invalid_argument

MOST_VARIANCE = 1e12


class KalmanEstimates(NamedTuple):
    """Estimates of the positions of a batch of paths, after each move."""

    positions: Float[np.ndarray, "time batch d"]
    """estimated position, in the unit of the moves"""
    variance: Float[np.ndarray, "time batch"]
    """variance of the error of each coordinate that the filter expects, in the unit squared"""


def kalman_filter(
    start: Float[np.ndarray, "batch d"],
    moves: Float[np.ndarray, "time batch d"],
    landmarks: Float[np.ndarray, "time batch d"],
    is_seen: Bool[np.ndarray, "time batch"],
    move_variance: float,
    landmark_variance: float,
) -> KalmanEstimates:
    """Estimate positions from a known start, noisy moves and noisy measurements of the position.

    x_t = x_{t-1} + u_t, where the moves u have independent Gaussian noise; after some moves there
    is a measurement z_t = x_t + noise. The filter knows both variances. It knows neither walls nor
    which moves are probable: an estimator that does can have smaller errors.

    Source: Kalman (1960). The coordinates are independent, so that every variance is a scalar.

    Args:
        start: true positions before the first move.
        moves: noisy moves.
        landmarks: measured positions after each move; not read where there is no measurement.
        is_seen: whether there is a measurement after each move; masked values are false.
        move_variance: variance of the noise of each coordinate of a move.
        landmark_variance: variance of the noise of each coordinate of a measurement.

    Returns:
        Estimates after each move, with the measurement of that move, and their variances.

    Raises:
        GridjaxError: Shapes do not fit, ``is_seen`` has other values than true and false, or a
            variance is not from 0 to 1e12.
    """
    moves = check_array("moves", moves, 3)
    start, landmarks = check_array("start", start, 2), check_array("landmarks", landmarks, 3)
    seen_values = np.ma.filled(np.ma.asarray(is_seen), False)
    if not np.isin(seen_values, (False, True)).all():
        fix = "give true or false, or 1 or 0, for each move of each path"
        raise invalid_argument("is_seen has other values than true and false", fix)
    is_seen = seen_values.astype(bool)
    shapes = (start.shape, landmarks.shape, is_seen.shape)
    if shapes != (moves.shape[1:], moves.shape, moves.shape[:2]):
        given = [list(shape) for shape in shapes]
        message = f"start, landmarks and is_seen have the shapes {given}, moves {list(moves.shape)}"
        raise invalid_argument(message, "give [batch, d], [time, batch, d] and [time, batch]")
    of_move = check_float("move_variance", move_variance, 0.0, MOST_VARIANCE)
    of_landmark = check_float("landmark_variance", landmark_variance, 0.0, MOST_VARIANCE)
    positions, variances = np.empty_like(moves), np.empty(is_seen.shape)
    position, variance = start, np.zeros(len(start))
    for t, seen in enumerate(is_seen):
        position, variance = position + moves[t], variance + of_move
        total = variance + of_landmark
        # with variance 0, the position is known already
        gain = np.where(seen & (total > 0), variance / np.where(total > 0, total, 1.0), 0.0)
        difference = np.where(seen[:, None], landmarks[t] - position, 0.0)
        position, variance = position + gain[:, None] * difference, (1 - gain) * variance
        positions[t], variances[t] = position, variance
    return KalmanEstimates(positions, variances)
