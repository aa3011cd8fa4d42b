"""Leaky recurrent networks (Zhang et al. 2026) as a plugin: fixed leaks, and a learned one.

h_t = l h_{t-1} + (1 - l) phi(W h_{t-1} + W_x v_t). ``leaky_0`` is the network without a leak;
``leaky_10``, ``leaky_30`` and ``leaky_60`` have l = .1, .3 and .6; ``leaky_learned`` learns one l
for each unit, from .3. Targets and loss are those of place cells.

    gridjax sweep experiments/models/leaky.yaml \
        --plugin experiments/models/leaky.py --out runs/leaky

Source: Zhang, Zhang, Zheng and Xu (2026), arXiv 2604.16547. The values of l are not theirs.
"""

from functools import partial

import jax.numpy as jnp
from jax.random import fold_in

import gridjax as gj

LEARNED_FROM = 0.3


def init(key, n_inputs, n_units, initializer, is_learned=False):
    """Draw the weights; a learned leak starts at .3."""
    params = {
        "W": gj.recurrent_kernel(fold_in(key, 0), n_units, n_units, n_units, initializer),
        "W_x": gj.glorot_uniform(fold_in(key, 1), n_inputs, n_units),
    }
    if is_learned:
        params["leak"] = jnp.full(n_units, LEARNED_FROM)
    return params


def step(params, state, moves, activation, product, leak=None):
    """Return the rates after one move [batch, 2], metres."""
    (h,) = state
    leak = params["leak"] if leak is None else leak
    driven = activation(moves @ params["W_x"] + product(h, params["W"]))
    return (leak * h + (1 - leak) * driven,)


def recurrent_weights(params):
    """Return the weights that decay."""
    return params["W"]


def register(name, init, step):
    """Add one leaky network."""
    shape = {"has_layers": False, "n_gates": 1, "activations_per_unit": 8.0}
    info = gj.CellInfo(name, **shape, has_matmul_precision=True)
    gj.register_cell(info, gj.Cell(init, step, decayed=recurrent_weights))


register("leaky_learned", partial(init, is_learned=True), step)
for percent in (0, 10, 30, 60):
    register(f"leaky_{percent}", init, partial(step, leak=percent / 100))
