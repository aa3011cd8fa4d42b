"""Largest correlation of a volume's autocorrelogram with each lattice, over all rotations.

The autocorrelogram is read on spheres around its centre. Its mean over each sphere is subtracted,
so that only the dependence on direction counts: an isotropic autocorrelogram has no correlation
with any lattice. The same is done with the autocorrelograms of ideal lattices.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from gridjax.metrics.volume.columns_and_planes import Continuity, continuity
from gridjax.metrics.volume.orientation import refined
from gridjax.metrics.volume.templates import LATTICES, N_DIRECTIONS, RADII, points, templates

LONGEST, SHORTEST = 1.6, 6.0
"""Periods along a side at the longest and at the shortest period of the search."""
FEWEST_BINS = 2.8
"""Shortest period of the search, bins."""
STEP = 1.06
"""Ratio of successive periods of the search."""
LEAST_OVERLAP = 0.06
"""Lags at which a smaller share of the volume overlaps with itself are not used."""


class Correlations(NamedTuple):
    """Largest correlations of volumes with each lattice."""

    by_period: Float[Array, "map period lattice"]
    """Over the orientations of the search, at each period."""
    refined: Float[Array, "map lattice"]
    """Over all periods, and over orientations around the best one at the best period."""
    continuity: Continuity
    """Along the columns and cubic axes, and within and between the planes, of the largest
    correlation."""


class Search(NamedTuple):
    """Tables of the search for volumes of n bins a side."""

    period: Float[np.ndarray, " period"]
    """Periods, bins."""
    corner: Int[Array, "period point 8"]
    """Indices of the eight lags around each point."""
    share: Float[Array, "period point 8"]
    """Weights of linear interpolation between these lags."""
    weight: Float[Array, "period point"]
    """Weight of each point: the overlap at its lag times the square of its radius."""
    values: Float[Array, "template point"]
    length: Float[Array, "template period"]
    """Norm of each template minus its mean on each sphere."""


def _minus_means(squares, sums, totals):
    return np.sqrt(np.maximum(squares - (sums**2 / np.maximum(totals, 1e-12)).sum(-1), 1e-12))


@lru_cache(maxsize=4)
def search(n: int) -> Search:
    """Return the tables for volumes of n x n x n bins."""
    longest, shortest = n / LONGEST, max(n / SHORTEST, FEWEST_BINS)
    count = int(np.ceil(np.log(longest / shortest) / np.log(STEP))) + 1
    period = np.geomspace(shortest, longest, count)
    lags = period[:, None, None] * points()
    overlap = np.clip(1 - np.abs(lags) / n, 0, 1).prod(axis=-1)
    radius = np.repeat(RADII, N_DIRECTIONS)
    weight = np.where(overlap >= LEAST_OVERLAP, overlap, 0) * radius**2
    low = np.floor(np.clip(lags, 1 - n, n - 1 - 1e-6)).astype(int)
    part = np.clip(lags, 1 - n, n - 1) - low
    corners = np.array(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij")).reshape(3, 8).T
    at = (low[..., None, :] + corners) % (2 * n)
    corner = (at[..., 0] * 2 * n + at[..., 1]) * 2 * n + at[..., 2]
    share = np.where(corners, part[..., None, :], 1 - part[..., None, :]).prod(axis=-1)
    values = templates().values
    length = np.empty((len(values), count), np.float32)
    for index, one in enumerate(weight.astype(np.float32)):
        by_sphere = (values * one).reshape(len(values), len(RADII), N_DIRECTIONS).sum(-1)
        totals = one.reshape(len(RADII), N_DIRECTIONS).sum(-1)
        squares = np.einsum("tp,tp,p->t", values, values, one)
        length[:, index] = _minus_means(squares, by_sphere, totals)
    tables = (share, weight, values, length)
    on_device = (jnp.asarray(table, jnp.float32) for table in tables)
    return Search(period, jnp.asarray(corner, jnp.int32), *on_device)


def autocorrelogram(
    volumes: Float[Array, "map n n n"], known: Bool[Array, "map n n n"]
) -> Float[Array, "map 2n 2n 2n"]:
    """Return the mean product of bins at each lag, from volumes that are 0 in unknown bins.

    The lag 0 has the index 0. It is 0 where less than LEAST_OVERLAP of the volume overlaps.
    """
    n = volumes.shape[-1]
    size, axes = (2 * n,) * 3, (1, 2, 3)

    def products(values):
        waves = jnp.fft.rfftn(values, size, axes)
        return jnp.fft.irfftn(jnp.square(jnp.abs(waves)), size, axes)

    pairs = products(known.astype(volumes.dtype))
    enough = pairs >= LEAST_OVERLAP / 2 * known.sum((1, 2, 3), keepdims=True)
    return jnp.where(enough, products(volumes) / jnp.maximum(pairs, 1.0), 0.0)


def correlations(
    volumes: Float[Array, "map n n n"], known: Bool[Array, "map n n n"], tables: Search
) -> Correlations:
    """Return the largest correlations with each lattice over all rotations, and continuity."""
    lags = autocorrelogram(volumes, known)
    flat = lags.reshape(len(volumes), -1)
    spheres = (flat[:, tables.corner] * tables.share).sum(axis=-1)
    shape = (*spheres.shape[:2], len(RADII), N_DIRECTIONS)
    weight = tables.weight.reshape(shape[1:])
    spheres = spheres.reshape(shape)
    mean = (spheres * weight).sum(-1, keepdims=True)
    spheres -= mean / jnp.maximum(weight.sum(-1, keepdims=True), 1e-12)
    weighted = (spheres * weight).reshape(*shape[:2], -1)
    length = jnp.sqrt((jnp.square(spheres) * weight).sum((2, 3)))
    products = jnp.einsum("mrp,tp->mrt", weighted, tables.values)
    products = products / (tables.length.T * jnp.maximum(length, 1e-12)[..., None])
    starts = (0, *templates().ends)
    parts = [products[..., start:end] for start, end in pairwise(starts)]
    by_period = jnp.stack([part.max(axis=-1) for part in parts], axis=-1)
    at = by_period.argmax(axis=1)
    # orientation of the best template of each lattice, at its best period
    template = jnp.stack([part.argmax(axis=-1) for part in parts], axis=-1)
    template = jnp.take_along_axis(template, at[:, None], axis=1)[:, 0]
    orientation = jnp.asarray(templates().orientations, jnp.float32)[
        template + jnp.asarray(starts[:-1])
    ]
    measured = spheres.reshape(*shape[:2], -1)[jnp.arange(len(volumes))[:, None], at]
    best, orientation = refined(measured, tables.weight[at], orientation)
    columns, planes, cubic = (LATTICES.index(name) for name in ("columns", "lamellae", "sc"))
    axis, normal = orientation[:, columns, :, 2], orientation[:, planes, :, 2]
    found = continuity(volumes, known, lags, axis, normal, orientation[:, cubic])
    return Correlations(by_period, jnp.maximum(best, by_period.max(axis=1)), found)


def best_period(
    correlations: Float[np.ndarray, "map period lattice"], period: Float[np.ndarray, " period"]
) -> Float[np.ndarray, "map lattice"]:
    """Return the period of the largest correlation with each lattice, bins.

    It is the top of a parabola through three successive periods of the search, whose ratio is
    constant; at either end of the search it is the period itself.
    """
    values = np.asarray(correlations, np.float64)
    top = values.argmax(axis=1)
    inner = np.clip(top, 1, len(period) - 2)
    below, middle, above = (
        np.take_along_axis(values, inner[:, None] + step, axis=1)[:, 0] for step in (-1, 0, 1)
    )
    bend = below - 2 * middle + above
    is_top = (top == inner) & (bend < 0)
    moved = np.where(is_top, (below - above) / np.where(is_top, 2 * bend, 1.0), 0.0)
    return period[top] * (period[1] / period[0]) ** moved
