"""Nulls of the share of grid-like units: maps that the trained layers did not make.

Each null has 32 units, rates of norm 1 and the published measures, like the networks. A network
maps a position to a torus, the four numbers k_i cos(r . w_i) and k_i sin(r . w_i) with trained wave
vectors w_i and gains k_i, and reads its units out of them by three layers.

untrained: the network before its training; all parameters have their initial distributions. It
    does not depend on the setting, so its rows have neither rho nor size.
random_readouts: the trained torus, and units norm_relu(A y) with standard normal A and y the torus
    embedding minus its mean over positions.
shuffled_layers: the trained torus and the trained layers, each with its weights permuted among
    themselves and its biases among themselves. It keeps the distribution of the weights.
isotropic: random fields with the radial power spectrum and the values of each trained map.

The last three need trained networks. With fewer networks of a setting than seeds, seed s uses the
network number s mod n; its seed is the column ``network``, by which errors are clustered.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

import gridjax as gj
from gridjax.metrics import isotropic_maps

from .networks import (
    as_maps,
    lattice_of_positions,
    maps_of,
    norm_relu,
    of_settings,
    register_network,
)
from .scores import LEAST_RATE, measures

N_UNITS = 32
Cell = dict[str, jax.Array]
"""Parameters of a network by name, as in models/piso.py: waves, gains, W0 to W2, b0 to b2."""


def torus(cell: Cell, positions: np.ndarray) -> jax.Array:
    """Return the torus embedding [position, 4] of positions [position, 2]."""
    angles = jnp.asarray(positions) @ cell["waves"]
    gains = cell["gains"]
    return jnp.concatenate([gains * jnp.cos(angles), gains * jnp.sin(angles)], axis=-1)


def network_maps(cell: Cell) -> np.ndarray:
    """Return the maps of the network with given parameters."""
    (rates,) = register_network().step(cell, (), jnp.asarray(lattice_of_positions()), norm_relu)
    return as_maps(rates)


def untrained(key: jax.Array) -> np.ndarray:
    """Return the maps of a network with initial parameters."""
    return network_maps(register_network().init(key, 2, N_UNITS, ""))


def random_readouts(key: jax.Array, network: gj.Network) -> np.ndarray:
    """Return the maps of random linear readouts of the trained torus, after norm_relu."""
    code = torus(network.params["cell"], lattice_of_positions())
    weights = jax.random.normal(key, (code.shape[1], N_UNITS))
    return as_maps(norm_relu((code - code.mean(axis=0)) @ weights))


def shuffled(key: jax.Array, cell: Cell) -> Cell:
    """Return parameters whose layers have permuted weights and biases; the torus is unchanged."""
    layers = sorted(name for name in cell if name not in ("waves", "gains"))
    keys = dict(zip(layers, jax.random.split(key, len(layers)), strict=True))
    return {
        name: jax.random.permutation(keys[name], leaf, independent=True)
        if leaf.ndim == 1
        else jax.random.permutation(keys[name], leaf.reshape(-1)).reshape(leaf.shape)
        for name, leaf in cell.items()
        if name in keys
    } | {name: cell[name] for name in ("waves", "gains")}


def shuffled_layers(key: jax.Array, network: gj.Network) -> np.ndarray:
    """Return the maps of a network with permuted weights and biases of each layer."""
    return network_maps(shuffled(key, network.params["cell"]))


def isotropic(key: jax.Array, network: gj.Network) -> np.ndarray:
    """Return an isotropic field for each map; fields of inactive units are 0."""
    maps = maps_of(network)
    active = maps.max(axis=(1, 2)) > LEAST_RATE
    fields = np.zeros_like(maps)
    if active.any():
        fields[active] = isotropic_maps(key, maps[active], 1)[:, 0]
    return fields


OF_NETWORKS: dict[str, Callable[[jax.Array, gj.Network], np.ndarray]] = {
    "random_readouts": random_readouts,
    "shuffled_layers": shuffled_layers,
    "isotropic": isotropic,
}
NULLS = ("untrained", *OF_NETWORKS)
"""Names of the nulls."""


def table(null: str, seeds: range, runs: list[gj.Run]) -> pd.DataFrame:
    """Return one row for each seed of a null (and each setting), from trained networks of runs."""

    def key_of(seed: int) -> jax.Array:
        return jax.random.fold_in(jax.random.key(seed), NULLS.index(null))

    rows: list[dict[str, Any]] = []
    if null == "untrained":
        of_all = {"null": null, "rho": np.nan, "size": np.nan}
        for seed in seeds:
            rows.append(of_all | {"seed": seed} | measures(untrained(key_of(seed))))
        return pd.DataFrame(rows)
    for number, (setting, networks) in enumerate(of_settings(runs).items()):
        where = {"null": null, "rho": setting[0], "size": setting[1]}
        for seed in seeds:
            of, run, run_id = networks[seed % len(networks)]
            key = jax.random.fold_in(key_of(seed), number)
            maps = OF_NETWORKS[null](key, run.network(run_id))
            rows.append(where | {"seed": seed, "network": of} | measures(maps))
    return pd.DataFrame(rows)
