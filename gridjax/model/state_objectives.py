"""Objectives on the states of a network: functions of the analysed layer and of positions.

An objective is added to the loss of the outputs. ``register_state_objective`` adds a user's.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from gridjax.model.cells import Params
from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.spec.records.state_objective_info import NUMBERS, StateObjectiveInfo
from gridjax.spec.registry import STATE_OBJECTIVES

_LEAST_SQUARE = 1e-12
"""Squared distance below which the distance of two states has no gradient."""
_TRACED = (*NUMBERS, "box_width_in_m", "dt_s")
_ContextFields: Any = namedtuple("_ContextFields", (*_TRACED, "cell"))


class ObjectiveContext(_ContextFields):
    """Numbers that an objective on states may read, as traced 0-d arrays, and the cell.

    state_distance_per_m (1 / m), distance_range_m (m), code_size, code_size_weight,
    mean_rate_weight, box_width_in_m (m), dt_s (s). ``cell`` holds the parameters of the network's
    cell, a dict of arrays; an objective may have a gradient by them.
    """

    __slots__ = ()


class StateObjective(NamedTuple):
    """An objective on states as a pure function."""

    value: Callable[
        [
            Float[Array, "time batch analysed"],
            Float[Array, "time batch out"],
            Float[Array, "time batch d"],
            Float[Array, "time batch n_in"],
            ObjectiveContext,
        ],
        Float[Array, ""],
    ]
    """activity of the analysed layer, outputs, positions after each move (metres), inputs of the
    network, numbers -> a number to minimise"""


def register_state_objective(info: StateObjectiveInfo, objective: StateObjective) -> None:
    """Add an objective on states: its record and its function.

    ``info.name`` is its name in sweep files. Raises GridjaxError if the name is already used, or
    the source of the function cannot be found.
    """
    STATE_OBJECTIVES.register(info, StateObjective(*objective), StateObjectiveInfo)


def objective_context(traced: TracedParams, cell: Params) -> ObjectiveContext:
    """Return the numbers of one network, with the parameters of its cell."""
    return ObjectiveContext(*(getattr(traced, name) for name in _TRACED), cell)


def state_objective(
    states: Float[Array, "time batch analysed"],
    outputs: Float[Array, "time batch out"],
    positions: Float[Array, "time batch d"],
    inputs: Float[Array, "time batch n_in"],
    static: StaticConfig,
    traced: TracedParams,
    cell: Params,
) -> Float[Array, ""]:
    """Return the value of a network's objective on states, without its weight.

    ``cell`` holds the parameters of the network's cell.
    """
    objective: StateObjective = STATE_OBJECTIVES[static.state_objective]
    return objective.value(states, outputs, positions, inputs, objective_context(traced, cell))


def distances(
    states: Float[Array, "time batch analysed"],
    outputs: Float[Array, "time batch out"],
    positions: Float[Array, "time batch d"],
    inputs: Float[Array, "time batch n_in"],
    context: ObjectiveContext,
) -> Float[Array, ""]:
    """Return the error of the distances of states, with terms for their mean.

    mean over pairs of (|g_i - g_j| - rho |r_i - r_j|)^2 exp(-|r_i - r_j|^2 / (2 sigma^2))
    + code_size_weight (1 - |mean g|^2 - code_size)^2 - mean_rate_weight mean(g),

    over all pairs of states g at positions r of a gradient step, of all trajectories and moves.

    Source: Pettersen et al. (2024), with the mean activity; Xu et al. (2025), with the size.
    """
    del outputs, inputs
    g, r = states.reshape(-1, states.shape[-1]), positions.reshape(-1, positions.shape[-1])
    n_states = len(g)
    between = jnp.sqrt(jnp.square(r[:, None] - r[None]).sum(axis=-1))
    difference = _distances(g) - context.state_distance_per_m * between
    weight = jnp.exp(-jnp.square(between / context.distance_range_m) / 2)
    is_pair = ~jnp.eye(n_states, dtype=bool)
    n_pairs = max(1, n_states * (n_states - 1))
    of_pairs = (jnp.where(is_pair, jnp.square(difference), 0.0) * weight).sum() / n_pairs
    mean = g.mean(axis=0)
    size = 1 - jnp.square(mean).sum()
    of_size = context.code_size_weight * jnp.square(size - context.code_size)
    return of_pairs + of_size - context.mean_rate_weight * mean.mean()


def _distances(g: Float[Array, "state unit"]) -> Float[Array, "state state"]:
    """Return the distance of every pair; equal states have distance 0, without a gradient."""
    # The origin is moved to the mean: the expanded square then loses fewer digits.
    centred = g - lax.stop_gradient(g.mean(axis=0))
    squares = jnp.square(centred).sum(axis=-1)
    products = jnp.matmul(centred, centred.T, precision=lax.Precision.HIGHEST)
    squared = squares[:, None] + squares[None] - 2 * products
    is_apart = squared > _LEAST_SQUARE
    return jnp.where(is_apart, jnp.sqrt(jnp.where(is_apart, squared, 1.0)), 0.0)


STATE_OBJECTIVES.build_in(distances=StateObjective(distances))
