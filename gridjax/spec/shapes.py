"""Sizes of the matrices of a network. Imports no JAX."""

from __future__ import annotations

from typing import NamedTuple

from gridjax.spec.field_declarations import BANINO
from gridjax.spec.lowering import StaticConfig
from gridjax.spec.registry import CELLS

STEPS_AHEAD = 16
"""Gradient steps whose trajectories are drawn together, at most."""
POSITIONS_AHEAD = 2**17
"""Positions of these trajectories, at most: 32 bytes each."""


class Sizes(NamedTuple):
    """Widths of the matrices of a network."""

    gates: int
    """columns of the recurrent kernel over Ng"""
    states: int
    """arrays of the cell's state"""
    cell_inputs: int
    input_layer: int
    """units of the linear layer before the cell; 0 for none"""
    dense_layer: int
    """units of the layer after the cell; 0 for none"""


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
    """Trained numbers of a network but for its biases.

    Of the RNN W [Ng, Ng], W_x [2, Ng], encoder and decoder [Np, Ng] each; the other cells have
    their gates' columns, an encoder for each state, and the layers before and after the cell.
    """
    of, n_units = sizes(static), static.Ng
    recurrent = of.gates * n_units * (n_units + of.cell_inputs)
    layers = static.n_inputs * of.input_layer + n_units * of.dense_layer
    ends = static.n_outputs * (of.states * n_units + static.n_analysed)
    return recurrent + layers + ends


def steps_ahead(static: StaticConfig) -> int:
    """Return the number of gradient steps whose trajectories are drawn together.

    Few kernels then serve many steps. At most POSITIONS_AHEAD positions are held.
    """
    positions = static.batch_size * static.sequence_length
    return max(1, min(STEPS_AHEAD, POSITIONS_AHEAD // positions))
