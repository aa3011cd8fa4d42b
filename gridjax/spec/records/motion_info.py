"""Facts of each motion model: how the paths of a network are drawn. This module imports no JAX."""

from __future__ import annotations

from dataclasses import dataclass

from gridjax.spec.records.target_code_info import (
    EVERY,
    PLANE,
    check_dimensions,
    check_reads,
    check_text_fields,
)

WALK = "walk"
"""The walk of the study, the default. In the plane it is the only motion of padded shapes."""
MOTION_NUMBERS = ("speed_scale", "turn_sd", "border_m", "turn_kappa", "vertical_scale")
"""Parameters of a network that only its motion reads."""


@dataclass(frozen=True)
class MotionInfo:
    """Facts of one motion model (a value of ``motion``).

    Raises GridjaxError if ``reads`` names anything but parameters of motions.
    """

    name: str
    """name of the motion in sweep files"""
    reads: tuple[str, ...] = ()
    """parameters of motions that it reads, of ``MOTION_NUMBERS``; others do not change a network"""
    dimensions: tuple[int, ...] = PLANE
    """numbers of dimensions of the boxes in which it moves"""
    version: str = ""
    """version of a user's motion; the run_id depends on it and on the source of the function"""

    def __post_init__(self) -> None:
        check_text_fields(self)
        check_dimensions("motion", self.name, self.dimensions)
        check_reads("motion", self.name, self.reads, MOTION_NUMBERS)


_WALK = ("speed_scale", "turn_sd", "border_m")
MOTION_INFOS = (
    MotionInfo(WALK, _WALK, EVERY),
    MotionInfo("von_mises_walk", ("speed_scale", "turn_kappa")),
    MotionInfo("permuted_velocities", ("speed_scale",), EVERY),
    MotionInfo("random_positions", (), EVERY),
    MotionInfo("flattened_walk", (*_WALK, "vertical_scale"), (3,)),
    MotionInfo("planar_walk", _WALK, (3,)),
)
"""gridjax's own motions."""
