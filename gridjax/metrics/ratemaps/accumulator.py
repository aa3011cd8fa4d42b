"""Rate maps as running sums: the mean activity of every unit in every bin of the box.

The first axis of a map is x and the second is y. The flat index of a bin is (index along x) * n +
(index along y).
"""

from __future__ import annotations

import math
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


def empty_sums(n_bins: int, n_units: int) -> RateMapSums:
    """Return the sums before the first sample, for maps of n_bins x n_bins bins."""
    n_flat = n_bins * n_bins
    return RateMapSums(jnp.zeros((n_flat, n_units)), jnp.zeros(n_flat))


def bin_indices(
    positions: Float[Array, "sample 2"],
    n_bins: int,
    box_width_m: Float[Array, ""] | float,
    box_height_m: Float[Array, ""] | float,
) -> Int[Array, " sample"]:
    """Return the flat bin of each position, and n_bins^2 for a position outside the box.

    Args:
        positions: [sample, 2], x and y in metres; the box is centred on 0.
        n_bins: number of bins along each side of the box.
        box_width_m, box_height_m: sides of the box along x and y, metres.

    A bin contains its lower edge but not its upper edge; the last bin also contains the upper wall.
    numpy.histogram2d and scipy.stats.binned_statistic_2d with a range use the same rule.
    """
    size = jnp.stack([jnp.asarray(box_width_m), jnp.asarray(box_height_m)]).astype(positions.dtype)
    inside = (jnp.abs(positions) <= size / 2).all(axis=-1)
    bins = jnp.floor((positions / size + 0.5) * n_bins)
    column, row = jnp.clip(bins, 0, n_bins - 1).astype(jnp.int32).T
    return jnp.where(inside, column * n_bins + row, n_bins * n_bins)


def add_samples(
    sums: RateMapSums,
    positions: Float[Array, "sample 2"],
    activity: Float[Array, "sample unit"],
    box_width_m: Float[Array, ""] | float,
    box_height_m: Float[Array, ""] | float,
) -> RateMapSums:
    """Add samples to the sums; samples outside the box (metres, centred on 0) are ignored."""
    n_flat = sums.samples.shape[0]
    bins = bin_indices(positions, math.isqrt(n_flat), box_width_m, box_height_m)
    totals = jax.lax.platform_dependent(
        sums.totals, bins, activity, cpu=_scatter, default=_multiply
    )
    return RateMapSums(totals, sums.samples.at[bins].add(1.0, mode="drop"))


def finish(sums: RateMapSums) -> tuple[Float[Array, "unit n n"], Float[Array, "n n"]]:
    """Return the mean activity in each bin, NaN in bins without samples, and the sample counts."""
    n_flat, n_units = sums.totals.shape
    n_bins = math.isqrt(n_flat)
    visited = sums.samples > 0
    mean = sums.totals / jnp.where(visited, sums.samples, 1.0)[:, None]
    maps = jnp.where(visited[:, None], mean, jnp.nan).T.reshape(n_units, n_bins, n_bins)
    return maps, sums.samples.reshape(n_bins, n_bins)


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
