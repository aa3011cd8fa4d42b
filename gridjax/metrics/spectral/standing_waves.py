"""Power of the standing waves of a box in maps, mode by mode and averaged over directions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float


class StandingWaves(NamedTuple):
    """Power of a box's standing waves, relative to that of the strongest ring."""

    frequency: Float[np.ndarray, " mode"]
    """of each mode, cycles per metre"""
    power: Float[np.ndarray, " mode"]
    """mean over maps"""
    ring_frequency: Float[np.ndarray, " ring"]
    """mean of a ring's modes, cycles per metre"""
    ring_power: Float[np.ndarray, " ring"]
    """mean over the modes of a ring; 1 for the strongest"""


def standing_waves(maps: Float[np.ndarray, "map n n"], width_m: float) -> StandingWaves:
    """Return the power of a box's standing waves, mean over maps of a box of side ``width_m``.

    Modes are cos(pi m x / L) cos(pi n y / L), the standing waves of a box without flow through
    its walls; their frequencies are sqrt(m^2 + n^2) / (2 L). Rings are 1 / (2 L) wide. The mean
    of the maps, mode (0, 0), is left out.
    """
    from scipy import fft

    n = maps.shape[-1]
    waves = np.asarray(fft.dctn(maps.astype(np.float64), axes=(1, 2), norm="ortho"))
    power = np.square(waves).mean(axis=0).ravel()[1:]
    order = np.hypot(*np.meshgrid(np.arange(n), np.arange(n), indexing="ij")).ravel()[1:]
    ring = np.round(order).astype(int)
    counts = np.bincount(ring)[1:n]
    by_ring = np.bincount(ring, power)[1:n] / counts
    frequency = np.bincount(ring, order)[1:n] / counts
    per_metre = 1 / (2 * width_m)
    strongest = by_ring.max()
    return StandingWaves(
        order * per_metre, power / strongest, frequency * per_metre, by_ring / strongest
    )
