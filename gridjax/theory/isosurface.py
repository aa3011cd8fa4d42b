"""Isosurface of a volume: triangles where values cross a level (marching tetrahedra)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

# The six tetrahedra of a cube around its diagonal from corner 0 to corner 7. The bits of a corner's
# number are its steps along x, y and z.
_TETRAHEDRA = np.array(
    [[0, 1, 3, 7], [0, 3, 2, 7], [0, 2, 6, 7], [0, 6, 4, 7], [0, 4, 5, 7], [0, 5, 1, 7]]
)


def isosurface(
    values: Float[np.ndarray, "n n n"], level: float
) -> Float[np.ndarray, "triangle 3 3"]:
    """Return the triangles of the surface where a volume has the value ``level``.

    Places are in bins: the centre of the first bin is (0, 0, 0). Outside of the volume values are
    below the level, so that fields are closed at its borders. Each cube between eight bins is cut
    into six tetrahedra, and values are interpolated along their edges (Doi and Koide 1991).

    Args:
        values: [n, n, n], finite.
        level: between the smallest and the largest value; else there are no triangles.
    """
    outside = min(2 * level - values.max(), values.min())
    padded = np.pad(values, 1, constant_values=outside)
    is_above = padded > level
    corner = np.array([[number >> axis & 1 for axis in range(3)] for number in range(8)])
    cubes = tuple(slice(0, side - 1) for side in padded.shape)
    count = sum(_shifted(is_above, step)[cubes].astype(int) for step in corner)
    at = np.argwhere((count > 0) & (count < 8))
    places = at[:, None] + corner[_TETRAHEDRA.ravel()].reshape(1, -1, 3)
    places = places.reshape(-1, 4, 3)
    corners = padded[tuple(np.moveaxis(places, -1, 0))]
    return np.concatenate(list(_triangles(places, corners, level))) - 1


def _shifted(values, step):
    return np.roll(values, tuple(-step), axis=(0, 1, 2))


def _triangles(places, values, level):
    """Yield the triangles of tetrahedra with one, three and two corners above the level."""
    order = np.argsort(-values, axis=1)  # the largest corner first
    places = np.take_along_axis(places, order[..., None], axis=1).astype(float)
    values = np.take_along_axis(values, order, axis=1)
    n_above = (values > level).sum(axis=1)

    def crossing(rows, one, other):
        high, low = values[rows, one], values[rows, other]
        share = ((high - level) / (high - low))[:, None]
        return places[rows, one] + share * (places[rows, other] - places[rows, one])

    rows = np.flatnonzero(n_above == 1)
    yield np.stack([crossing(rows, 0, k) for k in (1, 2, 3)], axis=1)
    rows = np.flatnonzero(n_above == 3)
    yield np.stack([crossing(rows, k, 3) for k in (0, 1, 2)], axis=1)
    rows = np.flatnonzero(n_above == 2)
    a, b, c, d = (crossing(rows, *edge) for edge in ((0, 2), (0, 3), (1, 3), (1, 2)))
    yield np.stack([a, b, c], axis=1)
    yield np.stack([a, c, d], axis=1)
