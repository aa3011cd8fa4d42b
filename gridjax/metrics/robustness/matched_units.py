"""Units that resemble given units in their rate and in the norm of their readout weights."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

_LEAST = 1e-3
"""Values below this share of the mean are taken as equal to it, so that their logarithm exists."""


def matched_units(
    order: Int[Array, " unit"],
    n_chosen: int,
    rate: Float[Array, " unit"],
    norm: Float[Array, " unit"],
) -> Int[Array, " chosen"]:
    """Return a different partner of each of the first units, from the units that are not chosen.

    One unit after the other gets the unit that is nearest to it in the plane of log rate and log
    norm, each divided by its standard deviation over all units, among those that are still free.

    Args:
        order: all units, those to be matched first.
        n_chosen: number of units to match; at most half of the units.
        rate: a rate of each unit, such as its root mean square activity.
        norm: norm of the readout weights of each unit.
    """
    features = jnp.stack([_standardised(rate), _standardised(norm)], axis=-1)
    n_units = len(order)
    is_free = jnp.ones(n_units, bool).at[order[:n_chosen]].set(False)

    def match(is_free: Array, unit: Array) -> tuple[Array, Array]:
        distance = jnp.square(features - features[unit]).sum(axis=-1)
        partner = jnp.where(is_free, distance, jnp.inf).argmin()
        return is_free.at[partner].set(False), partner

    return lax.scan(match, is_free, order[:n_chosen])[1]


def _standardised(values: Float[Array, " unit"]) -> Float[Array, " unit"]:
    floor = _LEAST * values.mean()
    logs = jnp.log(jnp.where(floor > 0, jnp.maximum(values, floor), 1.0))
    deviation = logs.std()
    return (logs - logs.mean()) / jnp.where(deviation > 0, deviation, 1.0)
