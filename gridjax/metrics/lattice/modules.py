"""Modules: groups of grid cells that share the period and the orientation of their lattices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from gridjax.metrics.arguments import to_floats
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
    """Median period of the units of each module, centimetres."""
    size: Int[np.ndarray, " module"]
    """Number of units of each module."""
    of_unit: Int[np.ndarray, " unit"]
    """Module of each unit; -1 for units in none."""


def modules(
    period_cm: Float[np.ndarray, " unit"],
    orientation_rad: Float[np.ndarray, " unit"],
    fewest: int = FEWEST,
    ratio: float = RATIO,
) -> Modules:
    """Return the modules among units with lattices.

    Units are clustered by complete linkage in (log period, orientation). The periods of two units
    of a cluster differ by at most a factor of ``ratio``, and their orientations (mod 60 degrees) by
    at most 15 degrees. Clusters with fewer than ``fewest`` units are left out. If the median
    periods of clusters differ by less than ``ratio``, only the largest cluster is a module.
    Therefore units with one period are one module, even if their periods have scatter or their
    lattices have two orientations.

    Args:
        period_cm: [unit], periods of the lattices, NaN or masked for units without a lattice.
        orientation_rad: [unit], their orientations, NaN or masked for units without a lattice.
        fewest: smallest number of units of a module.
        ratio: smallest ratio of the periods of two modules.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    period_cm, orientation_rad = to_floats(period_cm), to_floats(orientation_rad)
    known = np.isfinite(period_cm) & np.isfinite(orientation_rad)
    period, turn = period_cm[known], orientation_rad[known]
    of_unit = np.full(len(known), -1)
    none = Modules(np.zeros(0), np.zeros(0, int), of_unit)
    if len(period) < max(fewest, 2):
        return none
    first, second = np.triu_indices(len(period), 1)
    apart = np.abs(np.log(period[first] / period[second])) / np.log(ratio)
    turned = np.abs(turn[first] - turn[second]) % (np.pi / 3)
    turned = np.minimum(turned, np.pi / 3 - turned) / TURN_RAD
    cluster = fcluster(linkage(np.maximum(apart, turned), "complete"), 1, "distance")
    sizes = np.bincount(cluster)
    found: list[tuple[float, int]] = []  # median period and label of the cluster
    medians = {k: float(np.median(period[cluster == k])) for k in np.flatnonzero(sizes >= fewest)}
    # clusters of equal size are sorted by period, so that the order of units has no effect
    for label, middle in sorted(medians.items(), key=lambda one: (-sizes[one[0]], one[1])):
        if all(max(middle / other, other / middle) >= ratio for other, _ in found):
            found.append((middle, int(label)))
    found.sort()
    for place, (_, label) in enumerate(found):
        of_unit[np.flatnonzero(known)[cluster == label]] = place
    sizes_found = np.array([sizes[label] for _, label in found], int)
    return Modules(np.array([middle for middle, _ in found]), sizes_found, of_unit)


def phase_clustering(
    phase_cm: Float[np.ndarray, "unit 2"], period_cm: float, orientation_rad: float
) -> float:
    """Return how much the phases of the units of one module cluster.

    It is the length of the mean vector of the units' phases along a wave of the module's lattice,
    as a root mean square over the three waves: 1 if all phases are equal, about 1 / sqrt(n) for n
    independent uniform phases, and near 0 for phases that tile the unit cell evenly.

    Args:
        phase_cm: [unit, 2], positions of one peak of each unit.
        period_cm: period of the module.
        orientation_rad: orientation of the module: angle of the axes of its lattice against x.
    """
    angles = orientation_rad + np.pi / 6 + np.arange(3) * np.pi / 3
    waves = 4 * np.pi / (np.sqrt(3) * period_cm) * np.stack([np.cos(angles), np.sin(angles)])
    mean = np.exp(1j * to_floats(phase_cm) @ waves).mean(axis=0)
    return float(np.sqrt(np.square(np.abs(mean)).mean()))


def mean_orientation(orientation_rad: Float[np.ndarray, " unit"]) -> float:
    """Return the circular mean of orientations that repeat every 60 degrees, in [0, pi/3)."""
    return float(np.angle(np.exp(6j * to_floats(orientation_rad)).mean()) / 6 % (np.pi / 3))


def false_module_share(
    period_cm: Float[np.ndarray, " network"],
    box_width_m: float,
    n_networks: int = 40,
    n_units: int = 64,
    noise: float = 0.5,
    seed: int = 0,
) -> float:
    """Return the share of simulated networks in which ``modules`` wrongly finds several modules.

    All units of a simulated network have the same period, drawn from ``period_cm``, and the same
    orientation. Their maps are lattices with random phases plus smoothed noise. The maps are
    measured in the same way as those of trained units.

    Args:
        period_cm: [network], periods to draw from, centimetres.
        box_width_m: side of the box, metres.
        n_networks: number of simulated networks.
        n_units: number of units of each network.
        noise: standard deviation of the noise before smoothing, in standard deviations of the maps.
        seed: random seed of the simulation.
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
