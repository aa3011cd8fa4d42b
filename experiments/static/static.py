"""Two networks that receive positions and do not path-integrate, as a plugin.

``static_mlp`` has layers of 64 and 128 relu units between the position and the Ng units, like the
start ``position``. ``static_place_cells`` has one layer: the Ng units are phi(y W_x), where y are
Gaussian place cells of the position. Codes, losses and decoders are those of every network. Weight
decay applies to the weights into the units.

    gridjax sweep experiments/static/quick/positions.yaml --plugin experiments/static/static.py \
        --out runs/static

A layer of units that receives the two coordinates has no network here: each unit is then the
activation of a ramp, and no ramp is a grid.
"""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np

import gridjax as gj

HIDDEN = (64, 128)
"""Hidden units of ``static_mlp``."""
FIELD_M, SPACING_M, BOX_M = 0.12, 0.10, 2.2
"""Width and spacing of the input fields of ``static_place_cells``, and the box that they fill."""
_AXIS = (np.arange(round(BOX_M / SPACING_M)) + 0.5) * SPACING_M - BOX_M / 2
CENTRES_M = np.stack(np.meshgrid(_AXIS, _AXIS), axis=-1).reshape(-1, 2).astype(np.float32)


def init_mlp(key, n_inputs, n_units, initializer):
    """Draw the weights of the layers; biases start at 0."""
    del initializer
    params = {}
    for layer, (n_in, n_out) in enumerate(pairwise((n_inputs, *HIDDEN, n_units))):
        params[f"W{layer}"] = gj.glorot_uniform(jax.random.fold_in(key, layer), n_in, n_out)
        params[f"b{layer}"] = jnp.zeros(n_out)
    return params


def step_mlp(params, state, positions, activation, product):
    """Return the rates at positions [batch, 2], metres; there is no state."""
    del state
    h = jax.nn.relu(positions @ params["W0"] + params["b0"])
    h = jax.nn.relu(product(h, params["W1"]) + params["b1"])
    return (activation(product(h, params["W2"]) + params["b2"]),)


def init_place_cells(key, n_inputs, n_units, initializer):
    """Draw the weights of the place cells."""
    del n_inputs, initializer
    return {"W_x": gj.glorot_uniform(key, len(CENTRES_M), n_units)}


def step_place_cells(params, state, positions, activation, product):
    """Return the rates at positions [batch, 2], metres; there is no state."""
    del state
    squares = jnp.square(positions[:, None] - CENTRES_M).sum(axis=-1)
    return (activation(product(jnp.exp(-squares / (2 * FIELD_M**2)), params["W_x"])),)


def register(name, n_gates, init, step, into_units, **box):
    """Add one network without recurrence; ``into_units`` names the weights that decay."""
    shape = {"n_states": 0, "has_layers": False, "n_gates": n_gates}
    info = gj.CellInfo(name, **shape, has_matmul_precision=True, **box)
    gj.register_cell(info, gj.Cell(init, step, decayed=lambda params: params[into_units]))


register("static_mlp", 1, init_mlp, step_mlp, "W2")
IN_BOX = {"dimensions": (2,), "box_width_in_m": BOX_M}
register("static_place_cells", 2, init_place_cells, step_place_cells, "W_x", **IN_BOX)
