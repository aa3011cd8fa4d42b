"""Target codes of one field per cell, one position at a time, in float64."""

from __future__ import annotations

import decimal
from decimal import Decimal

import numpy as np


def _softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max())
    return e / e.sum()


def _one_gaussian(position, centres, sigma):
    squared = np.array([np.sum((position - centre) ** 2) for centre in centres])
    return _softmax(-squared / (2 * sigma**2))


def _one_dos(position, centres, sigma_e, sigma_i):
    q = _one_gaussian(position, centres, sigma_e) - _one_gaussian(position, centres, sigma_i)
    raised = q + abs(q.min())
    return raised / raised.sum()


def _each(encode_one, positions):
    positions = np.asarray(positions, np.float64)
    flat = np.array([encode_one(position) for position in positions.reshape(-1, 2)])
    return flat.reshape(*positions.shape[:-1], -1)


def gaussian(positions, centres, sigma_e):
    """softmax(-d^2 / (2 sigma_E^2)) over the cells: [..., 2] -> [..., Np]."""
    centres = np.asarray(centres, np.float64)
    return _each(lambda x: _one_gaussian(x, centres, sigma_e), positions)


def difference_of_softmaxes(positions, centres, sigma_e, sigma_i):
    """q = softmax(centre) - softmax(surround), plus |min q|, over its sum."""
    centres = np.asarray(centres, np.float64)
    return _each(lambda x: _one_dos(x, centres, sigma_e, sigma_i), positions)


def exact_difference_of_softmaxes(positions, centres, sigma_e, sigma_i):
    """The same in decimal: far from all cells of tiny fields q_i is beyond float64.

    The nearest cell has all but exp(-gap) of the surround, gap = (d_2^2 - d_1^2) / (2 sigma_I^2),
    and as many digits are kept as resolve that.
    """

    def softmax(squared, sigma):
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
        pairs = zip(softmax(squared, sigma_e), softmax(squared, sigma_i), strict=True)
        q = [centre - surround for centre, surround in pairs]
        lift = abs(min(q))
        total = sum(x + lift for x in q)
        return [float((x + lift) / total) for x in q]

    with decimal.localcontext(prec=40, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX):
        return np.array([one(position) for position in positions])


def surround_width(sigma_e: float, ratio: float, convention: str) -> float:
    """sigma_I of a surround scale that is a ratio of widths (std) or of their squares."""
    return {"std": ratio * sigma_e, "variance": np.sqrt(ratio * sigma_e**2)}[convention]


def decode_top_cells(outputs, centres, n_cells: int = 3):
    """Mean centre of the strongest cells: [..., Np] -> [..., 2]."""
    centres = np.asarray(centres, np.float64)
    outputs = np.asarray(outputs)
    flat = [
        np.mean([centres[i] for i in sorted(range(len(row)), key=lambda i: -row[i])[:n_cells]], 0)
        for row in outputs.reshape(-1, outputs.shape[-1])
    ]
    return np.array(flat).reshape(*outputs.shape[:-1], 2)
