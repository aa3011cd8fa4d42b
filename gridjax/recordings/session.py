"""Recording session: a path and the spikes of cells, and the shape of its arena."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

SQUARE = 0.9
"""Smallest ratio of the shorter side to the longer side of a square arena."""
CIRCLE_FILL = (0.7, 0.86)
"""Smallest and largest share of the bounding box that a circular arena fills; pi / 4 for a perfect
circle."""

FARTHEST_OF_CIRCLE = 0.6
"""Largest distance of a position of a circular arena from the centre of the bounding box, in sides
of the box; 0.5 for a perfect circle, 0.7 for a corner of the box."""


@dataclass(frozen=True)
class Session:
    """One recording session: a path and the spikes of its cells."""

    name: str
    """Path of the file."""
    cells: tuple[str, ...]
    """Names of the cells; none if only the path was read."""
    positions_m: Float[np.ndarray, "sample 2"]
    """Positions x, y in metres; NaN where tracking was lost."""
    times_s: Float[np.ndarray, " sample"]
    """Increasing times of the positions, seconds."""
    spikes_s: tuple[Float[np.ndarray, " spike"], ...]
    """Sorted spike times of each cell, seconds, on the clock of times_s."""
    extent_m: tuple[tuple[float, float], tuple[float, float]] | None = None
    """((x low, x high), (y low, y high)) of the arena, metres, if the user gave it."""
    activity: Float[np.ndarray, "sample cell"] | None = None
    """Activity of each cell at the positions, in place of spikes; spikes_s is then empty."""
    remarks: tuple[str, ...] = ()
    """One line for each kind of data that is left out or questionable."""

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
    hull = ConvexHull((known - known.min(axis=0)) / (width, height), qhull_options="QJ")
    filled, corners = hull.volume, hull.points[hull.vertices]
    square = min(width, height) >= SQUARE * max(width, height)
    if filled > CIRCLE_FILL[1]:
        kind = "square" if square else "rectangular"
    else:
        round_ = np.hypot(*(corners - 0.5).T).max() < FARTHEST_OF_CIRCLE
        kind = "circular" if square and filled > CIRCLE_FILL[0] and round_ else "irregular"
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
    activity: Float[np.ndarray, "sample cell"] | None = None
    """Activity in place of spikes."""
    activity_cells: tuple[str, ...] = ()
    """Names of the cells of the activity."""
    activity_times: Float[np.ndarray, " sample"] | None = None
    """Times of the activity; None if they are the times of the positions."""
    units: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(file, column) -> unit that its header names."""
    unit: str | None = None
    """Unit of positions that the file states: m, cm, mm or px."""
    time_unit: str | None = None
    """Unit of the times of positions that the file states, as in --time-units."""
    spike_time_unit: str | None = None
    """Unit of the times of spikes or activity that their file states."""
    windows_s: tuple[tuple[float, float], ...] | None = None
    """First and last second of the parts that --epoch chooses; None for the whole session."""
    remarks: tuple[str, ...] = ()
    """Remarks of the reader of the format."""

    def with_samples(self, kept: Bool[np.ndarray, " sample"]) -> RawSession:
        """Return the session with some of its samples, and with the activity at them."""
        lines, activity = None if self.lines is None else self.lines[kept], self.activity
        if activity is not None and self.activity_times is None:
            activity = activity[kept]
        positions, times = self.positions[kept], self.times[kept]
        return replace(self, positions=positions, times=times, lines=lines, activity=activity)


class Activity(NamedTuple):
    """Unchecked activity of cells."""

    times: Float[np.ndarray, " frame"] | None
    """Times of its own; None if there is one row for each sample of the path."""
    values: Float[np.ndarray, "frame cell"]
    cells: tuple[str, ...]
    """Names of the cells."""

    @classmethod
    def of(
        cls, times: Float[np.ndarray, " frame"], values: Float[np.ndarray, "frame cell"]
    ) -> Activity:
        """Return activity of cells that are numbered from 0."""
        return cls(times, values, tuple(map(str, range(values.shape[1]))))


class Spikes(NamedTuple):
    """Unchecked spikes of a file; for text files, also the line numbers of the spikes."""

    trains: Mapping[str, np.ndarray]
    """Spike times by name of the cell."""
    path: str
    lines: Mapping[str, Int[np.ndarray, " spike"]] | None = None
    units: Mapping[tuple[str, str], str] = {}
    """(file, column) -> unit that its header names."""
    remarks: tuple[str, ...] = ()
    activity: Activity | None = None
    """Activity in place of spikes."""
    time_unit: str | None = None
    """Unit of times that the file states, as in --time-units."""
