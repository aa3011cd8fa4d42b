"""Target code of measured place cells: rate maps from a file, interpolated between bin centres."""

from __future__ import annotations

import jax.numpy as jnp
from flax import struct
from jax import lax
from jaxtyping import Array, Float, Key

from gridjax.task.target_codes.context import EncodingContext
from gridjax.task.target_codes.place_cells import N_DECODED


class MeasuredCells(struct.PyTreeNode):
    """Rate maps of place cells over the box; the last axis of the array is the cell."""

    maps: Float[Array, "n n Np"]
    """first axis x, second y"""
    centres: Float[Array, "Np 2"]
    """centre (metres) of the bin with the largest rate of each map"""
    box_width_m: Float[Array, ""]


def take_measured_cells(key: Key[Array, ""], context: EncodingContext) -> MeasuredCells:
    """Return the cells of the file as a layout; nothing is drawn."""
    del key
    maps = context.place_maps
    n_bins = maps.shape[0]
    largest = maps.reshape(-1, context.Np).argmax(axis=0)
    bins = jnp.stack([largest // n_bins, largest % n_bins], axis=-1).astype(maps.dtype)
    centres = ((bins + 0.5) / n_bins - 0.5) * context.box_width_in_m
    return MeasuredCells(maps=maps, centres=centres, box_width_m=context.box_width_in_m)


def rates(cells: MeasuredCells, positions: Float[Array, "*n 2"]) -> Float[Array, "*n Np"]:
    """Return the rate of every cell at each position (metres).

    Rates are interpolated bilinearly between bin centres, and are constant beyond the outermost bin
    centres.
    """
    n_bins = cells.maps.shape[0]
    place = (positions / cells.box_width_m + 0.5) * n_bins - 0.5
    place = jnp.clip(place, 0, n_bins - 1)
    low = jnp.clip(jnp.floor(place), 0, n_bins - 2)
    weight = (place - low)[..., None]
    x, y = jnp.moveaxis(low.astype(jnp.int32), -1, 0)
    across, up = weight[..., 0, :], weight[..., 1, :]
    maps = cells.maps
    left = (1 - up) * maps[x, y] + up * maps[x, y + 1]
    right = (1 - up) * maps[x + 1, y] + up * maps[x + 1, y + 1]
    return (1 - across) * left + across * right


def shares(cells: MeasuredCells, positions: Float[Array, "*n 2"]) -> Float[Array, "*n Np"]:
    """Return the rates divided by their sum over cells; each row sums to 1."""
    of_cells = rates(cells, positions)
    return of_cells / of_cells.sum(axis=-1, keepdims=True)


def decode_top_maps(cells: MeasuredCells, outputs: Float[Array, "*n Np"]) -> Float[Array, "*n 2"]:
    """Decode a position as the mean of the centres (metres) of the three most active cells."""
    _, best = lax.top_k(outputs, N_DECODED)
    return cells.centres[best].mean(axis=-2)
