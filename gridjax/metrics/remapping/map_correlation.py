"""Spatial correlation of the rate maps of units in two environments, at shift 0 and at the best.

Place cells that remap have maps whose correlation is that of different units. Grid cells keep
their lattice and move its phase (Fyhn et al. 2007, Nature 446:190): their correlation is low at
shift 0, and high at the shift of the phase.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Complex, Float

_FEWEST_BINS = 20
"""Smallest number of bins that are visited in both maps."""
_LEAST_VARIANCE = 1e-3
"""Smallest variance of the overlapping part of a map, over that of the whole map."""
_MOST_VALUES = 2**18
"""Limit of the values of one array of transforms; the maps are taken in parts."""


class MapCorrelation(NamedTuple):
    """Pearson correlations of pairs of maps; NaN for maps that do not vary."""

    correlation: Float[Array, " unit"]
    """over the bins that are visited in both maps"""
    correlation_shifted: Float[Array, " unit"]
    """largest correlation over all shifts of at most a third of the box along x and along y"""
    shift: Float[Array, "unit 2"]
    """that shift, in bins: the second map moved by minus the shift fits the first"""


def map_correlation(
    first: Float[Array, "unit n n"], second: Float[Array, "unit n n"]
) -> MapCorrelation:
    """Return the correlations of each unit's map in one environment with its map in another.

    A correlation at a shift is that of the overlapping bins. It needs 20 bins that are visited in
    both maps, and in each map a thousandth of its variance.

    Args:
        first, second: rate maps of the same units; NaN in bins that were not visited.
    """
    n = first.shape[-1]
    at_once = max(1, _MOST_VALUES // _length(n) ** 2)
    return lax.map(lambda pair: _of_pair(*pair), (first, second), batch_size=at_once)


def _of_pair(first: Float[Array, "n n"], second: Float[Array, "n n"]) -> MapCorrelation:
    (a, of_a), (b, of_b) = _standardised(first), _standardised(second)
    n = first.shape[0]
    most = n // 3
    lags = jnp.arange(-most, most + 1)
    waves_a, waves_b = (_waves(*each, _length(n)) for each in ((a, of_a), (b, of_b)))

    def at_lags(one: Complex[Array, "x y"], other: Complex[Array, "x y"]) -> Float[Array, "dx dy"]:
        sums = jnp.fft.irfft2(jnp.conj(one) * other, (_length(n),) * 2)
        return sums[lags[:, None], lags]

    (a_1, a_2, in_a), (b_1, b_2, in_b) = waves_a, waves_b
    count = jnp.maximum(jnp.round(at_lags(in_a, in_b)), 1.0)
    mean_a, mean_b = at_lags(a_1, in_b) / count, at_lags(in_a, b_1) / count
    var_a = at_lags(a_2, in_b) / count - mean_a**2
    var_b = at_lags(in_a, b_2) / count - mean_b**2
    varies = (var_a > _LEAST_VARIANCE) & (var_b > _LEAST_VARIANCE) & (count >= _FEWEST_BINS)
    spread = jnp.sqrt(jnp.where(varies, var_a * var_b, 1.0))
    pearson = (at_lags(a_1, b_1) / count - mean_a * mean_b) / spread
    pearson = jnp.where(varies, jnp.clip(pearson, -1.0, 1.0), -jnp.inf)
    x, y = jnp.unravel_index(pearson.argmax(), pearson.shape)
    best = pearson.max()
    is_known = jnp.isfinite(best)
    shift = jnp.stack([lags[x], lags[y]]).astype(jnp.float32)
    return MapCorrelation(
        correlation=_pearson(first, second),
        correlation_shifted=jnp.where(is_known, best, jnp.nan),
        shift=jnp.where(is_known, shift, jnp.nan),
    )


def _length(n: int) -> int:
    """Return the side of the transforms: shifts of at most a third of n bins do not wrap."""
    return n + n // 3


def _standardised(
    values: Float[Array, "n n"],
) -> tuple[Float[Array, "n n"], Bool[Array, "n n"]]:
    """Return a map of mean 0 and variance 1 over its visited bins, 0 elsewhere, and these bins."""
    known = jnp.isfinite(values)
    count = jnp.maximum(known.sum(), 1)
    centred = jnp.where(known, values - jnp.where(known, values, 0.0).sum() / count, 0.0)
    largest = jnp.abs(centred).max()
    centred = centred / jnp.where(largest > 0, largest, 1.0)  # squares of tiny rates stay above 0
    sd = jnp.sqrt(jnp.square(centred).sum() / count)
    return centred / jnp.where(sd > 0, sd, 1.0), known


def _waves(
    values: Float[Array, "n n"], known: Bool[Array, "n n"], length: int
) -> tuple[Complex[Array, "x y"], ...]:
    """Return the transforms of a map, of its squares and of its visited bins."""
    parts = (values, jnp.square(values), known.astype(values.dtype))
    return tuple(jnp.fft.rfft2(part, (length, length)) for part in parts)


def _pearson(first: Float[Array, "n n"], second: Float[Array, "n n"]) -> Float[Array, ""]:
    """Return the correlation over the bins that are visited in both maps."""
    both = jnp.isfinite(first) & jnp.isfinite(second)
    a, b = (
        _standardised(jnp.where(both, jnp.asarray(each), jnp.nan))[0] for each in (first, second)
    )
    varies = (a != 0).any() & (b != 0).any() & (both.sum() >= _FEWEST_BINS)
    return jnp.where(varies, (a * b).sum() / jnp.maximum(both.sum(), 1), jnp.nan)


@jax.jit
def has_compact_field(maps: Float[Array, "*batch n n"]) -> Bool[Array, "*batch"]:
    """Return whether the rates of a map are high in one place, as those of a place cell.

    All bins above the middle between the smallest and the largest rate lie within a quarter of the
    box from the bin of the largest rate.
    """
    n = maps.shape[-1]
    flat = maps.reshape(*maps.shape[:-2], n * n)
    known = jnp.isfinite(flat)
    high = jnp.where(known, flat, -jnp.inf)
    middle = (high.max(axis=-1) + jnp.where(known, flat, jnp.inf).min(axis=-1)) / 2
    peak = high.argmax(axis=-1)[..., None]
    bins = jnp.arange(n * n)
    distance = jnp.hypot(bins // n - peak // n, bins % n - peak % n)
    is_far = (high > middle[..., None]) & (distance > n / 4)
    return known.any(axis=-1) & ~is_far.any(axis=-1)
