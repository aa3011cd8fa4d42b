"""Motion model of the study in NumPy: vectorised over a batch, and one animal at a time.

The computation of gridjax.task.motion.square_walk, on the host as in the published code: T + 1
moves, each along the old heading. An animal near a wall that it faces slows down and turns along
the wall.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

SLOWED_AT_WALL = 0.25


class World(NamedTuple):
    """Constants of the motion; the defaults are the study's."""

    box_width_m: float = 2.2
    speed_scale: float = 0.13 * 2 * math.pi
    turn_sd: float = 11.52
    dt_s: float = 0.02
    border_m: float = 0.03


STUDY = World()


class Paths(NamedTuple):
    """Paths of a batch, time first, metres."""

    start: np.ndarray
    """[batch, 2]"""
    moves: np.ndarray
    """[time, batch, 2]"""
    positions: np.ndarray
    """[time, batch, 2]"""


class Drawn(NamedTuple):
    """The random numbers of a batch."""

    position: np.ndarray
    """[batch, 2], metres"""
    heading: np.ndarray
    """[batch], radians"""
    speeds: np.ndarray
    """[time + 1, batch], metres per second"""
    turns: np.ndarray
    """[time + 1, batch], radians"""


def draw(rng: np.random.Generator, n_moves: int, batch_size: int, world: World = STUDY) -> Drawn:
    """Draw start, heading, Rayleigh speeds and normal turns, in single precision."""
    shape = (n_moves + 1, batch_size)
    single = np.float32
    return Drawn(
        position=(rng.random((batch_size, 2), single) - single(0.5)) * single(world.box_width_m),
        heading=rng.random(batch_size, single) * single(2 * math.pi),
        speeds=np.sqrt(single(2) * rng.standard_exponential(shape, single))
        * single(world.speed_scale),
        turns=rng.standard_normal(shape, single) * single(world.dt_s * world.turn_sd),
    )


def walk(drawn: Drawn, world: World = STUDY) -> Paths:
    """Return the paths of all animals, one time step after the other."""
    half, quarter_turn = world.box_width_m / 2, math.pi / 2
    position, heading = drawn.position.T.copy(), drawn.heading.copy()
    distances = drawn.speeds * drawn.speeds.dtype.type(world.dt_s)
    n_steps, batch_size = distances.shape
    moves = np.empty((n_steps, 2, batch_size), distances.dtype)
    visited = np.empty_like(moves)
    for t in range(n_steps):
        turned = drawn.turns[t]
        distance = distances[t]
        near = np.flatnonzero(np.abs(position).max(axis=0) > half - world.border_m)
        if near.size:
            angle = _from_wall(position[0, near], position[1, near], heading[near])
            facing = np.abs(angle) < quarter_turn
            blocked, angle = near[facing], angle[facing]
            distance, turned = distance.copy(), turned.copy()
            distance[blocked] *= SLOWED_AT_WALL
            turned[blocked] += np.sign(angle) * (quarter_turn - np.abs(angle))
        np.multiply(distance, np.cos(heading), out=moves[t, 0])
        np.multiply(distance, np.sin(heading), out=moves[t, 1])
        position += moves[t]
        visited[t] = position
        heading += turned
    moves, visited = moves.transpose(0, 2, 1), visited.transpose(0, 2, 1)
    return Paths(visited[0], moves[1:], visited[1:])


def _from_wall(x: np.ndarray, y: np.ndarray, heading: np.ndarray) -> np.ndarray:
    """Return the angle between heading and the outward normal of the nearest wall, -pi to pi."""
    of_x = np.where(x > 0, 0.0, math.pi)
    of_y = np.where(y > 0, math.pi / 2, -math.pi / 2)
    normal = np.where(np.abs(x) >= np.abs(y), of_x, of_y)
    return np.mod(heading - normal + math.pi, 2 * math.pi) - math.pi


def walk_one_by_one(drawn: Drawn, world: World = STUDY) -> Paths:
    """Return the same paths, one animal after the other in plain Python."""
    half, quarter_turn = world.box_width_m / 2, math.pi / 2
    n_steps, batch_size = drawn.speeds.shape
    moves = np.empty((n_steps, batch_size, 2))
    visited = np.empty_like(moves)
    for animal in range(batch_size):
        x, y = drawn.position[animal].tolist()
        heading = drawn.heading[animal].item()
        speeds, turns = drawn.speeds[:, animal].tolist(), drawn.turns[:, animal].tolist()
        for t, (speed, turn) in enumerate(zip(speeds, turns, strict=True)):
            distance = speed * world.dt_s
            if max(abs(x), abs(y)) > half - world.border_m:
                along_x = abs(x) >= abs(y)
                normal = math.atan2(0.0 if along_x else y, x if along_x else 0.0)
                angle = math.remainder(heading - normal, 2 * math.pi)
                if abs(angle) < quarter_turn:
                    distance *= SLOWED_AT_WALL
                    turn += math.copysign(quarter_turn - abs(angle), angle)
            move = distance * math.cos(heading), distance * math.sin(heading)
            x, y = x + move[0], y + move[1]
            heading += turn
            moves[t, animal] = move
            visited[t, animal] = x, y
    return Paths(visited[0], moves[1:], visited[1:])


def simulate(
    rng: np.random.Generator, n_moves: int, batch_size: int, world: World = STUDY
) -> Paths:
    """Simulate a batch of trajectories of ``n_moves`` moves."""
    return walk(draw(rng, n_moves, batch_size, world), world)
