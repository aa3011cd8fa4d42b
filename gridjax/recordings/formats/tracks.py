"""Tracks of body parts in a video, and the session of one of them; the spikes are in another file.

Sources of the formats: Mathis et al. 2018 (DeepLabCut); movement (neuroinformatics unit, SWC).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from gridjax.io.text import shown
from gridjax.recordings.formats.reading import GUIDE, Reading
from gridjax.recordings.session import RawSession

_PAGE = f"{GUIDE}#trackers"


class Point(NamedTuple):
    """Track of one body part."""

    positions: Float[np.ndarray, "frame 2"]
    likelihood: Float[np.ndarray, " frame"] | None
    """0 to 1; None if the tracker gives none."""


class Tracks(NamedTuple):
    """Tracks of the body parts of one video."""

    points: Mapping[str, Point]
    """Name -> track; the name is individual/bodypart if there are several individuals."""
    clock: Float[np.ndarray, " frame"]
    """Times in seconds, or numbers of frames."""
    in_seconds: bool
    unit: str = "px"
    """Unit of positions."""


def track_session(reading: Reading, tracks: Tracks) -> RawSession | None:
    """Return the session of one body part; add problems and return None if it cannot be read.

    The body part is that of --bodypart, or the only one. Frames with a likelihood below
    --likelihood are lost, and counted.
    """
    options = reading.options
    frames = "frames" if not tracks.in_seconds else "times in s"
    for name, point in tracks.points.items():
        likelihood = "" if point.likelihood is None else " with likelihood"
        reading.say(f"{shown(name)}: {len(point.positions):,} {frames}{likelihood}")
    name = _chosen(reading, list(tracks.points))
    if not tracks.in_seconds and options.fps is None:
        reading.refuse("has frames without times", f"give the frame rate, --fps N ({_PAGE})")
    if not reading.may_lack_spikes:
        fix = f"give the spikes in another file with --spikes ({GUIDE}#spikes)"
        reading.refuse("holds a track without spikes", fix)
    if name is None or reading.problems.found:
        return None
    point, clock = tracks.points[name], tracks.clock
    remarks = [f"positions of {name}"]
    times = clock if tracks.in_seconds else clock / (options.fps or np.nan)
    if tracks.in_seconds and options.fps is not None:
        remarks.append("--fps not used: the file has times in seconds")
    elif not tracks.in_seconds:
        remarks.append(
            f"frame 0 is at {options.start_s:g} s (--start); {options.fps:g} frames per second"
        )
    positions = np.array(point.positions, float)
    if point.likelihood is not None:
        known = np.isfinite(positions).all(axis=1)
        unlikely = known & ~(point.likelihood >= options.likelihood)
        positions[unlikely] = np.nan
        remarks.append(
            f"{unlikely.sum():,} of {len(positions):,} frames with a likelihood below"
            f" {options.likelihood:g} (--likelihood) count as lost"
        )
    return RawSession(
        reading.path,
        positions,
        times + options.start_s,
        {},
        reading.path,
        unit=tracks.unit,
        time_unit="s",
        remarks=tuple(remarks),
    )


def _chosen(reading: Reading, names: list[str]) -> str | None:
    wanted = reading.options.bodypart
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted in names:
        return wanted
    listed = ", ".join(map(shown, names))
    if not names:
        reading.refuse("tracks no body part", f"give a file with x and y of a point ({_PAGE})")
    elif wanted is None:
        what = f"tracks {len(names)} body parts: {listed}"
        reading.refuse(what, f"choose one, such as --bodypart {shown(names[0])} ({_PAGE})")
    else:
        reading.refuse(f"tracks no body part {shown(wanted)}", f"choose --bodypart from {listed}")
    return None


def points_of(
    reading: Reading, names: list[tuple[str, ...]], values: Float[np.ndarray, "frame column"]
) -> dict[str, Point] | None:
    """Return the body parts of a table; add a problem and return None if one lacks x or y.

    Args:
        reading: the reading of the file.
        names: name of each column: scorer, individual (optional), body part and coordinate.
        values: [frame, column], coordinates and likelihoods.
    """
    individuals = {name[1] for name in names if len(name) == 4}
    columns: dict[str, dict[str, int]] = {}
    for at, name in enumerate(names):
        part = "/".join(name[1:-1]) if len(individuals) > 1 else name[-2]
        columns.setdefault(part, {})[name[-1]] = at
    points = {}
    for part, of in columns.items():
        if not {"x", "y"} <= set(of):
            fix = f"give a file of DeepLabCut as it was written ({_PAGE})"
            reading.refuse(f"{shown(part)} has the columns {', '.join(of)}", fix)
            return None
        likelihood = values[:, of["likelihood"]] if "likelihood" in of else None
        points[part] = Point(values[:, [of["x"], of["y"]]], likelihood)
    return points
