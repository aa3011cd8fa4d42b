"""Weights, dropout and loss in padded shapes (gridjax.spec.padding): random draws and masks.

The random numbers equal those of the unpadded shapes; masks exclude the padding.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, Key

from gridjax.model.initializers import PYTORCH
from gridjax.prng import uniform
from gridjax.spec.lowering import StaticConfig
from gridjax.spec.padding import INITIALIZERS, Padding
from gridjax.spec.registry import LOSSES

_NEVER = -1e30
"""Logit of a cell that is never active. It is finite, so that 0 times this number is 0."""


def padded_layers(
    init_cell: Callable[..., dict[str, Array]], padding: Padding
) -> tuple[Callable[..., Array], Callable[..., dict[str, Array]]]:
    """Return the functions that draw a layer and the cell; the choice of initialiser is traced.

    The first function takes a key, the padded shape and the unpadded shape. The second function
    takes a key, n_in and Ng.
    """

    def draw_cell(key: Key[Array, ""], n_in: int, n_units: int) -> dict[str, Array]:
        def of(name: str) -> Callable[..., dict[str, Array]]:
            return lambda key: init_cell(key, n_in, n_units, name)

        return lax.switch(padding.initializer, [of(name) for name in INITIALIZERS], key)

    return partial(padded_layer, initializer=padding.initializer), draw_cell


def padded_layer(
    key: Key[Array, ""],
    shape: tuple[int, int],
    own: tuple[Int[Array, ""] | int, Int[Array, ""] | int],
    initializer: Int[Array, ""],
) -> Float[Array, "n_in n_out"]:
    """Draw a layer of the unpadded shape ``own`` (n_in, n_out) in a larger ``shape``.

    All other entries are 0. ``initializer`` is an index of gridjax.spec.padding.INITIALIZERS.
    """
    n_in, n_out = (jnp.asarray(n, jnp.float32) for n in own)
    is_pytorch = initializer == INITIALIZERS.index(PYTORCH)
    limit = jnp.where(is_pytorch, n_in**-0.5, jnp.sqrt(6 / (n_in + n_out)))
    drawn = uniform(key, shape, own, -limit, limit)
    rows, columns = jnp.arange(shape[0])[:, None], jnp.arange(shape[1])
    return jnp.where((rows < own[0]) & (columns < own[1]), drawn, 0.0)


def own_outputs(static: StaticConfig, padding: Padding | None) -> Any:
    """Return the unpadded number of outputs."""
    if padding is None:
        return static.n_outputs
    return padding.n_cells + static.n_head_direction_cells


def own_readout_shape(static: StaticConfig, padding: Padding | None) -> tuple[Any, ...] | None:
    """Return the unpadded shape [time, batch, analysed] of readout dropout; None if not padded."""
    if padding is None:
        return None
    return padding.n_moves, padding.n_trajectories, static.n_analysed


def mask_outputs(
    code: Float[Array, "*n Np"], static: StaticConfig, padding: Padding
) -> tuple[Float[Array, "*n Np"], Array | float]:
    """Return outputs whose padding does not change the loss, and a factor that corrects the loss.

    The factor is above 1 for a loss that is a mean over all outputs, padding included.
    """
    info = LOSSES.info(static.place_field_loss)
    is_own = jnp.arange(static.Np) < padding.n_cells
    code = jnp.where(is_own, code, _NEVER if info.is_likelihood else 0.0)
    return code, static.Np / padding.n_cells if info.is_mean_over_outputs else 1.0


def own_mean(values: Float[Array, "time batch"], padding: Padding | None) -> Float[Array, ""]:
    """Return the mean over a network's moves and trajectories, padding excluded."""
    if padding is None:
        return values.mean()
    n_moves, n_trajectories = values.shape
    is_own = (jnp.arange(n_moves)[:, None] < padding.n_moves) & (
        jnp.arange(n_trajectories) < padding.n_trajectories
    )
    return jnp.where(is_own, values, 0.0).sum() / (padding.n_moves * padding.n_trajectories)
