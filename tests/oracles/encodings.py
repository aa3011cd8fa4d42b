"""Target codes one position at a time, in float64.

Cell i has fields f with centre c and widths sigma_E and sigma_I; the field that minimises
d^2 / (2 sigma_E^2) counts: a is that value, b is d^2 / (2 sigma_I^2) of the same field.
"""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import NamedTuple

import numpy as np


class Cells(NamedTuple):
    """Centres [Np, F, 2], widths [Np, F], fields that exist [Np]; all lengths in one unit."""

    centres: np.ndarray
    sigma_e: np.ndarray
    sigma_i: np.ndarray
    n_fields: np.ndarray


def single_fields(centres, sigma_e, sigma_i=None) -> Cells:
    """Cells of one field each, all of one width: centres [Np, 2]."""
    centres = np.asarray(centres, np.float64)[:, None]
    widths = np.ones(centres.shape[:2])
    surround = 2 * sigma_e if sigma_i is None else sigma_i
    return Cells(centres, sigma_e * widths, surround * widths, np.ones(len(centres), int))


def surround_width(sigma_e: float, ratio: float, convention: str) -> float:
    """sigma_I of a surround scale that is a ratio of widths (std) or of their squares."""
    return {"std": ratio * sigma_e, "variance": np.sqrt(ratio * sigma_e**2)}[convention]


def softmax(x: np.ndarray) -> np.ndarray:
    """exp(x_i) / sum_j exp(x_j)."""
    e = np.exp(x - x.max())
    return e / e.sum()


def exponents(position, cells: Cells) -> tuple[np.ndarray, np.ndarray]:
    """a and b of each cell at one position."""
    a, b = [], []
    for i in range(len(cells.centres)):
        of_fields = []
        for f in range(int(cells.n_fields[i])):
            squared = sum(
                (float(position[k]) - float(cells.centres[i][f][k])) ** 2
                for k in range(len(position))
            )
            centre = squared / (2 * float(cells.sigma_e[i][f]) ** 2)
            surround = squared / (2 * float(cells.sigma_i[i][f]) ** 2)
            of_fields.append((centre, surround))
        nearest = min(of_fields, key=lambda pair: pair[0])
        a.append(nearest[0])
        b.append(nearest[1])
    return np.array(a), np.array(b)


def _shifted(q):
    """(q + |min q|) over its sum."""
    raised = q + abs(q.min())
    return raised / raised.sum()


def _each(encode_one, positions):
    positions = np.asarray(positions, np.float64)
    flat = np.array(
        [encode_one(position) for position in positions.reshape(-1, positions.shape[-1])]
    )
    return flat.reshape(*positions.shape[:-1], -1)


def _of_exponents(code_of):
    def encode(positions, cells, **settings):
        return _each(lambda x: code_of(*exponents(x, cells), **settings), positions)

    return encode


gaussian = _of_exponents(lambda a, b: softmax(-a))
gaussian_unnormalized = _of_exponents(lambda a, b: np.exp(-a))
difference_of_softmaxes = _of_exponents(lambda a, b: _shifted(softmax(-a) - softmax(-b)))
difference_of_gaussians = _of_exponents(lambda a, b: _shifted(np.exp(-a) - np.exp(-b)))
general_difference_of_gaussians = _of_exponents(
    lambda a, b, alpha_e, alpha_i: _shifted(alpha_e * np.exp(-a) - alpha_i * np.exp(-b))
)
softmax_of_differences = _of_exponents(lambda a, b: softmax(-a + b))

PLACE_CODES = {
    ("gaussian", "global"): gaussian,
    ("gaussian", "none"): gaussian_unnormalized,
    ("difference_of_gaussians", "global"): difference_of_softmaxes,
    ("difference_of_gaussians", "none"): difference_of_gaussians,
    ("true_difference_of_gaussians", "global"): difference_of_gaussians,
    ("general_difference_of_gaussians", "global"): general_difference_of_gaussians,
    ("softmax_of_differences", "global"): softmax_of_differences,
}


def exact_difference_of_softmaxes(positions, centres, sigma_e, sigma_i):
    """The same in decimal: far from all cells of tiny fields q_i is beyond float64.

    The nearest cell has all but exp(-gap) of the surround, gap = (d_2^2 - d_1^2) / (2 sigma_I^2),
    and as many digits are kept as resolve that. Cells of one field: centres [Np, 2].
    """

    def decimal_softmax(squared, sigma):
        nearest = min(squared)
        e = [(-(d - nearest) / (2 * Decimal(float(sigma)) ** 2)).exp() for d in squared]
        total = sum(e)
        return [x / total for x in e]

    def one(position):
        squared = [
            sum((Decimal(float(position[k])) - Decimal(float(centre[k]))) ** 2 for k in range(2))
            for centre in centres
        ]
        first, second = sorted(squared)[:2]
        gap = float(second - first) / (2 * float(sigma_i) ** 2)
        decimal.getcontext().prec = 40 + int(gap / np.log(10))
        both = (decimal_softmax(squared, sigma) for sigma in (sigma_e, sigma_i))
        q = [centre - surround for centre, surround in zip(*both, strict=True)]
        lift = abs(min(q))
        total = sum(x + lift for x in q)
        return [float((x + lift) / total) for x in q]

    with decimal.localcontext(prec=40, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX):
        return np.array([one(position) for position in positions])


def cartesian(positions):
    """The position itself."""
    return _each(lambda x: x, positions)


def high_dim_cartesian(positions, weights, offsets):
    """x A + b: weights [2, Np], offsets [Np]."""
    return _each(
        lambda x: [
            x[0] * weights[0][i] + x[1] * weights[1][i] + offsets[i] for i in range(len(offsets))
        ],
        positions,
    )


def polar(positions):
    """(r, theta), theta in (-pi, pi]."""
    return _each(lambda x: [np.hypot(*x), np.arctan2(x[1], x[0])], positions)


def high_dim_polar(positions, weights, offsets, angles, kappa=1.0):
    """Np/2 units r A + b, then Np/2 units exp(kappa cos(theta - mu))."""

    def one(x):
        r, theta = np.hypot(*x), np.arctan2(x[1], x[0])
        radial = [r * weights[i] + offsets[i] for i in range(len(offsets))]
        return radial + [np.exp(kappa * np.cos(theta - float(mu))) for mu in angles]

    return _each(one, positions)


def head_directions(headings, preferred, kappa):
    """softmax(kappa cos(theta - mu)) over the cells: [...] -> [..., Nhd]."""
    headings = np.asarray(headings, np.float64)
    preferred = np.asarray(preferred, np.float64)
    flat = [softmax(kappa * np.cos(theta - preferred)) for theta in headings.ravel()]
    return np.array(flat).reshape(*headings.shape, -1)


def interpolated(positions, maps, box_width):
    """Rates of maps [Np, n, n] over the box, bilinear between bin centres: [..., 2] -> [..., Np].

    Beyond the outer bin centres the rate is that of the nearest point between them.
    """
    n = len(maps[0])

    def one(position):
        place = [min(max((float(x) / box_width + 0.5) * n - 0.5, 0.0), n - 1.0) for x in position]
        (i, j), corners = (int(np.floor(x)) for x in place), (0, 1)
        rates = np.zeros(len(maps))
        for di in corners:
            for dj in corners:
                weight = (1 - abs(place[0] - i - di)) * (1 - abs(place[1] - j - dj))
                if weight > 0:
                    rates += weight * np.asarray([m[i + di][j + dj] for m in maps], np.float64)
        return rates

    return _each(one, positions)
