"""Sizes of the matrices of a network. Imports no JAX."""

from __future__ import annotations

from typing import NamedTuple

from gridjax.spec.fields.declarations import BANINO
from gridjax.spec.lowering import StaticConfig
from gridjax.spec.records.start_info import PLACE_CODE
from gridjax.spec.registry import CELLS

STEPS_AHEAD = 32
"""Largest number of gradient steps whose trajectories are drawn together."""
POSITIONS_AHEAD = 2**17
"""Largest number of positions that are drawn together; each takes 32 bytes in the plane."""


class Sizes(NamedTuple):
    """Widths of the matrices of a network."""

    gates: int
    """number of columns of the recurrent kernel divided by Ng"""
    states: int
    """number of arrays of the cell's state"""
    cell_inputs: int
    input_layer: int
    """number of units of the linear layer before the cell; 0 without this layer"""
    dense_layer: int
    """number of units of the layer after the cell; 0 without this layer"""


def sizes(static: StaticConfig) -> Sizes:
    """Return the widths of a network's matrices."""
    is_banino = static.architecture == BANINO
    cell = CELLS.info(static.rnn_type)
    has_input = cell.has_layers and not is_banino
    return Sizes(
        gates=cell.n_gates,
        states=cell.n_states,
        cell_inputs=static.Ng if has_input else static.n_inputs,
        input_layer=static.Ng if has_input else 0,
        dense_layer=static.n_analysed if cell.has_layers or is_banino else 0,
    )


def n_weights(static: StaticConfig) -> int:
    """Return the number of trained weights of a network, biases excluded.

    The matrices of the RNN are W [Ng, Ng], W_x [2, Ng] (in the plane), encoder [Np, Ng] and decoder
    [Ng, Np]. The other cells have more columns for their gates, one encoder for each array of the
    state, and layers before and after the cell.
    """
    of, n_units = sizes(static), static.Ng
    recurrent = of.gates * n_units * (n_units + of.cell_inputs)
    layers = static.n_inputs * of.input_layer + n_units * of.dense_layer
    return recurrent + layers + encoder_weights(static) + static.n_outputs * static.n_analysed


def n_layout_of_environment(static: StaticConfig) -> int:
    """Return the number of values of a layout of place cells: centres and two widths of fields."""
    return (static.dimensions + 2) * static.Np * static.n_field_slots


def n_layout(static: StaticConfig) -> int:
    """Return the number of values of the layouts of all environments of a network."""
    return n_layout_of_environment(static) * static.n_environments


def encoder_weights(static: StaticConfig) -> int:
    """Return the number of weights of the linear map from the target code to the start."""
    has_encoder = static.start == PLACE_CODE
    return sizes(static).states * static.Ng * static.n_code if has_encoder else 0


def steps_ahead(static: StaticConfig) -> int:
    """Return the number of gradient steps whose trajectories are drawn together.

    One draw for many steps needs few kernels. At most POSITIONS_AHEAD positions are in memory.
    """
    positions = static.batch_size * static.sequence_length
    return max(1, min(STEPS_AHEAD, POSITIONS_AHEAD // positions))
