"""Do rates stay the same along columns and within planes, and is there a second plane?

Correlations with ideal lattices depend on the directions of the autocorrelogram only, so that rows
of separate fields can resemble columns, a single flat field can resemble planes, and columns in a
square array can resemble a simple cubic lattice. The values of the autocorrelogram and of the map
tell them apart.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.ndimage import map_coordinates
from jaxtyping import Array, Bool, Float

LAGS = np.linspace(0.2, 0.55, 15).astype(np.float32)
"""Distances along columns and within planes, sides."""
N_IN_PLANE = 12
"""Directions within a plane, 15 degrees apart."""
WHITE = 0.7
"""Lowest frequency, along each axis, at which maps have only noise; 1 is the highest frequency."""
LEAST_SIGNAL = 0.05
LEAST_SLAB = 0.25
"""Slabs across planes that have a smaller share of the bins of the largest slab are not used."""


class Continuity(NamedTuple):
    """How far a map continues along columns and planes, and from one plane to the next."""

    along_columns: Float[Array, " map"]
    """Share of the variance that is constant along the axis; the mean autocorrelation there."""
    within_planes: Float[Array, " map"]
    """The same in that direction within the planes where it is least."""
    between_planes: Float[Array, " map"]
    """Depth of the deepest valley between two planes, in ranges of the mean rate of planes; 0 to 1,
    and about 0 for a single plane."""
    along_rows: Float[Array, " map"]
    """Share of the variance that is constant along the axis of a simple cubic lattice along which
    it is largest."""


def continuity(
    volumes: Float[Array, "map n n n"],
    known: Bool[Array, "map n n n"],
    autocorrelogram: Float[Array, "map 2n 2n 2n"],
    axis: Float[Array, "map 3"],
    normal: Float[Array, "map 3"],
    cube: Float[Array, "map 3 axis"],
) -> Continuity:
    """Return the continuity of volumes along columns and rows, within planes and between planes.

    Args:
        volumes: mean 0 and variance 1 over the known bins, 0 elsewhere.
        known: which bins are known.
        autocorrelogram: of the volumes; the lag 0 has the index 0.
        axis: unit vectors along the columns.
        normal: unit vectors across the planes.
        cube: unit vectors along the three axes of a simple cubic lattice.
    """
    side = volumes.shape[-1]

    def mean_along(values, direction):
        # the lag 0 has an index of 0, and negative lags are at the end of each axis
        lags = list((side * LAGS[:, None] * direction).T)
        return map_coordinates(values, lags, order=1, mode="wrap").mean()

    mean_along_each = jax.vmap(mean_along, (None, 0))

    def of_map(volume, known, values, axis, normal, cube):
        within = mean_along_each(values, in_plane(normal)).min()
        rows = mean_along_each(values, cube.T).max()
        return mean_along(values, axis), within, valley(volume, known, normal), rows

    found = jax.vmap(of_map)(volumes, known, autocorrelogram, axis, normal, cube)
    along, within, between, rows = found
    share = signal(volumes, known)
    return Continuity(along / share, within / share, between, rows / share)


def signal(
    volumes: Float[Array, "map n n n"], known: Bool[Array, "map n n n"]
) -> Float[Array, " map"]:
    """Return the share of the variance of volumes that is no white noise, at least 0.05.

    The variance of the noise is the mean power at the highest frequencies.
    """
    high = np.flatnonzero(np.abs(np.fft.fftfreq(volumes.shape[-1])) >= WHITE / 2)
    waves = jnp.fft.fftn(volumes, axes=(1, 2, 3))[:, high][:, :, high][:, :, :, high]
    noise = jnp.square(jnp.abs(waves)).mean((1, 2, 3)) / jnp.maximum(known.sum((1, 2, 3)), 1)
    return jnp.maximum(1 - noise, LEAST_SIGNAL)


def in_plane(normal: Float[Array, "3"]) -> Float[Array, "direction 3"]:
    """Return unit vectors at right angles to a unit vector, over half a turn."""
    first = jnp.cross(normal, jnp.eye(3, dtype=normal.dtype)[jnp.abs(normal).argmin()])
    first /= jnp.linalg.norm(first)
    angle = np.pi * np.arange(N_IN_PLANE, dtype=np.float32)[:, None] / N_IN_PLANE
    return np.cos(angle) * first + np.sin(angle) * jnp.cross(normal, first)


def valley(
    volume: Float[Array, "n n n"], known: Bool[Array, "n n n"], normal: Float[Array, "3"]
) -> Float[Array, ""]:
    """Return the depth of the deepest valley of the mean rate of slabs across a direction.

    A valley is as deep as it is below the lower one of the highest slabs on its two sides, divided
    by the range of the mean rates. Slabs are one bin thick.
    """
    n = volume.shape[-1]
    at = np.arange(n, dtype=np.float32) - (n - 1) / 2
    offset = at[:, None, None] * normal[0] + at[:, None] * normal[1] + at * normal[2] + n
    low = jnp.floor(offset).astype(jnp.int32).ravel()  # offsets are at most sqrt(3) n / 2
    part = (offset - jnp.floor(offset)).ravel()

    def by_slab(values):
        sums = jnp.zeros(2 * n, volume.dtype)
        return sums.at[low].add(values * (1 - part)).at[low + 1].add(values * part)

    count = by_slab(known.ravel().astype(volume.dtype))
    is_used = count >= LEAST_SLAB * count.max()
    mean = by_slab(volume.ravel()) / jnp.maximum(count, 1e-6)
    highest = jnp.where(is_used, mean, -jnp.inf)
    sides = jax.lax.cummax(highest), jax.lax.cummax(highest, reverse=True)
    depth = jnp.where(is_used, jnp.minimum(*sides) - mean, 0.0).max()
    extent = highest.max() - jnp.where(is_used, mean, jnp.inf).min()
    return jnp.where(extent > 0, depth / jnp.where(extent > 0, extent, 1.0), 0.0)
