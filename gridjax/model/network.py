"""One network: start code -> state -> recurrence over time -> analysed layer -> logits."""

from __future__ import annotations

from functools import partial
from typing import Any

from jax import random
from jaxtyping import Array, Float, Key

from gridjax.model.cells import ACTIVATIONS, CELLS, glorot_uniform
from gridjax.model.recurrence import recurrence
from gridjax.spec import Static

N_INPUTS = 2
"""Inputs of a network: the displacement along x and y, metres per step."""

Params = dict[str, Any]
"""encoder [Np, Ng], decoder [Ng, Np] and the cell's own dict of arrays"""


def init_params(key: Key[Array, ""], static: Static) -> Params:
    """Draw a network's initial weights: encoder E, the cell's own, decoder D."""
    key_encoder, key_cell, key_decoder = random.split(key, 3)
    return {
        "encoder": glorot_uniform(key_encoder, static.Np, static.Ng),
        "cell": CELLS[static.rnn_type].init(key_cell, N_INPUTS, static.Ng),
        "decoder": glorot_uniform(key_decoder, static.Ng, static.Np),
    }


def activity(
    params: Params,
    start_code: Float[Array, "batch Np"],
    moves: Float[Array, "time batch 2"],
    static: Static,
) -> Float[Array, "time batch Ng"]:
    """Return the analysed layer after each move: h_0 = E p_0, then the cell's recurrence."""
    cell = CELLS[static.rnn_type]
    return recurrence(
        partial(cell.update, ACTIVATIONS[static.activation]),
        cell.recurrent_kernel(params["cell"]),
        start_code @ params["encoder"],
        cell.drive(params["cell"], moves),
    )


def logits(params: Params, hidden: Float[Array, "time batch Ng"]) -> Float[Array, "time batch Np"]:
    """Return the outputs D h of the analysed layer."""
    return hidden @ params["decoder"]
