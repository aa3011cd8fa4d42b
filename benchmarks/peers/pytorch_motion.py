"""Motion model of the study in PyTorch, without a transfer between host and device.

The computation of numpy_motion.walk for any number of animals. Branches are selections, so that
the launches do not depend on the data and a CUDA graph can hold them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch  # pyright: ignore[reportMissingImports]
from torch import Tensor  # pyright: ignore[reportMissingImports]

from .numpy_motion import SLOWED_AT_WALL, STUDY, World


class Drawn(NamedTuple):
    """The random numbers of a batch; memory that ``redraw`` fills again."""

    position: Tensor
    """[2, batch], metres"""
    heading: Tensor
    """[batch], radians"""
    speeds: Tensor
    """[time + 1, batch], metres per second"""
    turns: Tensor
    """[time + 1, batch], radians"""


class Paths(NamedTuple):
    """Paths of a batch, in metres."""

    start: Tensor
    """[2, batch]"""
    moves: Tensor
    """[time, 2, batch]"""
    positions: Tensor
    """[time, 2, batch]"""


def empty(n_moves: int, batch_size: int, device: str) -> Drawn:
    """Return memory for the random numbers of a batch."""
    return Drawn(
        torch.empty(2, batch_size, device=device),
        torch.empty(batch_size, device=device),
        torch.empty(n_moves + 1, batch_size, device=device),
        torch.empty(n_moves + 1, batch_size, device=device),
    )


def redraw(drawn: Drawn, world: World = STUDY) -> None:
    """Draw start, heading, Rayleigh speeds and normal turns in place."""
    half = world.box_width_m / 2
    drawn.position.uniform_(-half, half)
    drawn.heading.uniform_(0, 2 * math.pi)
    drawn.speeds.exponential_().mul_(2).sqrt_().mul_(world.speed_scale)
    drawn.turns.normal_(0, world.dt_s * world.turn_sd)


def walk(drawn: Drawn, world: World = STUDY) -> Paths:
    """Return the paths of all animals, one time step after the other."""
    half, quarter_turn = world.box_width_m / 2, math.pi / 2
    (x, y), heading = drawn.position.unbind(), drawn.heading
    moves, visited = [], []
    for speed, turn in zip(drawn.speeds.unbind(), drawn.turns.unbind(), strict=True):
        across, along = x.abs(), y.abs()
        # products of scalars, because a scalar of torch.where may be copied to the device
        of_x, of_y = (x <= 0) * math.pi, (y > 0) * math.pi - quarter_turn
        normal = torch.where(across >= along, of_x, of_y)
        angle = torch.remainder(heading - normal + math.pi, 2 * math.pi) - math.pi
        is_near = torch.maximum(across, along) > half - world.border_m
        is_blocked = is_near & (angle.abs() < quarter_turn)
        distance = speed * world.dt_s
        distance = torch.where(is_blocked, SLOWED_AT_WALL * distance, distance)
        along_wall = torch.sign(angle) * (quarter_turn - angle.abs())
        move = distance * torch.cos(heading), distance * torch.sin(heading)
        x, y = x + move[0], y + move[1]
        heading = heading + torch.where(is_blocked, turn + along_wall, turn)
        moves.append(torch.stack(move))
        visited.append(torch.stack((x, y)))
    return Paths(visited[0], torch.stack(moves[1:]), torch.stack(visited[1:]))
