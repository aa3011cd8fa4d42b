"""Rules between the rate of landmarks and other parameters of a network.

Each function returns a description of the problem and its fix, or None if there is no problem.
"""

from __future__ import annotations

from gridjax.spec.records.state_objective_info import NO_OBJECTIVE
from gridjax.spec.registry import CELLS

_ZERO_AT_CENTRE = ("cartesian", "polar")
"""Target codes whose values are coordinates; moves without a landmark have an input of 0."""


def of_cell(landmark_rate: float, cell: str) -> tuple[str, str] | None:
    """Return why a cell cannot receive landmarks; None if it can."""
    if landmark_rate == 0 or cell not in CELLS or CELLS.info(cell).n_states:
        return None
    what = f"landmark_rate: {landmark_rate} does not fit rnn_type: {cell}"
    return what, "networks without recurrence receive positions already: give a recurrent cell"


def of_objective(landmark_rate: float, objective: str) -> tuple[str, str] | None:
    """Return why an objective on states excludes landmarks; None if not."""
    if landmark_rate == 0 or objective == NO_OBJECTIVE:
        return None
    what = f"landmark_rate: {landmark_rate} does not fit state_objective: {objective}"
    return what, f"objectives on states read the moves as the inputs: give {NO_OBJECTIVE}"


def of_code(landmark_rate: float, code: str) -> tuple[str, str] | None:
    """Return why a target code cannot be that of landmarks; None if it can."""
    if not 0 < landmark_rate < 1 or code not in _ZERO_AT_CENTRE:
        return None
    what = f"landmark_rate: {landmark_rate} does not fit place_field_values: {code}"
    why = "its input of 0 means both no landmark and one at the centre of the box"
    return what, f"{why}: give landmark_rate: 1, or a code of many cells"
