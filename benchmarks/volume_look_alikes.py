"""Maps of a volume that resemble columns, planes or simple cubic lattices, and are not these."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation


def _turned(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return the centres of bins [n, n, n, 3] in a random orientation, sides."""
    axis = (np.arange(n) + 0.5) / n - 0.5
    places = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1)
    return places @ Rotation.random(rng=rng).as_matrix()


def _with_noise(rates: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    return rates + noise * rates.std() * rng.normal(size=rates.shape)


def one_plane(
    n: int, width: float, extent: float, rng: np.random.Generator, noise: float = 0.5
) -> np.ndarray:
    """Return a map [n, n, n] of one flat field near the centre.

    Args:
        width: standard deviation across the plane, sides.
        extent: standard deviation within the plane, sides; inf for a plane through the volume.
        noise: standard deviation of the noise, standard deviations of the map.
    """
    places = _turned(n, rng) + rng.uniform(-0.25, 0.25, 3)
    rates = np.exp(-(places**2) @ [1 / extent**2, 1 / extent**2, 1 / width**2] / 2)
    return _with_noise(rates, noise, rng)


def rows_of_fields(
    n: int, periods: float, rng: np.random.Generator, noise: float = 0.5, width: float = 0.18
) -> np.ndarray:
    """Return a map [n, n, n] of separate fields in parallel rows, which form a hexagonal grid.

    Fields of a row are one period apart. Rows are shifted along their axis at random, so that the
    fields form no lattice.

    Args:
        periods: distances between neighbouring rows along a side.
        width: standard deviation of a field, periods.
    """
    places = periods * _turned(n, rng)
    reach = int(np.ceil(periods)) + 2
    i, j = (part.ravel() for part in np.meshgrid(*[np.arange(-reach, reach + 1)] * 2))
    rows = np.stack([i + j / 2, 0.75**0.5 * j], -1) + rng.uniform(-0.5, 0.5, 2)
    rates = np.zeros((n, n, n))
    for row in rows[np.linalg.norm(rows, axis=1) <= 0.9 * periods + 1]:
        across = ((places[..., :2] - row) ** 2).sum(-1)
        along = places[..., 2] - rng.uniform(0, 1)
        along -= np.round(along)
        rates += np.exp(-(across + along**2) / (2 * width**2))
    return _with_noise(rates, noise, rng)


def square_columns(
    n: int, periods: float, rng: np.random.Generator, noise: float = 0.5, jitter: float = 0.0
) -> np.ndarray:
    """Return a map [n, n, n] of parallel columns that form a square grid.

    Args:
        periods: distances between neighbouring columns along a side.
        jitter: standard deviation of each column's displacement along two axes, periods.
    """
    places = periods * _turned(n, rng) + rng.uniform(-0.5, 0.5, 3)
    reach = int(np.ceil(periods)) + 2
    rates = np.zeros((n, n, n))
    for column in np.ndindex(2 * reach + 1, 2 * reach + 1):
        at = np.array(column) - reach + jitter * rng.normal(size=2)
        rates += np.exp(-((places[..., :2] - at) ** 2).sum(-1) / (2 * 0.18**2))
    return _with_noise(rates, noise, rng)
