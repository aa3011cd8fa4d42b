"""Permutation tests: p-values from random rearrangements, without a distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from gridjax.metrics.arguments import check_array, check_int, invalid_argument

MOST_DRAWS = 10**7
_AT_ONCE = 2**22
_TIE = 1e-10


def sign_flip(differences: Any, n_draws: int = 20_000, seed: int = 0) -> float:
    """Return the two-sided p of a mean difference of 0, by flipping signs of differences [pair].

    Exact, over all 2^n signs, where these are at most `n_draws`; else by draws, the observed signs
    among them: (1 + as extreme) / (1 + draws) (Phipson and Smyth 2010). Assumes that under the
    null a difference is as likely its negative. With n pairs p is at least 2 / 2^n: five pairs
    can never reach .05. Raises GridjaxError for no differences, NaN or infinity.
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
    """Return the array; raise GridjaxError where it is empty or holds NaN or infinity."""
    if array.size == 0:
        raise invalid_argument(f"{name} have shape {array.shape}", "give at least one number")
    if not np.isfinite(array).all():
        raise invalid_argument(
            f"{name} hold NaN or infinity", "leave out seeds where one is missing"
        )
    return array


def random_signs(rng: np.random.Generator, n_draws: int, n: int):
    """Yield draws of n signs, -1 or 1, [draw, n], as many at a time as fit into memory."""
    size = max(1, _AT_ONCE // n)
    for start in range(0, n_draws, size):
        shape = min(size, n_draws - start), n
        yield 2.0 * rng.integers(0, 2, shape, dtype=np.int8) - 1.0
