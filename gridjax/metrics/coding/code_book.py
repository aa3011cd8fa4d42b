"""Code book of a population: its rates at the bin centres of a square box."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from gridjax.metrics.arguments import check_array, check_float, invalid_argument
from gridjax.metrics.map_labels import map_labels

WIDEST_BOX_M = 1e6


class CodeBook(NamedTuple):
    """Rates at known positions."""

    rates: Float[np.ndarray, "bin unit"]
    positions_cm: Float[np.ndarray, "bin 2"]
    """centres of the bins; the middle of the box is 0"""


def check_maps(maps: Any) -> Float[np.ndarray, "unit n n"]:
    """Return the maps of a population as float64.

    Maps of xarray may have the axes x and y in any place. Raises GridjaxError unless the maps are
    [unit, n, n] with a unit, at least three bins along each axis, and finite values or NaN.
    """
    labels = map_labels(maps)
    checked = check_array("maps", maps if labels is None else labels.values, 3)
    units, n, other = checked.shape
    if units < 1 or n != other or n < 3:
        fix = "give maps of a square box, [unit, n, n], with n at least 3"
        raise invalid_argument(f"maps have shape {checked.shape}", fix)
    if np.isinf(checked).any():
        raise invalid_argument("maps contain infinite values", "give finite rates, or NaN")
    return checked


def bin_centres_cm(n: int, box_width_m: float) -> Float[np.ndarray, " n"]:
    """Return the centres of n bins along one side of a box, in cm from its middle."""
    return 100 * box_width_m * ((np.arange(n) + 0.5) / n - 0.5)


def code_book(maps: Any, box_width_m: float) -> CodeBook:
    """Return the rates at the bins of a population's maps.

    Args:
        maps: [unit, n, n], the axes x and y. A bin that is NaN in any unit is left out.
        box_width_m: side of the box.

    Raises GridjaxError for invalid maps or widths, or if no bin is left.
    """
    maps = check_maps(maps)
    width = check_float("box_width_m", box_width_m, 1e-6, WIDEST_BOX_M)
    centres = bin_centres_cm(maps.shape[-1], width)
    positions = np.stack(np.meshgrid(centres, centres, indexing="ij"), axis=-1).reshape(-1, 2)
    rates = maps.reshape(len(maps), -1).T
    known = np.isfinite(rates).all(axis=1)
    if known.sum() < 2:
        fix = "give maps with at least two bins that all units have"
        raise invalid_argument(f"{known.sum()} bins are known in all units", fix)
    return CodeBook(rates[known], positions[known])


def with_unit_power(maps: Any) -> Float[np.ndarray, "unit n n"]:
    """Return maps divided by the root of their mean squared rate over bins and units.

    Populations of equally many units are then comparable at the same noise: both spend the same
    mean squared rate. One factor scales all units, so that differences between units stay.

    Raises GridjaxError for invalid maps, or if all rates are 0.
    """
    maps = check_maps(maps)
    largest = np.abs(maps[np.isfinite(maps)]).max(initial=0.0)
    if largest == 0:
        raise invalid_argument("all rates are 0 or NaN", "leave silent populations out")
    # a power of two, so that squares of tiny and of huge rates stay finite and above 0
    scaled = np.ldexp(maps, -np.frexp(largest)[1])
    return scaled / np.sqrt(np.nanmean(np.square(scaled)))
