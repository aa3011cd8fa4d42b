"""Tuning of units to the heading beyond their tuning to position: conjunctive cells."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jax import random
from jaxtyping import Array, Float, Key

from gridjax.metrics.arguments import check_array, check_float, check_int, invalid_argument

MOST_BINS, MOST_HEADINGS, MOST_SHUFFLES = 256, 360, 10**5
WIDEST_BOX_M = 1e6


class HeadingTuning(NamedTuple):
    """Mean rates of units at each heading, beside those that their rate maps predict."""

    curves: Float[np.ndarray, "unit heading"]
    """mean rate at each heading; NaN for headings without samples"""
    expected: Float[np.ndarray, "unit heading"]
    """mean rate at each heading of a unit that has the same rate map and no heading tuning"""
    variance_share: Float[np.ndarray, " unit"]
    """share of the variance of the rate that ``curves - expected`` explains. With two or three
    samples in a bin it is too large, and can exceed 1: the mean of the others is then uncertain"""
    chance_variance_share: Float[np.ndarray, " unit"]
    """mean share after shuffles of the headings; sampling alone explains as much"""
    p_value: Float[np.ndarray, " unit"]
    """share of the shuffles, this one included, that explain at least as much"""
    vector_length: Float[np.ndarray, " unit"]
    """length of the mean vector of the corrected curve: the mean rate + curves - expected, and 0
    where this is negative; 0 to 1. NaN for units with negative rates"""
    preferred_rad: Float[np.ndarray, " unit"]
    """direction of the mean vector of ``curves - expected``, -pi to pi; NaN if this is 0 at all
    headings, as with one sample in each bin"""


def heading_tuning(
    key: Key[Array, ""],
    rates: Any,
    positions: Any,
    headings: Any,
    box_width_m: float,
    n_bins: int = 20,
    n_headings: int = 36,
    n_shuffles: int = 200,
) -> HeadingTuning:
    """Measure whether units are tuned to the heading, given the position.

    Where headings are not equally frequent at all positions, as along walls, a unit that is tuned
    to position alone has different mean rates at different headings. ``expected`` contains these
    rates: for each heading, the mean of the rate map over the positions visited with it (Muller,
    Bostock, Taube and Kubie 1994, J. Neurosci. 14:7235). For each sample, the map is computed from
    the other samples of its bin, since a map of few samples would contain their headings. What
    ``curves`` differ from ``expected`` is tuning to the heading itself. A grid unit with such
    tuning is conjunctive (Sargolini et al. 2006, Science 312:758).

    A shuffle permutes the headings of the samples within each position bin. It keeps the rate map,
    and is exact if the samples are independent given their bins. Successive
    samples of one path are not: take samples that are far apart, such as one of each path, or do
    not read the p-value. Bins must be small beside the fields; within a bin, position and heading
    may still depend on each other.

    Args:
        key: random key of the shuffles.
        rates: [sample, unit].
        positions: [sample, 2], metres from the middle of a square box.
        headings: [sample], radians; of a simulated network the direction of the last move.
        box_width_m: side of the box. Samples outside are left out, and samples with NaN.
        n_bins: position bins along each side.
        n_headings: heading bins.
        n_shuffles: number of shuffles. The time grows with samples x units x shuffles.

    Returns:
        Measures of each unit; a unit with a constant rate has NaN, except for its curves.

    Raises GridjaxError for invalid arguments, or if fewer than two samples are left.
    """
    rates, positions = check_array("rates", rates, 2), check_array("positions", positions, 2)
    headings = check_array("headings", headings, 1)
    if positions.shape[1] != 2 or not len(rates) == len(positions) == len(headings):
        shapes = f"rates {rates.shape}, positions {positions.shape}, headings {headings.shape}"
        raise invalid_argument(f"shapes do not agree: {shapes}", "give one row for each sample")
    width = check_float("box_width_m", box_width_m, 1e-6, WIDEST_BOX_M)
    n_bins = check_int("n_bins", n_bins, 1, MOST_BINS)
    n_headings = check_int("n_headings", n_headings, 2, MOST_HEADINGS)
    n_shuffles = check_int("n_shuffles", n_shuffles, 1, MOST_SHUFFLES)
    is_known = np.isfinite(rates).all(axis=1) & np.isfinite(headings)
    with np.errstate(invalid="ignore"):
        is_known &= (np.abs(positions) <= width / 2).all(axis=1)
    if is_known.sum() < 2:
        message = f"{is_known.sum()} of {len(rates)} samples are known and inside the box"
        raise invalid_argument(message, "give positions in metres from the middle of the box")
    rates, positions, headings = rates[is_known], positions[is_known], headings[is_known]
    # powers of two, so that squares of tiny and of huge rates stay finite and above 0
    _, exponents = np.frexp(np.abs(rates).max(axis=0))
    rates = np.ldexp(rates, -exponents)

    places = np.minimum(((positions / width + 0.5) * n_bins).astype(int), n_bins - 1)
    of_bin = places[:, 0] * n_bins + places[:, 1]
    turns = (headings / (2 * np.pi)) % 1.0
    of_heading = np.minimum((turns * n_headings).astype(int), n_headings - 1)
    counts = np.bincount(of_bin)[of_bin][:, None]
    # from the mean of the other samples in the bin; 0 for a sample that is alone
    away = (rates - _means(rates, of_bin, n_bins**2)[of_bin]) * counts / np.maximum(counts - 1, 1)
    curves, beyond = (_means(each, of_heading, n_headings) for each in (rates, away))

    visits = np.bincount(of_heading, minlength=n_headings)
    total = np.square(rates - rates.mean(axis=0)).sum(axis=0)
    varies = total > 1e-12 * np.square(rates).sum(axis=0)
    total = np.where(varies, total, np.nan)

    def explained(of_sample: np.ndarray) -> np.ndarray:
        means = np.nan_to_num(_means(away, of_sample, n_headings))
        return visits @ np.square(means) / total

    share = explained(of_heading)
    order = np.argsort(of_bin, kind="stable")
    by_chance, at_least = np.zeros(len(share)), np.ones(len(share))
    for number in range(n_shuffles):
        drawn = np.asarray(random.uniform(random.fold_in(key, number), (len(rates),)))
        shuffled = np.empty_like(of_heading)
        shuffled[order] = of_heading[np.lexsort((drawn, of_bin))]
        found = explained(shuffled)
        by_chance += found / n_shuffles
        at_least += found >= share * (1 - 1e-9)  # equal but for rounding counts as equal
    length, preferred = _mean_vectors(beyond, rates)
    return HeadingTuning(
        np.ldexp(curves, exponents).T,
        np.ldexp(curves - beyond, exponents).T,
        share,
        np.where(varies, by_chance, np.nan),
        np.where(varies, at_least / (n_shuffles + 1), np.nan),
        np.where(varies, length, np.nan),
        np.where(varies, preferred, np.nan),
    )


def _means(
    values: Float[np.ndarray, "sample unit"], of_sample: np.ndarray, n: int
) -> Float[np.ndarray, "group unit"]:
    """Return the means of the values of each group of samples; NaN for empty groups."""
    from scipy.sparse import csr_array

    ones, columns = np.ones(len(values)), np.arange(len(values))
    sums = csr_array((ones, (of_sample, columns)), shape=(n, len(values))) @ values
    counts = np.bincount(of_sample, minlength=n)
    return np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], np.nan)


def _mean_vectors(
    beyond: Float[np.ndarray, "heading unit"], rates: Float[np.ndarray, "sample unit"]
) -> tuple[Float[np.ndarray, " unit"], Float[np.ndarray, " unit"]]:
    """Return length and direction of the mean vector of the corrected curves.

    Each heading has the same weight, however many samples it has; headings without any have none.
    """
    n = len(beyond)
    directions = np.exp(2j * np.pi * (np.arange(n) + 0.5) / n)
    corrected = np.nan_to_num(np.maximum(rates.mean(axis=0) + beyond, 0.0))
    total = corrected.sum(axis=0)
    is_rate = (rates >= 0).all(axis=0) & (total > 0)
    length = np.abs(directions @ corrected) / np.where(is_rate, total, np.nan)
    known = np.nan_to_num(beyond)
    return length, np.where(known.any(axis=0), np.angle(directions @ known), np.nan)
