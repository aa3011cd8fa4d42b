"""Covariance of a place code between the places of a box, as products of small matrices.

In a volume the covariance of 64^3 places has 7e10 entries, and the code of 4,096 cells has 1e9.
Both are products: a Gaussian field is a product of functions of x, y and z, and its centre is
interpolated between the bins around it. A product of the covariance with rates then costs one small
matrix product along each axis. This is a convolution that ends at the walls, without the padding
that a Fourier transform needs. The interpolation (six points along each axis) has an error of at
most 0.07 (bin / sigma)^6 of a field's height.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from gridjax.errors import GridjaxError, Problem
from gridjax.metrics.spectral.pattern_formation import Product
from gridjax.theory.prediction import Prediction, expected_power

N_POINTS = 6
"""Bins along each axis between which a centre is interpolated."""
_MARGIN = N_POINTS // 2
_N_IMAGES = 3
"""Periods of the box on either side from which fields reach into a periodic box."""
_MOST_VALUES = 2**22
_LEAST_COVER = 1e-3
"""Smallest sum of the centre Gaussians of all cells at a place."""
_LEAST_VARIATION = 1e-5
"""Smallest variation of a code, as a share of its size; single precision rounds to 1e-7."""


def expected_product(theory: Prediction, n: int) -> Product:
    """Return the product of the expected covariance with rates, in a box without walls.

    This is the covariance of infinitely many place cells: a convolution whose Fourier transform is
    ``expected_power``, 0 for the mean. Opposite sides of the box are joined.

    Args:
        n: bins along each side of the box; positions are in row-major order.
    """
    from scipy import fft

    d = theory.dimensions
    axes = [*[np.fft.fftfreq(n, 1 / n)] * (d - 1), np.arange(n // 2 + 1)]
    squared = sum(np.square(axis) for axis in np.meshgrid(*axes, indexing="ij"))
    power = np.array(expected_power(theory, np.sqrt(squared)))
    power.flat[0] = 0.0
    spectrum = (power / power.max()).astype(np.float32)

    def product(rates):
        maps = np.asarray(rates, np.float32).T.reshape(-1, *[n] * d)
        space = tuple(range(1, d + 1))
        waves = fft.rfftn(maps, axes=space)
        return (
            np.asarray(fft.irfftn(waves * spectrum, [n] * d, axes=space)).reshape(len(maps), -1).T
        )

    return product


@dataclass(frozen=True)
class GaussianFields:
    """Gaussian fields of one width at every node, over the places of a box.

    The matrix of fields, [place, node^d], is the product of ``along`` for each axis.
    """

    along: Float[np.ndarray, "n node"]
    """Field of a centre at each node along one axis, at the centres of the bins."""
    dimensions: int

    def at_places(
        self, nodes: Float[np.ndarray, "node column"]
    ) -> Float[np.ndarray, "place column"]:
        """Return the sum of the fields with these weights at each place."""
        return _along_axes(self.along, nodes, self.dimensions)

    def at_nodes(
        self, places: Float[np.ndarray, "place column"]
    ) -> Float[np.ndarray, "node column"]:
        """Return the sum over places of each node's field times these values."""
        return _along_axes(self.along.T, places, self.dimensions)


def _along_axes(
    matrix: Float[np.ndarray, "out in"], values: Float[np.ndarray, "in column"], dimensions: int
) -> Float[np.ndarray, "out column"]:
    """Return values [in^d, column] multiplied by a matrix along each axis, [out^d, column]."""
    n_out, n_in = matrix.shape
    n_columns = values.shape[1]
    # columns stand before the last axis, so that all axes need few and large products
    values = np.ascontiguousarray(values.reshape(-1, n_in, n_columns).swapaxes(1, 2))
    for axis in range(dimensions - 1):
        values = np.matmul(matrix, values.reshape(n_out**axis, n_in, -1))
    values = values.reshape(-1, n_columns, n_in) @ matrix.T
    return np.ascontiguousarray(values.swapaxes(1, 2)).reshape(-1, n_columns)


