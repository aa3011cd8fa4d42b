"""States of a network along paths: their mean rates in bins, and their decoding with these."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from gridjax.metrics.arguments import check_array, invalid_argument
from gridjax.metrics.coding.code_book import bin_centres_cm

WINDOW = 2
"""Side of the square in which positions are decoded, in boxes; both have the same middle."""
_AT_ONCE = 1000


class PathSamples(NamedTuple):
    """States along paths: positions, rates, bins of the window, and when they were reached."""

    positions_cm: Float[np.ndarray, "sample 2"]
    rates: Float[np.ndarray, "sample unit"]
    bins: Int[np.ndarray, " sample"]
    """flat index; -1 outside the window"""
    moves: Int[np.ndarray, " sample"]
    """moves since the start, from 1"""
    paths: Int[np.ndarray, " sample"]
    """number of the path within its half"""

    def chosen(self, which: Bool[np.ndarray, " sample"]) -> PathSamples:
        """Return some of the samples."""
        return PathSamples(*(values[which] for values in self))


class MeanRates(NamedTuple):
    """Mean rates in the bins of the window, and the number of their states."""

    rates: Float[np.ndarray, "bin unit"]
    """0 in bins without samples"""
    counts: Int[np.ndarray, " bin"]


def halves_of(
    positions: Any, rates: Any, width: float, n_bins: int
) -> tuple[PathSamples, PathSamples]:
    """Return the samples of the even and of the odd paths."""
    positions, rates = check_array("positions", positions, 3), check_array("rates", rates, 3)
    if positions.shape[2] != 2 or positions.shape[:2] != rates.shape[:2] or len(positions) < 2:
        message = f"positions have shape {positions.shape}, rates {rates.shape}"
        fix = "give positions [path, move, 2] and rates [path, move, unit] of at least two paths"
        raise invalid_argument(message, fix)
    if not np.isfinite(positions).all():
        raise invalid_argument("positions are not all finite", "leave such paths out")
    n_units, n_moves, side = rates.shape[2], positions.shape[1], WINDOW * n_bins
    place = np.floor((positions / (WINDOW * width) + 0.5) * side).astype(int)
    is_in = ((place >= 0) & (place < side)).all(axis=-1)
    flat = np.where(is_in, place[..., 0] * side + place[..., 1], -1)
    moves = np.broadcast_to(np.arange(1, n_moves + 1), flat.shape)
    numbers = np.broadcast_to(np.arange(len(flat))[:, None] // 2, flat.shape)

    def half(first: int) -> PathSamples:
        paths = slice(first, None, 2)
        return PathSamples(
            100 * positions[paths].reshape(-1, 2),
            rates[paths].reshape(-1, n_units),
            flat[paths].ravel(),
            moves[paths].ravel(),
            numbers[paths].ravel(),
        )

    return half(0), half(1)


def window_centres_cm(width: float, n_bins: int) -> Float[np.ndarray, "bin 2"]:
    """Return the centres (cm) of the bins of the window; the second coordinate varies fastest."""
    axis = bin_centres_cm(WINDOW * n_bins, WINDOW * width)
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)


def first_of_each_bin(samples: PathSamples, most: int) -> PathSamples:
    """Return finite states in each bin of the window: the first of each path, at most ``most``."""
    used = np.flatnonzero((samples.bins >= 0) & np.isfinite(samples.rates).all(axis=1))
    pairs = np.stack([samples.bins[used], samples.paths[used]])
    (bins, _), first = np.unique(pairs, axis=1, return_index=True)  # in the order of bins, paths
    place = np.arange(len(bins)) - np.searchsorted(bins, bins)
    chosen = np.zeros(len(samples.bins), bool)
    chosen[used[first[place < most]]] = True
    return samples.chosen(chosen)


def mean_rates(samples: PathSamples, n_bins: int) -> MeanRates:
    """Return the mean rates in each bin of the window, over the states with finite rates."""
    from scipy.sparse import csr_array

    n = (WINDOW * n_bins) ** 2
    used = np.flatnonzero((samples.bins >= 0) & np.isfinite(samples.rates).all(axis=1))
    bins = samples.bins[used]
    members = csr_array((np.ones(len(used)), (bins, np.arange(len(used)))), (n, len(used)))
    counts = np.bincount(bins, minlength=n)
    sums = members @ samples.rates[used]
    return MeanRates(sums / np.maximum(counts, 1)[:, None], counts)


def decoding_errors_cm(
    tested: PathSamples,
    book: Float[np.ndarray, "known unit"],
    centres_cm: Float[np.ndarray, "known 2"],
    within_cm: float,
) -> Float[np.ndarray, "2 sample"]:
    """Return the decoding errors: among the bins within a distance, and among all bins.

    A state with rates that are not finite has the largest error that its decoder can make there.
    """
    errors = np.empty((2, len(tested.bins)))
    power = np.square(book).sum(axis=1) / 2
    for start in range(0, len(tested.bins), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        rates, here = tested.rates[part], tested.positions_cm[part]
        is_finite = np.asarray(np.isfinite(rates).all(axis=1))
        score = np.where(is_finite[:, None], rates, 0.0) @ book.T - power
        away = np.hypot(here[:, None, 0] - centres_cm[:, 0], here[:, None, 1] - centres_cm[:, 1])
        near = np.where(away <= within_cm, score, -np.inf)
        farthest = (np.where(away <= within_cm, away, 0.0).max(axis=1), away.max(axis=1))
        for row, considered in enumerate((near, score)):
            found = away[np.arange(len(here)), considered.argmax(axis=1)]
            errors[row, part] = np.where(is_finite, found, farthest[row])
    return errors
