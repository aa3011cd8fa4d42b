"""Arrangement of fields: distances between neighbouring fields, and heights of fields.

Fields are maxima of the smoothed map. If they have a characteristic distance, the distances from
each field to its two nearest fields vary little, and the nearest is not near. This is compared with
hard spheres placed at random and, together with the variation of the heights of fields, with
random fields that have the map's spectrum and values. Maxima of random fields differ in height.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

NEIGHBOURS = 2
SMOOTHING = 0.09
"""Standard deviation of the smoothing, typical distances between fields."""
HEIGHT = 0.5
"""Least height of a field above the mean, standard deviations of the smoothed map."""
FEWEST = 6
"""Least number of fields of an arrangement."""
DIAMETER = 0.4
"""Diameter of the hard spheres, typical distances between fields. Two Gaussian fields merge at
twice their standard deviation, which after the smoothing is about 0.2."""
N_SPHERES = 99
"""Random placements of hard spheres."""
ATTEMPTS = 20
"""Attempts to place a sphere, for each field."""


def kernel(n: int, bins: float) -> Float[np.ndarray, "n n"]:
    """Return the matrix that smooths n bins with a Gaussian of this standard deviation."""
    step = np.arange(n)
    return np.exp(-((step[:, None] - step) ** 2) / (2 * bins**2)).astype(np.float32)


def smooth(
    volumes: Float[Array, "map n n n"], known: Bool[Array, "n n n"], matrix: Float[Array, "n n"]
) -> Float[Array, "map n n n"]:
    """Return volumes, 0 in unknown bins, as weighted means over the known bins."""

    def spread(values):
        return jnp.einsum("mxyz,ax,by,cz->mabc", values, matrix, matrix, matrix, optimize="optimal")

    weight = spread(known[None].astype(volumes.dtype))
    return jnp.where(known, spread(volumes) / jnp.maximum(weight, 1e-6), -jnp.inf)


def is_field(
    smooth: Float[Array, "map n n n"], known: Bool[Array, "n n n"]
) -> Bool[Array, "map n n n"]:
    """Return which bins are fields: higher than 26 known neighbours, and than HEIGHT."""
    around = smooth
    edge = ~known[None]
    for axis in (1, 2, 3):
        around = _three(around, axis, jnp.inf)
        edge = _three(edge, axis, True)
    count = known.sum()
    mean = jnp.where(known, smooth, 0.0).sum((1, 2, 3)) / count
    square = jnp.where(known, jnp.square(smooth), 0.0).sum((1, 2, 3)) / count
    least = mean + HEIGHT * jnp.sqrt(jnp.maximum(square - mean**2, 0.0))
    return (smooth >= around) & ~edge & (smooth > least[:, None, None, None])


def _three(values, axis, outside):
    """Return the maximum of each value and its two neighbours along an axis."""
    wide = jnp.pad(values, [(int(a == axis),) * 2 for a in range(4)], constant_values=outside)
    n = values.shape[axis]
    below, above = (jax.lax.slice_in_dim(wide, k, k + n, axis=axis) for k in (0, 2))
    join = jnp.logical_or if values.dtype == bool else jnp.maximum
    return join(join(below, values), above)


def places(
    smooth: Float[np.ndarray, "map n n n"], found: Bool[np.ndarray, "map n n n"]
) -> tuple[np.ndarray, Float[np.ndarray, "field 3"], Float[np.ndarray, " field"]]:
    """Return the map of each field, its place in bins, and its height in the smoothed map.

    Places are those of the maxima of parabolas through three bins. Equal neighbouring bins, such as
    those around the centre of a symmetric field, have the same maximum and are one field.
    """
    at = np.stack(np.nonzero(found), axis=-1)
    moved = at[:, 1:].astype(float)
    middle = smooth[tuple(at.T)]
    for axis in range(3):
        step = np.eye(4, dtype=int)[axis + 1]
        below, above = smooth[tuple((at - step).T)], smooth[tuple((at + step).T)]
        bend = np.minimum(below - 2 * middle + above, -1e-12)
        moved[:, axis] += np.clip((below - above) / (2 * bend), -0.5, 0.5)
    quarters = np.column_stack([at[:, 0], np.rint(4 * moved)])
    kept = np.sort(np.unique(quarters, axis=0, return_index=True)[1])
    return at[kept, 0], moved[kept], middle[kept]


class Spacing(NamedTuple):
    """Distances between neighbouring fields of maps; NaN for fewer than FEWEST fields."""

    variation: Float[np.ndarray, " map"]
    """Standard deviation divided by mean of the distances to the two nearest fields."""
    nearest: Float[np.ndarray, " map"]
    """Mean distance to the nearest field, bins."""

    @property
    def unevenness(self) -> Float[np.ndarray, " map"]:
        """Variation divided by the cube of the mean distance, the space around a field."""
        return self.variation / self.nearest**3


def spacing(owner: np.ndarray, place: Float[np.ndarray, "field 3"], n_maps: int) -> Spacing:
    """Return the distances between neighbouring fields.

    Args:
        owner: map of each field.
        place: place of each field, bins.
    """
    distance = distances(owner, place)
    count = np.bincount(owner, minlength=n_maps)
    flat, index = distance.ravel(), np.repeat(owner, NEIGHBOURS)
    enough = count >= FEWEST
    total = np.where(enough, count * NEIGHBOURS, 1)
    keep = enough[index]
    mean = np.bincount(index[keep], flat[keep], n_maps) / total
    square = np.bincount(index[keep], flat[keep] ** 2, n_maps) / total
    spread = np.sqrt(np.maximum(square - mean**2, 0))
    first = np.bincount(owner, distance[:, 0], n_maps) / np.maximum(count, 1)
    variation = np.where(enough, spread / np.where(enough, mean, 1), np.nan)
    return Spacing(variation, np.where(enough, first, np.nan))


def height_variation(
    owner: np.ndarray, height: Float[np.ndarray, " field"], n_maps: int
) -> Float[np.ndarray, " map"]:
    """Return standard deviation divided by mean of the heights of fields; NaN for too few fields.

    Args:
        owner: map of each field.
        height: height of each field above the mean of its map.
    """
    count = np.bincount(owner, minlength=n_maps)
    total = np.where(count >= FEWEST, count, 1)
    mean = np.bincount(owner, height, n_maps) / total
    apart = np.square(height - mean[owner])
    spread = np.sqrt(np.bincount(owner, apart, n_maps) / total)
    return np.where(count >= FEWEST, spread / np.where(count >= FEWEST, mean, 1), np.nan)


def distances(
    owner: np.ndarray, place: Float[np.ndarray, "field 3"]
) -> Float[np.ndarray, "field neighbour"]:
    """Return the distances from each field to the two nearest fields of its map, nearest first."""
    from scipy.spatial import KDTree

    if not len(place):
        return np.zeros((0, NEIGHBOURS))
    # maps are far apart along a fourth axis
    tree = KDTree(np.column_stack([place, 1e4 * owner]))
    found = tree.query(tree.data, k=NEIGHBOURS + 1)[0][:, 1:]
    return np.where(np.isfinite(found), found, 0.0)


def hard_spheres(
    known: Bool[np.ndarray, "n n n"], n_fields: int, diameter: float, seed: int
) -> Float[np.ndarray, " draw"]:
    """Return the unevenness of hard spheres placed one by one at random.

    Args:
        known: known bins; as for fields, no sphere lies beside an unknown bin.
        n_fields: number of spheres; fewer where no further sphere fits.
        diameter: least distance of two spheres, bins.
    """
    from scipy.ndimage import binary_erosion

    rng = np.random.default_rng([seed, 3])
    bins = np.argwhere(binary_erosion(known, np.ones((3, 3, 3))))
    placed = np.full((N_SPHERES, n_fields, 3), np.inf)
    count = np.zeros(N_SPHERES, int)
    for _ in range(ATTEMPTS * n_fields):
        new = bins[rng.integers(len(bins), size=N_SPHERES)] + rng.uniform(-0.5, 0.5, (N_SPHERES, 3))
        gap = np.square(placed - new[:, None]).sum(axis=-1).min(axis=1)
        fits = np.flatnonzero((gap >= diameter**2) & (count < n_fields))
        placed[fits, count[fits]] = new[fits]
        count[fits] += 1
        if (count == n_fields).all():
            break
    owner, index = np.nonzero(np.isfinite(placed[..., 0]))
    return spacing(owner, placed[owner, index], N_SPHERES).unevenness
