"""Rate maps as running sums: the mean activity of every unit in every bin of the box.

A map has one axis for each dimension of the box: x, then y, then z. The flat index of a bin in the
plane is (index along x) * n + (index along y); the last axis varies fastest.
"""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


class RateMapSums(NamedTuple):
    """Sums over the samples so far, from which rate maps are computed."""

    totals: Float[Array, "bin unit"]
    """Sum of the activity over the samples in each bin."""
    samples: Float[Array, " bin"]
    """Number of samples in each bin; exact up to 2^24."""


def empty_sums(n_bins: int, n_units: int, dimensions: int = 2) -> RateMapSums:
    """Return the sums before the first sample, for maps of n_bins bins along each side of a box."""
    n_flat = n_bins**dimensions
    return RateMapSums(jnp.zeros((n_flat, n_units)), jnp.zeros(n_flat))


def bin_indices(
    positions: Float[Array, "sample d"], n_bins: int, *sides_m: Float[Array, ""] | float
) -> Int[Array, " sample"]:
    """Return the flat bin of each position, and n_bins^d for a position outside the box.

    Args:
        positions: [sample, d] in metres; the box is centred on 0.
        n_bins: number of bins along each side of the box.
        sides_m: d sides of the box, along x, y and so on, metres.

    A bin contains its lower edge but not its upper edge; the last bin also contains the upper wall.
    numpy.histogram2d and scipy.stats.binned_statistic_2d with a range use the same rule.
    """
    size = jnp.stack([jnp.asarray(side) for side in sides_m]).astype(positions.dtype)
    inside = (jnp.abs(positions) <= size / 2).all(axis=-1)
    bins = jnp.floor((positions / size + 0.5) * n_bins)
    along = jnp.clip(bins, 0, n_bins - 1).astype(jnp.int32).T
    flat = reduce(lambda before, index: before * n_bins + index, along)
    return jnp.where(inside, flat, n_bins ** len(sides_m))


def add_samples(
    sums: RateMapSums,
    positions: Float[Array, "sample d"],
    activity: Float[Array, "sample unit"],
    *sides_m: Float[Array, ""] | float,
) -> RateMapSums:
    """Add samples to the sums; samples outside the box are ignored.

    Args:
        sums: the sums so far.
        positions: positions of the samples, metres; the box is centred on 0.
        activity: activity of the units at these positions.
        sides_m: d sides of the box, along x, y and so on, metres.
    """
    bins = bin_indices(positions, _n_bins(sums, len(sides_m)), *sides_m)
    totals = jax.lax.platform_dependent(
        sums.totals, bins, activity, cpu=_scatter, default=_multiply
    )
    return RateMapSums(totals, sums.samples.at[bins].add(1.0, mode="drop"))


def finish(
    sums: RateMapSums, dimensions: int = 2
) -> tuple[Float[Array, "unit ..."], Float[Array, "..."]]:
    """Return the mean activity in each bin, NaN in bins without samples, and the sample counts.

    Both have one axis of bins for each of the dimensions of the box.
    """
    shape = (_n_bins(sums, dimensions),) * dimensions
    visited = sums.samples > 0
    mean = sums.totals / jnp.where(visited, sums.samples, 1.0)[:, None]
    maps = jnp.where(visited[:, None], mean, jnp.nan).T.reshape(-1, *shape)
    return maps, sums.samples.reshape(shape)


def _n_bins(sums: RateMapSums, dimensions: int) -> int:
    """Return the number of bins along a side."""
    return round(sums.samples.shape[0] ** (1 / dimensions))


def _scatter(
    totals: Float[Array, "bin unit"],
    bins: Int[Array, " sample"],
    activity: Float[Array, "sample unit"],
) -> Float[Array, "bin unit"]:
    return totals.at[bins].add(activity.astype(totals.dtype), mode="drop")


def _multiply(
    totals: Float[Array, "bin unit"],
    bins: Int[Array, " sample"],
    activity: Float[Array, "sample unit"],
) -> Float[Array, "bin unit"]:
    # A scatter on a GPU adds in the order in which its threads arrive, so the last bits of its
    # result differ between runs. A product with the one-hot bins always gives the same bits, and
    # costs little on a GPU.
    chosen = jax.nn.one_hot(bins, totals.shape[0], dtype=totals.dtype)
    return totals + jnp.matmul(
        chosen.T, activity.astype(totals.dtype), precision=jax.lax.Precision.HIGHEST
    )
