"""Coherence of the phase shifts of the units of one module between two environments.

Grid cells of one module shift their phases together (Fyhn et al. 2007, Nature 446:190): the
differences between the phases of two cells are the same in both environments.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float

from gridjax.metrics.lattice.modules import mean_orientation, modules, phase_clustering
from gridjax.metrics.remapping.unit_kinds import N_PARTNERS


def phase_coherence(
    period_cm: Float[np.ndarray, " unit"],
    orientation_rad: Float[np.ndarray, " unit"],
    phase_cm: Float[np.ndarray, "environment unit 2"],
    is_grid: Bool[np.ndarray, " unit"],
) -> tuple[float, float]:
    """Return the coherence of the phase shifts of the largest module, and that of shuffled units.

    It is 1 if all units shift by the same vector (up to vectors of the lattice), and about
    1 / sqrt(n) if the shifts of n units are independent. Phases are vectors from the middle of the
    box; a lattice that also turns or changes its period moves them by different vectors, and the
    coherence is smaller: about .95 after a turn by 10 degrees, .6 after 30. Read it beside
    `grid_turn_deg`. For shuffled units the phase of a unit in
    the first environment is compared with that of another unit of the module in the second
    one. Both are NaN without a module (10 units with one period and orientation).

    Args:
        period_cm, orientation_rad: lattices of the units in the first environment; NaN without one.
        phase_cm: phases of the lattices in two environments.
        is_grid: whether the unit is grid-like in both environments; other units are left out.
    """
    is_known = is_grid & np.isfinite(phase_cm).all(axis=(0, 2))
    found = modules(np.where(is_known, period_cm, np.nan), orientation_rad)
    if not len(found.size):
        return math.nan, math.nan
    largest = int(found.size.argmax())
    members = np.flatnonzero(found.of_unit == largest)
    lattice = float(found.period_cm[largest]), mean_orientation(orientation_rad[members])
    first, second = phase_cm[0, members], phase_cm[1, members]
    n_shuffles = min(N_PARTNERS, len(members) - 1)
    shuffled = [
        phase_clustering(np.roll(second, -k, axis=0) - first, *lattice)
        for k in range(1, n_shuffles + 1)
    ]
    return phase_clustering(second - first, *lattice), float(np.mean(shuffled))
