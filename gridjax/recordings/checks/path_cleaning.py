"""Detection of wrong positions: placeholders for lost frames, and single wrong frames."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

FASTEST_M_S = 5.0
"""A short run of frames that the animal would reach and leave faster than this is wrong, m/s."""
SLOWEST_M_S, TYPICAL_M_S = 0.001, 0.6
"""Smallest and largest typical speed of an animal that is not questioned, m/s. It is a median over
0.4 s, in which an animal turns: one that runs at 1 m/s has about 0.7 m/s."""
_FEWEST_AT_ONE_PLACE, _MOST_PLACEHOLDERS = 5, 5
_JUMP_M, _JUMP_STEPS = 0.05, 20
_SPEED_WINDOW_S, _SPEED_WINDOW_SAMPLES = 0.4, 20
_LONGEST_RUN_S, _FEW_JUMPS = 3.0, 10


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
    found = []
    for value in np.argsort(-counts, kind="stable")[:_MOST_PLACEHOLDERS]:
        if counts[value] < _FEWEST_AT_ONE_PLACE:
            break
        far = _far(known[index != value])
        after, before = index[1:] == value, index[:-1] == value
        ways = [steps[after & ~before], steps[before & ~after]]  # to the position, and from it
        jumps = [float(np.median(way)) for way in ways if len(way)]
        if jumps and min(jumps) > far:
            found.append(values[value])
    return np.reshape(found, (-1, 2))


def _far(path: Float[np.ndarray, "sample 2"]) -> float:
    """Return the length of a jump that is no step of a path, metres."""
    steps = np.hypot(*np.diff(path, axis=0).T)
    moving = steps[steps > 0]
    return max(_JUMP_M, _JUMP_STEPS * float(np.median(moving))) if len(moving) else np.inf


def wrong_frames(
    positions_m: Float[np.ndarray, "sample 2"], times_s: Float[np.ndarray, " sample"]
) -> Bool[np.ndarray, " sample"]:
    """Return a mask of short runs of frames that are reached and left faster than FASTEST_M_S.

    A run lasts at most three seconds, such as the time in which the tracker saw a reflection. The
    path comes back to less than half the distance from the frame before the run. That frame is no
    jump itself, and most steps of a run of more than ten frames are slower, so that a fast animal
    is not concerned.

    Args:
        positions_m: [sample, 2], metres; NaN where the position is lost.
        times_s: increasing times, seconds.
    """
    wrong = np.zeros(len(positions_m), bool)
    known = np.flatnonzero(np.isfinite(positions_m).all(axis=1))
    path, times = positions_m[known], times_s[known]
    jumps = np.flatnonzero(too_fast(positions_m, times_s)[known]) - 1
    ends = np.searchsorted(times, times[jumps] + _LONGEST_RUN_S, side="right")
    after = 0
    for at, (before, end) in enumerate(zip(jumps.tolist(), ends.tolist(), strict=True)):
        is_in_flight = before > after and at > 0 and jumps[at - 1] == before - 1
        if before < after or is_in_flight:  # the jump back begins no other run
            continue
        n_jumps = int(np.searchsorted(jumps, end - 1)) - at
        after = _end_of_run(path[before:end], jumps[at : at + n_jumps] - before) + before
        wrong[known[before + 1 : after]] = True
    return wrong


def _end_of_run(path: Float[np.ndarray, "sample 2"], jumps: Int[np.ndarray, " jump"]) -> int:
    """Return the first sample after a run that begins with sample 1; 0 if there is no run.

    Args:
        path: [sample, 2], known positions from the sample before the run on.
        jumps: the samples from which the path jumps to the next one; the first is sample 0.
    """
    distance = np.hypot(*(path - path[0]).T)
    across, away = distance[jumps + 1], np.maximum.accumulate(distance)[jumps]
    n_before = np.arange(1, len(jumps) + 1)
    is_end = (across < 0.5 * away) & (n_before <= np.maximum(_FEW_JUMPS, 2 + jumps / 2))
    if not is_end.any():
        return 0
    last = int(np.flatnonzero(is_end)[0])
    # several steps lead back to the path if positions are smoothed
    while (
        last + 1 < len(jumps)
        and jumps[last + 1] == jumps[last] + 1
        and across[last + 1] < across[last]
    ):
        last += 1
    return int(jumps[last]) + 1


def too_fast(
    positions_m: Float[np.ndarray, "sample 2"], times_s: Float[np.ndarray, " sample"]
) -> Bool[np.ndarray, " sample"]:
    """Return a mask of samples that are reached from the known one before by a jump.

    A jump is faster than FASTEST_M_S and longer than 5 cm. The arguments are those of
    ``wrong_frames``.
    """
    known = np.flatnonzero(np.isfinite(positions_m).all(axis=1))
    steps = np.hypot(*np.diff(positions_m[known], axis=0).T)
    is_jump = (steps > FASTEST_M_S * np.diff(times_s[known])) & (steps > _JUMP_M)
    found = np.zeros(len(positions_m), bool)
    found[known[1:][is_jump]] = True
    return found


def longest_rest(
    positions_m: Float[np.ndarray, "sample 2"], times_s: Float[np.ndarray, " sample"]
) -> tuple[float, float]:
    """Return the first and the last time of the longest time at exactly one position, seconds.

    A lost position ends it. The arguments are those of ``wrong_frames``.
    """
    is_moved = (positions_m[1:] != positions_m[:-1]).any(axis=1)  # NaN differs from NaN
    edges = np.concatenate([[0], np.flatnonzero(is_moved) + 1, [len(positions_m)]])
    first, last = edges[:-1], edges[1:] - 1
    at = int(np.argmax(times_s[last] - times_s[first]))
    return float(times_s[first[at]]), float(times_s[last[at]])


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
