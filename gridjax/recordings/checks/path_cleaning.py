"""Detection of wrong positions: placeholders for lost frames, and single wrong frames."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

FASTEST_M_S = 5.0
"""A short run of frames that the animal would reach and leave faster than this is wrong, m/s."""
SLOWEST_M_S, TYPICAL_M_S = 0.001, 1.0
"""Smallest and largest typical speed of an animal that is not questioned, m/s."""
_FEWEST_AT_ONE_PLACE, _MOST_PLACEHOLDERS = 5, 5
_JUMP_M, _JUMP_STEPS = 0.05, 20
_SPEED_WINDOW_S, _SPEED_WINDOW_SAMPLES = 0.4, 20
_LONGEST_RUN = 10


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
    """Return a mask of short runs of frames that are reached and left faster than FASTEST_M_S.

    A run has at most ten frames, such as those in which the tracker saw a reflection. The frames
    before and after it lie close together, so that a fast animal is not concerned.

    Args:
        positions_m: [sample, 2], metres; NaN where the position is lost.
        times_s: increasing times, seconds.
    """
    wrong = np.zeros(len(positions_m), bool)
    known = np.flatnonzero(np.isfinite(positions_m).all(axis=1))
    path, times = positions_m[known], times_s[known]
    steps = np.hypot(*np.diff(path, axis=0).T)
    jumps = np.flatnonzero(steps > FASTEST_M_S * np.diff(times))
    start = 0
    for first, last in zip(jumps[:-1].tolist(), jumps[1:].tolist(), strict=True):
        # path[first] and path[last + 1] are on both sides of the run
        across = np.hypot(*(path[last + 1] - path[first]))
        is_back = across < 0.5 * min(steps[first], steps[last])
        if first >= start and last - first <= _LONGEST_RUN and is_back:
            wrong[known[first + 1 : last + 1]] = True
            start = last + 1  # the jump back begins no other run
    return wrong


def typical_speed(
    positions_m: Float[np.ndarray, "sample 2"], times_s: Float[np.ndarray, " sample"]
) -> float:
    """Return the median speed over 0.4 s, m/s; NaN if no two known positions are 0.4 s apart.

    The window averages the noise of the tracking. It has at most 20 samples: with times in another
    unit, an animal could turn back in it. The arguments are those of ``wrong_frames``.
    """
    step = max(1, round(_SPEED_WINDOW_S / float(np.median(np.diff(times_s)))))
    step = min(step, _SPEED_WINDOW_SAMPLES)
    if len(positions_m) <= step:
        return float("nan")
    moved = np.hypot(*(positions_m[step:] - positions_m[:-step]).T)
    speeds = moved / (times_s[step:] - times_s[:-step])
    known = speeds[np.isfinite(speeds)]
    return float(np.median(known)) if len(known) else float("nan")


def is_normalised(positions: Float[np.ndarray, "sample 2"]) -> bool:
    """Return whether both axes of positions span exactly 0 to 1, or exactly -1 to 1."""
    known = positions[np.isfinite(positions).all(axis=1)] if positions.ndim == 2 else positions[:0]
    if not len(known):
        return False
    low, high = known.min(axis=0), known.max(axis=0)
    return bool((high == 1).all() and ((low == 0).all() or (low == -1).all()))
