"""Nearest-neighbour decoding of a position code, and the noise at which it confuses positions."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from jax import random
from jaxtyping import Array, Float, Int, Key

from gridjax.metrics.arguments import check_float, check_int
from gridjax.metrics.coding.code_book import CodeBook, code_book
from gridjax.metrics.coding.fisher_information import MOST_NOISE

LARGE_ERROR_CM = 10.0
"""Distance from which an error counts as a confusion."""
CONFUSED_SHARE = 0.01
"""Share of confusions at the noise threshold."""
MOST_TRIALS = 10**5
_LEAST, _MOST = 1e-4, 1e4
"""Noise between which the threshold is sought, in root mean square rates of the population."""
_HALVINGS = 16


def decoding_errors_cm(
    key: Key[Array, ""],
    maps: Any,
    box_width_m: float,
    noise_sd: float,
    n_trials: int = 2000,
    within_cm: float = math.inf,
) -> Float[np.ndarray, " trial"]:
    """Return the errors (cm) of nearest-neighbour decoding of noisy rates.

    A trial draws a bin, adds Gaussian noise to its rates, independent in each unit, and decodes the
    bin whose rates are nearest. For this noise and equally probable bins it is the most probable
    one.

    Args:
        key: random key of the trials. Other noise with the same key scales the same draws.
        maps: [unit, n, n], the axes x and y; bins that are NaN in any unit are left out.
        box_width_m: side of the box.
        noise_sd: standard deviation of the noise of each unit, in the unit of the maps.
        n_trials: number of trials.
        within_cm: the decoder considers only bins up to this distance from the true one: what it
            knows already, for example from integrated motion.

    Raises GridjaxError for invalid arguments.
    """
    book = code_book(maps, box_width_m)
    noise_sd = check_float("noise_sd", noise_sd, 0.0, MOST_NOISE)
    return _trials(key, book, n_trials, within_cm).errors_cm(book, noise_sd)


def noise_threshold(
    key: Key[Array, ""],
    maps: Any,
    box_width_m: float,
    n_trials: int = 2000,
    within_cm: float = math.inf,
) -> float:
    """Return the noise at which 1 % of nearest-neighbour decodings err by more than 10 cm.

    The noise is a standard deviation in the unit of the maps. It is found by bisection with the
    same draws at all noises. 0: the code confuses positions without any noise worth mentioning,
    as a lattice with a period below the side of the box does. Infinite: it never does.

    The arguments and the errors are those of `decoding_errors_cm`. The threshold of Sreenivasan and
    Fiete (2011), Nature Neuroscience 14:1330, separates local from global errors in the same way.
    """
    book = code_book(maps, box_width_m)
    trials = _trials(key, book, n_trials, within_cm)

    def is_confused(noise_sd: float) -> bool:
        errors = trials.errors_cm(book, noise_sd)
        return (errors > LARGE_ERROR_CM).mean() > CONFUSED_SHARE

    scale = float(np.sqrt(np.square(book.rates).mean()))
    low, high = math.log(_LEAST), math.log(_MOST)
    if scale == 0 or is_confused(scale * _LEAST):
        return 0.0
    if not is_confused(scale * _MOST):
        return math.inf
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_confused(scale * math.exp(middle)) else (middle, high)
    return scale * math.exp((low + high) / 2)


class _Trials(NamedTuple):
    """Log likelihood of each bin in each trial, as a line over the noise."""

    true: Int[np.ndarray, " trial"]
    without_noise: Float[np.ndarray, "trial bin"]
    """f(true) . f(bin) - |f(bin)|^2 / 2; -infinity for bins that the decoder does not consider"""
    of_noise: Float[np.ndarray, "trial bin"]
    """noise of unit variance . f(bin)"""

    def errors_cm(self, book: CodeBook, noise_sd: float) -> Float[np.ndarray, " trial"]:
        """Return the distances between the decoded and the true bins."""
        nearest = (self.without_noise + noise_sd * self.of_noise).argmax(axis=1)
        away = book.positions_cm[nearest] - book.positions_cm[self.true]
        return np.hypot(away[:, 0], away[:, 1])


def _trials(key: Key[Array, ""], book: CodeBook, n_trials: int, within_cm: float) -> _Trials:
    n_trials = check_int("n_trials", n_trials, 1, MOST_TRIALS)
    if within_cm != math.inf:
        within_cm = check_float("within_cm", within_cm, 0.0, 1e9)
    of_bins, of_noise = random.split(key)
    true = np.asarray(random.randint(of_bins, (n_trials,), 0, len(book.rates)))
    noise = np.asarray(random.normal(of_noise, (n_trials, book.rates.shape[1])), np.float64)
    power = np.square(book.rates).sum(axis=1)
    without_noise = book.rates[true] @ book.rates.T - power / 2
    if within_cm < math.inf:
        x, y = book.positions_cm.T
        away = np.hypot(x[true, None] - x, y[true, None] - y)
        without_noise[away > within_cm] = -np.inf
    return _Trials(true, without_noise, noise @ book.rates.T)
