"""Detection of wrong positions: placeholders for lost frames, and single wrong frames."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

FASTEST_M_S = 5.0
"""A single frame that is reached and left faster than this is wrong, m/s."""
TYPICAL_M_S = 1.0
"""Median speed above which a remark asks for a check of the units, m/s."""
_FEWEST_AT_ONE_PLACE, _MOST_PLACEHOLDERS = 5, 5
_JUMP_M, _JUMP_STEPS = 0.05, 20
_SPEED_WINDOW_S = 0.4


def placeholders(positions_m: Float[np.ndarray, "sample 2"]) -> Float[np.ndarray, "place 2"]:
    """Return the positions that a tracker wrote for lost frames, such as (0, 0), in metres.

    The most frequent placeholder is first. At least five samples have exactly its position. The
    median jump to it and the median jump from it are longer than 5 cm and than 20 median steps. A
    place where the animal rests is no placeholder, because the animal walks to it. A place where
    the animal is put down is none, because the animal walks away from it.

    Args:
        positions_m: [sample, 2], metres; NaN where the position is known to be lost.
    """
    known = positions_m[np.isfinite(positions_m).all(axis=1)]
    if len(known) < 3:
        return np.empty((0, 2))
    values, index, counts = np.unique(known, axis=0, return_inverse=True, return_counts=True)
    index = index.reshape(-1)
    steps = np.hypot(*np.diff(known, axis=0).T)
    moving = steps[steps > 0]
    if not len(moving):
        return np.empty((0, 2))
    far = max(_JUMP_M, _JUMP_STEPS * float(np.median(moving)))
    found = []
    for value in np.argsort(-counts, kind="stable")[:_MOST_PLACEHOLDERS]:
        if counts[value] < _FEWEST_AT_ONE_PLACE:
            break
        after, before = index[1:] == value, index[:-1] == value
        ways = [steps[after & ~before], steps[before & ~after]]  # to the position, and from it
        jumps = [float(np.median(way)) for way in ways if len(way)]
        if jumps and min(jumps) > far:
            found.append(values[value])
    return np.reshape(found, (-1, 2))


def wrong_frames(
    positions_m: Float[np.ndarray, "sample 2"], times_s: Float[np.ndarray, " sample"]
) -> Bool[np.ndarray, " sample"]:
    """Return a mask of single frames that are reached and left faster than FASTEST_M_S.

    The frames before and after must lie close together, so that a fast run is not masked.

    Args:
        positions_m: [sample, 2], metres; NaN where the position is lost.
        times_s: increasing times, seconds.
    """
    wrong = np.zeros(len(positions_m), bool)
    if len(positions_m) < 3:
        return wrong
    steps = np.hypot(*np.diff(positions_m, axis=0).T)
    speeds = steps / np.diff(times_s)
    across = np.hypot(*(positions_m[2:] - positions_m[:-2]).T)
    is_fast = (speeds[:-1] > FASTEST_M_S) & (speeds[1:] > FASTEST_M_S)
    wrong[1:-1] = is_fast & (across < 0.5 * np.minimum(steps[:-1], steps[1:]))
    return wrong


def typical_speed(
    positions_m: Float[np.ndarray, "sample 2"], times_s: Float[np.ndarray, " sample"]
) -> float:
    """Return the median speed over 0.4 s, m/s; NaN if no two known positions are 0.4 s apart.

    The interval averages the noise of the tracking. The arguments are those of ``wrong_frames``.
    """
    step = max(1, round(_SPEED_WINDOW_S / float(np.median(np.diff(times_s)))))
    if len(positions_m) <= step:
        return float("nan")
    moved = np.hypot(*(positions_m[step:] - positions_m[:-step]).T)
    speeds = moved / (times_s[step:] - times_s[:-step])
    known = speeds[np.isfinite(speeds)]
    return float(np.median(known)) if len(known) else float("nan")
