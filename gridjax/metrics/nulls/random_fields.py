"""Isotropic random fields with the radially averaged spectrum and the values of a map.

A field starts as a Gaussian field. Its values are then replaced, rank by rank, by the values of the
map (a translation process, Grigoriu 1995). Both this replacement and the window of visited bins
change the spectrum. The radial spectrum of the Gaussian field is therefore adjusted in advance,
until the expected radial spectrum of the final field, within the window, equals that of the map.
The frequencies of the Fourier transform are shifted by a random part of their spacing, so that on
average all directions have equal power.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import random
from jaxtyping import Array, Bool, Float, Key

from gridjax.metrics.nulls.translation import adjusted, hermite_shares, translated

# Ratio of the padded side to the side of a map; with 2 no lag wraps around.
PADDING = 2
# Points per bin in the tables of covariance, and points per ring in its integration.
FINENESS = 4


class Rings(NamedTuple):
    """Rings of the padded map's spectrum with hat-shaped weights, one ring per unit of frequency.

    The tables are interpolated: a frequency lies between two rings, and a lag between two
    distances.
    """

    covariance: Float[np.ndarray, "ring distance"]
    """Covariance, at each distance, of an isotropic field with unit power on one ring."""
    area: Float[np.ndarray, " ring"]
    """Number of frequencies of each ring."""
    radius: Float[np.ndarray, "side side"]
    """Length of each frequency of the transform, in rings, and also of each lag, in bins."""


class Model(NamedTuple):
    """Parameters of the draws for each map."""

    power: Float[Array, "map ring"]
    """Share of each ring in the variance of the Gaussian field."""
    values: Float[Array, "map n*n"]
    """The map's known values in increasing order; later entries are not used."""
    known: Bool[Array, "map n n"]


@lru_cache(maxsize=32)
def rings(n: int) -> Rings:
    """Return the rings for maps of n x n bins."""
    from scipy.special import j0

    side = PADDING * n
    step = np.fft.fftfreq(side) * side
    radius = np.hypot(step[:, None], step)
    n_rings = int(radius.max()) + 3
    distance = np.arange(0, radius.max() + 1, 1 / FINENESS)
    offsets = (np.arange(2 * FINENESS) + 0.5) / FINENESS - 1
    covariance, area = np.zeros((n_rings, len(distance))), np.zeros(n_rings)
    for offset in offsets:
        at = np.arange(n_rings) + offset
        weight = np.where(at > 0, (1 - abs(offset)) * at, 0.0)
        covariance += weight[:, None] * j0(2 * np.pi * np.outer(at, distance) / side)
        area += weight
    tables = (covariance / area[:, None], 2 * np.pi * area / FINENESS, radius)
    return Rings(*(table.astype(np.float32) for table in tables))


def _between(
    values: Float[Array, "map point"], at: Float[Array, "..."] | Float[np.ndarray, "..."]
) -> Float[Array, "map ..."]:
    """Return values, tabulated at 0, 1, 2 ..., by linear interpolation at fractional places."""
    at = jnp.asarray(at)
    low = at.astype(jnp.int32)
    share = at - low
    return values[:, low] * (1 - share) + values[:, low + 1] * share


def _over_rings(waves: Float[Array, "map side side"], table: Rings) -> Float[Array, "map ring"]:
    """Return the weighted mean of waves over each ring."""
    flat = table.radius.ravel()
    low = flat.astype(jnp.int32)
    share = flat - low
    waves = jnp.concatenate([waves.reshape(len(waves), -1), jnp.ones((1, flat.size), flat.dtype)])
    sums = jnp.zeros((len(waves), table.area.size), flat.dtype)
    sums = sums.at[:, low].add(waves * (1 - share)).at[:, low + 1].add(waves * share)
    return sums[:-1] / jnp.maximum(sums[-1:], 1e-6)


