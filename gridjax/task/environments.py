"""Environments of a network: their layouts, and the environment of each trajectory in training.

The place cells of each environment have a layout of their own (global remapping): centres and
widths are drawn independently, from the layout seed and the number of the environment. Environment
0 has the layout of a network with one environment. All environments have the same box, the same
motion and the same head-direction cells.

Source: Schøyen et al. (2023). Their networks receive the start code of the environment and no
context input, and the trajectories of a batch belong to the environments in turn; here the
environment of each trajectory is drawn, all environments with the same probability.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import random
from jaxtyping import Array, Int, Key

from gridjax.spec.lowering import StaticConfig
from gridjax.task.task import Layout


def draw_environments(key: Key[Array, ""], static: StaticConfig) -> Int[Array, " batch"]:
    """Draw the environment of each trajectory of a gradient step, from 0 to n_environments - 1."""
    return random.randint(key, (static.batch_size,), 0, static.n_environments)


def layout_in(layout: Layout, environment: Int[Array, "*batch"] | int) -> Layout:
    """Return the layout of one environment, or of the environment of each trajectory.

    Args:
        layout: the layouts of all environments of a network.
        environment: number of the environment, 0-d, or one number for each trajectory.
    """
    number = jnp.asarray(environment, jnp.int32)
    if layout.further is None:
        return layout.replace(environment=None)
    code = jax.tree.map(lambda leaf: leaf[number], _of_all(layout))
    return Layout(code=code, head=layout.head, environment=number)


def _of_all(layout: Layout) -> Any:
    """Return the layouts of the target code in all environments, with a leading axis."""

    def joined(first: Array, further: Array) -> Array:
        return jnp.concatenate([first[None], further])

    return jax.tree.map(joined, layout.code, layout.further)
