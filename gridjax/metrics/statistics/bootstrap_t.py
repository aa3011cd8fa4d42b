"""Bootstrap-t bounds of the means of one or more columns, over clusters of networks."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Int

_AT_ONCE = 2**22
"""Largest number of values in one block of draws [draw, cluster]."""


def bootstrap_t(
    values: Float[np.ndarray, "network column"],
    cluster: Int[np.ndarray, " network"],
    tail: float,
    n_draws: int,
    seed: int,
) -> list[tuple[float, float, float]]:
    """Return the mean of each column with its lower and upper bound.

    Args:
        values: [network, column].
        cluster: [network], number of each network's cluster, from 0.
        tail: probability beyond each bound.
        n_draws: number of draws of clusters.
        seed: random seed of the draws.

    All columns share the draws of clusters, so a column's bounds do not depend on the other
    columns. With one cluster both bounds are NaN. If all clusters have the same mean, both bounds
    are the mean.

    Source: Efron and Tibshirani 1993, section 12.5.
    """
    size = np.bincount(cluster).astype(np.float64)
    n = len(size)
    scales = [float(np.abs(column).max()) or 1.0 for column in values.T]
    scaled = [column / scale for column, scale in zip(values.T, scales, strict=True)]
    means = [float(np.mean(column)) for column in scaled]
    excesses = [
        np.bincount(cluster, column - mean) for column, mean in zip(scaled, means, strict=True)
    ]
    varies = [bool(np.any(np.abs(excess) > 1e-12 * size)) for excess in excesses]
    draws: list[list[np.ndarray]] = [[] for _ in excesses]
    rng = np.random.default_rng(seed)
    for count in _blocks(n_draws, n) if n > 1 and any(varies) else ():
        drawn = rng.multinomial(n, np.full(n, 1 / n), count).astype(np.float64)
        sizes = (drawn @ size, drawn @ size**2)
        for statistics, excess, is_varied in zip(draws, excesses, varies, strict=True):
            if is_varied:
                statistics.append(_t(drawn, excess, size, *sizes))
    bounds = []
    for statistics, scale, mean, excess in zip(draws, scales, means, excesses, strict=True):
        if n == 1:
            bounds.append((mean * scale, math.nan, math.nan))
        elif not statistics:
            bounds.append((mean * scale, mean * scale, mean * scale))
        else:
            t = np.sort(np.concatenate(statistics))
            below = math.floor(tail * (n_draws - 1))
            spread = math.sqrt((excess**2).sum()) / len(values)
            low, high = (scale * (mean - at * spread) for at in (t[n_draws - 1 - below], t[below]))
            bounds.append((mean * scale, low, high))
    return bounds


def _t(
    drawn: Float[np.ndarray, "draw cluster"],
    excess: Float[np.ndarray, " cluster"],
    size: Float[np.ndarray, " cluster"],
    drawn_size: Float[np.ndarray, " draw"],
    drawn_square: Float[np.ndarray, " draw"],
) -> Float[np.ndarray, " draw"]:
    """Return t of each draw: (mean of the draw - mean of the sample) / standard error of the draw.

    Args:
        excess: [cluster], sum of the differences of a cluster's values from the sample's mean.
        drawn_size, drawn_square: [draw], sums of the sizes of the drawn clusters, and of their
            squares.
    """
    move = drawn @ excess / drawn_size
    raw = drawn @ excess**2
    squares = raw - 2 * move * (drawn @ (excess * size)) + move**2 * drawn_square
    # the spread of a draw of equal clusters is 0; rounding can make it slightly larger
    spread = np.where(squares > 1e-12 * raw, np.sqrt(np.maximum(squares, 0)) / drawn_size, 0.0)
    move[np.abs(move) < 1e-14] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(move == 0, 0.0, move / spread)


def _blocks(n_draws: int, width: int) -> list[int]:
    """Return the numbers of draws of blocks that fit into memory."""
    size = max(1, _AT_ONCE // width)
    return [min(size, n_draws - start) for start in range(0, n_draws, size)]
