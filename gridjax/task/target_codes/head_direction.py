"""Head-direction cells: von Mises tuning to the heading, with one softmax over the population.

Source: Banino et al. (2018).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import struct
from jax import random
from jaxtyping import Array, Float, Key


class HeadDirectionCells(struct.PyTreeNode):
    """A population of head-direction cells."""

    preferred: Float[Array, " cell"]
    """preferred headings, radians"""
    kappa: Float[Array, ""]
    """concentration, dimensionless"""


def draw_head_direction_cells(
    key: Key[Array, ""], n_cells: int, kappa: Float[Array, ""]
) -> HeadDirectionCells:
    """Draw preferred headings from U(-pi, pi)."""
    preferred = random.uniform(key, (n_cells,), minval=-jnp.pi, maxval=jnp.pi)
    return HeadDirectionCells(preferred=preferred, kappa=kappa)


def encode_headings(
    cells: HeadDirectionCells, headings: Float[Array, "*n"]
) -> Float[Array, "*n cell"]:
    """Return softmax(kappa cos(theta - mu)) over the cells; headings theta are in radians."""
    return jax.nn.softmax(cells.kappa * jnp.cos(headings[..., None] - cells.preferred))


def decode_headings(
    cells: HeadDirectionCells, outputs: Float[Array, "*n cell"]
) -> Float[Array, "*n"]:
    """Return the circular mean (radians) of preferred headings, weighted by softmax(outputs)."""
    weights = jax.nn.softmax(outputs)
    y = (weights * jnp.sin(cells.preferred)).sum(axis=-1)
    return jnp.arctan2(y, (weights * jnp.cos(cells.preferred)).sum(axis=-1))
