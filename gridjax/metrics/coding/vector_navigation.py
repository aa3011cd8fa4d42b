"""Vector navigation: readout of the displacement between two places from their rates."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jax import random
from jaxtyping import Array, Float, Int, Key

from gridjax.metrics.arguments import check_float, check_int, invalid_argument
from gridjax.metrics.coding.code_book import code_book
from gridjax.metrics.coding.fisher_information import MOST_NOISE
from gridjax.metrics.coding.ridge import fit_ridge

MOST_COMPONENTS = 64


class NavigationErrors(NamedTuple):
    """Mean errors of the displacement between two places, in cm."""

    near: float
    """pairs up to half a box apart, as those in training"""
    far: float
    """pairs farther apart than any in training"""
    chance_far: float
    """answering no displacement for the far pairs"""


def navigation_errors_cm(
    key: Key[Array, ""],
    maps: Any,
    box_width_m: float,
    noise_sd: float = 0.0,
    n_pairs: int = 2000,
    n_components: int = 16,
) -> NavigationErrors:
    """Return the errors of a bilinear readout of x2 - x1 from the rates at x1 and at x2.

    The readout of a coordinate is f(x1)^T B f(x2), with f the rates in the coordinates of their
    largest principal components and a constant 1, so that it contains both linear readouts, too. B
    is fitted by ridge regression (`fit_ridge`) on pairs of bins up to half a box apart. It is
    tested on other such pairs, and on pairs that are farther apart. A code of waves contains the
    products sin(k (x2 - x1)) of phases (Bush, Barry, Manson and Burgess 2015, Neuron 87:507).

    Args:
        key: random key of the pairs and of the noise.
        maps: [unit, n, n], the axes x and y; bins that are NaN in any unit are left out.
        box_width_m: side of the box.
        noise_sd: standard deviation of the noise of each unit, in the unit of the maps.
        n_pairs: pairs in training, and in each of the two tests.
        n_components: principal components of the rates; all if there are fewer. The fit has
            (n_components + 1)^2 weights for each coordinate.

    Raises GridjaxError for invalid arguments.
    """
    book = code_book(maps, box_width_m)
    noise_sd = check_float("noise_sd", noise_sd, 0.0, MOST_NOISE)
    n_pairs = check_int("n_pairs", n_pairs, 10, 10**5)
    n_components = check_int("n_components", n_components, 1, MOST_COMPONENTS)
    of_pairs, of_noise = random.split(key)
    near, far = _pairs(of_pairs, book.positions_cm, 50 * box_width_m, n_pairs)
    pairs = np.concatenate([near, far])
    noise = random.normal(of_noise, (*pairs.shape, book.rates.shape[1]))
    centred = book.rates - book.rates.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2][:n_components]
    rates = (centred[pairs] + noise_sd * np.asarray(noise, np.float64)) @ axes.T
    power = np.sqrt(np.square(rates[:n_pairs]).mean())
    rates = np.pad(rates / (power or 1.0), ((0, 0), (0, 0), (0, 1)), constant_values=1.0)
    products = (rates[:, 0, :, None] * rates[:, 1, None, :]).reshape(len(pairs), -1)
    moves = book.positions_cm[pairs[:, 1]] - book.positions_cm[pairs[:, 0]]
    fit = fit_ridge(products[:n_pairs], moves[:n_pairs])
    away = np.linalg.norm(fit.predict(products) - moves, axis=1)
    chance = np.linalg.norm(moves, axis=1)[2 * n_pairs :].mean()
    return NavigationErrors(
        float(away[n_pairs : 2 * n_pairs].mean()), float(away[2 * n_pairs :].mean()), float(chance)
    )


def _pairs(
    key: Key[Array, ""], positions_cm: Float[np.ndarray, "bin 2"], limit_cm: float, n_pairs: int
) -> tuple[Int[np.ndarray, "near 2"], Int[np.ndarray, "far 2"]]:
    """Return twice as many pairs of bins up to the limit apart, and pairs farther apart."""
    n_bins = len(positions_cm)
    near, far = np.zeros((0, 2), int), np.zeros((0, 2), int)
    for block in range(1000):
        drawn = random.randint(random.fold_in(key, block), (4 * n_pairs, 2), 0, n_bins)
        pairs = np.asarray(drawn)
        apart = np.linalg.norm(np.diff(positions_cm[pairs], axis=1)[:, 0], axis=1)
        near = np.concatenate([near, pairs[apart <= limit_cm]])
        far = np.concatenate([far, pairs[apart > limit_cm]])
        if len(near) >= 2 * n_pairs and len(far) >= n_pairs:
            return near[: 2 * n_pairs], far[:n_pairs]
    fix = "give maps with known bins in all parts of the box"
    raise invalid_argument(f"hardly any of {n_bins} bins are half a box apart", fix)
