"""Power of the standing waves of a box in maps, mode by mode and averaged over directions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float


class StandingWaves(NamedTuple):
    """Power of the standing waves of a box, relative to the power of the strongest ring."""

    frequency: Float[np.ndarray, " mode"]
    """Frequency of each mode, cycles per metre."""
    power: Float[np.ndarray, " mode"]
    """Power of each mode, mean over maps."""
    ring_frequency: Float[np.ndarray, " ring"]
    """Mean frequency of the modes of each ring, cycles per metre."""
    ring_power: Float[np.ndarray, " ring"]
    """Mean power of the modes of each ring; 1 for the strongest ring."""


def standing_waves(maps: Float[np.ndarray, "map n n"], width_m: float) -> StandingWaves:
    """Return the power of the standing waves of a box, mean over maps.

    Args:
        maps: [map, n, n], without NaN.
        width_m: side L of the box, metres.

    The modes are cos(pi m x / L) cos(pi n y / L), the standing waves of a box without flow through
    its walls. Their frequencies are sqrt(m^2 + n^2) / (2 L). Rings have a width of 1 / (2 L). Mode
    (0, 0), the mean of the maps, is left out.
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
