"""Radially averaged power spectra of rate maps, on one grid of wavenumbers for all networks.

Wave vectors are in cycles per box. Therefore spectra of different boxes and numbers of bins can be
averaged, and compared with each other, with k* of the theory and with the modes of the box.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gridjax.metrics import map_batches
from gridjax.metrics.arguments import check_choice, check_float
from gridjax.metrics.float_pairs import FloatPair, single

STEP = 0.25
"""Distance of the rings, cycles per box: a fourth of the resolution of a box with walls."""
MOST_CYCLES = 12.0
"""Largest |n| by default, cycles per box, if n / 2 is not smaller. It is k* of DoS fields with
s = 2 and a width of 1/78 of the box."""
FIRST = 2
"""Index of the first ring that can be a peak, at half a cycle per box; lower rings contain the mean
and its leakage."""


class RadialPower(NamedTuple):
    """Radial power spectra; rings are the same for every map."""

    cycles: Float[np.ndarray, " ring"]
    """|n| of each ring, cycles per box: 0, STEP, 2 STEP, ..."""
    wavenumber: Float[np.ndarray, " ring"]
    """Wavenumber of each ring, rad/m: 2 pi |n| / L."""
    power: Float[np.ndarray, "... ring"]
    """Share of the map's variance per square cycle per box, mean over directions; NaN for maps
    without variance."""


def radial_power(
    maps: Any,
    box_width_m: float,
    window: Literal["none", "hann"] = "none",
    most_cycles: float | None = None,
) -> RadialPower:
    """Return the radial power spectra of rate maps.

    The mean over the known bins is subtracted, and unknown bins become 0. The Fourier transform is
    computed at wave vectors in steps of STEP cycles per box, as for a map padded with zeros to four
    times its side. Its power is averaged over directions: each wave vector contributes to the two
    rings nearest to its length, with weights of linear interpolation. The spectrum is divided by
    the map's variance. Its integral over all wave vectors of the plane is then 1, and white noise
    has the power 1 / n^2 at every ring.

    Args:
        maps: [..., n, n], n from 8 to 256; bins that are not finite are unknown.
        box_width_m: side of the box, 1e-6 to 1e6 metres.
        window: "none" or "hann". "none" keeps the sharp edges of the box: a wave is a line of one
            cycle per box in width, and its leakage to short waves falls as 1 / |n|^2. "hann"
            multiplies the map by a taper that is 0 at the walls: a line is twice as wide, and
            strong long waves do not leak into short waves. The variance is then that of the tapered
            map.
        most_cycles: largest |n|, cycles per box, from 1 to n / 2; by default the smaller of
            MOST_CYCLES and n / 2.

    The measured length of a single wave of few cycles is too small, because within the width of its
    line the inner rings are shorter than the outer rings. Without a window the mean error is .02
    cycles at a length of 5, .04 at 2 and .08 at 1.

    Raises GridjaxError for maps of another shape or type, an unknown window, and numbers outside
    these ranges.
    """
    check_choice("window", window, ("none", "hann"))
    maps = map_batches.as_maps(maps)
    box_width_m = check_float("box_width_m", box_width_m, 1e-6, 1e6)
    n = maps.shape[-1]
    if most_cycles is not None:
        most_cycles = check_float("most_cycles", most_cycles, 1, n / 2)
    power = power_in_rings(maps, window, most_cycles)
    cycles = rings(n, most_cycles)
    wavenumber = 2 * np.pi / box_width_m * cycles
    return RadialPower(cycles, wavenumber, np.asarray(power))


def rings(n: int, most_cycles: float | None = None) -> Float[np.ndarray, " ring"]:
    """Return |n| of each ring, cycles per box, of the spectra of maps of n x n bins."""
    most = min(MOST_CYCLES, n / 2) if most_cycles is None else most_cycles
    return STEP * np.arange(int(most / STEP + 1e-9) + 1)


def power_in_rings(maps: Any, window: str = "none", most_cycles: float | None = None) -> Any:
    """Return the power [..., ring] of checked maps; that of JAX maps stays on their device."""
    n = maps.shape[-1]
    tables = _tables(n, len(rings(n, most_cycles)), window)
    return map_batches.in_chunks(_power, maps, tables)


def mean_power(spectra: RadialPower) -> Float[np.ndarray, " ring"]:
    """Return the mean power [ring] over the maps that vary; NaN if no map varies."""
    power = np.asarray(spectra.power).reshape(-1, len(spectra.cycles))
    varies = np.isfinite(power).all(axis=1)
    return power[varies].mean(axis=0) if varies.any() else np.full(power.shape[1], np.nan)


def peak_cycles(spectrum: RadialPower) -> Float[np.ndarray, "..."]:
    """Return the |n| of most power, cycles per box, from a parabola through three rings.

    Only rings from half a cycle per box are used, because lower rings contain the mean. If the
    strongest ring is the first or the last of them, the result is the |n| of this ring. It is NaN
    for maps without variance.
    """
    power = np.asarray(spectrum.power)[..., FIRST:]
    n_rings = power.shape[-1]
    top = np.where(np.isnan(power), -np.inf, power).argmax(axis=-1)
    inner = np.clip(top, 1, n_rings - 2)
    around = inner[..., None] + np.arange(-1, 2)
    below, at, above = np.moveaxis(np.take_along_axis(power, around, axis=-1), -1, 0)
    bend = below - 2 * at + above
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where((top == inner) & (bend < 0), (below - above) / (2 * bend), 0.0)
    cycles = spectrum.cycles[FIRST] + STEP * (top + shift)
    return np.where(np.isnan(at), np.nan, cycles)


def peak_wavenumber(spectrum: RadialPower) -> Float[np.ndarray, "..."]:
    """Return the wavenumber (rad/m) of most power; see ``peak_cycles``."""
    return peak_cycles(spectrum) * (spectrum.wavenumber[-1] / spectrum.cycles[-1])


def spectral_period(spectrum: RadialPower) -> Float[np.ndarray, "..."]:
    """Return the period (m) of the hexagonal lattice whose wavenumber has most power.

    It needs no lattice: maps of any form have one if their power rises to a maximum and falls. It
    is NaN for maps whose power is largest at the first or the last ring that can be a peak, and for
    maps without variance. The wavenumber is that of a parabola through three rings.

    Args:
        spectrum: radial power spectra of maps; the power can be a mean over maps.
    """
    cycles = peak_cycles(spectrum)
    is_inside = (cycles > spectrum.cycles[FIRST]) & (cycles < spectrum.cycles[-1])
    wavenumber = np.where(is_inside, peak_wavenumber(spectrum), np.nan)
    return 4 * np.pi / (np.sqrt(3) * wavenumber)


@lru_cache(maxsize=16)
def _tables(n: int, n_rings: int, window: str):
    """Return the taper [n], the waves along y and x, and the weights of wave vectors in rings."""
    taper = np.ones(n) if window == "none" else np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2
    along_y = np.arange(n_rings)  # half of the plane; the other half has the same power
    along_x = np.arange(-n_rings + 1, n_rings)
    places = (np.arange(n) + 0.5) / n
    angle_y, angle_x = (2 * np.pi * STEP * np.outer(steps, places) for steps in (along_y, along_x))
    length = np.hypot(along_x[:, None], along_y).ravel()
    # The axis between the halves contains both n and -n of each wave, so each has weight 0.5.
    weight = np.broadcast_to(np.where(along_y == 0, 0.5, 1.0), (len(along_x), n_rings)).ravel()
    lower = np.floor(length).astype(int)
    shares = np.zeros((len(length), n_rings + 2))
    kept = lower < n_rings
    rows = np.flatnonzero(kept)
    shares[rows, lower[kept]] = (weight * (1 - (length - lower)))[kept]
    shares[rows, lower[kept] + 1] += (weight * (length - lower))[kept]
    shares = shares[:, :n_rings]
    shares /= shares.sum(axis=0)
    waves_y = np.concatenate([np.cos(angle_y), np.sin(angle_y)]).astype(np.float32)
    waves_x = np.stack([np.cos(angle_x), np.sin(angle_x)]).astype(np.float32)
    return taper, waves_y, waves_x, shares.astype(np.float32)


@jax.jit
def _power(maps: Float[Array, "map n n"] | FloatPair, tables) -> Float[Array, "map ring"]:
    """Return the power of a chunk; waves are cosines and sines, and shares give rings."""
    taper, waves_y, waves_x, shares = tables
    high, *_ = jax.tree.leaves(maps)
    n_maps, n = high.shape[:2]
    known = jnp.isfinite(high)
    values = jnp.where(known, single(maps), 0.0)
    # division by the largest value keeps squares of large rates within the range of floats
    largest = jnp.where(known, jnp.abs(high), 0.0).max(axis=(1, 2), keepdims=True)
    values /= jnp.where(largest > 0, largest, 1.0)
    count = jnp.maximum(known.sum(axis=(1, 2), keepdims=True), 1)
    mean = values.sum(axis=(1, 2), keepdims=True) / count
    values = jnp.where(known, values - mean, 0.0)
    variance = jnp.square(values).mean(axis=(1, 2))
    varies = variance > 1e-24  # a smaller variance is the rounding error of a constant
    values *= taper[:, None] * taper
    tapered = jnp.square(values).mean(axis=(1, 2))
    varies &= tapered > 0
    scale = n**2 * jnp.sqrt(jnp.where(varies, tapered, 1.0))
    values = (values / scale[:, None, None]).astype(jnp.float32)
    rows = jnp.einsum("kx,mjx->jmk", waves_y, values, precision="highest")
    waves = jnp.einsum("pij,jmk->pimk", waves_x, rows, precision="highest")
    (cc, cs), (sc, ss) = (jnp.split(part, 2, axis=-1) for part in waves)
    power = jnp.square(cc - ss) + jnp.square(cs + sc)
    power = jnp.swapaxes(power, 0, 1).reshape(n_maps, -1)
    rings = jnp.matmul(power, shares, precision="highest")
    return jnp.where(varies[:, None], rings.astype(high.dtype), jnp.nan)
