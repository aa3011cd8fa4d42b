"""Isotropic null of a volume: random fields with the radial spectrum and the values of a map.

A field starts as a Gaussian field, a sum of components, one for each ring of wave numbers. All maps
share the components, so that a map's null does not depend on the other maps, and its fields cost
one product of matrices. The values of a field are then replaced, rank by rank, by those of the map.
The amplitudes of the components are such that the expected radial spectrum of the final fields,
within the known bins, equals that of the map (see the module translation). The replacement adds
harmonics to the waves; rings with little more power than these get no waves of their own.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import random
from jaxtyping import Array, Bool, Float, Int, Key

from gridjax.metrics.nulls.translation import adjusted, hermite_shares, translated
from gridjax.metrics.volume.spectrum import PADDING, ring_power, rings
from gridjax.metrics.volume.volumes import Volumes

BLOCK = 99
"""Draws of one block of components, which are in memory at a time."""
MARGIN = 3.0
"""Standard deviations by which a ring's power must exceed that of the harmonics. In one map the
harmonics are here and there above their mean. Without the margin this excess becomes power of the
Gaussian field, and the null of a narrow band too wide and too uneven."""
DRAWS_OF_SPECTRUM = 33
"""Random fields on which the spectrum after the replacement by rank is measured."""


class Lags(NamedTuple):
    """Classes of lags with the same three distances, in any order and direction."""

    of: Int[np.ndarray, " 2n*2n*2n"]
    """Class of each lag; lags of n bins, at which no bins overlap, are in the class of n - 1."""
    correlation: Float[np.ndarray, "ring class"]
    """Correlation, at each lag, of the fields of each component."""
    area: Float[np.ndarray, " ring"]
    """Number of frequencies of each ring."""


@lru_cache(maxsize=4)
def lags(n: int) -> Lags:
    """Return the lags of volumes of n x n x n bins, and the correlations of components there."""
    side, table = PADDING * n, rings(n)
    step = np.arange(side)
    distance = np.minimum(np.minimum(step, side - step), n - 1)
    three = np.sort(np.stack(np.meshgrid(*[distance] * 3, indexing="ij"), -1).reshape(-1, 3), 1)
    _, first, of = np.unique(three @ [n * n, n, 1], return_index=True, return_inverse=True)
    correlation, area = [], []
    for ring in range(len(table.at)):
        power = _ring_weight(table.low, table.share, ring).reshape(side, side, n + 1)
        covariance = np.fft.irfftn(power, (side,) * 3, (0, 1, 2)).ravel()[first]
        correlation.append(covariance / covariance[0])
        area.append(covariance[0] * side**3)
    return Lags(of.ravel(), np.array(correlation, np.float32), np.array(area, np.float32))


def _ring_weight(low, share, ring):
    return (low == ring) * (1 - share) + (low + 1 == ring) * share


@partial(jax.jit, static_argnums=1)
def _components(key: Key[Array, ""], n: int, low, share, area) -> Float[Array, "ring n n n"]:
    side = PADDING * n

    def one(ring):
        # rings overlap, and the power of a sum is the sum of powers only for independent noise
        noise = random.normal(random.fold_in(key, ring), (side,) * 3, jnp.float32)
        power = _ring_weight(low, share, ring) * (side**3 / area[ring])
        waves = jnp.fft.rfftn(noise) * jnp.sqrt(power).reshape(side, side, n + 1)
        return jnp.fft.irfftn(waves, (side,) * 3)[:n, :n, :n]

    return jax.lax.map(one, jnp.arange(len(area)))


@lru_cache(maxsize=1)
def components(n: int, seed: int, block: int) -> Float[Array, "ring draw*n*n*n"]:
    """Return the components, each with variance 1, of BLOCK fields of n x n x n bins."""
    table, area = rings(n), lags(n).area
    key = random.fold_in(random.key(seed, impl="threefry2x32"), block)
    made = [
        np.asarray(_components(random.fold_in(key, draw), n, table.low, table.share, area))
        for draw in range(BLOCK)
    ]
    return jnp.asarray(np.stack(made, axis=1).reshape(len(area), -1))


@jax.jit
def mixtures(
    amplitude: Float[Array, "map ring"], parts: Float[Array, "ring draw*n*n*n"]
) -> Float[Array, "map draw*n*n*n"]:
    """Return the Gaussian fields of each map: sums of the components of rings."""
    return amplitude @ parts


class Fit(NamedTuple):
    """Amplitudes of components, and the spectrum that is expected of their fields by rank."""

    amplitude: Float[Array, "map ring"]
    expected: Float[Array, "map ring"]
    """Ring power with sum 1."""


def with_sum_one(spectrum: Float[Array, "map ring"]) -> Float[Array, "map ring"]:
    """Return spectra divided by their sums."""
    return spectrum / jnp.maximum(spectrum.sum(1, keepdims=True), 1e-30)


@jax.jit
def amplitudes(
    power: Float[Array, "map ring"],
    volumes: Float[Array, "map n n n"],
    known: Bool[Array, "map n n n"],
    table: Lags,
) -> Fit:
    """Return the amplitudes of components whose fields, by rank, have the maps' ring power.

    Args:
        power: ring power of the volumes.
        volumes: volumes with mean 0 over the known bins, and 0 in other bins.
    """
    n_maps, n = volumes.shape[:2]
    size, axes = (PADDING * n,) * 3, (1, 2, 3)
    values = jnp.sort(jnp.where(known, volumes, jnp.inf).reshape(n_maps, -1), axis=1)
    values = jnp.where(jnp.isfinite(values), values, 0.0)
    shares = hermite_shares(values, known.sum(axes).astype(volumes.dtype))
    window = jnp.fft.rfftn(known.astype(volumes.dtype), size, axes)
    lagged = jnp.fft.irfftn(jnp.square(jnp.abs(window)), size, axes).reshape(n_maps, -1)
    pairs = jnp.zeros((n_maps, table.correlation.shape[1]), volumes.dtype)
    pairs = pairs.at[:, table.of].add(lagged)
    pairs = pairs / jnp.maximum(pairs.sum(1, keepdims=True), 1.0)

    def seen(covariance):
        # subtraction of the mean over the known bins also reduces the longest waves
        covariance = (covariance - (covariance * pairs).sum(1, keepdims=True)) * pairs
        waves = jnp.matmul(covariance, table.correlation.T, precision=jax.lax.Precision.HIGHEST)
        return jnp.maximum(waves, 0.0)

    # of a ring's power in one field: padding makes neighbours of a frequency depend on it, and a
    # frequency has the power of its opposite
    independent = table.area * known.mean(axes)[:, None] / (2 * PADDING**3)
    deviation = 1 / jnp.sqrt(jnp.maximum(independent, 1 / (2 * PADDING**3)))

    def expected(share, margin):
        gauss = jnp.matmul(share, table.correlation, precision=jax.lax.Precision.HIGHEST)
        linear = shares[0][:, None] * gauss
        harmonics = seen(translated(gauss, shares) - linear)
        return with_sum_one(seen(linear) + harmonics * (1 + margin * deviation))

    target = with_sum_one(power)
    start = with_sum_one((target + 1e-9) * table.area)
    share = adjusted(target, start, lambda share: expected(share, MARGIN))
    return Fit(jnp.sqrt(share), expected(share, 0.0))


def fitted_amplitudes(
    power: Float[Array, "map ring"], volumes: Volumes, parts: Float[Array, "ring draw*n*n*n"]
) -> Float[Array, "map ring"]:
    """Return amplitudes that are corrected by the spectrum of the first fields.

    The values of a Gaussian field in a small box are not distributed as those of an infinite one.
    Their replacement by rank therefore weakens the strongest waves, by up to a tenth.
    """
    values, known = volumes.values, volumes.known
    n = values.shape[-1]
    fit = amplitudes(power, values, known, lags(n))
    mixed = np.asarray(mixtures(fit.amplitude, parts[:, : DRAWS_OF_SPECTRUM * n**3]))
    seen = [
        _mean_power(by_rank(fields.reshape(-1, n, n, n), volume, inside), rings(n))
        for fields, volume, inside in zip(mixed, values, known, strict=True)
    ]
    ratio = fit.expected / jnp.maximum(with_sum_one(jnp.stack(seen)), 1e-30)
    return amplitudes(power * jnp.clip(ratio, 0.5, 2.0), values, known, lags(n)).amplitude


@jax.jit
def _mean_power(fields, table):
    return ring_power(fields, table).mean(axis=0)


def by_rank(
    fields: Float[np.ndarray, "draw n n n"],
    volume: Float[np.ndarray, "n n n"],
    known: Bool[np.ndarray, "n n n"],
) -> Float[np.ndarray, "draw n n n"]:
    """Return fields whose k-th lowest known bin has the k-th lowest value of the map, else 0."""
    flat, at = fields.reshape(len(fields), -1), np.flatnonzero(known)
    # on the host, where sorting is ten times faster than in a program of JAX
    order = at[np.argsort(flat[:, at], axis=1)]
    ranked = np.zeros_like(flat)
    np.put_along_axis(ranked, order, np.sort(volume[known])[None], axis=1)
    return ranked.reshape(fields.shape)
