"""Rules between the number of environments and other parameters of a network.

Each function returns a description of the problem and its fix, or None if there is no problem.
"""

from __future__ import annotations

from gridjax.spec.fields.declarations import info_of
from gridjax.spec.fields.environment_fields import NO_CONTEXT, ONE_HOT
from gridjax.spec.records.start_info import PLACE_CODE
from gridjax.spec.records.state_objective_info import NO_OBJECTIVE
from gridjax.spec.registry import CELLS


def of_code(n_environments: int, code: str) -> tuple[str, str] | None:
    """Return why a target code cannot differ between environments; None if it can."""
    info = info_of(code)
    if n_environments == 1 or info is None:
        return None
    if info.has_place_cells and "place_maps" not in info.reads:
        return None
    what = f"n_environments: {n_environments} does not fit place_field_values: {code}"
    return what, "its targets are the same in all environments: give a code of drawn place cells"


def of_start(n_environments: int, start: str, context: str) -> tuple[str, str] | None:
    """Return why a network is not told its environment; None if it is."""
    if n_environments == 1 or start == PLACE_CODE or context != NO_CONTEXT:
        return None
    what = f"n_environments: {n_environments} does not fit start: {start}"
    why = f"the network is not told its environment: give start: {PLACE_CODE}"
    return what, f"{why} or context_input: {ONE_HOT}"


def of_cell(n_environments: int, cell: str) -> tuple[str, str] | None:
    """Return why a cell cannot have several environments; None if it can."""
    if n_environments == 1 or cell not in CELLS or CELLS.info(cell).n_states:
        return None
    what = f"n_environments: {n_environments} does not fit rnn_type: {cell}"
    return what, "networks without recurrence have one environment: give a recurrent cell"


def of_objective(n_environments: int, objective: str) -> tuple[str, str] | None:
    """Return why an objective on states excludes several environments; None if not."""
    if n_environments == 1 or objective == NO_OBJECTIVE:
        return None
    what = f"n_environments: {n_environments} does not fit state_objective: {objective}"
    return what, f"it compares states without regard to the environment: give {NO_OBJECTIVE}"
