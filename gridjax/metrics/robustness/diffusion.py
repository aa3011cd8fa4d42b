"""Diffusion of a decoded position: growth of its squared error over moves."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from gridjax.metrics.arguments import to_floats


def diffusion_constants(
    squared_error: Float[np.ndarray, " move"], moves: Sequence[int]
) -> Float[np.ndarray, " move"]:
    """Return the slope of the mean squared error over the moves up to each one.

    Each slope is that of a least-squares line with an intercept, so that a constant error of the
    decoder does not count. The first one is NaN, and those at and after a missing error. The unit
    is that of the squared error, a move.

    Source: the diffusion constant of Burak and Fiete (2012), for positions in the plane.

    Args:
        squared_error: mean squared error after each of the moves; masked errors are missing, NaN.
        moves: increasing numbers of moves.
    """
    time, error = np.asarray(moves, np.float64), to_floats(squared_error)
    slopes = [math.nan]
    for end in range(2, len(time) + 1):
        centred = time[:end] - time[:end].mean()
        slopes.append(float(centred @ error[:end] / (centred @ centred)))
    return np.array(slopes)


def excess_error(
    mean_square: Float[np.ndarray, " move"], expected: Float[np.ndarray, " move"]
) -> Float[np.ndarray, " move"]:
    """Return the root of the squared error beyond the expected one, with the sign of the excess.

    A negative value means that the error is smaller than expected.
    """
    excess = to_floats(mean_square) - to_floats(expected)
    return np.sign(excess) * np.sqrt(np.abs(excess))
