"""Kinds of units whose maps in two environments are compared, and partners for shuffled units."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

GRID, PLACE, OTHER, SILENT = "grid", "place", "other", "silent"
KINDS = (GRID, PLACE, OTHER, SILENT)
"""Grid-like in both environments; place-like in environment 0 and active in both; the other units
that are active in both; units that are silent in one of them."""
N_PARTNERS = 8
"""Number of partners of each unit."""


def unit_kinds(
    is_grid: Bool[np.ndarray, "environment unit"],
    is_active: Bool[np.ndarray, "environment unit"],
    has_compact_field: Bool[np.ndarray, " unit"],
) -> np.ndarray:
    """Return the kind [unit] of each unit, one of KINDS.

    Args:
        is_grid: whether the unit is grid-like, in two environments.
        is_active: whether its map varies there.
        has_compact_field: whether its map in the first of the two has one compact field. A unit
            that is grid-like in one of them is not place-like.
    """
    active = is_active.all(axis=0)
    is_place = active & has_compact_field & ~is_grid.any(axis=0)
    conditions = [~active, is_grid.all(axis=0), is_place]
    return np.select(conditions, [SILENT, GRID, PLACE], OTHER)


def partners(kinds: np.ndarray) -> Int[np.ndarray, "partner unit"]:
    """Return N_PARTNERS other units of the same kind for each unit: shuffled unit identities.

    Partner k of a unit is the unit k places after it among those of its kind, in a circle that
    leaves the unit itself out. The number of a unit has no meaning, so that these are random
    partners. Units that are alone in their kind, and silent units, have partner -1.
    """
    found = np.full((N_PARTNERS, len(kinds)), -1)
    for kind in (GRID, PLACE, OTHER):
        members = np.flatnonzero(kinds == kind)
        n = len(members)
        if n < 2:
            continue
        for k in range(N_PARTNERS):
            found[k, members] = np.roll(members, -(1 + k % (n - 1)))
    return found


def orientation_difference(
    first_rad: Float[np.ndarray, " unit"], second_rad: Float[np.ndarray, " unit"]
) -> Float[np.ndarray, " unit"]:
    """Return the size of the turn between orientations that repeat every 60 degrees, radians."""
    turned = np.abs(second_rad - first_rad) % (np.pi / 3)
    return np.minimum(turned, np.pi / 3 - turned)
