"""Recurrent cells: initial parameters, and one step from state to state.

A cell's products with its inputs do not depend on its state, so they are formed for all times at
once, before the recurrence: ``drive``. Definitions as in No Free Lunch (2022), section 5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import random
from jaxtyping import Array, Float, Key

Params = dict[str, Array]

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": jax.nn.relu,
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
    "linear": lambda x: x,
}
"""Activations by their name in sweep files."""


class Cell(NamedTuple):
    """A recurrent cell as pure functions."""

    init: Callable[[Key[Array, ""], int, int], Params]
    """key, number of inputs, Ng -> parameters"""
    drive: Callable[[Params, Float[Array, "time batch n_in"]], Float[Array, "time batch drive"]]
    """what the inputs contribute, for all times at once"""
    update: Callable[..., Float[Array, "batch Ng"]]
    """activation, state, its product with the kernel, drive of one time -> next state"""
    recurrent_kernel: Callable[[Params], Float[Array, "Ng gates"]]
    """the matrix that the state is multiplied with, and that weight decay falls on"""


def glorot_uniform(key: Key[Array, ""], n_in: int, n_out: int) -> Float[Array, "n_in n_out"]:
    """Draw from U(-l, l), l = sqrt(6 / (n_in + n_out)) (Glorot and Bengio 2010, eq. 16)."""
    limit = (6 / (n_in + n_out)) ** 0.5
    return random.uniform(key, (n_in, n_out), minval=-limit, maxval=limit)


def _init_rnn(key: Key[Array, ""], n_in: int, n_units: int) -> Params:
    key_in, key_recurrent = random.split(key)
    return {
        "W_x": glorot_uniform(key_in, n_in, n_units),
        "W": glorot_uniform(key_recurrent, n_units, n_units),
    }


RNN = Cell(
    init=_init_rnn,
    drive=lambda params, inputs: inputs @ params["W_x"],
    update=lambda phi, state, product, drive: phi(drive + product),
    recurrent_kernel=lambda params: params["W"],
)
"""h_t = phi(W_x u_t + W h_{t-1}), no biases (Sorscher et al. 2019, eq. 1)."""

CELLS: dict[str, Cell] = {"RNN": RNN}
"""Cells by their name in sweep files."""
