"""Perturbations of evaluated networks: their names, their doses and the moves that are measured.

The module imports no JAX.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gridjax.errors import Place, Problem
from gridjax.spec.fields.declarations import is_recurrent
from gridjax.spec.network import NetworkSpec

SETTING = "evaluation.robustness"
NONE, ALL = "none", "all"
VELOCITY_NOISE, STATE_NOISE = "velocity_noise", "state_noise"
LESION_RANDOM, LESION_GRID, LESION_MATCHED = "lesion_random", "lesion_grid", "lesion_matched"
KICK_OFF, KICK_ALONG = "kick_off", "kick_along"
LESIONS = (LESION_RANDOM, LESION_GRID, LESION_MATCHED)
KICKS = (KICK_OFF, KICK_ALONG)
GROUPS = {
    VELOCITY_NOISE: (VELOCITY_NOISE,),
    STATE_NOISE: (STATE_NOISE,),
    "lesions": LESIONS,
    "kicks": KICKS,
}
"""Perturbations by their name in the setting ``evaluation.robustness``."""
DOSES = {
    VELOCITY_NOISE: (0.25, 0.5, 1.0, 2.0),
    STATE_NOISE: (0.05, 0.1, 0.2, 0.4),
    **dict.fromkeys(LESIONS, (0.02, 0.1, 0.2, 0.3, 0.4)),
    **dict.fromkeys(KICKS, (0.1, 0.5)),
}
"""Noise: its root mean square over that of the velocity or of the state. Lesions: share of the
units. Kicks: their norm over the root mean square norm of the state."""
MOST_LESIONED = max(DOSES[LESION_GRID])
"""Largest share of the units that a lesion silences."""
MOVES = (1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50)
"""Moves after which networks with noise or lesions, and unperturbed networks, are measured."""
KICKED_AT = 10
"""Move after which the state is kicked."""
MOVES_AFTER_KICK = (0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 40)
"""Moves after the kick at which kicked networks are measured; 0 is the kicked state itself."""
N_MOVES = max(*MOVES, KICKED_AT + max(MOVES_AFTER_KICK))
"""Number of moves of a trajectory."""
N_PATHS = 200
"""Number of trajectories. All perturbations of a network use the same ones."""
PATTERN = f"{NONE}|{ALL}|({'|'.join(GROUPS)})( *, *({'|'.join(GROUPS)}))*"
"""Form of the setting ``evaluation.robustness``."""


class Condition(NamedTuple):
    """One perturbation with its dose."""

    perturbation: str
    dose: float

    @property
    def is_kick(self) -> bool:
        """Whether the state is kicked once; other perturbations last."""
        return self.perturbation in KICKS

    @property
    def moves(self) -> tuple[int, ...]:
        """The measured moves, counted from the beginning of the perturbation."""
        return MOVES_AFTER_KICK if self.is_kick else MOVES


def conditions_of(wanted: str) -> tuple[Condition, ...]:
    """Return the conditions that the setting ``evaluation.robustness`` asks for.

    The unperturbed network comes first. Without any perturbation the result is empty.
    """
    if wanted == NONE:
        return ()
    names = groups_of(wanted)
    chosen = [name for group, members in GROUPS.items() if group in names for name in members]
    perturbed = [Condition(name, dose) for name in chosen for dose in DOSES[name]]
    return (Condition(NONE, 0.0), *perturbed)


def groups_of(wanted: str) -> tuple[str, ...]:
    """Return the names in ``GROUPS`` that the setting ``evaluation.robustness`` asks for."""
    names = {name.strip() for name in wanted.split(",")}
    return tuple(group for group in GROUPS if ALL in names or group in names)


def union(settings: Iterable[str]) -> str:
    """Return the value of ``evaluation.robustness`` that asks for all that others ask for."""
    asked = {name for wanted in settings for name in groups_of(wanted)}
    if asked == set(GROUPS):
        return ALL
    return ",".join(group for group in GROUPS if group in asked) or NONE


def can_be_perturbed(spec: NetworkSpec) -> bool:
    """Return whether a network is evaluated under perturbations: recurrent, in a square."""
    return is_recurrent(spec) and spec.dimensions == 2


def problem_of_setting(
    wanted: str, specs: Iterable[NetworkSpec], place: Place | None = None
) -> Problem | None:
    """Return why ``evaluation.robustness`` has no effect in a sweep; None if it has one.

    Args:
        wanted: the value of the setting.
        specs: the networks of the sweep. Without any, there is no problem.
        place: the place of the value.
    """
    specs = list(specs)
    if wanted == NONE or not specs or any(map(can_be_perturbed, specs)):
        return None
    message = (
        f"evaluation.robustness: {wanted} has no effect: no network of the sweep has recurrence and"
        " is in a square box"
    )
    fix = (
        "remove the setting, or add recurrent networks with dimensions: 2, the only ones that are"
        " evaluated under perturbations"
    )
    return Problem(message, place, fix)
