"""Control of leaky networks: a network without a leak that starts where a leaky one starts.

h_t = phi(W h_{t-1} + W_x v_t), as in ``leaky_0``. W starts as l I + (1 - l) W_0 and W_x as
(1 - l) W_x0, where W_0 and W_x0 are the drawn weights and l = .3. Before training, its state decays
as slowly as that of ``leaky_30``; it can unlearn that.

    gridjax sweep experiments/leaky/quick/start.yaml --plugin experiments/models/leaky.py \
        --plugin experiments/leaky/start.py --out runs/leaky
"""

import jax.numpy as jnp
from jax.random import fold_in

import gridjax as gj

LEAK = 0.3


def init(key, n_inputs, n_units, initializer):
    """Draw the weights of ``leaky_0``, and change them to those of a slow start."""
    w = gj.recurrent_kernel(fold_in(key, 0), n_units, n_units, n_units, initializer)
    return {
        "W": LEAK * jnp.eye(n_units) + (1 - LEAK) * w,
        "W_x": (1 - LEAK) * gj.glorot_uniform(fold_in(key, 1), n_inputs, n_units),
    }


def step(params, state, moves, activation, product):
    """Return the rates after one move [batch, 2], metres."""
    (h,) = state
    return (activation(moves @ params["W_x"] + product(h, params["W"])),)


def recurrent_weights(params):
    """Return the weights that decay."""
    return params["W"]


shape = {"has_layers": False, "n_gates": 1, "activations_per_unit": 8.0}
info = gj.CellInfo("slow_start_30", **shape, has_matmul_precision=True)
gj.register_cell(info, gj.Cell(init, step, decayed=recurrent_weights))
