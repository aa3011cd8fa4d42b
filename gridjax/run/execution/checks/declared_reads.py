"""Contexts for checks of plugins: they refuse parameters that a plugin's record does not name.

A parameter that ``reads`` does not name has its default, whatever the sweep file says. Without this
check, a function that reads it would compute with the default.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gridjax.errors import GridjaxError, Problem
from gridjax.spec.entries import EXCEPTIONS
from gridjax.spec.records.motion_info import MOTION_NUMBERS
from gridjax.spec.records.optimizer_info import OPTIMIZER_NUMBERS
from gridjax.spec.records.state_objective_info import NUMBERS
from gridjax.spec.records.target_code_info import CODE_PARAMETERS

_OWNERS = {
    name: (name,) for name in (*MOTION_NUMBERS, *OPTIMIZER_NUMBERS, *NUMBERS, *CODE_PARAMETERS)
}
_OWNERS |= {entry.name: (name,) for name in CODE_PARAMETERS for entry in EXCEPTIONS.get(name, ())}
_OWNERS |= dict.fromkeys(("alpha_e", "alpha_i"), ("place_cell_alpha_e", "place_cell_alpha_i"))
"""Attribute of a context -> the parameters of a network that it comes from, for those of ``reads``;
place_cell_rf_low comes from place_cell_rf. Both alphas are shares of the sum of two parameters."""


_NORMALIZATION, _ANGLE = "place_field_normalization", "polar_angle"


def with_declared_reads(name: str, context: Any, reads: Iterable[str]) -> Any:
    """Return a context of the same values that refuses the parameters outside of ``reads``.

    Args:
        name: name of the entry, for the message.
        context: the argument of the plugin's function, a named tuple.
        reads: the parameters that the entry's record names, and place_field_normalization if a
            target code has targets_unnormalized.

    Reading the attribute of another parameter raises GridjaxError.
    """
    kind: Any = type(context)
    declared = frozenset(reads)

    class Watched(kind):
        __slots__ = ()

        def __getattribute__(self, attribute: str) -> Any:
            for owner in _OWNERS.get(attribute, ()):
                if owner in declared:
                    continue
                message = f"{name}: a function reads context.{attribute}, but its record does not"
                fix = f'add "{owner}" to reads; without it, {owner} has its default in all networks'
                raise GridjaxError(Problem(f"{message} name {owner}", fix=fix))
            if attribute == _NORMALIZATION and attribute not in declared:
                message = f"{name}: a function reads context.{attribute}, but its record has no"
                fix = f"give targets_unnormalized in the record; without it, {attribute} is global"
                raise GridjaxError(Problem(f"{message} targets_unnormalized", fix=fix))
            if attribute == _ANGLE and "polar" not in name:
                message = f"{name}: a function reads context.{attribute}, which is atan2 for codes"
                fix = 'use a name with "polar", or do not read it'
                raise GridjaxError(Problem(f'{message} whose name has no "polar" in it', fix=fix))
            return super().__getattribute__(attribute)

    return Watched(*context)
