"""Radial power spectra of the rate maps of the networks of a block and of their target codes."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gridjax.metrics.spectral.radial_spectrum import power_in_rings, rings


class Spectra(NamedTuple):
    """Mean radial power of the units of each network, and of its target code.

    In float64, but in float32 on a device without float64.
    """

    power: Float[Array, "lane ring"]
    power_code: Float[Array, "lane ring"]


def mean_spectra(
    maps: Float[Array, "lane unit n n"], code: Float[Array, "lane output n n"]
) -> Spectra:
    """Return the mean spectra of the maps and of the target codes at the centres of the same bins.

    Each map is scaled to variance 1; maps without variance are left out. The power is NaN if no map
    varies. The arrays stay on their device.
    """
    found = []
    for each in (maps, code):
        power = power_in_rings(each)
        with jax.enable_x64(power.dtype == np.float64):
            found.append(_mean(power))
    return Spectra(*found)


def spectrum_columns(n: int, found: Any) -> dict[str, np.ndarray]:
    """Return the table of spectra of maps of n x n bins.

    ``found`` is that of one lane. It is None, and the table has no rows, for a line or a cube.
    """
    if found is None:
        return {}
    return {
        "cycles_per_box": rings(n),
        "power": found.power,
        "power_code": found.power_code,
    }


@jax.jit
def _mean(power: Float[Array, "lane unit ring"]) -> Float[Array, "lane ring"]:
    varies = jnp.isfinite(power).all(axis=-1, keepdims=True)
    return jnp.where(varies, power, 0.0).sum(axis=1) / varies.sum(axis=1)
