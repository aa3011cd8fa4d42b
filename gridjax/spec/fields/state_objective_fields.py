"""Fields of a network: an objective on its states beside the loss of its outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gridjax.spec.fields.declarations import entry_reads, names_of, static, traced
from gridjax.spec.fields.uses import NETWORK, TRAINING
from gridjax.spec.records.state_objective_info import NO_OBJECTIVE, STATE_OBJECTIVE_INFOS
from gridjax.spec.registry import STATE_OBJECTIVES


def has_state_objective(network: Any) -> bool:
    """Return whether an objective on states is part of the loss of a network."""
    return network.state_objective != NO_OBJECTIVE


def objective_reads(name: str) -> Callable[[Any], bool]:
    """Return the condition that the objective of a network reads a field."""
    return entry_reads(STATE_OBJECTIVES, name)


@dataclass(frozen=True)
class StateObjectiveFields:
    """An objective on the analysed layer that is added to the loss of the outputs."""

    state_objective: str = static(
        NO_OBJECTIVE,
        "objective on the analysed layer that is added to the loss",
        TRAINING,
        choices=names_of(STATE_OBJECTIVE_INFOS),
    )
    state_objective_weight: float = traced(
        1.0,
        "factor of the objective on states, dimensionless",
        TRAINING,
        at_least=0.0,
        read_if=has_state_objective,
    )
    place_loss_weight: float = traced(
        1.0,
        "factor of the loss of the outputs beside an objective on states, dimensionless; at 0 the"
        " network has no outputs",
        TRAINING,
        NETWORK,
        at_least=0.0,
        read_if=has_state_objective,
    )
    state_distance_per_m: float = traced(
        5.0,
        "rho: wanted distance of two states over the distance of their positions, 1 / m",
        TRAINING,
        at_least=0.0,
        read_if=objective_reads("state_distance_per_m"),
    )
    distance_range_m: float = traced(
        0.2,
        "sd of the Gaussian weight of two positions by their distance, metres",
        TRAINING,
        above=0.0,
        read_if=objective_reads("distance_range_m"),
    )
    code_size: float = traced(
        0.5,
        "wanted size of the code: 1 minus the squared norm of the mean state, dimensionless",
        TRAINING,
        read_if=objective_reads("code_size"),
    )
    code_size_weight: float = traced(
        0.0,
        "factor of the squared error of the size of the code, dimensionless",
        TRAINING,
        at_least=0.0,
        read_if=objective_reads("code_size_weight"),
    )
    mean_rate_weight: float = traced(
        0.0,
        "factor of the mean activity, which is subtracted, dimensionless",
        TRAINING,
        at_least=0.0,
        read_if=objective_reads("mean_rate_weight"),
    )
