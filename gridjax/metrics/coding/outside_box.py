"""Position code outside the box: decoding, reliability and period beyond the walls.

States that were reached along a path also depend on the path, and the more so the longer it is.
Therefore states of some paths are decoded with the mean rates of others, and the error of a state
outside is compared with the errors of states inside the box after equally many moves.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from gridjax.metrics.arguments import check_float, check_int, invalid_argument
from gridjax.metrics.coding.code_book import WIDEST_BOX_M, check_maps
from gridjax.metrics.coding.nearest_neighbour import LARGE_ERROR_CM
from gridjax.metrics.coding.path_samples import (
    WINDOW,
    MeanRates,
    decoding_errors_cm,
    first_of_each_bin,
    halves_of,
    mean_rates,
    window_centres_cm,
)
from gridjax.metrics.lattice.lattice import lattice

N_BANDS = 10
"""Bands between the walls and the edge of the window, each a twentieth of the box wide."""
FEWEST_IN_BIN, FEWEST_IN_BAND, FEWEST_IN_BOX = 5, 200, 50
"""States that the mean rate of a bin (of as many paths, for the code book), the mean error of a
band, and the mean error in the box after a number of moves need. Neighbouring states of a path are
similar, so a band needs many."""
THINNING = 5
"""States in the box, which are the most, are decoded in every fifth of the tested paths."""
FEWEST_BINS = 20
"""Bins that a correlation of two maps needs."""


class OutsideBox(NamedTuple):
    """Decoding, reliability and maps of a code in the box and around it."""

    range_boxes: float
    """side of the largest square in which errors exceed those in the box by at most 10 cm, in sides
    of the box, in steps of .1; 1 if they do not even beside the walls. The decoder knows the
    position to within ``within_cm``"""
    unique_range_boxes: float
    """the same for a decoder that considers all positions of the window"""
    reach_boxes: float
    """side of the largest square with enough samples; no range can exceed it"""
    excess_cm: Float[np.ndarray, " band"]
    """mean error minus that in the box after equally many moves, by the distance from the walls;
    NaN in bands with too few samples"""
    unique_excess_cm: Float[np.ndarray, " band"]
    samples: Int[np.ndarray, " band"]
    """decoded states in each band, after moves with enough states in the box"""
    error_in_box_cm: Float[np.ndarray, " move"]
    """mean error in the box after each move, with ``within_cm``; NaN with too few states"""
    reliability_in_box: float
    """correlation over bins of the maps from two halves of the paths, mean over units"""
    reliability_outside: float
    maps: Float[np.ndarray, "unit m m"]
    """mean rates in the window, from all paths; NaN in bins with fewer than five samples"""
    error_cm: Float[np.ndarray, " band"]
    """mean error itself of the states of ``excess_cm``, with ``within_cm``"""


def outside_box(
    positions: Any, rates: Any, box_width_m: float, within_cm: float = 40.0, n_bins: int = 32
) -> OutsideBox:
    """Measure how far a position code reaches beyond the walls of the box.

    The paths start in the box and leave it; walls do not hold them. The code book is the mean of
    the rates in each bin over one state of each of five paths, of the paths 0, 2, 4 and so on. Each
    bin has equally many: a mean over fewer states has larger errors, and bins outside are visited
    less often. The states of the other paths are decoded by the nearest entry of the code book. A
    square's range ends at the first band around the box in which the mean error exceeds that
    inside, after equally many moves, by more than 10 cm. Errors that grow with the length of a path
    alone do not limit it, because they grow inside, too. A state with rates that are not finite has
    the largest error that its decoder can make.

    Args:
        positions: [path, move, 2], metres from the middle of the box, after each move.
        rates: [path, move, unit], rates at these positions.
        box_width_m: side of the box in which the network was trained.
        within_cm: what the first decoder knows: it considers only bins up to this distance from
            the true position. Half a period of a lattice makes its repetitions harmless.
        n_bins: bins along each side of the box, an even number; the window has twice as many.

    Raises GridjaxError for invalid arguments.
    """
    n_bins = check_int("n_bins", n_bins, 8, 128)
    if n_bins % 2:
        raise invalid_argument(f"n_bins is {n_bins}", "give an even number")
    width = check_float("box_width_m", box_width_m, 1e-6, WIDEST_BOX_M)
    within_cm = check_float("within_cm", within_cm, 100 * width / n_bins, 1e9)
    book_paths, tested_paths = halves_of(positions, rates, width, n_bins)
    first, second = (mean_rates(half, n_bins) for half in (book_paths, tested_paths))
    book = mean_rates(first_of_each_bin(book_paths, FEWEST_IN_BIN), n_bins)
    centres = window_centres_cm(width, n_bins)
    known = np.flatnonzero(book.counts == FEWEST_IN_BIN)
    distance = np.abs(tested_paths.positions_cm).max(axis=1) / (100 * width) - 0.5
    is_tested = (distance >= 0) | (tested_paths.paths % THINNING == 0)
    is_tested &= np.isin(tested_paths.bins, known)
    tested, distance = tested_paths.chosen(is_tested), distance[is_tested]
    errors = decoding_errors_cm(tested, book.rates[known], centres[known], within_cm)
    n_moves = int(tested_paths.moves.max())
    of_bands, in_box, samples = _of_bands(errors[0], distance, tested.moves, n_moves)
    within, error = of_bands
    (unique, _), _, _ = _of_bands(errors[1], distance, tested.moves, n_moves)
    is_inside = np.abs(centres).max(axis=1) < 50 * width
    counts = first.counts + second.counts
    sums = first.rates * first.counts[:, None] + second.rates * second.counts[:, None]
    means = np.where(
        counts[:, None] >= FEWEST_IN_BIN, sums / np.maximum(counts, 1)[:, None], np.nan
    )
    side = WINDOW * n_bins
    return OutsideBox(
        range_boxes=_side(within <= LARGE_ERROR_CM),
        unique_range_boxes=_side(unique <= LARGE_ERROR_CM),
        reach_boxes=_side(samples >= FEWEST_IN_BAND),
        excess_cm=within,
        unique_excess_cm=unique,
        samples=samples,
        error_in_box_cm=in_box,
        reliability_in_box=_reliability(first, second, is_inside),
        reliability_outside=_reliability(first, second, ~is_inside),
        maps=means.T.reshape(-1, side, side),
        error_cm=error,
    )


def outside_period_ratios(maps: Any, box_width_m: float) -> Float[np.ndarray, " unit"]:
    """Return the period of each unit's lattice around the box, divided by its period in the box.

    Both are from `fit_lattice`: in the middle of the maps, which is the box, and in the maps
    without it. NaN for a unit without a significant lattice in one of the two. `fit_lattice`
    searches periods from a ninth of the side of its maps. Most units whose period is shorter than
    2/9 of the box therefore have NaN, too, whatever their lattice outside.

    Args:
        maps: [unit, 2 n, 2 n], maps of the window of twice the side of the box, as those of
            `outside_box`.
        box_width_m: side of the box.

    Raises GridjaxError for invalid arguments.
    """
    maps = check_maps(maps)
    width = check_float("box_width_m", box_width_m, 1e-6, WIDEST_BOX_M)
    side = maps.shape[-1]
    if side % (2 * WINDOW) or side < 16 * WINDOW // 2:
        fix = "give maps of twice the side of the box, with a multiple of 4 bins, at least 16"
        raise invalid_argument(f"maps have {side} bins along each side", fix)
    n = side // WINDOW
    box = slice((side - n) // 2, (side + n) // 2)
    around = maps.copy()
    around[:, box, box] = np.nan
    inside = np.asarray(lattice(maps[:, box, box], width).period_cm)
    return np.asarray(lattice(around, WINDOW * width).period_cm) / inside


def _of_bands(
    errors: Float[np.ndarray, " sample"],
    distance: Float[np.ndarray, " sample"],
    moves: Int[np.ndarray, " sample"],
    n_moves: int,
) -> tuple[Float[np.ndarray, "2 band"], Float[np.ndarray, " move"], Int[np.ndarray, " band"]]:
    """Return the excess and the error in each band, the mean error in the box, and band sizes.

    The mean error in the box is by move. A state whose move has too few states in the box is left
    out.
    """
    inside = distance < 0
    sums = np.bincount(moves[inside], errors[inside], minlength=n_moves + 1)
    counts = np.bincount(moves[inside], minlength=n_moves + 1)
    in_box = np.where(counts >= FEWEST_IN_BOX, sums / np.maximum(counts, 1), np.nan)
    baseline, band = in_box[moves], _band(distance)
    used = np.isfinite(baseline) & (band >= 0) & (band < N_BANDS)
    errors, baseline, band = errors[used], baseline[used], band[used]
    samples = np.bincount(band, minlength=N_BANDS)
    means = [
        np.bincount(band, values, minlength=N_BANDS) / np.maximum(samples, 1)
        for values in (errors - baseline, errors)
    ]
    return np.where(samples >= FEWEST_IN_BAND, means, np.nan), in_box[1:], samples


def _band(distance: Float[np.ndarray, " sample"]) -> Int[np.ndarray, " sample"]:
    """Return the band of each distance from the walls, in boxes; negative inside the box."""
    return np.floor(distance * 2 * N_BANDS / (WINDOW - 1)).astype(int)


def _side(is_good: Bool[np.ndarray, " band"]) -> float:
    """Return the side, in boxes, of the square up to the first band that is not good."""
    n_good = int(np.cumprod(is_good).sum())
    return 1 + (WINDOW - 1) * n_good / N_BANDS


def _reliability(first: MeanRates, second: MeanRates, chosen: Bool[np.ndarray, " bin"]) -> float:
    """Return the correlation of two maps over bins, as a mean over the units that vary in both."""
    used = chosen & (first.counts >= FEWEST_IN_BIN) & (second.counts >= FEWEST_IN_BIN)
    if used.sum() < FEWEST_BINS:
        return np.nan
    one, other = (each.rates[used] - each.rates[used].mean(axis=0) for each in (first, second))
    norm = np.linalg.norm(one, axis=0) * np.linalg.norm(other, axis=0)
    varies = norm > 0
    if not varies.any():
        return np.nan
    return float(((one * other).sum(axis=0)[varies] / norm[varies]).mean())
