"""Isotropic null of a volume: random fields with the radially averaged spectrum of a map.

The fields are Gaussian with random phases. Each is a sum of components, one for each ring of wave
numbers, with the amplitudes of a map's rings as factors. All maps share the components, so that a
map's null does not depend on the other maps, and its fields cost one product of matrices.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import random
from jaxtyping import Array, Bool, Float, Key

from gridjax.metrics.volume.spectrum import PADDING, ring_power, rings

BLOCK = 99
"""Draws of one block of components, which are in memory at a time."""
ITERATIONS = 60
"""Steps of the correction of the rings' power for the blur by the borders of the volume."""
DRAWS_OF_BLUR = 33
"""Random fields from which the blur is measured."""


class Components(NamedTuple):
    """Random fields whose sums are the fields of the null."""

    fields: Float[Array, "ring draw*n*n*n"]
    blur: Float[Array, "seen ring"]
    """Mean power that is seen in each ring of one component's fields."""


@partial(jax.jit, static_argnums=1)
def _components(key: Key[Array, ""], n: int, low, share, n_rings) -> Float[Array, "ring n n n"]:
    side = PADDING * n

    def one(ring):
        # rings overlap, and the power of a sum is the sum of powers only for independent noise
        noise = random.normal(random.fold_in(key, ring), (side,) * 3, jnp.float32)
        power = jnp.where(low == ring, 1 - share, 0.0) + jnp.where(low + 1 == ring, share, 0.0)
        waves = jnp.fft.rfftn(noise) * jnp.sqrt(power).reshape(side, side, n + 1)
        field = jnp.fft.irfftn(waves, (side,) * 3)
        return field[:n, :n, :n] - field[:n, :n, :n].mean()

    return jax.lax.map(one, n_rings)


_ring_power = jax.jit(ring_power)


@jax.jit
def mixtures(
    amplitude: Float[Array, "map ring"], parts: Float[Array, "ring draw*n*n*n"]
) -> Float[Array, "map draw*n*n*n"]:
    """Return the fields of each map: sums of the components of rings."""
    return amplitude @ parts


@lru_cache(maxsize=1)
def components(n: int, seed: int, block: int) -> Components:
    """Return the components of BLOCK fields of n x n x n bins."""
    table = rings(n)
    n_rings = np.arange(len(table.at))
    key = random.fold_in(random.key(seed, impl="threefry2x32"), block)
    fields, seen = [], []
    for draw in range(BLOCK):
        made = _components(random.fold_in(key, draw), n, table.low, table.share, n_rings)
        fields.append(np.asarray(made).reshape(len(n_rings), -1))
        if draw < DRAWS_OF_BLUR:
            seen.append(np.asarray(_ring_power(made, table)))
    return Components(
        jnp.asarray(np.stack(fields, axis=1).reshape(len(n_rings), -1)),
        jnp.asarray(np.mean(seen, axis=0).T),
    )


def amplitudes(
    target: Float[Array, " ring"], blur: Float[Array, "seen ring"]
) -> Float[Array, " ring"]:
    """Return the amplitudes of components whose fields have the ring power ``target``.

    Source: multiplicative updates for a non-negative solution of blur @ power = target
    (Richardson 1972).
    """
    # the ring 0 is the mean alone, which is subtracted
    norm = jnp.maximum(blur.sum(axis=0), 1e-6 * blur.max())

    def step(_, power):
        ratio = target / jnp.maximum(blur @ power, 1e-30)
        return power * (blur.T @ ratio) / norm

    start = jnp.full_like(target, target.mean() / norm.mean())
    return jnp.sqrt(jax.lax.fori_loop(0, ITERATIONS, step, start))


def centred(
    fields: Float[Array, "draw n n n"], known: Bool[Array, "n n n"]
) -> Float[Array, "draw n n n"]:
    """Return fields with mean 0 over the known bins, and 0 in unknown bins."""
    count = jnp.maximum(known.sum(), 1)
    mean = jnp.where(known, fields, 0.0).sum((1, 2, 3), keepdims=True) / count
    return jnp.where(known, fields - mean, 0.0)
