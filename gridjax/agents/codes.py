"""Position codes of agents: rates at places, from maps, and of a network that integrates."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from gridjax.grid_code import interpolated_rates
from gridjax.model import network
from gridjax.spec.lowering import StaticConfig

UNITS, OUTPUTS, READOUTS = "units", "outputs", "readouts"
READ = (UNITS, OUTPUTS, READOUTS)
"""What an agent reads from its network: units, softmax outputs, or random readouts of these."""


class NetworkCode(NamedTuple):
    """A network that integrates the agent's moves, and what the agent reads from it."""

    params: Any
    starts: Float[Array, "place state"]
    """states of the network at the places where trials start"""
    read: Int[Array, ""]
    """index in READ"""
    cells: Int[Array, " unit"]
    """outputs that are read, as many as the network has units"""
    weights: Float[Array, "out unit"]
    """weights of the random readouts"""
    mean: Float[Array, " out"]
    """mean of the softmax outputs over places, which the readouts subtract"""
    offset: Float[Array, " unit"]
    """mean over places of the rates that are read, which is subtracted from them"""
    scale: Float[Array, ""]
    """factor that gives them then a mean square of 1 over units and places"""


class Code(NamedTuple):
    """A position code of one agent, at the places of a square lattice of n x n bins.

    Rates at other positions are interpolated linearly. All rates are standardised: the mean of a
    unit over the places is 0, and the mean square over units and places is 1. A constant rate, as
    cells with a surround have far from their field, would else hide what depends on the position.
    """

    places: Float[Array, "place 2"]
    """bin centres, metres; the second coordinate varies fastest"""
    exact: Float[Array, "place exact"]
    """rates of units that always know the position"""
    goal: Float[Array, "place unit"]
    """mean rates of the units that are read from the network; they are the memory of a goal"""
    network: NetworkCode | None
    """None for an agent without a network"""


def rates_at(
    table: Float[Array, "place unit"], positions: Float[Array, "*n 2"], box_width_m: float
) -> Float[Array, "*n unit"]:
    """Return rates at positions (metres), interpolated linearly between bin centres."""
    n = round(len(table) ** 0.5)
    return interpolated_rates(jnp, table.reshape(n, n, -1), positions, box_width_m)


def read_rates(
    code: NetworkCode, h: Float[Array, "*n Ng"], static: StaticConfig
) -> Float[Array, "*n unit"]:
    """Return the standardised rates that the agent reads from states of its network."""
    units = network.analysed_layer(code.params, h, static)
    out = jax.nn.softmax(network.outputs(code.params, units, static), axis=-1)
    readouts = jax.nn.relu((out - code.mean) @ code.weights)
    rates = jnp.stack([units, out[..., code.cells], readouts])[code.read]
    return code.scale * (rates - code.offset)


def code_at(
    code: Code, positions: Float[Array, "walker 2"], h: Array | None, static: Any, width: float
) -> Float[Array, "walker n"]:
    """Return the whole code of walkers: the units that know the position, then those read."""
    exact = rates_at(code.exact, positions, width)
    if code.network is None:
        return exact
    assert h is not None
    return jnp.concatenate([exact, read_rates(code.network, h, static)], axis=-1)


def goal_code(
    code: Code, goals: Float[Array, "walker 2"], width: float
) -> Float[Array, "walker n"]:
    """Return the memory of goals: the rates of all units there."""
    exact = rates_at(code.exact, goals, width)
    if code.network is None:
        return exact
    return jnp.concatenate([exact, rates_at(code.goal, goals, width)], axis=-1)
