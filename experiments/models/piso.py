"""The network of Xu et al. (2025, PIso) as a plugin: no recurrence, three layers, noise-free.

A position r (the box is 4 pi wide; read its units as metres) becomes two angles r W with free wave
vectors, then k_i cos and k_i sin with free gains, then 64, 256 and Ng units. Sweep:

    gridjax sweep experiments/models/piso.yaml --plugin experiments/models/piso.py --out runs/piso

The loss is ``state_objective: distances`` with its term for the size of the code. Source: Xu, Song,
Shao, Si and Qin (2025), arXiv 2510.02853, and their repository.
"""

from itertools import pairwise

import jax
import jax.numpy as jnp

import gridjax as gj

WIDTHS = (4, 64, 256)
"""Angles' cosines and sines, and the hidden layers."""


def uniform(key, n_in, *shape):
    """Draw from U(-l, l) with l = 1 / sqrt(n_in), PyTorch's default for weights and biases."""
    limit = n_in**-0.5
    return jax.random.uniform(key, shape, minval=-limit, maxval=limit)


def init(key, n_inputs, n_units, initializer):
    """Draw the wave vectors, the gains (1), and the weights and biases of the layers."""
    del initializer
    params = {"waves": uniform(jax.random.fold_in(key, 0), n_inputs, n_inputs, 2)}
    params["gains"] = jnp.ones(2)
    sizes = (*WIDTHS, n_units)
    for layer, (n_in, n_out) in enumerate(pairwise(sizes)):
        of_weights, of_biases = jax.random.split(jax.random.fold_in(key, layer + 1))
        params[f"W{layer}"] = uniform(of_weights, n_in, n_in, n_out)
        params[f"b{layer}"] = uniform(of_biases, n_in, n_out)
    return params


def step(params, state, positions, activation):
    """Return the rates [batch, Ng] at positions [batch, 2]; there is no state."""
    del state
    angles = positions @ params["waves"]
    gains = params["gains"]
    h = jnp.concatenate([gains * jnp.cos(angles), gains * jnp.sin(angles)], axis=-1)
    for layer in range(len(WIDTHS)):
        h = h @ params[f"W{layer}"] + params[f"b{layer}"]
        h = jax.nn.relu(h) if layer < len(WIDTHS) - 1 else activation(h)
    return (h,)


# 24 Ng^2 is about the number of weights for 32 units, which a plan counts.
piso = gj.CellInfo("piso", n_states=0, has_layers=False, n_gates=24, activations_per_unit=25.0)
gj.register_cell(piso, gj.Cell(init, step))
