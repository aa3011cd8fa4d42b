"""Solution of small positive definite systems of equations, one for each map.

The solver of JAX takes half a second to compile for each size and number of systems.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def solve_positive(
    matrix: Float[Array, "*map m m"], right: Float[Array, "*map m"]
) -> Float[Array, "*map m"]:
    """Return the solutions by Gauss-Jordan elimination, which needs no pivots here."""
    size = right.shape[-1]
    row_of = jnp.arange(size)

    def eliminate(k, table):
        pivot = jax.lax.dynamic_index_in_dim(table, k, axis=-2)
        pivot = pivot / jax.lax.dynamic_index_in_dim(pivot, k, axis=-1)
        factor = jax.lax.dynamic_index_in_dim(table, k, axis=-1)
        is_pivot = (row_of == k)[:, None]
        return jnp.where(is_pivot, pivot, table - factor * pivot)

    table = jnp.concatenate([matrix, right[..., None]], axis=-1)
    return jax.lax.fori_loop(0, size, eliminate, table)[..., -1]
