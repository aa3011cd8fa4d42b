"""Maps of a network's target code: its outputs at the bin centres of the box.

A map has one axis for each dimension of the box; the first axis is x.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gridjax.prng import Stream, stream
from gridjax.spec.lowering import StaticConfig, readout_config
from gridjax.spec.network import NetworkSpec
from gridjax.task import task
from gridjax.task.target_codes.encodings import encoding
from gridjax.task.task import Layout

_MOST_VALUES = 2**23
"""Largest number of target values that are computed at once; more would need gigabytes."""


def bin_centres(width_m: float, n: int) -> Float[np.ndarray, " bin"]:
    """Return the centres (m) of n bins along one side of a box that is centred on 0."""
    return (np.arange(n) + 0.5) * width_m / n - width_m / 2


def layout_of(spec: NetworkSpec) -> Layout:
    """Return the layout of a network in training, drawn from its layout seed.

    Raises GridjaxError if the layout needs place maps or a user's target code, and these are not
    loaded.
    """
    static, traced = spec.static, spec.traced
    return task.draw(stream(traced.layout_seed, Stream.LAYOUT), static, traced)


def code_maps(
    spec: NetworkSpec, layout: Layout, n: int, outputs: Sequence[int] | None = None
) -> Float[np.ndarray, "output ..."]:
    """Return the target code at the centres of the bins of the box, n bins along each side.

    ``outputs`` lists the outputs to return, in their order; None means all outputs.
    """
    axis = bin_centres(spec.box_width_in_m, n).astype(np.float32)
    axes = np.meshgrid(*[axis] * spec.dimensions, indexing="ij")
    positions = np.stack(axes, axis=-1).reshape(-1, spec.dimensions)
    static = readout_config(spec.static)
    parts = np.array_split(positions, -(-len(positions) * spec.Np // _MOST_VALUES))
    chosen = slice(None) if outputs is None else np.asarray(outputs)
    code = np.concatenate(
        [np.asarray(encode_code(static, layout, jnp.asarray(part)))[:, chosen] for part in parts]
    )
    return code.T.reshape(-1, *[n] * spec.dimensions)


def code_over_box(spec: NetworkSpec, n: int = 32) -> Float[np.ndarray, "position output"]:
    """Return the targets of a network at the centres of the bins of its box, n along each side.

    Positions are in row-major order with x as the first axis. The layout is the network's layout in
    training, drawn from its layout seed.
    """
    return code_maps(spec, layout_of(spec), n).reshape(spec.Np, -1).T.astype(np.float64)


@partial(jax.jit, static_argnums=0)
def encode_code(
    static: StaticConfig, layout: Layout, positions: Float[Array, "*n d"]
) -> Float[Array, "*n output"]:
    """Return the target code at positions, metres."""
    return encoding(static).encode(layout.code, positions)
