"""Choice of the networks that are evaluated in all their environments, and check of that setting.

The module imports no JAX.
"""

from __future__ import annotations

from collections.abc import Iterable

from gridjax.errors import Place, Problem
from gridjax.spec.fields.environment_fields import has_environments
from gridjax.spec.network import NetworkSpec

SETTING = "evaluation.environments"


def compares_environments(spec: NetworkSpec) -> bool:
    """Return whether maps of a network can be compared: several environments, in a square."""
    return has_environments(spec) and spec.dimensions == 2


def problem_of_setting(
    is_asked: bool, specs: Iterable[NetworkSpec], place: Place | None = None
) -> Problem | None:
    """Return why ``evaluation.environments`` has no effect in a sweep; None if it has one.

    Args:
        is_asked: the value of the setting.
        specs: the networks of the sweep. Without any, there is no problem.
        place: the place of the value.
    """
    specs = list(specs)
    if not is_asked or not specs or any(map(compares_environments, specs)):
        return None
    message = (
        f"{SETTING}: true has no effect: no network of the sweep has several environments and is in"
        " a square box"
    )
    fix = "remove the setting, or add networks with n_environments above 1 and dimensions: 2"
    return Problem(message, place, fix)