@dataclass(frozen=True)
class CodeCovariance:
    """Correlation between the places of a box under a place code; see ``code_correlation``.

    The code at a place is the sum over ``fields`` of a gain at the place times the field of the
    cell, minus the mean of the cell, divided by the norm at the place.
    """

    shape: tuple[int, ...]
    """Bins along each side."""
    centres: Any
    """Sparse matrix [node^d, cell], weights of the nodes around each centre."""
    fields: tuple[GaussianFields, ...]
    gains: tuple[Float[np.ndarray, "place 1"], ...]
    cell_mean: Float[np.ndarray, "cell 1"]
    inverse_norm: Float[np.ndarray, "place 1"]

    def product(self, rates: Float[np.ndarray, "place unit"]) -> Float[np.ndarray, "place unit"]:
        """Return the product of the correlation with rates, float32."""
        scaled = self.inverse_norm * np.asarray(rates, np.float32)
        pairs = list(zip(self.fields, self.gains, strict=True))
        nodes = sum(field.at_nodes(gain * scaled) for field, gain in pairs)
        cells = self.centres.T @ nodes - self.cell_mean * scaled.sum(axis=0)
        nodes = self.centres @ cells
        places = sum(gain * field.at_places(nodes) for field, gain in pairs)
        return self.inverse_norm * (places - self.cell_mean.T @ cells)


def code_correlation(
    centres_m: Float[np.ndarray, "cell dimension"],
    box_width_m: float,
    n: int,
    sigma_m: float,
    surround_m: float | None = None,
    periodic: bool = False,
) -> CodeCovariance:
    """Return the correlation between the places of a box under a place code.

    The code is softmax(-a), or for a surround the shifted difference of two softmaxes
    (gridjax.task.target_codes.place_cells). The mean of each cell over the box is subtracted, and
    the code at each place has the norm 1.

    Args:
        centres_m: [cell, d], centres of the fields, metres; the centre of the box is 0.
        box_width_m: side of the box, metres.
        n: bins along each side.
        sigma_m: width of the centre Gaussian, metres.
        surround_m: width of the surround Gaussian, metres; None for Gaussian place cells.
        periodic: whether opposite sides of the box are joined. A field is then the sum over its
            images in all copies of the box.

    Raises GridjaxError if there are places that no field covers, or the code does not vary.
    """
    dimensions = centres_m.shape[1]
    shape = (n,) * dimensions
    widths = (sigma_m,) if surround_m is None else (sigma_m, surround_m)
    bins = centres_m / box_width_m * n + (n - 1) / 2
    centres = _nodes(bins, n, periodic)
    fields = tuple(
        GaussianFields(_along(n, width / box_width_m * n, periodic), dimensions) for width in widths
    )
    density = centres.sum(axis=1)[:, None]
    cover = [field.at_places(density) for field in fields]
    if not cover[0].min() > _LEAST_COVER:
        message = f"{len(centres_m)} place fields of {sigma_m:g} m do not cover the box"
        raise GridjaxError(Problem(message, fix="give more place cells, or wider place fields"))
    gains = [1 / cover[0]]
    if surround_m is not None:
        lowest = _lowest_difference(bins, n, widths, cover, box_width_m, periodic)
        if not lowest.min() * len(centres_m) > _LEAST_VARIATION:
            raise _constant_code()
        gains = [1 / (cover[0] * lowest), -1 / (cover[1] * lowest)]
    # a common factor of all gains has no effect
    largest = np.float32(max(np.abs(gain).max() for gain in gains))
    scaled = tuple((gain / largest).astype(np.float32) for gain in gains)
    sums = [field.at_nodes(gain) for field, gain in zip(fields, scaled, strict=True)]
    mean = centres.T @ np.stack(sums).sum(axis=0) / np.float32(n**dimensions)
    squares, total = _squares(bins, n, widths, scaled, mean, box_width_m, periodic)
    if not (squares > _LEAST_VARIATION**2 * total).all():
        raise _constant_code()
    norm = np.sqrt(squares).astype(np.float32)
    return CodeCovariance(shape, centres, fields, scaled, mean, 1 / norm)


