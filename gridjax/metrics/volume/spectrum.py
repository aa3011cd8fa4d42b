"""Power of volumes: its mean over rings of wave numbers, and its values around a shell.

Frequencies are in half cycles per side, the spacing of the transform of a volume that is padded
with zeros to twice its side.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from gridjax.metrics.volume.rotations import directions

PADDING = 2
RING_AT = np.array([*range(17), 19, 22, 26, 31, 37, 44, 52, 62], float)
"""Wave numbers of the rings; above the wave numbers of lattices they are wider apart."""
N_SHELL_DIRECTIONS = 256
SHELL = np.arange(0.88, 1.29, 0.08)
"""Radii of the shell relative to the wave number of most power. The strongest waves of HCP have
three lengths, up to 1.13 times the shortest."""
LOWEST, HIGHEST = 2.5, 15.0
"""Wave numbers between which the one of most power is searched."""
STRONGEST = 26
"""Directions, a tenth of all, whose share of the shell's power is the order."""


class Rings(NamedTuple):
    """Rings of the padded transform's frequencies with hat-shaped weights."""

    low: Int[np.ndarray, " frequency"]
    """Ring at or below each frequency."""
    share: Float[np.ndarray, " frequency"]
    """Weight of the next ring; that of the lower ring is 1 minus this."""
    at: Float[np.ndarray, " ring"]
    """Wave number of each ring."""


@lru_cache(maxsize=4)
def rings(n: int) -> Rings:
    """Return the rings of the real transform of volumes of n x n x n bins."""
    side = PADDING * n
    step = np.fft.fftfreq(side) * side
    half = np.arange(n + 1)
    radius = np.sqrt(step[:, None, None] ** 2 + step[:, None] ** 2 + half**2).ravel()
    at = RING_AT[: int(np.searchsorted(RING_AT, radius.max())) + 1]
    low = np.clip(np.searchsorted(at, radius, side="right") - 1, 0, len(at) - 2)
    share = (radius - at[low]) / (at[low + 1] - at[low])
    return Rings(low.astype(np.int32), share.astype(np.float32), at)


def ring_power(volumes: Float[Array, "map n n n"], table: Rings) -> Float[Array, "map ring"]:
    """Return the mean power of each ring."""
    n, n_rings = volumes.shape[-1], len(table.at)
    waves = jnp.fft.rfftn(volumes, (PADDING * n,) * 3, (1, 2, 3))
    power = jnp.square(jnp.abs(waves)).reshape(len(volumes), -1)
    # frequencies between the two planes without a mirror image count twice
    twice = np.full(n + 1, 2.0)
    twice[[0, -1]] = 1
    count = np.broadcast_to(twice.astype(np.float32), (4 * n * n, n + 1)).ravel()
    weighted = jnp.concatenate([power * count, count[None]])
    sums = jnp.zeros((len(weighted), n_rings), volumes.dtype)
    sums = sums.at[:, table.low].add(weighted * (1 - table.share))
    sums = sums.at[:, table.low + 1].add(weighted * table.share)
    return sums[:-1] / jnp.maximum(sums[-1], 1e-6)


def peak(power: Float[np.ndarray, " ring"], n: int) -> float:
    """Return the wave number of most power, from a parabola through three rings.

    The power is multiplied by the wave number, because displaced fields also have power at low
    wave numbers.
    """
    at, most = rings(n).at, largest_frequency(n, HIGHEST)
    power = power * at
    inside = np.flatnonzero((at >= LOWEST) & (at <= min(HIGHEST, (most - 1) / SHELL[-1] - 0.5)))
    top = inside[power[inside].argmax()]
    below, middle, above = power[top - 1 : top + 2]
    bend = below - 2 * middle + above
    is_peak = middle > below and middle >= above
    return float(at[top] + ((below - above) / (2 * bend) if is_peak else 0.0))


def largest_frequency(n: int, wavenumber: float) -> int:
    """Return the largest frequency along an axis that a shell needs; one of two, for programs."""
    return min(10 if wavenumber * SHELL[-1] < 9 else 21, n - 1)


def waves(n: int, most: int) -> Float[np.ndarray, "2 n frequency"]:
    """Return cosines and sines of frequencies -most to most at the centres of n bins."""
    angle = np.pi / n * np.outer(np.arange(n) + 0.5, np.arange(-most, most + 1))
    return np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32)


def power_around(
    volumes: Float[Array, "map n n n"], table: Float[Array, "2 n frequency"]
) -> Float[Array, "map x y z"]:
    """Return the power at frequencies -most to most along x and y, and 0 to most along z."""
    most = table.shape[-1] // 2
    complex_table = jnp.asarray(table[0] - 1j * table[1], jnp.complex64)
    cosines, sines = table[:, :, most:]
    along_z = jnp.einsum("mxyz,zc->mxyc", volumes, cosines)
    along_z = jnp.asarray(along_z - 1j * jnp.einsum("mxyz,zc->mxyc", volumes, sines))
    along_y = jnp.einsum("mxyc,yb->mxbc", along_z, complex_table)
    found = jnp.einsum("mxbc,xa->mabc", along_y, complex_table)
    return jnp.square(found.real) + jnp.square(found.imag)


def shell_power(
    power: Float[Array, "map x y z"], wavenumber: Float[Array, ""]
) -> Float[Array, "direction map"]:
    """Return the mean power over the shell's radii in each direction of half a sphere."""
    n_maps, width, _, depth = power.shape
    at = wavenumber * SHELL[:, None, None].astype(np.float32) * directions(N_SHELL_DIRECTIONS)
    at = at.astype(jnp.float32) + jnp.array([width // 2, width // 2, 0], jnp.float32)
    low = jnp.floor(at).astype(jnp.int32)
    part = at - low
    columns = power.reshape(n_maps, -1).T
    total = jnp.zeros((*at.shape[:2], n_maps), power.dtype)
    for corner in np.ndindex(2, 2, 2):
        x, y, z = jnp.moveaxis(low + np.array(corner), -1, 0)
        share = jnp.where(np.array(corner) == 1, part, 1 - part).prod(axis=-1)
        total += share[..., None] * columns[(x * width + y) * depth + z]
    return total.mean(axis=0)


def order(shell: Float[Array, "direction map"]) -> Float[Array, " map"]:
    """Return the share of the shell's power in its strongest tenth of directions."""
    ranked = jnp.sort(shell, axis=0)
    return ranked[-STRONGEST:].sum(axis=0) / jnp.maximum(shell.sum(axis=0), 1e-30)
