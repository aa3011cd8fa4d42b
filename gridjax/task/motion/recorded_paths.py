"""Motion of a recorded animal: paths cut from the positions of a session, with its own speeds."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import random
from jaxtyping import Array, Float, Int, Key

from gridjax.errors import GridjaxError, Problem
from gridjax.task.motion.motion_models import Motion, MotionContext
from gridjax.task.motion.trajectories import Trajectories, along

SPEEDS_M_PER_S = (0.005, 2.0)
"""Smallest and largest median speed of a walking animal; others are a sign of another unit."""
LONGEST_GAP = 2.5
"""Largest step of time between two samples of one run, in median steps."""
FILLED = (0.7, 1.02)
"""Smallest and largest extent of the positions over the side of the box."""


def recorded_motion(
    positions_m: Float[np.ndarray, "sample 2"], times_s: Float[np.ndarray, " sample"]
) -> Motion:
    """Return the motion whose paths are pieces of a recorded path.

    A path begins at a random sample that is followed by enough samples without a gap; the starts
    are uniform over these samples. Positions between samples are interpolated linearly, so that
    moves have the duration ``dt_s`` of the network and the speeds of the animal. A path that is
    longer than every piece without a gap ends with the piece and stays there. The middle of the
    recorded region is the middle of the box. A single lost sample is interpolated.

    ``gridjax.read_inputs`` reads sessions of NWB, npz and other files; with ``path_only=True`` also
    files without cells. Register the motion with ``gridjax.register_motion``.

    Args:
        positions_m: [sample, 2], metres; NaN where tracking was lost.
        times_s: [sample], increasing times, seconds.

    Raises GridjaxError if arrays have other types or shapes, or too few samples, if times do not
    increase, if most successive positions are equal, or if the median speed is not that of a
    walking animal in metres.
    """
    positions, times = _numbers("positions", positions_m), _numbers("times", times_s)
    if positions.ndim != 2 or positions.shape[1] != 2 or times.shape != positions.shape[:1]:
        message = f"recorded_motion: positions {positions.shape} and times {times.shape}"
        raise GridjaxError(Problem(message, fix="give positions [sample, 2] and times [sample]"))
    known = np.isfinite(positions).all(axis=1) & np.isfinite(times)
    positions, times = positions[known], times[known]
    steps = np.diff(times)
    if len(times) < 3 or not (steps > 0).all():
        message = "recorded_motion: fewer than three known positions, or times that do not increase"
        raise GridjaxError(Problem(message, fix="give the positions of one session in its order"))
    step = float(np.median(steps))
    whole = steps <= LONGEST_GAP * step
    speed = float(
        np.median(np.linalg.norm(np.diff(positions, axis=0), axis=1)[whole] / steps[whole])
    )
    if speed == 0:
        message = "recorded_motion: more than half of the successive positions are equal"
        fix = "give one sample for each frame of the camera, without repeated ones"
        raise GridjaxError(Problem(message, fix=fix))
    if not SPEEDS_M_PER_S[0] <= speed <= SPEEDS_M_PER_S[1]:
        message = f"recorded_motion: the median speed is {speed:.3g} m/s"
        raise GridjaxError(Problem(message, fix="give positions in metres and times in seconds"))
    track, left = _evenly_spaced(positions, times, step, whole)
    middle = (positions.min(axis=0) + positions.max(axis=0)) / 2
    order = np.argsort(-left, kind="stable").astype(np.int32)
    cut = partial(
        _cut,
        track=(track - middle).astype(np.float32),
        left=left,
        order=order,
        samples_per_s=1 / step,
    )
    extent = np.ptp(positions, axis=0).max()
    longest = float(left.max() * step)
    return Motion(cut, partial(_problem, extent_m=float(extent), longest_s=longest))


def _numbers(name: str, values: Any) -> Float[np.ndarray, "..."]:
    """Return values as float64; masked ones are NaN."""
    try:
        if isinstance(values, np.ma.MaskedArray):
            values = np.ma.filled(values.astype(np.float64), np.nan)
        array = np.asarray(values)
        if not np.can_cast(array.dtype, np.float64, "same_kind") and array.dtype != object:
            raise TypeError(f"their type is {array.dtype}")
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        message = f"recorded_motion: {name} are not an array of numbers: {error}"
        raise GridjaxError(
            Problem(message, fix="give positions in metres and times in seconds")
        ) from None


def _evenly_spaced(
    positions: Float[np.ndarray, "sample 2"],
    times: Float[np.ndarray, " sample"],
    step: float,
    whole: np.ndarray,
) -> tuple[Float[np.ndarray, "point 2"], Int[np.ndarray, " point"]]:
    """Return points at equal steps of time, run by run, and how many points follow each in its run.

    ``whole`` marks the steps of time that are no gaps.
    """
    points, left = [], []
    bounds = np.concatenate([[0], np.flatnonzero(~whole) + 1, [len(times)]])
    for first, last in pairwise(bounds):
        own = times[first:last]
        at = own[0] + step * np.arange(int((own[-1] - own[0]) / step * (1 + 1e-9)) + 1)
        points.append(np.stack([np.interp(at, own, positions[first:last, i]) for i in (0, 1)], 1))
        left.append(np.arange(len(at))[::-1])
    return np.concatenate(points), np.concatenate(left).astype(np.int32)


def _cut(
    key: Key[Array, ""],
    n_moves: int,
    n_paths: int,
    context: MotionContext,
    track: Float[np.ndarray, "point 2"],
    left: Int[np.ndarray, " point"],
    order: Int[np.ndarray, " point"],
    samples_per_s: float,
) -> Trajectories:
    """Return random pieces of a track; ``order`` sorts its points by ``left``, largest first."""
    track_m, points_left, points = map(jnp.asarray, (track, left, order))
    after = context.dt_s * jnp.float32(samples_per_s) * jnp.arange(n_moves + 1, dtype=jnp.float32)
    needed = jnp.minimum(jnp.ceil(after[-1]), points_left[points[0]].astype(jnp.float32))
    n_starts = (points_left >= needed).sum()
    start = points[random.randint(key, (n_paths,), 0, n_starts)]
    place = jnp.minimum(after[:, None], points_left[start].astype(jnp.float32))
    low = jnp.minimum(jnp.floor(place).astype(jnp.int32), jnp.maximum(points_left[start] - 1, 0))
    share = (place - low.astype(jnp.float32))[..., None]
    before, following = start + low, start + jnp.minimum(low + 1, points_left[start])
    return along((1 - share) * track_m[before] + share * track_m[following])


def _problem(
    box_width_m: float, duration_s: float, extent_m: float, longest_s: float
) -> str | None:
    """Return why a network cannot use the recording; None if it can."""
    low, high = (share * box_width_m for share in FILLED)
    if not low <= extent_m <= high:
        return (
            f"the recorded positions span {extent_m:.3g} m, but box_width_in_m is {box_width_m:g}:"
            f" give the side of the recorded box, about {extent_m:.2g} m"
        )
    if duration_s > longest_s:
        return (
            f"a path of training or evaluation lasts {duration_s:.3g} s, but the longest piece"
            f" without a gap {longest_s:.3g} s: give a smaller dt_s or sequence_length (that of the"
            " evaluation has at least 50 moves)"
        )
    return None
