"""Radial power spectra of the rate maps of one network and of its target code."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from gridjax.metrics.spectral.radial_spectrum import mean_power, radial_power


def spectra(
    box_width_m: float,
    maps: Float[np.ndarray, "unit n n"],
    code: Float[np.ndarray, "output n n"],
) -> dict[str, np.ndarray]:
    """Return mean radial power by cycles per box, of the units and of the target code.

    Each map is scaled to variance 1; maps without variance are left out. ``code`` is the target
    code at the centres of the same bins. The power is NaN if no map varies.
    """
    of_units = radial_power(maps, box_width_m)
    of_code = radial_power(code, box_width_m)
    return {
        "cycles_per_box": of_units.cycles,
        "power": mean_power(of_units),
        "power_code": mean_power(of_code),
    }
