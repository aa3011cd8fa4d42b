"""The motion model one animal and one step at a time, in Python floats.

Walls and headings are vectors here: the animal near a wall turns to whichever of the wall's two
directions is nearer to its heading. At equal distances the first of +x, +y, -x, -y is the wall.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

OUTWARD = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))


def nearest_wall(x: float, y: float, box_width: float) -> tuple[float, tuple[float, float]]:
    """Distance to the nearest wall (negative beyond it) and the wall's outward normal."""
    distances = [box_width / 2 - (x * nx + y * ny) for nx, ny in OUTWARD]
    nearest = min(distances)
    return nearest, OUTWARD[distances.index(nearest)]


def turn_to_parallel(heading: float, normal: tuple[float, float]) -> float:
    """The smaller turn (radians) that makes the heading run along the wall."""
    nx, ny = normal
    hx, hy = math.cos(heading), math.sin(heading)

    def turn_to(tx, ty):
        return math.atan2(hx * ty - hy * tx, hx * tx + hy * ty)

    return min(turn_to(-ny, nx), turn_to(ny, -nx), key=abs)


class Path(NamedTuple):
    """What one animal did, or a batch of them, time first."""

    start: np.ndarray
    """Where the first kept move starts, m: [2] or [batch, 2]."""
    moves: np.ndarray
    """Displacements, metres per step: [T, 2] or [T, batch, 2]."""
    positions: np.ndarray
    """Where each move ends, m."""
    start_heading: np.ndarray
    """Heading along which the first kept move goes, radians."""
    headings: np.ndarray
    """Heading after each move and its turn, radians: [T] or [T, batch]."""


def walk_one(position, heading, speeds, turns, box_width, border, dt) -> Path:
    """Path of one animal from T + 1 speeds and turns: the first move is dropped."""
    x, y = map(float, position)
    heading = float(heading)
    visited, moves, headings = [], [], []
    for speed, turn in zip(speeds, turns, strict=True):
        distance, normal = nearest_wall(x, y, box_width)
        towards = math.cos(heading) * normal[0] + math.sin(heading) * normal[1] > 0
        blocked = distance < border and towards
        length = float(speed) * dt * (0.25 if blocked else 1.0)
        move = (length * math.cos(heading), length * math.sin(heading))
        x, y = x + move[0], y + move[1]
        heading += float(turn) + (turn_to_parallel(heading, normal) if blocked else 0.0)
        moves.append(move)
        visited.append((x, y))
        headings.append(heading)
    return Path(
        np.array(visited[0]),
        np.array(moves[1:]),
        np.array(visited[1:]),
        np.array(headings[0]),
        np.array(headings[1:]),
    )


def walk(positions, headings, speeds, turns, box_width, border, dt) -> Path:
    """Paths of a batch, time first: start [batch, 2], moves and positions [T, batch, 2]."""
    paths = [
        walk_one(positions[i], headings[i], speeds[:, i], turns[:, i], box_width, border, dt)
        for i in range(len(positions))
    ]
    start, moves, visited, first, after = zip(*paths, strict=True)
    return Path(
        np.stack(start),
        np.stack(moves, axis=1),
        np.stack(visited, axis=1),
        np.stack(first),
        np.stack(after, axis=1),
    )


def egocentric(moves, start_heading, headings, dt):
    """[speed m/s, sin dtheta, cos dtheta] of one animal, dtheta the turn after a move: [T, 3]."""
    out, before = [], float(start_heading)
    for (dx, dy), after in zip(moves, headings, strict=True):
        turn = float(after) - before
        out.append((math.hypot(dx, dy) / dt, math.sin(turn), math.cos(turn)))
        before = float(after)
    return np.array(out)


def integrate(inputs, start, start_heading, dt):
    """Positions [T, 2] and headings [T] from egocentric inputs [T, 3]."""
    x, y = map(float, start)
    heading = float(start_heading)
    positions, headings = [], []
    for speed, sine, cosine in np.asarray(inputs, np.float64):
        x, y = x + speed * dt * math.cos(heading), y + speed * dt * math.sin(heading)
        heading += math.atan2(sine, cosine)
        positions.append((x, y))
        headings.append(heading)
    return np.array(positions), np.array(headings)
