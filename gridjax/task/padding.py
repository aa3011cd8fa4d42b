"""Trajectories and place cells in padded shapes (gridjax.spec.padding): random draws and masks.

The random numbers equal those of the unpadded shapes; masks exclude the padding.
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from gridjax.prng import uniform_at
from gridjax.spec.padding import Padding


def padded_motion_draws(
    key: Key[Array, ""], n_steps: int, batch_size: int, padding: Padding, low: float
) -> Float[Array, "drawn batch"]:
    """Return the draws of square_walk.simulate from (-1, 1) in the padded shape.

    The draws of the unpadded shape come first. The rows are the position (2), the heading, the
    speeds of all steps and the turns of all steps.
    """
    row = jnp.arange(3 + 2 * n_steps)
    further = padding.n_moves - (n_steps - 1)  # turns follow the unpadded speeds
    row = jnp.where(row < 3 + n_steps, row, row + further)
    place = row[:, None] * padding.n_trajectories + jnp.arange(batch_size)
    return uniform_at(key, place.astype(jnp.uint32), low=low)


def own_cells_and_slots(
    n_slots: int, padding: Padding | None
) -> tuple[Int[Array, ""] | None, Int[Array, ""] | int]:
    """Return the unpadded number of cells and the unpadded largest number of fields of a cell.

    The number of cells is None if all cells are unpadded.
    """
    return (None, n_slots) if padding is None else (padding.n_cells, padding.n_slots)


def mask_cells(
    values: Float[Array, "*n Np"], n_cells: Int[Array, ""] | None, otherwise: float
) -> Float[Array, "*n Np"]:
    """Return the values of the first ``n_cells`` cells; other values are replaced by ``otherwise``.

    All values are kept if ``n_cells`` is None.
    """
    if n_cells is None:
        return values
    return jnp.where(jnp.arange(values.shape[-1]) < n_cells, values, otherwise)
