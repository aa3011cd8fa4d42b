"""Weights of a network: their names, the layers that it has, and their initial values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import random
from jaxtyping import Array, Key

from gridjax.model.cells import Cell
from gridjax.model.initializers import of_layer
from gridjax.model.padding import own_outputs, padded_layers
from gridjax.model.starts import Start
from gridjax.spec.fields.declarations import BANINO, is_recurrent
from gridjax.spec.lowering import StaticConfig
from gridjax.spec.padding import Padding
from gridjax.spec.records.start_info import PLACE_CODE
from gridjax.spec.registry import CELLS, STARTS

Params = dict[str, Any]
"""Parameters by name: encoder, the cell's dict of arrays, decoder.

Another start than ``place_code`` has a dict of arrays, ``start``, in place of the encoder. A
network without recurrence has neither, and one without outputs has no decoder. A cell with layers
also has input and dense matrices, and biases. All matrices multiply row vectors from the right.
"""
_INPUT, _DENSE, _START, _ENCODERS = 3, 4, 5, 8  # numbers folded into the weights' key


def init_params(
    key: Key[Array, ""], static: StaticConfig, padding: Padding | None = None
) -> Params:
    """Draw a network's initial weights. Biases start at 0; the cell sets its own biases.

    In padded shapes, the weights of the unpadded shapes come first; all other entries are 0.
    """
    key_encoder, key_cell, key_decoder = random.split(key, 3)
    cell: Cell = CELLS[static.rnn_type]
    n_states = CELLS.info(static.rnn_type).n_states
    n_units, n_out = static.Ng, static.n_code
    own_out = own_outputs(static, padding)
    layer, init_cell = _drawing(cell, static, padding)
    encoders = [key_encoder, *(random.fold_in(key, _ENCODERS + i) for i in range(1, n_states))]
    has_input = has_input_layer(static)
    n_in = n_units if has_input else static.n_inputs
    params: Params = {"cell": init_cell(key_cell, n_in, n_units)}
    if has_encoder(static):
        params["encoder"] = jnp.concatenate(
            [layer(each, (n_out, n_units), (own_out, n_units)) for each in encoders], axis=1
        )
    elif n_states:
        of_start = random.fold_in(key, _START)
        start: Start = STARTS[static.start]
        params["start"] = start.init(of_start, n_states * n_units)
    if static.has_outputs:
        of_decoder = (static.n_analysed, n_out), (static.n_analysed, own_out)
        params["decoder"] = layer(key_decoder, *of_decoder)
    if has_input:
        of_input = (static.n_inputs, n_units)
        params["input"] = layer(random.fold_in(key, _INPUT), of_input, of_input)
        params["input_bias"] = jnp.zeros(n_units)
    if has_dense_layer(static):
        of_dense = (n_units, static.n_analysed)
        params["dense"] = layer(random.fold_in(key, _DENSE), of_dense, of_dense)
        if has_encoder(static):
            params["encoder_bias"] = jnp.zeros(n_states * n_units)
        if static.has_outputs:
            params["decoder_bias"] = jnp.zeros(n_out)
        if has_input:
            params["dense_bias"] = jnp.zeros(static.n_analysed)
    return params


def _drawing(
    cell: Cell, static: StaticConfig, padding: Padding | None
) -> tuple[Callable[..., Array], Callable[..., Params]]:
    """Return the functions that draw a layer and the cell."""
    if padding is not None:
        return padded_layers(cell.init, padding)
    name = static.initializer
    return (
        lambda key, shape, own: of_layer(key, shape[0], shape[1], name),
        lambda key, n_in, n_units: cell.init(key, n_in, n_units, name),
    )


def has_encoder(static: StaticConfig) -> bool:
    """Return whether a linear map of the start code gives the first state."""
    return is_recurrent(static) and static.start == PLACE_CODE


def has_input_layer(static: StaticConfig) -> bool:
    """Return whether a linear layer maps the inputs to those of the cell."""
    return CELLS.info(static.rnn_type).has_layers and static.architecture != BANINO


def has_dense_layer(static: StaticConfig) -> bool:
    """Return whether the analysed layer is a layer above the cell."""
    return CELLS.info(static.rnn_type).has_layers or static.architecture == BANINO
