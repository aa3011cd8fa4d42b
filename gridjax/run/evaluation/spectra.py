"""Radial power spectra of the rate maps of one network and of its target code."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from gridjax.metrics.spectral.radial_spectrum import mean_power, radial_power
from gridjax.spec.network import NetworkSpec
from gridjax.task.code_maps import code_maps
from gridjax.task.task import Layout


def spectra(
    spec: NetworkSpec, layout: Layout, maps: Float[np.ndarray, "unit n n"]
) -> dict[str, np.ndarray]:
    """Return mean radial power by cycles per box, of the units and of the target code.

    Each map is scaled to variance 1; maps without variance are left out. The target code is
    evaluated at the centres of the same bins. The power is NaN if no map varies.
    """
    of_units = radial_power(maps, spec.box_width_in_m)
    of_code = radial_power(code_maps(spec, layout, maps.shape[-1]), spec.box_width_in_m)
    return {
        "cycles_per_box": of_units.cycles,
        "power": mean_power(of_units),
        "power_code": mean_power(of_code),
    }