def radial_spectrum(
    maps: Float[Array, "map n n"], known: Bool[Array, "map n n"], table: Rings
) -> Float[Array, "map ring"]:
    """Return the power of maps minus their mean over the known bins, averaged over each ring."""
    side = PADDING * maps.shape[-1]
    maps = jnp.where(known, maps, 0.0)
    mean = maps.sum((1, 2), keepdims=True) / jnp.maximum(known.sum((1, 2), keepdims=True), 1)
    waves = jnp.fft.fft2(jnp.where(known, maps - mean, 0.0), (side, side))
    return _over_rings(jnp.abs(waves) ** 2, table)


def model(maps: Float[Array, "map n n"], table: Rings) -> Model:
    """Return the parameters of draws for maps (float32, below 1); NaN bins are unknown."""
    n_maps, n = maps.shape[:2]
    side = PADDING * n
    known = jnp.isfinite(maps)
    count = known.sum(axis=(1, 2)).astype(maps.dtype)
    values = jnp.sort(jnp.where(known, maps, jnp.inf).reshape(n_maps, -1), axis=1)
    values = jnp.where(jnp.isfinite(values), values, 0.0)
    shares = hermite_shares(values, count)
    target = radial_spectrum(maps, known, table)
    target = target / jnp.maximum(target.sum(1, keepdims=True), 1e-30)
    window = jnp.abs(jnp.fft.fft2(known.astype(maps.dtype), (side, side))) ** 2
    pairs = jnp.fft.ifft2(window).real
    pairs = pairs / jnp.maximum(pairs.sum((1, 2), keepdims=True), 1.0)

    def expected(power):
        """Return the expected radial spectrum of the translated field within the window."""
        gauss = jnp.matmul(power, table.covariance, precision=jax.lax.Precision.HIGHEST)
        gauss = _between(gauss, FINENESS * table.radius)
        final = translated(gauss, shares)
        # subtraction of the mean within the window also reduces the longest waves
        mean = (final * pairs).sum((1, 2), keepdims=True)
        waves = jnp.fft.fft2((final - mean) * pairs).real
        spectrum = jnp.maximum(_over_rings(waves, table), 0.0)
        return spectrum / jnp.maximum(spectrum.sum(1, keepdims=True), 1e-30)

    start = (target + 1e-9) * table.area
    start = start / start.sum(1, keepdims=True)
    return Model(adjusted(target, start, expected), values, known)


def draw(key: Key[Array, ""], one: Model, table: Rings, n_draws: int) -> Float[Array, "draw n n"]:
    """Draw fields for one map; ``one`` is the model without its first axis."""
    n = one.known.shape[-1]
    side = PADDING * n
    n_pairs = -(-n_draws // 2)
    dtype = one.power.dtype
    move_key, noise_key = random.split(key)
    move = random.uniform(move_key, (2, n_pairs), dtype, -0.5, 0.5)
    step = jnp.fft.fftfreq(side, dtype=dtype) * side
    x, y = (step + part[:, None] for part in move)
    radius = jnp.hypot(x[:, :, None], y[:, None, :])
    density = _between((one.power / table.area)[None], radius)[0]
    amplitude = jnp.sqrt(density)
    noise = random.normal(noise_key, (2, n_pairs, side, side), dtype)
    fields = jnp.fft.ifft2(jax.lax.complex(*noise) * amplitude)[:, :n, :n]
    turns = jnp.exp(2j * np.pi / side * move[..., None] * jnp.arange(n, dtype=dtype))
    fields = fields * turns[0][:, :, None] * turns[1][:, None, :]
    # the real and the imaginary part are two independent fields
    return _by_rank(jnp.concatenate([fields.real, fields.imag])[:n_draws], one)


def _by_rank(fields, one: Model):
    """Return fields in which the k-th lowest known bin has the k-th lowest value of the map."""
    n_draws, n = fields.shape[:2]
    order = jnp.argsort(jnp.where(one.known, fields, jnp.inf).reshape(n_draws, -1), axis=1)
    empty = jnp.zeros((n_draws, n * n), one.values.dtype)
    ranked = jax.vmap(lambda out, at: out.at[at].set(one.values))(empty, order)
    return jnp.where(one.known, ranked.reshape(n_draws, n, n), jnp.nan)
