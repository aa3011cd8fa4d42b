"""Few-shot readout of a position: error of a linear readout from few labelled places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jax import random
from jaxtyping import Array, Float, Key

from gridjax.metrics.arguments import check_float, check_int, invalid_argument
from gridjax.metrics.coding.code_book import code_book
from gridjax.metrics.coding.fisher_information import MOST_NOISE
from gridjax.metrics.coding.ridge import fit_ridge

LABELLED = (8, 16, 32, 64, 128, 256, 512)
"""Numbers of labelled places."""


def few_shot_errors_cm(
    key: Key[Array, ""],
    maps: Any,
    box_width_m: float,
    noise_sd: float = 0.0,
    n_labelled: Sequence[int] = LABELLED,
    n_repeats: int = 20,
) -> Float[np.ndarray, " n_labelled"]:
    """Return the mean error (cm) of a linear readout for each number of labelled places.

    A repeat draws labelled bins without replacement, fits a ridge regression of the position on the
    rates there (`fit_ridge`), and reads the positions of all other bins. All rates have independent
    Gaussian noise. Each repeat uses the first k places of one order of the bins.

    Args:
        key: random key of the orders and of the noise.
        maps: [unit, n, n], the axes x and y; bins that are NaN in any unit are left out.
        box_width_m: side of the box.
        noise_sd: standard deviation of the noise of each unit, in the unit of the maps.
        n_labelled: numbers of labelled places, each from 2 to the number of bins less one.
        n_repeats: number of orders over which the errors are averaged.

    Raises GridjaxError for invalid arguments.
    """
    book = code_book(maps, box_width_m)
    noise_sd = check_float("noise_sd", noise_sd, 0.0, MOST_NOISE)
    n_repeats = check_int("n_repeats", n_repeats, 1, 10**6)
    counts = [check_int("n_labelled", n, 2, len(book.rates) - 1) for n in n_labelled]
    if not counts:
        raise invalid_argument("n_labelled is empty", "give at least one number of places")
    errors = np.zeros((n_repeats, len(counts)))
    for repeat in range(n_repeats):
        of_order, of_noise = random.split(random.fold_in(key, repeat))
        order = np.asarray(random.permutation(of_order, len(book.rates)))
        noise = np.asarray(random.normal(of_noise, book.rates.shape), np.float64)
        rates, positions = (book.rates + noise_sd * noise)[order], book.positions_cm[order]
        for at, count in enumerate(counts):
            fit = fit_ridge(rates[:count], positions[:count])
            away = fit.predict(rates[count:]) - positions[count:]
            errors[repeat, at] = np.linalg.norm(away, axis=1).mean()
    return errors.mean(axis=0)
