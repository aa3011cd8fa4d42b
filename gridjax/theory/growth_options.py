"""Options and sizes of pattern growth, and the check of a layout; this module imports no JAX."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gridjax.errors import GridjaxError, Problem
from gridjax.spec.fields.distributions import mean
from gridjax.spec.network import NetworkSpec

N_PLACES = {1: 256, 2: 32, 3: 48}
"""Bins along a side of the box on which patterns grow, for each dimension."""
N_UNITS = {1: 64, 2: 64, 3: 8}
"""Patterns that grow, for each dimension."""
N_CELLS = {1: 512, 2: 512, 3: 4096}
"""Place cells of a layout by default, for each dimension."""
N_STEPS = 300
"""Steps of pattern growth."""


@dataclass(frozen=True)
class Growth:
    """Options of pattern growth.

    Raises GridjaxError for a saturation of at most 1.
    """

    periodic: bool = False
    """Whether opposite sides of the box are joined, so that there are no walls."""
    ideal: bool = False
    """Whether patterns grow on infinitely many place cells in a box without walls, in place of a
    layout. The seed then decides only the noise from which they grow."""
    saturation: float = math.inf
    """Limit on rates in root mean squares of the unit's rates; see gj.metrics.grow_patterns."""

    def describe(self) -> str:
        """Return what patterns grow on, and the limit on their rates, as text."""
        place = "one layout in a box with walls"
        if self.ideal:
            place = "infinitely many place cells without walls"
        elif self.periodic:
            place = "one layout in a box without walls"
        if self.saturation == math.inf:
            return place
        return f"{place}, rates of at most {self.saturation:g} root mean squares"

    def __post_init__(self) -> None:
        if not self.saturation > 1:
            message = f"saturation is {self.saturation:g} root mean squares"
            raise GridjaxError(Problem(message, fix="give a number above 1"))


def check_used(growth: Growth, n_cells: int | None, seed: int | None, has_gains: bool) -> None:
    """Raise GridjaxError for an option of the command line that has no effect without patterns.

    Args:
        growth: options of the dynamics.
        n_cells: number of place cells of the layout, if it was given.
        seed: random seed of the layout and of the noise from which patterns grow, if it was given.
        has_gains: whether the gains of lattices are printed, whose rates have the saturation, too.
    """
    given = {
        "--periodic": growth.periodic,
        "--ideal": growth.ideal,
        "--saturation": growth.saturation < math.inf and not has_gains,
        "--cells": n_cells is not None,
        "--seed": seed is not None,
    }
    if unused := [name for name, is_given in given.items() if is_given]:
        message = f"{' and '.join(unused)}: an option of patterns, but none grow"
        raise GridjaxError(Problem(message, fix="give --patterns or --out FILE.png, too"))


def check_layout(growth: Growth, n_cells: int | None) -> None:
    """Raise GridjaxError for options of a layout where patterns grow on infinitely many cells."""
    if growth.ideal and growth.periodic:
        message = "--periodic has no effect with --ideal, which has no walls"
        raise GridjaxError(Problem(message, fix="omit one of the two"))
    if growth.ideal and n_cells is not None:
        message = f"--cells {n_cells} has no effect with --ideal, which has infinitely many cells"
        raise GridjaxError(Problem(message, fix="omit one of the two"))


def default_cells(dimensions: int) -> int:
    """Return the number of place cells of a layout by default."""
    return N_CELLS.get(dimensions, N_CELLS[2])


def check_drawable(spec: NetworkSpec, dimensions: int = 2, n: int | None = None) -> None:
    """Raise GridjaxError for place fields narrower than one of n bins (by default N_PLACES)."""
    sigma, side = mean(spec.place_cell_rf), spec.box_width_in_m
    least = side / (n or N_PLACES[dimensions])
    if sigma < least:
        message = f"place fields of {sigma:g} m are too narrow to draw in a box of {side:g} m"
        fix = f"give --place-cell-rf of at least {least:.3g}, or omit --out and --patterns"
        raise GridjaxError(Problem(message, fix=fix))
