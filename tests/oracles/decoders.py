"""Positions from outputs, one position at a time, in float64."""

from __future__ import annotations

import itertools

import numpy as np

from .losses import loss_excess, mean_squared_error


def _each(decode_one, outputs):
    outputs = np.asarray(outputs, np.float64)
    flat = np.array([decode_one(row) for row in outputs.reshape(-1, outputs.shape[-1])])
    return flat.reshape(*outputs.shape[:-1], flat.shape[-1])


def _tightest(chosen, cells):
    """Mean of one field of each chosen cell, those of the least variance."""
    fields = [[cells.centres[i][f] for f in range(int(cells.n_fields[i]))] for i in chosen]
    choices = [np.array(choice, np.float64) for choice in itertools.product(*fields)]
    return min(choices, key=lambda choice: choice.var(axis=0).sum()).mean(axis=0)


def top_cells(outputs, cells, n_cells: int = 3):
    """Mean centre of the strongest cells: [..., Np] -> [..., 2]."""

    def one(row):
        return _tightest(sorted(range(len(row)), key=lambda i: -row[i])[:n_cells], cells)

    return _each(one, outputs)


def bottom_cells(outputs, cells, n_cells: int = 3):
    """Mean centre of the weakest cells, on a ring around a true difference's position."""
    return top_cells(-np.asarray(outputs, np.float64), cells, n_cells)


def affine(outputs, weights, offsets):
    """(y - b) A^+: weights [2, Np], offsets [Np]."""
    inverse = np.linalg.pinv(np.asarray(weights, np.float64))
    return _each(lambda row: (row - np.asarray(offsets, np.float64)) @ inverse, outputs)


def polar(outputs):
    """r (cos theta, sin theta)."""
    return _each(lambda row: row[0] * np.array([np.cos(row[1]), np.sin(row[1])]), outputs)


def high_dim_polar(outputs, weights, offsets, angles):
    """r by the pseudo-inverse of the radial units, theta of the strongest angle unit."""
    weights, offsets, angles = (np.asarray(x, np.float64) for x in (weights, offsets, angles))

    def one(row):
        half = len(angles)
        r = ((row[:half] - offsets) @ np.linalg.pinv(weights[None]))[0]
        theta = angles[int(np.argmax(row[half:]))]
        return r * np.array([np.cos(theta), np.sin(theta)])

    return _each(one, outputs)


def dense_grid(box_width, n):
    """n x n points of the box, edges included: [n^2, 2]."""
    side = np.linspace(-box_width / 2, box_width / 2, n)
    return np.array(list(itertools.product(side, side)))


def likelihood(outputs, encode, loss, box_width, n):
    """The point of a dense grid whose code fits the outputs best: [..., Np] -> [..., 2].

    The fit is KL(y(x) || softmax(outputs)) for the cross-entropy, else the squared error.
    """
    points = dense_grid(box_width, n)
    codes = np.asarray(encode(points), np.float64)
    misfit = loss_excess if loss == "crossentropy" else mean_squared_error
    return _each(lambda row: points[int(np.argmin(misfit(row[None], codes)))], outputs)


def misfit_at(outputs, encode, loss, positions):
    """The misfit that ``likelihood`` minimises, at given positions: [...]."""
    codes = np.asarray(encode(positions), np.float64)
    misfit = loss_excess if loss == "crossentropy" else mean_squared_error
    return misfit(np.asarray(outputs, np.float64), codes)
