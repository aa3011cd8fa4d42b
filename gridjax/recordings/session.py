"""Recording session: a path and the spikes of cells, with checks of both.

The place of a problem is the file, and in text files also the line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from gridjax.errors import Place
from gridjax.io.source_location import Problems
from gridjax.metrics.ratemaps.occupancy import (
    LARGEST_ARENA_M,
    LATEST_S,
    NARROWEST_ARENA_M,
    SMALLEST_ARENA_M,
)

SQUARE = 0.9
"""Smallest ratio of the shorter side to the longer side of a square arena."""
CIRCLE_FILL = (0.7, 0.86)
"""Smallest and largest share of the bounding box that a circular arena fills; pi / 4 for a perfect
circle."""


@dataclass(frozen=True)
class Session:
    """One recording session: a path and the spikes of its cells."""

    name: str
    """Path of the file."""
    cells: tuple[str, ...]
    """Names of the cells."""
    positions_m: Float[np.ndarray, "sample 2"]
    """Positions x, y in metres; NaN where tracking was lost."""
    times_s: Float[np.ndarray, " sample"]
    """Increasing times of the positions, seconds."""
    spikes_s: tuple[Float[np.ndarray, " spike"], ...]
    """Sorted spike times of each cell, seconds, on the clock of times_s."""

    @property
    def n_lost(self) -> int:
        """Number of samples without position."""
        return int((~np.isfinite(self.positions_m).all(axis=1)).sum())


class ArenaShape(NamedTuple):
    """Shape of an arena, estimated from the animal's positions."""

    kind: Literal["square", "rectangular", "circular", "irregular"]
    width_cm: float
    """Extent along x."""
    height_cm: float
    """Extent along y."""


def arena_shape(session: Session) -> ArenaShape:
    """Return the shape of the region that the positions span, from their convex hull."""
    from scipy.spatial import ConvexHull

    known = session.positions_m[np.isfinite(session.positions_m).all(axis=1)]
    width, height = np.ptp(known, axis=0)
    # The option QJ moves the points slightly, so that a path along one line has a hull. The points
    # are scaled to the unit square, which keeps precision far from the origin.
    filled = ConvexHull((known - known.min(axis=0)) / (width, height), qhull_options="QJ").volume
    square = min(width, height) >= SQUARE * max(width, height)
    if filled > CIRCLE_FILL[1]:
        kind = "square" if square else "rectangular"
    else:
        kind = "circular" if square and filled > CIRCLE_FILL[0] else "irregular"
    return ArenaShape(kind, 100 * float(width), 100 * float(height))


@dataclass(frozen=True)
class RawSession:
    """Unchecked session of a file; for text files, also the line numbers of samples and spikes."""

    path: str
    positions: np.ndarray
    times: np.ndarray
    spikes: Mapping[str, np.ndarray]
    """Spike times by name of the cell."""
    spikes_path: str
    lines: Int[np.ndarray, " sample"] | None = None
    spike_lines: Mapping[str, Int[np.ndarray, " spike"]] | None = None


def checked_session(
    raw: RawSession, units: Literal["m", "cm"], problems: Problems
) -> Session | None:
    """Return the checked session of a file.

    If the session is invalid, add its problems to `problems` and return None.

    Args:
        raw: the session as read from the file, positions [sample, 2] in `units`.
        units: unit of the positions, "m" or "cm".
        problems: list of the problems of all files.
    """
    session_problems = Problems()
    positions = raw.positions / (100 if units == "cm" else 1)
    _check_path(raw, positions, units, session_problems)
    if not session_problems.found:
        _check_spikes(raw, session_problems)
    problems.found.update(session_problems.found)
    if session_problems.found:
        return None
    lost = np.asarray(~np.isfinite(positions).all(axis=1))
    cells = sorted(raw.spikes, key=lambda cell: (not cell.isdecimal(), len(cell), cell))
    return Session(
        raw.path,
        tuple(cells),
        np.where(lost[:, None], np.nan, positions),
        raw.times,
        tuple(np.sort(raw.spikes[cell]) for cell in cells),
    )


def _check_path(
    raw: RawSession, positions: np.ndarray, units: Literal["m", "cm"], problems: Problems
) -> None:
    def place(sample: int) -> Place:
        return Place(raw.path, None if raw.lines is None else int(raw.lines[sample]))

    n = len(positions)
    if positions.ndim != 2 or positions.shape[1] != 2 or n < 2 or len(raw.times) != n:
        problems.add(
            f"has {n} positions of shape {positions.shape[1:]} at {len(raw.times)} times",
            Place(raw.path),
            "give x and y for each time, and at least two samples",
        )
        return
    wrong = np.flatnonzero(~(np.abs(raw.times) <= LATEST_S))
    if len(wrong):
        problems.add(
            f"times: sample {wrong[0]} is {raw.times[wrong[0]]:g}",
            place(wrong[0]),
            "give the time of every sample in seconds",
        )
        return
    wrong = np.flatnonzero(np.diff(raw.times) <= 0)
    if len(wrong):
        at = wrong[0] + 1
        problems.add(
            f"times do not increase: sample {at} is at {raw.times[at]:.10g} s, the one before at"
            f" {raw.times[at - 1]:.10g} s",
            place(at),
            "sort the samples by time and drop repeated ones",
        )
    known = positions[np.isfinite(positions).all(axis=1)]
    if len(known) < 3:
        problems.add(
            f"{len(known)} of {n} positions are known",
            Place(raw.path),
            "give at least three positions",
        )
        return
    with np.errstate(over="ignore"):
        width, height = np.ptp(known, axis=0)
    if not SMALLEST_ARENA_M <= max(width, height) <= LARGEST_ARENA_M:
        other = "cm" if units == "m" else "m"
        problems.add(
            f"positions span {width:.4g} by {height:.4g} m, read in {units}: not an arena",
            Place(raw.path),
            f"--units {other} if they are in {other} (one unit for all inputs of a call); arenas"
            f" are {SMALLEST_ARENA_M:g} to {LARGEST_ARENA_M:g} m",
        )
    elif min(width, height) < NARROWEST_ARENA_M:
        problems.add(
            f"positions span {width:.4g} by {height:.4g} m: a line instead of an arena",
            Place(raw.path),
            f"give the path of an animal in an open arena, at least {NARROWEST_ARENA_M:g} m wide",
        )


def _check_spikes(raw: RawSession, problems: Problems) -> None:
    if not raw.spikes:
        problems.add("holds no cell", Place(raw.spikes_path), "give the spikes of at least one")
    start, end = raw.times[0], raw.times[-1] + np.median(np.diff(raw.times))
    for cell, train in raw.spikes.items():
        outside = np.flatnonzero(~((train >= start) & (train <= end)))
        if len(outside):
            lines = None if raw.spike_lines is None else raw.spike_lines[cell]
            problems.add(
                f"cell {cell}: {len(outside)} of {len(train)} spikes, the first at"
                f" {train[outside[0]]:.10g} s, are outside the session from {start:.10g} to"
                f" {end:.10g} s",
                Place(raw.spikes_path, None if lines is None else int(lines[outside[0]])),
                "give spikes in seconds on the clock of the positions, and within it",
            )
