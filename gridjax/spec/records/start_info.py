"""Facts of each start: how the state before the first move is computed. Imports no JAX."""

from __future__ import annotations

from dataclasses import dataclass

from gridjax.spec.records.target_code_info import EVERY, PLANE, check_dimensions, check_text_fields

PLACE_CODE = "place_code"
"""The linear map of the target code at the start of a path, which is the default."""


@dataclass(frozen=True)
class StartInfo:
    """Facts of one start (a value of ``start``)."""

    name: str
    """name of the start in sweep files"""
    dimensions: tuple[int, ...] = PLANE
    """numbers of dimensions of the positions that it accepts"""
    version: str = ""
    """version of a user's start; the run_id depends on it and on the source of the functions"""

    def __post_init__(self) -> None:
        check_text_fields(self)
        check_dimensions("start", self.name, self.dimensions)


START_INFOS = (
    StartInfo(PLACE_CODE, EVERY),
    StartInfo("learned", EVERY),
    StartInfo("position"),
    StartInfo("zero", EVERY),
)
"""gridjax's own starts."""