def _constant_code() -> GridjaxError:
    message = "the target code does not vary over the box, or is not finite"
    return GridjaxError(Problem(message, fix="give narrower place fields, or more place cells"))


def _along(n: int, width: float, periodic: bool) -> Float[np.ndarray, "n node"]:
    """Return the field of a centre at each node, width in bins; nodes beyond walls come too."""
    nodes = np.arange(n) if periodic else np.arange(-_MARGIN, n + _MARGIN)
    return _gaussian(np.arange(n)[:, None] - nodes, width, n if periodic else 0).astype(np.float32)


def _gaussian(distance: np.ndarray, width: float, period: int) -> np.ndarray:
    """Return Gaussians of distances; with a period, the sum over the images of the centre."""
    images = np.arange(-_N_IMAGES, _N_IMAGES + 1) if period else np.zeros(1)
    places = distance + period * images.reshape(-1, *[1] * distance.ndim)
    return np.exp(-np.square(places) / (2 * width**2)).sum(axis=0)


def _nodes(bins: Float[np.ndarray, "cell dimension"], n: int, periodic: bool) -> Any:
    """Return the weights of the nodes around each centre, [node^d, cell] (Lagrange polynomials)."""
    from scipy.sparse import csr_array

    n_cells, dimensions = bins.shape
    first = np.floor(bins).astype(int) - (_MARGIN - 1)
    at = np.arange(N_POINTS)
    part = (bins - first)[..., None]
    weights = np.ones((*bins.shape, N_POINTS))
    for point in at:
        others = at[at != point]
        weights[..., point] = ((part - others) / (point - others)).prod(axis=-1)
    nodes = first[..., None] + at
    side = n if periodic else n + 2 * _MARGIN
    nodes = nodes % n if periodic else nodes + _MARGIN
    index, value = np.zeros((n_cells, 1), int), np.ones((n_cells, 1))
    for axis in range(dimensions):
        index = (index[:, :, None] * side + nodes[:, axis, None]).reshape(n_cells, -1)
        value = (value[:, :, None] * weights[:, axis, None]).reshape(n_cells, -1)
    cell = np.repeat(np.arange(n_cells), index.shape[1])
    entries = (value.ravel().astype(np.float32), (index.ravel(), cell))
    return csr_array(entries, shape=(side**dimensions, n_cells))


def _exact_fields(bins, n, widths, box_width_m, periodic):
    """Yield the places of each chunk and the fields there, one [place, cell] for each width."""
    n_cells, dimensions = bins.shape
    tables = [
        _gaussian(
            np.arange(n)[:, None, None] - bins, width / box_width_m * n, n if periodic else 0
        ).astype(np.float32)
        for width in widths
    ]
    step = max(1, _MOST_VALUES // n_cells)
    for start in range(0, n**dimensions, step):
        places = slice(start, min(start + step, n**dimensions))
        at = np.unravel_index(np.arange(places.start, places.stop), (n,) * dimensions)
        chunk = []
        for table in tables:
            field = table[at[0], :, 0]
            for axis in range(1, dimensions):
                field = field * table[at[axis], :, axis]
            chunk.append(field)
        yield places, chunk


def _lowest_difference(bins, n, widths, cover, box_width_m, periodic):
    """Return |min over cells| of the difference of two softmaxes at each place."""
    lowest = np.empty_like(cover[0])
    for places, (centre, surround) in _exact_fields(bins, n, widths, box_width_m, periodic):
        difference = surround / cover[1][places] - centre / cover[0][places]
        lowest[places, 0] = difference.max(axis=1)
    return lowest


def _squares(bins, n, widths, gains, mean, box_width_m, periodic):
    """Return the sum over cells of the squared code at each place, without and with the means."""
    squares = np.empty((n ** bins.shape[1], 1))
    total = np.empty_like(squares)
    for places, chunk in _exact_fields(bins, n, widths, box_width_m, periodic):
        code = sum(gain[places] * field for gain, field in zip(gains, chunk, strict=True))
        squares[places, 0] = np.square(code - mean.T).sum(axis=1)
        total[places, 0] = np.square(code).sum(axis=1)
    return squares, total
