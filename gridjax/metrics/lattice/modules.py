"""Modules: groups of grid cells that share the period and the orientation of their lattices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from gridjax.metrics.lattice.lattice import lattice

FEWEST = 10
"""Smallest number of units of a module."""
RATIO = 1.2
"""Smallest ratio of the period of a module to that of the next smaller one."""
TURN_RAD = np.deg2rad(15)
"""Largest difference of orientations within one module: a quarter of the possible range."""
_BINS = 44


class Modules(NamedTuple):
    """The modules of one network, smallest period first."""

    period_cm: Float[np.ndarray, " module"]
    """median over its units"""
    size: Int[np.ndarray, " module"]
    """units"""


def modules(
    period_cm: Float[np.ndarray, " unit"],
    orientation_rad: Float[np.ndarray, " unit"],
    fewest: int = FEWEST,
    ratio: float = RATIO,
) -> Modules:
    """Return the modules among units with lattices; units with NaN have none.

    Units are clustered by complete linkage in (log period, orientation): no two units of a cluster
    differ in period by a factor of more than ``ratio`` or in orientation (mod 60 degrees) by more
    than 15 degrees. Clusters with fewer than ``fewest`` units are dropped. Of clusters whose median
    periods differ by less than ``ratio`` only the largest is a module, so that one period with
    scatter, or at two orientations, is one module.

    period_cm, orientation_rad: [unit], NaN for units without a lattice.
    fewest: smallest number of units of a module.
    ratio: smallest ratio of the periods of two modules.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    known = np.isfinite(period_cm) & np.isfinite(orientation_rad)
    period, turn = np.asarray(period_cm)[known], np.asarray(orientation_rad)[known]
    none = Modules(np.zeros(0), np.zeros(0, int))
    if len(period) < max(fewest, 2):
        return none
    first, second = np.triu_indices(len(period), 1)
    apart = np.abs(np.log(period[first] / period[second])) / np.log(ratio)
    turned = np.abs(turn[first] - turn[second]) % (np.pi / 3)
    turned = np.minimum(turned, np.pi / 3 - turned) / TURN_RAD
    cluster = fcluster(linkage(np.maximum(apart, turned), "complete"), 1, "distance")
    sizes = np.bincount(cluster)
    found: list[tuple[float, int]] = []
    medians = {k: float(np.median(period[cluster == k])) for k in np.flatnonzero(sizes >= fewest)}
    # of equal sizes the smaller period first, whatever the order of units
    for label, middle in sorted(medians.items(), key=lambda one: (-sizes[one[0]], one[1])):
        if all(max(middle / other, other / middle) >= ratio for other, _ in found):
            found.append((middle, int(sizes[label])))
    found.sort()
    return Modules(np.array([m for m, _ in found]), np.array([s for _, s in found], int))


def false_module_share(
    period_cm: Float[np.ndarray, " network"],
    box_width_m: float,
    n_networks: int = 40,
    n_units: int = 64,
    noise: float = 0.5,
    seed: int = 0,
) -> float:
    """Return the share of simulated networks of one period in which ``modules`` finds two or more.

    The units of a simulated network share a period, drawn from ``period_cm``, and an orientation.
    Their maps are lattices of random phases plus smoothed noise, and are measured like the maps of
    trained units.

    period_cm: [network], the periods to draw from.
    box_width_m: side of the box, metres.
    n_networks, n_units: numbers of simulated networks, and of units of each.
    noise: standard deviation of the noise before smoothing, in standard deviations of the maps.
    seed: of the simulation.
    """
    random = np.random.default_rng(seed)
    x = (np.arange(_BINS) + 0.5) / _BINS * box_width_m
    several = 0
    for _ in range(n_networks):
        period, turn = random.choice(period_cm) / 100, random.uniform(0, np.pi / 3)
        angles = turn + np.pi / 6 + np.arange(3) * np.pi / 3
        waves = 4 * np.pi / (np.sqrt(3) * period) * np.c_[np.cos(angles), np.sin(angles)]
        phase = random.uniform(0, box_width_m, (n_units, 2, 1, 1))
        places = np.stack(np.meshgrid(x, x, indexing="ij")) - phase
        maps = np.cos(np.einsum("wd,udxy->uwxy", waves, places)).sum(axis=1)
        rough = random.normal(size=maps.shape)
        for axis in (1, 2):
            rough = (rough + np.roll(rough, 1, axis) + np.roll(rough, -1, axis)) / np.sqrt(3)
        measured = lattice(np.maximum(maps + noise * maps.std() * rough, 0), box_width_m)
        found = modules(np.asarray(measured.period_cm), np.asarray(measured.orientation_rad))
        several += len(found.size) > 1
    return several / n_networks
