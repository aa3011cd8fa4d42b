"""The networks of Pettersen et al. (2024): a recurrent one and a feed-forward one, as a plugin.

Recurrent (``identity_rnn``): g_t = N(relu(G g_{t-1} + V v_t)), G starts as the identity; g_0 is
``start: position``. Feed-forward (``position_mlp``): layers of 64, 128 and Ng units of a position.
N divides by the norm (``activation: norm_relu``). The box is 4 pi wide; read its units as metres.

    gridjax sweep experiments/models/grids_without_pi.yaml \
        --plugin experiments/models/grids_without_pi.py --out runs/grids

Source: Pettersen, Schoyen, Ostby, Malthe-Sorenssen and Lepperod (2024), and their repository.
"""

from itertools import pairwise

import jax
import jax.numpy as jnp

import gridjax as gj

HIDDEN = (64, 128)


def linear(key, n_in, n_out):
    """Draw a matrix from U(-l, l) with l = 1 / sqrt(n_in), PyTorch's default."""
    limit = n_in**-0.5
    return jax.random.uniform(key, (n_in, n_out), minval=-limit, maxval=limit)


def init_rnn(key, n_inputs, n_units, initializer):
    """Return the identity and the drawn weights of the velocities."""
    del initializer
    return {"G": jnp.eye(n_units), "V": linear(key, n_inputs, n_units)}


def step_rnn(params, state, moves, activation):
    """Return the rates after one move [batch, 2], metres."""
    return (activation(state[0] @ params["G"] + moves @ params["V"]),)


def init_mlp(key, n_inputs, n_units, initializer):
    """Draw the weights and biases of the layers."""
    del initializer
    params = {}
    for layer, (n_in, n_out) in enumerate(pairwise((n_inputs, *HIDDEN, n_units))):
        of_weights, of_biases = jax.random.split(jax.random.fold_in(key, layer))
        params[f"W{layer}"] = linear(of_weights, n_in, n_out)
        params[f"b{layer}"] = linear(of_biases, n_in, n_out)[0]
    return params


def step_mlp(params, state, positions, activation):
    """Return the rates at positions [batch, 2]; there is no state."""
    del state
    h = jax.nn.relu(positions @ params["W0"] + params["b0"])
    h = jax.nn.relu(h @ params["W1"] + params["b1"])
    return (activation(h @ params["W2"] + params["b2"]),)


rnn = gj.CellInfo("identity_rnn", has_layers=False, n_gates=1, activations_per_unit=8.0)
gj.register_cell(rnn, gj.Cell(init_rnn, step_rnn))
mlp = gj.CellInfo("position_mlp", n_states=0, has_layers=False, n_gates=1)
gj.register_cell(mlp, gj.Cell(init_mlp, step_mlp))
