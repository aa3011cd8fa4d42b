"""Order and arrangement of a volume and of the random fields of its isotropic null."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from gridjax.metrics.volume import arrangement, isotropic_volumes, spectrum
from gridjax.metrics.volume.volumes import Volumes

FIELD_DISTANCE = 1.15
"""Typical distance between fields times the wave number of most power in cycles: 1 for a simple
cubic lattice, 1.22 for FCC and BCC."""


class Measures(NamedTuple):
    """Order and spacing of volumes (index 0) and of the fields of their nulls."""

    order: Float[np.ndarray, "map 1+draw"]
    spacing: arrangement.Spacing
    """Distances between fields [map, 1+draw]; NaN if there are too few fields."""
    height_variation: Float[np.ndarray, "map 1+draw"]
    """Variation of the heights of fields; NaN if there are too few fields."""
    n_fields: Int[np.ndarray, " map"]
    """Number of fields of each volume."""
    distance: Float[np.ndarray, " map"]
    """Typical distance between fields, bins, from the wave number of most power."""


_ring_power = jax.jit(spectrum.ring_power)


@jax.jit
def _measure(
    volume: Float[Array, "n n n"],
    known: Bool[Array, "n n n"],
    null: Float[Array, "draw n n n"],
    wavenumber: Float[Array, ""],
    waves: Float[Array, "2 n frequency"],
    kernel: Float[Array, "n n"],
):
    fields = jnp.concatenate([volume[None], null])
    shell = spectrum.shell_power(spectrum.power_around(fields, waves), wavenumber)
    smooth = arrangement.smooth(fields, known, kernel)
    return spectrum.order(shell), smooth, arrangement.is_field(smooth, known)


def measures(volumes: Volumes, seed: int, block: int) -> Measures:
    """Return the measures of a chunk and of one block of random fields.

    The results of volumes without variance are NaN.
    """
    n = volumes.values.shape[-1]
    parts = isotropic_volumes.components(n, seed, block)
    power = _ring_power(volumes.values, spectrum.rings(n))
    amplitude = isotropic_volumes.fitted_amplitudes(power, volumes, parts)
    mixtures = isotropic_volumes.mixtures(amplitude, parts)
    n_fields = 1 + isotropic_volumes.BLOCK
    n_maps = len(volumes.values)
    order, variation, nearest, heights = np.full((4, n_maps, n_fields), np.nan)
    count, typical = np.zeros(n_maps, int), np.full(n_maps, np.nan)
    for index in np.flatnonzero(volumes.varies):
        wavenumber = spectrum.peak(np.asarray(power[index]), n)
        most = spectrum.largest_frequency(n, wavenumber)
        distance = FIELD_DISTANCE * 2 * n / wavenumber
        volume, known = volumes.values[index], volumes.known[index]
        fields = np.asarray(mixtures[index]).reshape(-1, n, n, n)
        found, smooth, is_field = _measure(
            volume,
            known,
            isotropic_volumes.by_rank(fields, volume, known),
            np.float32(wavenumber),
            spectrum.waves(n, most),
            arrangement.kernel(n, arrangement.SMOOTHING * distance),
        )
        owner, place, height = arrangement.places(np.asarray(smooth), np.asarray(is_field))
        order[index] = found
        variation[index], nearest[index] = arrangement.spacing(owner, place, n_fields)
        heights[index] = arrangement.height_variation(owner, height, n_fields)
        count[index], typical[index] = (owner == 0).sum(), distance
    spacing = arrangement.Spacing(variation, nearest)
    return Measures(order, spacing, heights, count, typical)
