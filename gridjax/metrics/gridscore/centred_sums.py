"""Normalised autocorrelograms in float32, from sums of centred values at each lag.

At each lag the means of both windows are subtracted first, and the products of the differences are
added then (the two-pass algorithm). Nothing cancels, so that correlations have errors of 1e-6 in
all windows: in those of silent regions, with 1e-30 of the map's variance, and in those of plateaus,
whose differences are 1e-6 of their values. No transform can have this precision in float32. The
number of operations grows with n^4, that of transforms with n^3.

The definitions are those of autocorrelogram.py, where all devices with float64 compute them.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gridjax.metrics.compiler_options import QUICK
from gridjax.metrics.float_pairs import (
    FloatPair,
    exponent_of,
    times_power_of_two,
    without_offset,
)
from gridjax.metrics.gridscore.dft_correlation import Basis, Sides, inside
from gridjax.metrics.gridscore.limits import FLAT, fewest_pairs

# Exponent of the largest absolute rate of a map. Sums of n^2 = 2^16 rates are then below 2^127, and
# rates above 2^-236 (1e-71) of the largest one are normal numbers; smaller ones become 0.
OF_MAP = 110
# Exponent of the largest rate of a window, for its squares: their sums are below 2^116, and squares
# have 24 bits for differences down to 2^-51.
OF_WINDOW = 50


def _scaled(maps: FloatPair, b: Basis, masked: bool):
    """Return scaled maps, high and low parts [y, x, 8, map / 8], and 1 for known bins, else 0.

    The mask of maps without holes has one map. A TPU tiles the last two axes of an array by 8 and
    128, and cuts along other axes move no numbers within a tile.
    """
    within = inside(b) > 0
    finite = jnp.isfinite(maps.high) & within
    known = finite if masked else jnp.broadcast_to(within, finite.shape)
    maps = FloatPair(*(jnp.where(finite, part, 0.0) for part in maps))
    # The offset counts in the share of a window's variance that makes it constant.
    maps = FloatPair(*(jnp.where(known, part, 0.0) for part in without_offset(maps, known)))
    largest = jnp.abs(maps.high).max(axis=(1, 2), keepdims=True)
    exponent = OF_MAP - exponent_of(largest)
    high, low = (times_power_of_two(part, exponent) for part in maps)
    weight = (known if masked else within[None]).astype(jnp.float32)

    def tiled(part):
        part = jnp.transpose(part, (2, 1, 0))
        return part.reshape(*part.shape[:2], min(8, part.shape[2]), -1)

    return tuple(map(tiled, (high, low, weight)))


def _pairwise(values: Float[Array, "n ..."]) -> Float[Array, "..."]:
    """Return sums over the first axis, by halves: a compiler cannot join them with other sums."""
    while (n := len(values)) > 1:
        values = jnp.concatenate(
            [values[: n // 2] + values[-(n // 2) :], values[n // 2 : -(n // 2)]]
        )
    return values[0]


def _sums(*terms: Float[Array, "n n ..."]) -> Float[Array, "quantity ..."]:
    """Return the sums of each term over all bins: over each row, then over the rows.

    A sum of n^2 terms one by one loses up to n^2 2^-25 of its value, these sums lose n 2^-25.
    """
    return _pairwise(jnp.stack([term.sum(axis=1) for term in terms], axis=1))


def _scale(largest: Float[Array, "..."]) -> Float[Array, "..."]:
    """Return powers of two that scale rates of this largest size to 2^OF_WINDOW, if they exist."""
    exponent = jnp.clip(OF_WINDOW - exponent_of(largest), -126, 127)
    return times_power_of_two(jnp.ones_like(largest), exponent)


@partial(jax.jit, static_argnames=("masked",), compiler_options=QUICK)
def quadrants(maps: FloatPair, b: Basis, masked: bool) -> Sides:
    """Return float32 autocorrelograms at lags (dx, +dy) and (dx, -dy), dx and dy from 0 to n-1.

    Args:
        maps: [map, n, n], first axis x, second y.
        b: of the maps' number of bins.
        masked: use pairs of finite bins; otherwise bins that are not finite count as 0.
    """
    high, low, weight = _scaled(maps, b, masked)
    n = len(high)
    enough = fewest_pairs(jnp.asarray(b.overlap, jnp.float32))[:, :, 0]
    wide = [
        jnp.pad(part, ((n - 1, n - 1), (0, n - 1), (0, 0), (0, 0))) for part in (high, low, weight)
    ]

    def at_lag(side, dx, dy):
        start = (n - 1 + jnp.where(side == 0, dy, -dy), dx, 0, 0)
        high_there, low_there, weight_there = (
            jax.lax.dynamic_slice(part, start, (n, n, *part.shape[2:])) for part in wide
        )
        both = weight * weight_there
        (pairs,) = _sums(both)
        count = jnp.maximum(pairs, 1.0)
        here, there = _sums(both * high, both * high_there) / count
        most_here, most_there = (jnp.abs(both * part).max((0, 1)) for part in (high, high_there))
        here_scale, there_scale = _scale(most_here), _scale(most_there)
        f = both * (high - here + low) * here_scale
        g = both * (high_there - there + low_there) * there_scale
        here, there = here * here_scale, there * there_scale
        f_sum, g_sum, ff, gg, fg = _sums(f, g, f * f, g * g, f * g)
        # The means are rounded, so the differences have small sums.
        ff, gg, fg = ff - f_sum**2 / count, gg - g_sum**2 / count, fg - f_sum * g_sum / count
        vary = (ff > FLAT * (ff + count * here**2)) & (gg > FLAT * (gg + count * there**2))
        spread = jnp.sqrt(jnp.where(vary, ff, 1.0)) * jnp.sqrt(jnp.where(vary, gg, 1.0))
        is_defined = vary & (pairs >= enough[dx, dy])
        return jnp.where(is_defined, jnp.clip(fg / spread, -1.0, 1.0), 0.0)

    def at(index):
        side, dx, dy = index // n**2, index // n % n, index % n
        # Arrays may have more bins than their maps.
        return jax.lax.cond(
            b.overlap[dx, dy, 0] > 1, at_lag, lambda *_: jnp.zeros(high.shape[2:]), side, dx, dy
        )

    correlations = jax.lax.map(at, jnp.arange(2 * n**2, dtype=jnp.int32))
    return correlations.reshape(2, n, n, -1)
