"""What the animal is asked to report: draw a target code, encode positions, decode outputs.

Definitions as in No Free Lunch from Deep Learning in Neuroscience (2022) and Sorscher et al.
(2019), for place cells of one field each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import struct
from jax import lax
from jaxtyping import Array, Float, Key

from gridjax.spec import Static, Traced
from gridjax.world import arena

N_DECODED = 3
"""Place cells whose centres are averaged to decode a position."""


class PlaceCells(struct.PyTreeNode):
    """A population of place cells with Gaussian centres and surrounds, metres."""

    centres: Float[Array, "Np 2"]
    sigma_e: Float[Array, " Np"]
    """width of the centre Gaussian"""
    sigma_i: Float[Array, " Np"]
    """width of the surround Gaussian"""


Layout = PlaceCells | None
"""What a network's target code is made of; None for a code without cells."""


class Encoding(NamedTuple):
    """A target code as pure functions of one layout, drawn once for each network."""

    draw: Callable[[Key[Array, ""], Static, Traced], Layout]
    encode: Callable[[Any, Float[Array, "*n 2"]], Float[Array, "*n Np"]]
    """layout, positions (metres) -> targets"""
    decode: Callable[[Any, Float[Array, "*n Np"]], Float[Array, "*n 2"]]
    """layout, outputs of a network -> positions (metres)"""


def draw_place_cells(key: Key[Array, ""], static: Static, traced: Traced) -> PlaceCells:
    """Draw a layout: centres uniform in the box, one width and one surround for all cells."""
    centres = arena.uniform_positions(key, (static.Np,), traced.box_width_m)
    ratio = traced.surround_scale
    if static.surround_convention == "variance":
        ratio = jnp.sqrt(ratio)
    sigma_e = jnp.full(static.Np, traced.place_cell_rf)
    return PlaceCells(centres=centres, sigma_e=sigma_e, sigma_i=ratio * sigma_e)


def gaussian(cells: PlaceCells, positions: Float[Array, "*n 2"]) -> Float[Array, "*n Np"]:
    """Encode by softmax(-a), a = d^2 / (2 sigma_E^2); each row sums to 1."""
    return jax.nn.softmax(-_squared_distance(cells, positions) / (2 * cells.sigma_e**2))


def difference_of_softmaxes(
    cells: PlaceCells, positions: Float[Array, "*n 2"]
) -> Float[Array, "*n Np"]:
    """Encode by q = softmax(-a) - softmax(-b), shifted by |min q| over the cells and normalised.

    a = d^2 / (2 sigma_E^2) and b = d^2 / (2 sigma_I^2); each row is >= 0 and sums to 1.
    """
    squared = _squared_distance(cells, positions)
    centre = jax.nn.softmax(-squared / (2 * cells.sigma_e**2))
    surround = jax.nn.softmax(-squared / (2 * cells.sigma_i**2))
    difference = centre - surround
    shifted = difference + jnp.abs(difference.min(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def decode_top_cells(cells: PlaceCells, outputs: Float[Array, "*n Np"]) -> Float[Array, "*n 2"]:
    """Decode by the mean of the centres of the three most active cells, metres."""
    _, best = lax.top_k(outputs, N_DECODED)
    return cells.centres[best].mean(axis=-2)


def _squared_distance(cells: PlaceCells, positions: Float[Array, "*n 2"]) -> Float[Array, "*n Np"]:
    """Squared distance by differences: the expanded form loses four digits near a centre."""
    x = positions[..., None, 0] - cells.centres[:, 0]
    y = positions[..., None, 1] - cells.centres[:, 1]
    return x**2 + y**2


ENCODINGS: dict[str, Encoding] = {
    "cartesian": Encoding(
        draw=lambda key, static, traced: None,
        encode=lambda layout, positions: positions,
        decode=lambda layout, outputs: outputs,
    ),
    "gaussian": Encoding(draw_place_cells, gaussian, decode_top_cells),
    "difference_of_gaussians": Encoding(
        draw_place_cells, difference_of_softmaxes, decode_top_cells
    ),
}
"""Target codes by their name in sweep files."""
