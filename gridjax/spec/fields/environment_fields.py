"""Fields of a network: the environments in which it is trained, and the input that names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gridjax.spec.fields.declarations import reads_target_code, static
from gridjax.spec.fields.uses import NETWORK, TRAINING

NO_CONTEXT, ONE_HOT = "none", "one_hot"
"""Values of ``context_input``."""


def has_environments(network: Any) -> bool:
    """Return whether a network, or its static config, is trained in several environments."""
    return reads_target_code(network) and network.n_environments > 1


@dataclass(frozen=True)
class EnvironmentFields:
    """Environments with a place layout each. Networks receive the start code of theirs."""

    n_environments: int = static(
        1,
        "environments in which the network is trained, each with a place layout of its own",
        NETWORK,
        TRAINING,
        at_least=1,
        at_most=1000,
        read_if=reads_target_code,
    )
    context_input: str = static(
        NO_CONTEXT,
        "input that names the environment at each move, beside the start code: none, or one number"
        " for each environment, 1 for that of the trajectory and 0 for the others",
        NETWORK,
        choices=(NO_CONTEXT, ONE_HOT),
        read_if=has_environments,
    )
