"""Copies among the rate maps of a network: units with nearly the same map."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from gridjax.forked_process import refuse_forked_process
from gridjax.metrics.arguments import check_float, invalid_argument, to_floats

COPY = 0.9
"""Smallest absolute correlation of a map and its copy."""
_LEAST_VARIATION = 1e-5
"""Smallest standard deviation of a map that varies, over its mean: above that of rounding."""


def copy_of(
    maps: Float[np.ndarray, "*batch map n n"], correlation: float = COPY
) -> Int[np.ndarray, "*batch map"]:
    """Return, for each map, the index of the map that it is a copy of; its own index if of none.

    The first map is no copy. Each later map is compared with the earlier maps that are no copies,
    and is a copy of the first of them with which its Pearson correlation is at least
    ``correlation`` in absolute value: a map and its negative have the same grid score. Maps that
    are no copies are *distinct*. A count that treats units as independent should be one of
    distinct maps: ``copy_of(maps) == np.arange(n_maps)``.

    Args:
        maps: [..., map, n, n], maps of the units of one network or session on the last three axes,
            any unit; NaN in bins that were not visited.
        correlation: the smallest absolute correlation of copies, above 0 and at most 1.

    Returns indices [..., map]. A map that does not vary has no copies.

    Raises:
        GridjaxError: The maps are not square, or the correlation is out of range.
    """
    refuse_forked_process()
    least = check_float("correlation", correlation, 1e-6, 1.0)
    shape = np.shape(maps)
    if len(shape) < 3 or 0 in shape or shape[-1] != shape[-2]:
        raise invalid_argument(
            f"an array of shape {shape} has no square maps of several units",
            "give an array [..., map, n, n]",
        )
    lanes = jnp.asarray(_below_one(to_floats(maps)), jnp.float32).reshape(-1, *shape[-3:])
    return np.asarray(copies_in_lanes(lanes, least)).reshape(shape[:-2])


def _below_one(maps: Float[np.ndarray, "*batch n n"]) -> Float[np.ndarray, "*batch n n"]:
    """Return maps times powers of two, with rates below 1 whose squares float32 can hold."""
    largest = np.max(np.abs(maps), (-2, -1), where=np.isfinite(maps), initial=0.0, keepdims=True)
    return np.ldexp(maps, -np.frexp(largest)[1])


@partial(jax.jit, static_argnames=("least",))
def copies_in_lanes(
    maps: Float[Array, "lane map *bins"], least: float = COPY
) -> Int[Array, "lane map"]:
    """Return ``copy_of`` of each lane; a lane's indices do not depend on the other lanes."""
    flat = maps.reshape(*maps.shape[:2], -1)
    # one product a lane has the same bits beside any other lanes; the loop takes all lanes at once,
    # because an accelerator's host waits at every round of it
    alike = lax.map(partial(_alike, least=least), flat)
    return jax.vmap(_first_alike)(alike)


def _alike(maps: Float[Array, "map bin"], least: float) -> Bool[Array, "map map"]:
    visited = jnp.isfinite(maps)
    values = jnp.where(visited, maps, 0.0)
    mean = values.sum(axis=1, keepdims=True) / jnp.maximum(visited.sum(axis=1, keepdims=True), 1)
    values = jnp.where(visited, maps - mean, 0.0)
    size = jnp.sqrt(jnp.square(values).sum(axis=1, keepdims=True))
    varies = size > _LEAST_VARIATION * jnp.abs(mean) * jnp.sqrt(maps.shape[1])
    values = jnp.where(varies, values / jnp.where(varies, size, 1.0), 0.0)
    return jnp.abs(jnp.matmul(values, values.T, precision=lax.Precision.HIGHEST)) >= least


def _first_alike(alike: Bool[Array, "map map"]) -> Int[Array, " map"]:
    order = jnp.arange(len(alike))

    def assign(found: Int[Array, " map"]) -> Int[Array, " map"]:
        first = jnp.argmax(found < 0)  # the first map that is not assigned yet
        return jnp.where((found < 0) & (alike[first] | (order == first)), first, found)

    return lax.while_loop(lambda found: (found < 0).any(), assign, jnp.full(len(alike), -1))
