"""A recording session: a path with the spikes of any number of cells, checked.

A problem is noted with its file, and with its line where the file has lines.
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

# Sides that differ by less than this share are those of a square.
SQUARE = 0.9
# Share of its bounding box that a circle fills: pi / 4, give or take.
CIRCLE_FILL = (0.7, 0.86)


@dataclass(frozen=True)
class Session:
    """One recording: a path and the spikes of any number of cells."""

    name: str
    cells: tuple[str, ...]
    positions_m: Float[np.ndarray, "sample 2"]
    """NaN where tracking was lost."""
    times_s: Float[np.ndarray, " sample"]
    spikes_s: tuple[Float[np.ndarray, " spike"], ...]

    @property
    def n_lost(self) -> int:
        """How many samples have no position."""
        return int((~np.isfinite(self.positions_m).all(axis=1)).sum())


class Shape(NamedTuple):
    """What an arena looks like, from where the animal went."""

    kind: Literal["square", "rectangular", "circular", "irregular"]
    width_cm: float
    """Along x."""
    height_cm: float
    """Along y."""


def arena_shape(session: Session) -> Shape:
    """Return the shape of the region that the positions span, from their convex hull."""
    from scipy.spatial import ConvexHull

    known = session.positions_m[np.isfinite(session.positions_m).all(axis=1)]
    width, height = np.ptp(known, axis=0)
    # joggled, a path along one line has a hull too; in units of its box, far from no origin
    filled = ConvexHull((known - known.min(axis=0)) / (width, height), qhull_options="QJ").volume
    square = min(width, height) >= SQUARE * max(width, height)
    if filled > CIRCLE_FILL[1]:
        kind = "square" if square else "rectangular"
    else:
        kind = "circular" if square and filled > CIRCLE_FILL[0] else "irregular"
    return Shape(kind, 100 * float(width), 100 * float(height))


@dataclass(frozen=True)
class Raw:
    """A session as a file gives it, with the lines where its samples and spikes stand, if any."""

    path: str
    positions: np.ndarray
    times: np.ndarray
    spikes: Mapping[str, np.ndarray]
    """By cell, under the name of the array that holds them or of the cell."""
    spikes_path: str
    lines: Int[np.ndarray, " sample"] | None = None
    spike_lines: Mapping[str, Int[np.ndarray, " spike"]] | None = None


def checked_session(raw: Raw, units: Literal["m", "cm"], problems: Problems) -> Session | None:
    """Return the session that a file holds; None where anything is wrong, noted in `problems`."""
    found = Problems()
    positions = raw.positions / (100 if units == "cm" else 1)
    _check_path(raw, positions, units, found)
    if not found.found:
        _check_spikes(raw, found)
    problems.found.update(found.found)
    if found.found:
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
    raw: Raw, positions: np.ndarray, units: Literal["m", "cm"], problems: Problems
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
            "give the path of a session",
        )
        return
    with np.errstate(over="ignore"):
        width, height = np.ptp(known, axis=0)
    if not SMALLEST_ARENA_M <= max(width, height) <= LARGEST_ARENA_M:
        other = "cm" if units == "m" else "m"
        problems.add(
            f"positions span {width:.4g} by {height:.4g} m, read in {units}: no such arena",
            Place(raw.path),
            f"--units {other} if they are in {other} (one unit for all inputs of a call); arenas"
            f" are {SMALLEST_ARENA_M:g} to {LARGEST_ARENA_M:g} m",
        )
    elif min(width, height) < NARROWEST_ARENA_M:
        problems.add(
            f"positions span {width:.4g} by {height:.4g} m: a line, no arena",
            Place(raw.path),
            f"give the path of an animal in an open arena, at least {NARROWEST_ARENA_M:g} m wide",
        )


def _check_spikes(raw: Raw, problems: Problems) -> None:
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
