"""SpaceNet (Pettersen, Rogge and Lepperod 2024) as a plugin: similarities without contexts.

Layers of 64, 128 and Ng relu units of a position. The similarity of two population vectors,
exp(-|p_i - p_j|^2), shall be beta + (1 - beta) exp(-|r_i - r_j|^2 / (2 s^2)), with the mean square
rate as a penalty; s is ``distance_range_m``. The factor of contexts is left out: one environment.

    gridjax sweep experiments/models/spacenet.yaml \
        --plugin experiments/models/spacenet.py --out runs/spacenet

Source: Pettersen, Rogge and Lepperod, and their repository ConjunctiveRepresentations.
"""

from itertools import pairwise

import jax
import jax.numpy as jnp

import gridjax as gj

HIDDEN = (64, 128)
BETA, PENALTY = 0.5, 0.1


def init(key, n_inputs, n_units, initializer):
    """Draw weights and biases from U(-l, l) with l = 1 / sqrt(n_in), PyTorch's default."""
    del initializer
    params = {}
    for layer, (n_in, n_out) in enumerate(pairwise((n_inputs, *HIDDEN, n_units))):
        drawn = jax.random.fold_in(key, layer)
        limit = n_in**-0.5
        both = jax.random.uniform(drawn, (n_in + 1, n_out), minval=-limit, maxval=limit)
        params[f"W{layer}"], params[f"b{layer}"] = both[1:], both[0]
    return params


def step(params, state, positions, activation):
    """Return the rates at positions [batch, 2]; there is no state."""
    del state
    h = positions
    for layer in range(len(HIDDEN) + 1):
        h = activation(h @ params[f"W{layer}"] + params[f"b{layer}"])
    return (h,)


def similarity_error(states, outputs, positions, inputs, context):
    """Return the mean squared error of similarities over pairs, and the penalty of rates."""
    del outputs, inputs
    p, r = (each.reshape(-1, each.shape[-1]) for each in (states, positions))
    near = jnp.square(r[:, None] - r[None]).sum(-1)
    wanted = BETA + (1 - BETA) * jnp.exp(-near / (2 * jnp.square(context.distance_range_m)))
    squares = jnp.square(p).sum(-1)
    apart = jnp.maximum(squares[:, None] + squares[None] - 2 * p @ p.T, 0.0)
    # A state is like itself, as wanted, so that the diagonal adds nothing to the sum over pairs.
    error = jnp.square(jnp.exp(-apart) - wanted).sum() / max(1, len(p) * (len(p) - 1))
    return error + PENALTY * jnp.square(p).mean()


layers = gj.CellInfo("spacenet", n_states=0, has_layers=False, n_gates=1, activations_per_unit=8.0)
gj.register_cell(layers, gj.Cell(init, step))
of_pairs = gj.StateObjectiveInfo("spacenet", reads=("distance_range_m",))
gj.register_state_objective(of_pairs, gj.StateObjective(similarity_error))
