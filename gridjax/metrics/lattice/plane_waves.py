"""Fit of a hexagonal lattice to a map: three plane waves with directions 60 degrees apart.

Wave vectors k are in cycles per bin. A search over regular hexagons in the power spectrum gives the
start of a least-squares fit. The fit has a constant and three waves k1, k2 and k2 - k1, and uses
the visited bins. Unlike the peak of a periodogram, it has no bias from a small number of periods in
the box or from missing bins.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from gridjax.metrics.lattice.elimination import solve_positive

# Limits of the period in the search, as shares of the box. Shorter periods need more bins than the
# fit uses. With longer periods the autocorrelogram does not hold the six neighbours of a field.
SHORTEST, LONGEST = 1 / 9, 0.8
# Shortest period in bins: the waves of a hexagonal lattice must be below the Nyquist frequency.
SHORTEST_BINS = 2.4
# Spacing of the wave vectors of the search, in cycles per box. The main lobe of a wave has width 2.
STEP = 0.35
ITERATIONS = 5
# Effective number of independent hexagons in the search, for each Fourier cell on the half circle
# through the strongest hexagon. The value comes from simulations of Gaussian noise, with smoothing
# widths of 1/90 to 1/6 of the box, with and without rectification: 1 to 6 % of these maps are
# significant at .05.
HEXAGONS_PER_CELL = 4.5
# Rates that are cut off from below couple the waves k1, k2 and k2 - k1: two strong waves make the
# third strong, too. The chance of a p at least as small is then c sqrt(p), where c is RECTIFIED *
# (skewness of the map - LEAST_SKEWNESS) / sqrt(Fourier cells), at most 1. The numbers come from
# simulations of 286,000 random fields with 2 to 6 waves in the box, cut off at -.5 to 2 standard
# deviations: fields with all their power at one wavelength have this c, others a smaller one.
RECTIFIED, LEAST_SKEWNESS = 0.85, 0.4

_product = partial(jnp.matmul, precision=jax.lax.Precision.HIGHEST)


class Search(NamedTuple):
    """Tables for maps of n x n bins: a triangular grid of wave vectors with 60-degree symmetry."""

    y_cos: Float[np.ndarray, "row n"]
    y_sin: Float[np.ndarray, "row n"]
    x_cos: Float[np.ndarray, "row n column"]
    x_sin: Float[np.ndarray, "row n column"]
    hexagons: Int[np.ndarray, "3 hexagon"]
    """Flat indices of the three waves of each hexagon."""
    vectors: Float[np.ndarray, "hexagon 4"]
    """Wave vectors of the first two waves of each hexagon, cycles per bin."""
    cells: Float[np.ndarray, " hexagon"]
    """Number of independent Fourier cells on half of the circle through each hexagon."""
    to_rings: Float[np.ndarray, "wave ring"]
    ring_of: Float[np.ndarray, "hexagon ring"]
    position: Float[np.ndarray, " n"]
    n_bins: Float[np.ndarray, ""]


class Fit(NamedTuple):
    """Fitted waves; without meaning where the map is constant."""

    vectors: Float[Array, "map 2 2"]
    """Two lattice vectors, 60 degrees apart, in bins."""
    peak: Float[Array, "map 2"]
    """Position of one peak of the waves relative to the middle of the bins of the fit, in bins."""
    variance_share: Float[Array, " map"]
    p_value: Float[Array, " map"]


def period_limits(n: int) -> tuple[float, float]:
    """Return the shortest and the longest period of the search in maps of n x n bins, in bins."""
    return max(SHORTEST_BINS, SHORTEST * n), LONGEST * n


@lru_cache(maxsize=32)
def search(n: int) -> Search:
    """Return the tables for maps of n x n bins."""
    step = STEP / n
    shortest, longest = period_limits(n)
    lowest, highest = 2 / np.sqrt(3) / longest, 2 / np.sqrt(3) / shortest
    n_rows = int(np.ceil((highest + step) / (step * np.sqrt(3) / 2))) + 1
    reach = int(np.ceil((highest + step) / step)) + n_rows // 2 + 1
    row, column = np.meshgrid(np.arange(n_rows), np.arange(-reach, reach + 1), indexing="ij")
    k = step * np.stack([column + row / 2, row * np.sqrt(3) / 2], axis=-1)
    radius, angle = np.hypot(*np.moveaxis(k, -1, 0)), np.arctan2(k[..., 1], k[..., 0])

    first = (radius >= lowest) & (radius <= highest) & (angle > -1e-9) & (angle < np.pi / 3 - 1e-9)
    corner = np.stack([column[first], row[first]])
    hexagons, corners = [], []
    for _ in range(3):
        corners.append(k[corner[1], corner[0] + reach])
        hexagons.append(corner[1] * (2 * reach + 1) + corner[0] + reach)
        corner = np.stack([-corner[1], corner[0] + corner[1]])

    # the row k_y = 0 contains both k and -k of each wave, so each of them has weight 0.5
    once = np.where(row == 0, 0.5, 1.0).ravel()
    rings = np.arange(0, highest + 2 * step, step)
    to_rings = _hat(radius.ravel() / step, rings / step) * once[:, None]
    to_rings /= np.maximum(to_rings.sum(axis=0), 1e-9)

    position = np.arange(n) - (n - 1) / 2
    along_y = 2 * np.pi * k[:, reach, 1, None] * position
    along_x = 2 * np.pi * k[:, None, :, 0] * position[:, None]
    tables = Search(
        np.cos(along_y),
        np.sin(along_y),
        np.cos(along_x),
        np.sin(along_x),
        np.stack(hexagons),
        np.concatenate(corners[:2], axis=-1),
        np.pi * radius[first] * n,
        to_rings,
        _hat(radius[first] / step, rings / step),
        position,
        np.asarray(float(n)),
    )
    return Search(*(t if t.dtype.kind == "i" else t.astype(np.float32) for t in tables))


def within(small: Search, large: Search) -> Search:
    """Return the tables `small`, padded to the shapes of `large`; the padding has no effect."""
    rows, bins, columns = large.x_cos.shape
    n_rows, n, n_columns = small.x_cos.shape
    left = (columns - n_columns) // 2

    def in_x(table):
        return np.pad(table, ((0, rows - n_rows), (0, bins - n), (left, left)))

    def in_y(table):
        return np.pad(table, ((0, rows - n_rows), (0, bins - n)))

    # Copies of the last hexagon are never the first maximum of the search.
    more = len(large.cells) - len(small.cells)
    n_rings = small.to_rings.shape[1]
    more_rings = large.to_rings.shape[1] - n_rings
    by_row = small.to_rings.reshape(n_rows, n_columns, n_rings)
    by_row = np.pad(by_row, ((0, rows - n_rows), (left, left), (0, more_rings)))
    row, column = np.divmod(small.hexagons, n_columns)
    return Search(
        in_y(small.y_cos),
        in_y(small.y_sin),
        in_x(small.x_cos),
        in_x(small.x_sin),
        np.pad(row * columns + column + left, ((0, 0), (0, more)), mode="edge"),
        np.pad(small.vectors, ((0, more), (0, 0)), mode="edge"),
        np.pad(small.cells, (0, more), mode="edge"),
        by_row.reshape(rows * columns, -1),
        np.pad(small.ring_of, ((0, more), (0, more_rings))),
        np.pad(small.position, (0, bins - n)),
        small.n_bins,
    )


def _hat(values, centres):
    return np.maximum(0, 1 - np.abs(values[:, None] - centres))


def fit(maps: Float[Array, "map n n"], weights: Float[Array, "map n n"], tables: Search) -> Fit:
    """Return the waves fitted to float32 maps; unknown bins have weight 0."""
    total = weights.sum((1, 2))[:, None, None]
    maps = maps - (maps * weights).sum((1, 2), keepdims=True) / total
    spread = jnp.sqrt((maps**2 * weights).sum((1, 2), keepdims=True) / total)
    maps = jnp.where((weights > 0) & (spread > 0), maps / spread, 0.0)
    skewness = (maps**3 * weights).sum((1, 2)) / total[:, 0, 0]
    power = spectrum(maps * weights, tables)
    triples = power[:, tables.hexagons]
    best = triples.sum(axis=1).argmax(axis=1)
    weakest = jnp.take_along_axis(triples.min(axis=1), best[:, None], axis=1)[:, 0]
    ring = (_product(power, tables.to_rings) * tables.ring_of[best]).sum(axis=1)
    waves, amplitudes, residual = _refined(tables.vectors[best], maps, weights, tables)
    return Fit(
        lattice_vectors(waves),
        _peak(waves, amplitudes),
        1 - residual / total[:, 0, 0],
        _p_value(weakest, ring, tables.cells[best], skewness),
    )


def spectrum(maps: Float[Array, "map n n"], tables: Search) -> Float[Array, "map wave"]:
    """Return the power of maps at the wave vectors of the search."""
    n_maps = maps.shape[0]
    real, imaginary = (
        jnp.moveaxis(_product(maps, table.T), -1, 0) for table in (tables.y_cos, tables.y_sin)
    )
    real, imaginary = (
        _product(real, tables.x_cos) - _product(imaginary, tables.x_sin),
        _product(real, tables.x_sin) + _product(imaginary, tables.x_cos),
    )
    return jnp.moveaxis(real**2 + imaginary**2, 0, 1).reshape(n_maps, -1)


def _p_value(weakest, ring, cells, skewness):
    """Return the chance that an isotropic random field has a hexagon at least this strong.

    First for a Gaussian field. On a half circle of m independent Fourier cells, the powers of such
    a field are m independent exponential numbers. Divided by their sum they are distributed as
    uniform spacings: three given cells all exceed t with probability (1 - 3 t)^(m - 1). The
    strength of a hexagon is the power of the weakest of its three waves, so that stripes and square
    lattices are not significant. Then for fields whose low rates are cut off, by the skewness of
    the map.
    """
    share = jnp.where(ring > 0, weakest / jnp.where(ring > 0, cells * ring, 1.0), 0.0)
    one = jnp.maximum(1 - 3 * share, 0.0) ** (cells - 1)
    gaussian = -jnp.expm1(HEXAGONS_PER_CELL * cells * jnp.log1p(-jnp.minimum(one, 1 - 1e-6)))
    coupling = RECTIFIED * jnp.maximum(skewness - LEAST_SKEWNESS, 0.0) / jnp.sqrt(cells)
    return jnp.maximum(gaussian, jnp.minimum(coupling, 1.0) * jnp.sqrt(gaussian))


def _columns(vectors, amplitudes, maps, tables: Search):
    """Return derivatives of the model by its 11 parameters and the residual, [map, 12, n, n]."""
    k1, k2 = vectors[:, :2], vectors[:, 2:]
    phase = 2 * jnp.pi * jnp.stack([k1, k2, k2 - k1], axis=1)[..., None] * tables.position
    (cos_x, cos_y), (sin_x, sin_y) = (
        jnp.moveaxis(part, 2, 0) for part in (jnp.cos(phase), jnp.sin(phase))
    )
    cos_x, sin_x = cos_x[..., :, None], sin_x[..., :, None]
    cos_y, sin_y = cos_y[..., None, :], sin_y[..., None, :]
    cos, sin = cos_x * cos_y - sin_x * sin_y, sin_x * cos_y + cos_x * sin_y
    waves = jnp.concatenate([jnp.ones_like(cos[:, :1]), cos, sin], axis=1)
    of = amplitudes[:, :, None, None]
    by_phase = of[:, 4:] * cos - of[:, 1:4] * sin
    first, second = by_phase[:, 0] - by_phase[:, 2], by_phase[:, 1] + by_phase[:, 2]
    x = tables.position[:, None] / tables.n_bins
    residual = maps - (of * waves).sum(axis=1)
    moves = jnp.stack([first * x, first * x.T, second * x, second * x.T, residual], axis=1)
    return jnp.concatenate([waves, moves], axis=1)


def _refined(vectors, maps, weights, tables: Search):
    """Return wave vectors, amplitudes and residual sums after Gauss-Newton steps.

    Each step changes the four numbers of the wave vectors and the seven amplitudes together.
    """
    n_maps, n = len(maps), tables.n_bins
    root = jnp.sqrt(weights)[:, None]

    def step(_, state):
        vectors, amplitudes, _ = state
        columns = (_columns(vectors, amplitudes, maps, tables) * root).reshape(n_maps, 12, -1)
        gram = _product(columns, jnp.swapaxes(columns, 1, 2))
        normal, downhill, residual = gram[:, :11, :11], gram[:, :11, 11], gram[:, 11, 11]
        diagonal = jnp.diagonal(normal, axis1=1, axis2=2)
        # before the first step the amplitudes and the derivatives by the wave vectors are 0, so a
        # small damping keeps the system solvable
        damping = 1e-4 * diagonal + 1e-6 * diagonal[:, :1]
        damped = normal + damping[:, None] * jnp.eye(11, dtype=maps.dtype)
        change = solve_positive(damped, downhill)
        move = change[:, 7:] / (2 * jnp.pi * n)
        length = jnp.linalg.norm(move, axis=1, keepdims=True)
        move = move * jnp.minimum(1.0, 0.3 / n / jnp.maximum(length, 1e-12))
        return vectors + move, amplitudes + change[:, :7], residual

    start = (vectors, jnp.zeros((n_maps, 7), maps.dtype), jnp.zeros(n_maps, maps.dtype))
    return jax.lax.fori_loop(0, ITERATIONS, step, start)


def _peak(waves: Float[Array, "map 4"], amplitudes: Float[Array, "map 7"]):
    """Return a position where the three waves have their peaks together, in bins.

    The phases of k1, k2 and k2 - k1 need not agree; each is changed by a third of the difference.
    """
    first, second, third = jnp.moveaxis(jnp.arctan2(amplitudes[:, 4:], amplitudes[:, 1:4]), 1, 0)
    apart = third - (second - first)
    apart = apart - 2 * jnp.pi * jnp.round(apart / (2 * jnp.pi))
    first, second = first - apart / 3, second + apart / 3
    basis = lattice_vectors(waves)
    v1, v2 = basis[:, 0], basis[:, 1] - basis[:, 0]
    return (first[:, None] * v1 + second[:, None] * v2) / (2 * jnp.pi)


def nearest_peak(
    peak: Float[Array, "map 2"], vectors: Float[Array, "map 2 2"]
) -> Float[Array, "map 2"]:
    """Return the point of a lattice through ``peak`` that is nearest the origin.

    ``vectors`` are two vectors of the lattice, 60 degrees apart.
    """
    (a, b), (c, d) = vectors[:, 0].T, vectors[:, 1].T
    x, y = peak.T
    shares = jnp.stack([d * x - c * y, a * y - b * x], axis=-1) / (a * d - b * c)[:, None]
    shares = shares - jnp.round(shares)
    around = jnp.asarray([(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)], peak.dtype)
    points = ((shares[:, None] + around)[..., None] * vectors[:, None]).sum(axis=2)
    best = jnp.square(points).sum(axis=2).argmin(axis=1)
    return jnp.take_along_axis(points, best[:, None, None], axis=1)[:, 0]


def lattice_vectors(waves: Float[Array, "map 4"]) -> Float[Array, "map 2 2"]:
    """Return two lattice vectors 60 degrees apart, in bins, from waves k1, k2 60 degrees apart.

    The vectors v1 and v2 of the dual basis, v_i . k_j = delta_ij, have an angle of 120 degrees. The
    result is v1 and v1 + v2, which is half way between them.
    """
    a, b, c, d = waves.T
    v1, v2 = jnp.stack([d, -c], axis=-1), jnp.stack([-b, a], axis=-1)
    return jnp.stack([v1, v1 + v2], axis=1) / (a * d - b * c)[:, None, None]
