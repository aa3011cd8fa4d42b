"""Synthetic position codes: modules of hexagonal and square lattices, and place cells."""

from __future__ import annotations

import math

import numpy as np
from jax import random
from jaxtyping import Array, Float, Key

from gridjax.metrics.arguments import check_choice, check_float, check_int
from gridjax.metrics.coding.code_book import WIDEST_BOX_M, bin_centres_cm

SYMMETRIES = ("hexagonal", "square")
MOST_UNITS, MOST_BINS = 10**5, 1024


def lattice_module(
    key: Key[Array, ""],
    n_units: int,
    period_cm: float,
    box_width_m: float,
    n_bins: int,
    symmetry: str = "hexagonal",
    orientation_rad: float = 0.0,
) -> Float[np.ndarray, "unit n n"]:
    """Return the maps of a grid module: units of one lattice with random phases.

    A rate is the mean of plane waves, scaled to 0 to 1: three waves 60 degrees apart (hexagonal,
    Solstad, Moser and Einevoll 2006, Hippocampus 16:1026) or two at right angles (square).

    Args:
        key: random key of the phases, which are uniform over the unit cell.
        n_units: number of units.
        period_cm: distance between neighbouring fields.
        box_width_m: side of the box.
        n_bins: bins along each side.
        symmetry: ``hexagonal`` or ``square``.
        orientation_rad: direction from a field to a neighbouring field, from the x axis.

    Raises GridjaxError for invalid arguments.
    """
    check_choice("symmetry", symmetry, SYMMETRIES)
    n_units, points = _check(n_units, box_width_m, n_bins)
    period = check_float("period_cm", period_cm, 1e-6, 1e9)
    turn = check_float("orientation_rad", orientation_rad, -1e6, 1e6)
    if symmetry == "hexagonal":
        # the waves of a hexagonal lattice lie halfway between the directions of its fields
        angles, length = turn + np.pi / 6 + np.arange(3) * np.pi / 3, 4 * np.pi / math.sqrt(3)
    else:
        angles, length = turn + np.arange(2) * np.pi / 2, 2 * np.pi
    waves = length / period * np.stack([np.cos(angles), np.sin(angles)])
    # points of the unit cell: every wave gets the phase of the same displacement
    basis = 2 * np.pi * np.linalg.inv(waves[:, :2]).T
    cell = np.asarray(random.uniform(key, (n_units, 2)), np.float64)
    phases = (cell @ basis.T) @ waves
    cosines = np.cos(np.einsum("xyd,dw->xyw", points, waves) - phases[:, None, None])
    least = -1.5 / 3 if symmetry == "hexagonal" else -1.0
    return (cosines.mean(axis=-1) - least) / (1 - least)


def place_code(
    key: Key[Array, ""], n_units: int, width_cm: float, box_width_m: float, n_bins: int
) -> Float[np.ndarray, "unit n n"]:
    """Return the maps of place cells: one Gaussian field each, at random places of the box.

    Args:
        key: random key of the centres, which are uniform over the box.
        n_units: number of place cells.
        width_cm: standard deviation of a field. The rate in its middle is 1.
        box_width_m: side of the box.
        n_bins: bins along each side.

    Raises GridjaxError for invalid arguments.
    """
    n_units, points = _check(n_units, box_width_m, n_bins)
    width = check_float("width_cm", width_cm, 1e-6, 1e9)
    drawn = np.asarray(random.uniform(key, (n_units, 2)), np.float64)
    centres = 100 * box_width_m * (drawn - 0.5)
    squared = np.square(points - centres[:, None, None]).sum(axis=-1)
    return np.exp(-squared / (2 * width**2))


def _check(n_units: int, box_width_m: float, n_bins: int) -> tuple[int, np.ndarray]:
    """Return the number of units, and the bin centres [n, n, 2] in cm."""
    n_units = check_int("n_units", n_units, 1, MOST_UNITS)
    n_bins = check_int("n_bins", n_bins, 3, MOST_BINS)
    width = check_float("box_width_m", box_width_m, 1e-6, WIDEST_BOX_M)
    centres = bin_centres_cm(n_bins, width)
    return n_units, np.stack(np.meshgrid(centres, centres, indexing="ij"), axis=-1)
