"""A trained network's weights and layout as flat arrays by path, and back."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from gridjax.training.single import TrainState
from gridjax.world.encodings import Layout, PlaceCells

_PARAMS = "params/"
_LAYOUT = "place_cells/"


def flatten_weights(state: TrainState) -> dict[str, np.ndarray]:
    """Return the parameters and the layout as arrays named by their path (``params/cell/W``)."""
    flat = {_PARAMS + path: np.array(leaf) for path, leaf in _leaves(state.params)}
    if state.layout is not None:
        flat |= {_LAYOUT + name: np.array(leaf) for name, leaf in vars(state.layout).items()}
    return flat


def unflatten_weights(flat: dict[str, np.ndarray]) -> tuple[dict[str, Any], Layout]:
    """Return the parameters and the layout from arrays named by their path."""
    params: dict[str, Any] = {}
    cells: dict[str, Array] = {}
    for path, leaf in flat.items():
        if path.startswith(_LAYOUT):
            cells[path.removeprefix(_LAYOUT)] = jnp.asarray(leaf)
            continue
        *folders, name = path.removeprefix(_PARAMS).split("/")
        branch = params
        for folder in folders:
            branch = branch.setdefault(folder, {})
        branch[name] = jnp.asarray(leaf)
    return params, PlaceCells(**cells) if cells else None


def _leaves(tree: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found = []
    for name, branch in tree.items():
        path = f"{prefix}{name}"
        found += _leaves(branch, f"{path}/") if isinstance(branch, dict) else [(path, branch)]
    return found
