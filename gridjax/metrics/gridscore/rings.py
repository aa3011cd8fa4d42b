"""Rings of an autocorrelogram: the study's ten rings, or ten rings outside the central field."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

N_RINGS = 10
# Radii in units of the map's side: the study's rings, and the smallest width of adaptive rings.
STUDY_INNER = 0.2
STUDY_OUTER = np.linspace(0.4, 1.0, N_RINGS)
LEAST_WIDTH = 0.2
# The central field ends where the radial mean first falls below this value or is a local minimum.
CENTRAL_FIELD = 0.2


def study_weights(n: int, radius: Float[np.ndarray, " pixel"]) -> Float[np.ndarray, "ring pixel"]:
    """Return weights that average pixels over each of the published rings."""
    ring = (radius > STUDY_INNER * n) & (radius <= STUDY_OUTER[:, None] * n)
    return ring / ring.sum(1, keepdims=True)


def annulus_sums(n: int, radius: Float[np.ndarray, " pixel"]) -> Float[np.ndarray, "n pixel"]:
    """Return weights that sum pixels over annuli one bin wide: radius in (k-1, k], k = 1..n."""
    return (np.ceil(radius) == np.arange(1, n + 1)[:, None]).astype(float)


def central_radius(radial_mean: Float[Array, "n map"]) -> Float[Array, " map"]:
    """Return the radius of the central field in bins, from the mean correlation of each annulus.

    The radius is the outer edge of the last annulus before the radial mean falls below 0.2 or is a
    local minimum, whichever occurs first. It is at least 1 bin and at most 0.7 n bins. Scores of
    recordings exclude the central peak as in Sargolini et al. (2006) and Langston et al. (2010);
    this definition of its edge is specific to gridjax.
    """
    n = radial_mean.shape[0]
    after = jnp.concatenate([radial_mean[1:], jnp.full_like(radial_mean[:1], jnp.inf)])
    before = jnp.concatenate([jnp.ones_like(radial_mean[:1]), radial_mean[:-1]])
    end = (radial_mean < CENTRAL_FIELD) | ((radial_mean < before) & (radial_mean <= after))
    return jnp.clip(jnp.argmax(end.at[-1].set(True), axis=0), 1, int(0.7 * n))


def adaptive_bounds(inner: Float[Array, " map"], n: int) -> Float[Array, "ring map"]:
    """Return ten outer radii in whole bins, evenly spaced from 0.2 n beyond ``inner`` to n."""
    share = jnp.linspace(0.0, 1.0, N_RINGS, dtype=jnp.float32)[:, None]
    least = inner + LEAST_WIDTH * n
    return jnp.round(least + share * (n - least)).astype(jnp.int32)


def adaptive_means(
    sums: Float[Array, "quantity n map"], counts: Float[Array, " n"], centre: Float[Array, " map"]
) -> Float[Array, "quantity ring map"]:
    """Return means over the adaptive rings of each map, from sums over annuli.

    Args:
        sums: [quantity, n, map], sums over the pixel pairs of each annulus. The first quantity is
            the autocorrelogram, summed over both pixels of a pair, minus `centre`.
        counts: [n], number of pixel pairs of each annulus.
        centre: [map], the value that is subtracted from the sum of each pair.
    """
    n = len(counts)
    inner = central_radius((sums[0] / counts[:, None] + centre) / 2)
    outer = adaptive_bounds(inner, n)

    def between(values):
        running = jnp.pad(jnp.cumsum(values, axis=0), ((1, 0), (0, 0)))
        at_inner = jnp.take_along_axis(running, inner[None], axis=0)
        return jnp.take_along_axis(running, outer, axis=0) - at_inner

    pairs = between(jnp.broadcast_to(counts[:, None], sums.shape[1:]))
    return jax.vmap(between)(sums) / pairs
