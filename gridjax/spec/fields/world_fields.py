"""Fields of a network: the box, the motion in it, and the inputs of the network."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gridjax.spec.fields.declarations import (
    entry_reads,
    is_recurrent,
    names_of,
    static,
    traced,
)
from gridjax.spec.fields.uses import CODE, MOTION, NETWORK
from gridjax.spec.records.motion_info import MOTION_INFOS, WALK
from gridjax.spec.registry import MOTIONS


@dataclass(frozen=True)
class WorldFields:
    """The box, the motion in it, and the inputs of the network."""

    dimensions: int = static(
        2,
        "dimensions of the box: 1, a line; 2, a square; 3, a cube",
        MOTION,
        CODE,
        NETWORK,
        at_least=1,
        at_most=3,
    )
    box_width_in_m: float = traced(
        2.2, "side of the box along x, and along z in a cube, metres", MOTION, CODE, above=0.0
    )
    box_height_in_m: float = traced(2.2, "side of the box along y, metres", above=0.0)
    is_periodic: bool = static(False, "whether the box wraps around", MOTION, CODE, only=False)
    motion: str = static(WALK, "how the paths are drawn", MOTION, choices=names_of(MOTION_INFOS))
    speed_scale: float = traced(
        0.13 * 2 * math.pi,
        "scale of the Rayleigh speed, metres per second",
        MOTION,
        above=0.0,
        setting=True,
        read_if=entry_reads(MOTIONS, "speed_scale"),
    )
    turn_sd: float = traced(
        11.52,
        "sd of the angular velocity, radians per second",
        MOTION,
        at_least=0.0,
        setting=True,
        read_if=entry_reads(MOTIONS, "turn_sd"),
    )
    turn_kappa: float = traced(
        12.566,
        "concentration of the von Mises turn of each move, dimensionless",
        MOTION,
        at_least=0.0,
        at_most=1000.0,
        setting=True,
        read_if=entry_reads(MOTIONS, "turn_kappa"),
    )
    vertical_scale: float = traced(
        0.3,
        "factor of the vertical speed of a flattened walk, dimensionless",
        MOTION,
        above=0.0,
        at_most=1.0,
        setting=True,
        read_if=entry_reads(MOTIONS, "vertical_scale"),
    )
    dt_s: float = traced(0.02, "time of one step, seconds", MOTION, above=0.0, setting=True)
    border_m: float = traced(
        0.03,
        "distance at which a wall turns the animal, metres",
        MOTION,
        above=0.0,
        setting=True,
        read_if=entry_reads(MOTIONS, "border_m"),
    )
    inputs: str = static(
        "displacement",
        "inputs at each move: its components in m, or speed in m/s and sin, cos of the turn",
        NETWORK,
        choices=("displacement", "egocentric"),
        setting=True,
        read_if=is_recurrent,
    )
