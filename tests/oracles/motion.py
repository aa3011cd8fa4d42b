"""The motion model one animal and one step at a time, in Python floats.

Walls and headings are vectors here: the animal near a wall turns to whichever of the wall's two
directions is nearer to its heading. At equal distances the first of +x, +y, -x, -y is the wall.
"""

from __future__ import annotations

import math

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


def walk_one(position, heading, speeds, turns, box_width, border, dt):
    """Path of one animal: start [2], moves [T, 2], positions [T, 2] from T + 1 speeds."""
    x, y = map(float, position)
    heading = float(heading)
    visited, moves = [], []
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
    return np.array(visited[0]), np.array(moves[1:]), np.array(visited[1:])


def walk(positions, headings, speeds, turns, box_width, border, dt):
    """Paths of a batch, time first: start [batch, 2], moves and positions [T, batch, 2]."""
    paths = [
        walk_one(positions[i], headings[i], speeds[:, i], turns[:, i], box_width, border, dt)
        for i in range(len(positions))
    ]
    start, moves, visited = zip(*paths, strict=True)
    return np.stack(start), np.stack(moves, axis=1), np.stack(visited, axis=1)
