"""Facts of each objective on the states of a network. This module imports no JAX."""

from __future__ import annotations

from dataclasses import dataclass

from gridjax.spec.records.target_code_info import check_reads, check_text_fields

NO_OBJECTIVE = "none"
NUMBERS = (
    "state_distance_per_m",
    "distance_range_m",
    "code_size",
    "code_size_weight",
    "mean_rate_weight",
)
"""Parameters of a network that only objectives on states read."""


@dataclass(frozen=True)
class StateObjectiveInfo:
    """Facts of one objective on the states of a network (a value of ``state_objective``).

    Raises GridjaxError if ``reads`` names anything but parameters of objectives.
    """

    name: str
    """name of the objective in sweep files"""
    reads: tuple[str, ...] = ()
    """parameters of objectives that it reads, of ``NUMBERS``; others do not change a network"""
    per_pair: bool = True
    """whether it compares all pairs of states of a gradient step; used for the cost and the memory
    of a plan"""
    version: str = ""
    """version of a user's objective; the run_id depends on it and on the source of the function"""

    def __post_init__(self) -> None:
        check_text_fields(self)
        check_reads("state_objective", self.name, self.reads, NUMBERS)


STATE_OBJECTIVE_INFOS = (
    StateObjectiveInfo(NO_OBJECTIVE, per_pair=False),
    StateObjectiveInfo("distances", NUMBERS),
)
"""gridjax's own objectives on states."""
