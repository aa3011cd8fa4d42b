"""Conversion between the weights and layout of a trained network and arrays named by path."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gridjax.model.weights import Params
from gridjax.spec.network import NetworkSpec
from gridjax.spec.place_maps import PlaceMaps
from gridjax.task.task import Layout
from gridjax.training import train_step
from gridjax.training.leaf_names import leaf_name
from gridjax.training.train_step import TrainState


def flatten_weights(state: TrainState) -> dict[str, np.ndarray]:
    """Return the parameters and the layout as arrays named by their path (``params/cell/W``)."""
    flat, _ = jax.tree_util.tree_flatten_with_path(_kept(state))
    return {leaf_name(path): np.array(leaf) for path, leaf in flat}


def unflatten_weights(spec: NetworkSpec, flat: dict[str, np.ndarray]) -> tuple[Params, Layout]:
    """Return the parameters and the layout of a network from arrays named by their path.

    Raises KeyError or ValueError if the arrays do not fit the network.
    """
    static = spec.static
    wanted = _kept(jax.eval_shape(lambda traced: train_step.init(static, traced), spec.traced))
    leaves, structure = jax.tree_util.tree_flatten_with_path(wanted)
    arrays = []
    for path, leaf in leaves:
        array = flat[leaf_name(path)]
        if array.shape != leaf.shape:
            raise ValueError(f"{leaf_name(path)} has shape {array.shape}, not {leaf.shape}")
        arrays.append(jnp.asarray(array))
    kept = jax.tree.unflatten(structure, arrays)
    return kept["params"], kept["layout"]


def with_maps(spec: NetworkSpec, flat: dict[str, np.ndarray]) -> NetworkSpec:
    """Return the spec of a network with its measured place cells, taken from its stored weights."""
    if spec.place_maps is None or spec.place_maps.maps is not None:
        return spec
    maps = np.moveaxis(flat["layout/code/maps"], -1, 0)
    return replace(spec, place_maps=PlaceMaps(spec.place_maps.digest, maps))


def _kept(state: TrainState) -> dict[str, Any]:
    return {"params": state.params, "layout": state.layout}
