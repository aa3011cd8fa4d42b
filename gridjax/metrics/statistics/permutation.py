"""Permutation tests: p-values from random rearrangements, without an assumed distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from gridjax.metrics.arguments import check_array, check_int, invalid_argument

MOST_DRAWS = 10**7
_AT_ONCE = 2**22
_TIE = 1e-10


def sign_flip(differences: Any, n_draws: int = 20_000, seed: int = 0) -> float:
    """Return the two-sided p-value of the hypothesis that the mean difference is 0.

    Args:
        differences: [pair], any unit.
        n_draws: largest number of sign combinations.
        seed: random seed of the draws.

    The test flips the signs of the differences. If all 2^n sign combinations of n pairs are at most
    `n_draws`, it uses all of them and p is exact. Otherwise it draws random signs and p is
    (1 + number of draws at least as extreme) / (1 + number of draws); the 1 counts the observed
    signs. The test assumes that, under the hypothesis, a difference and its negative are equally
    likely. With n pairs p is at least 2 / 2^n, so five pairs cannot reach .05.

    Raises GridjaxError for no differences, NaN or infinity.
    Source: Phipson and Smyth 2010.
    """
    found = finite("differences", check_array("differences", differences, 1))
    n_draws = check_int("n_draws", n_draws, 1, MOST_DRAWS)
    n, scale = len(found), float(np.abs(found).max())
    if scale == 0:
        return 1.0
    found = found / scale
    # sums of the same numbers in another order differ by rounding
    least = abs(found.sum()) - _TIE * np.abs(found).sum()
    if n < 63 and 2**n <= n_draws:
        sums = np.zeros(1)
        for difference in found:
            sums = np.concatenate([sums + difference, sums - difference])
        return float(np.mean(np.abs(sums) >= least))
    rng, extreme = np.random.default_rng(seed), 0
    for signs in random_signs(rng, n_draws, n):
        extreme += int((np.abs(signs @ found) >= least).sum())
    return (1 + extreme) / (1 + n_draws)


def finite(name: str, array: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Return the array; raise GridjaxError if it is empty or holds NaN or infinity."""
    if array.size == 0:
        raise invalid_argument(f"{name} have shape {array.shape}", "give at least one number")
    if not np.isfinite(array).all():
        raise invalid_argument(
            f"{name} contain NaN or infinity", "leave out seeds where one is missing"
        )
    return array


def random_signs(rng: np.random.Generator, n_draws: int, n: int):
    """Yield blocks [draw, n] of random signs, -1 or 1, small enough for memory."""
    size = max(1, _AT_ONCE // n)
    for start in range(0, n_draws, size):
        shape = min(size, n_draws - start), n
        yield 2.0 * rng.integers(0, 2, shape, dtype=np.int8) - 1.0
