"""Facts of each start: how the state before the first move is computed. Imports no JAX."""

from __future__ import annotations

from dataclasses import dataclass

from gridjax.spec.target_code_info import check_text_fields

PLACE_CODE = "place_code"
"""The linear map of the target code at the start of a path, which is the default."""


@dataclass(frozen=True)
class StartInfo:
    """Facts of one start (a value of ``start``)."""

    name: str
    """name of the start in sweep files"""
    version: str = ""
    """version of a user's start; the run_id depends on it and on the source of the functions"""

    def __post_init__(self) -> None:
        check_text_fields(self)


START_INFOS = tuple(map(StartInfo, (PLACE_CODE, "learned", "position", "zero")))
"""gridjax's own starts."""
