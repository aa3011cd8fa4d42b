"""Starts: functions that compute the state before the first move.

The default, ``place_code``, is a linear map of the target code at the start (the encoder of
gridjax.model.network). ``register_start`` adds a user's start.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import jax.numpy as jnp
from jax import random
from jaxtyping import Array, Float, Key

from gridjax.model.cells import Activation, Params
from gridjax.model.initializers import glorot_uniform
from gridjax.spec.records.start_info import StartInfo
from gridjax.spec.registry import STARTS

_HIDDEN = (64, 128)
"""Hidden units of the layers of the start ``position`` (Pettersen et al. 2024)."""


class Start(NamedTuple):
    """A start as pure functions. The state of a cell with several arrays is their concatenation."""

    init: Callable[[Key[Array, ""], int], Params]
    """key, number of values of a state -> parameters, a dict of arrays, which may be empty"""
    state: Callable[[Params, Float[Array, "batch d"], int, Activation], Float[Array, "batch state"]]
    """parameters, positions before the first move (metres), number of values of a state, activation
    -> states"""


def register_start(info: StartInfo, start: Start) -> None:
    """Add a start: its record and its functions. ``info.name`` is its name in sweep files.

    Raises GridjaxError if the name is already used, or the source of a function cannot be found.
    """
    STARTS.register(info, Start(*start), StartInfo)


def _no_parameters(key: Key[Array, ""], n_state: int) -> Params:
    del key, n_state
    return {}


def _zero(params: Params, positions: Array, n_state: int, phi: Activation) -> Array:
    del params, phi
    return jnp.zeros((len(positions), n_state))


def _init_learned(key: Key[Array, ""], n_state: int) -> Params:
    return {"state": random.normal(key, (n_state,))}


def _learned(params: Params, positions: Array, n_state: int, phi: Activation) -> Array:
    """Return one learned state for all paths (Schaeffer et al. 2023)."""
    return jnp.broadcast_to(phi(params["state"]), (len(positions), n_state))


def _init_position(key: Key[Array, ""], n_state: int) -> Params:
    params, widths = {}, (2, *_HIDDEN, n_state)
    for layer, (n_in, n_out) in enumerate(pairwise(widths)):
        params[f"W{layer}"] = glorot_uniform(random.fold_in(key, layer), n_in, n_out)
        params[f"b{layer}"] = jnp.zeros(n_out)
    return params


def _position(params: Params, positions: Array, n_state: int, phi: Activation) -> Array:
    """Return a function of the position, by layers of 64 and 128 relu units.

    Source: Pettersen et al. (2024).
    """
    del n_state
    h = positions
    for layer in range(len(_HIDDEN)):
        h = jnp.maximum(h @ params[f"W{layer}"] + params[f"b{layer}"], 0.0)
    return phi(h @ params[f"W{len(_HIDDEN)}"] + params[f"b{len(_HIDDEN)}"])


STARTS.build_in(
    learned=Start(_init_learned, _learned),
    position=Start(_init_position, _position),
    zero=Start(_no_parameters, _zero),
)
