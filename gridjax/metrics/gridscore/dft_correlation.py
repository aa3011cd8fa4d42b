"""Correlation sums over pairs of bins at every lag, for a chunk of square maps.

Maps have the shape [y, map, x]. Transforms and window sums are matrix products along the first or
the last axis, so that one product is sufficient for the whole chunk, without a transposition. All
products of one kind are one product with stacked matrices, which compiles several times faster. The
last product gives the shape [dx, dy, map]. A result has two sides, [side, dx, dy, map], at lags
(dx, +dy) and (dx, -dy), with dx and dy from 0 to n-1; the other lags follow by symmetry. All arrays
are float64, which requires `jax.enable_x64(True)`. A basis without matrices of the DFT stands for
fast transforms (fft_correlation), which are faster for large maps.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gridjax.metrics.gridscore import fft_correlation

# Largest number of products of two columns in memory, in direct sums.
AT_ONCE = 2**18

Sides = Float[Array, "2 n n map"]
Spectrum = Float[Array, "2 n map 2 n"] | fft_correlation.Waves
"""Products of a map f with cosines (0) and sines (1) along y (first axes) and along x (last axes),
such as [0, ky, :, 1, kx] = sum f cos(ky y) sin(kx x). Fast transforms have complex numbers."""


class Basis(NamedTuple):
    """Matrices of one map size: DFT of length 2n-1, its inverse, and sums of corner windows.

    Maps with fewer bins can be in a corner of the n x n array; `window` and `overlap` are theirs.

    The inverse includes the multiplicity of each frequency and the factor 1 / (2n-1).
    """

    forward: Float[np.ndarray, "2*n n"] | None
    """cosines, then sines: [frequency, bin]; None for fast transforms"""
    inverse: Float[np.ndarray, "2 n n"] | None
    """cosines, then sines: [lag, frequency]; None for fast transforms"""
    window: Float[np.ndarray, "2*n n"]
    """sums over the bins before the last `lag` bins, then over the bins after the first"""
    overlap: Float[np.ndarray, "n n 1"]


@lru_cache(maxsize=32)
def basis(n: int, side: int | None = None, platform: str = "cpu") -> Basis:
    """Return the matrices for maps of n x n bins in arrays of side x side bins (default n x n).

    `overlap` is the number of pairs at each lag. There are no matrices of the DFT if fast
    transforms are faster on the platform.
    """
    side = n if side is None else side
    index, length = np.arange(side), 2 * side - 1
    # The product k x is reduced modulo its period before the division, so that angles are precise.
    angle = 2 * np.pi * ((np.outer(index, index)) % length) / length
    weight = np.where(index > 0, 2.0, 1.0) / length
    lag, bin_ = index[:, None], index[None, :]
    cos, sin = np.cos(angle), np.sin(angle)
    by_fft = fft_correlation.is_faster(side, platform)
    return Basis(
        None if by_fft else np.concatenate([cos, sin]),
        None if by_fft else np.stack([cos.T * weight, sin.T * weight]),
        np.concatenate([bin_ < n - lag, (bin_ >= lag) & (bin_ < n)]).astype(float),
        np.outer(*[np.maximum(n - index, 0)] * 2)[:, :, None].astype(float),
    )


def inside(b: Basis) -> Float[Array, "n n"]:
    """Return 1 for the bins of the map, and 0 for the other bins of its array."""
    return b.window[0][:, None] * b.window[0]


def _product(form, matrix, maps):
    return jnp.einsum(form, matrix, maps, precision="highest")


def spectrum(maps: Float[Array, "n map n"], b: Basis) -> Spectrum:
    """Return the transform of maps, padded to 2n-1 bins along each side; it is linear in maps."""
    if b.forward is None:
        return fft_correlation.spectrum(maps)
    n, n_maps, _ = maps.shape
    along_y = _product("ky,ymx->kmx", b.forward, maps)
    both = _product("kx,ymx->ymk", b.forward, along_y)
    return both.reshape(2, n, n_maps, 2, n)


def _inverse(parts, along_y, along_x):
    """Return each part [ky, map, kx] multiplied by its two matrices, [part, dx, dy, map]."""
    half = _product("pdk,pkmx->pdmx", along_y, jnp.stack(parts))
    return _product("pdx,pymx->pdym", along_x, half)


def autocorrelate(f: Spectrum, b: Basis) -> Sides:
    """Return sum_p f(p) f(p + lag), with an error of about 1e-16 of its value at lag 0."""
    if b.inverse is None:
        return fft_correlation.autocorrelate(f, len(b.overlap))
    (cc, cs), (sc, ss) = _parts(f)
    power = cc**2 + cs**2 + sc**2 + ss**2
    even, odd = _inverse((power, 2 * (sc * cs - cc * ss)), b.inverse, b.inverse)
    return jnp.stack([even - odd, even + odd])


def correlate(f: Spectrum, g: Spectrum, b: Basis) -> tuple[Sides, Sides]:
    """Return sum_p f(p) g(p + lag) and sum_p f(p + lag) g(p), with errors of 1e-16 |f| |g|."""
    if b.inverse is None:
        return fft_correlation.correlate(f, g, len(b.overlap))

    def at(s: Spectrum):
        """Return the transform at (kx, ky) and at (kx, -ky)."""
        (cc, cs), (sc, ss) = _parts(s)
        return (cc - ss, -sc - cs), (cc + ss, sc - cs)

    def cross(a, c):
        return a[0] * c[0] + a[1] * c[1], a[0] * c[1] - a[1] * c[0]

    (x_plus, y_plus), (x_minus, y_minus) = (cross(a, c) for a, c in zip(at(f), at(g), strict=True))
    # Even parts belong to cos(kx dx + ky dy), odd parts to sin(kx dx + ky dy).
    parts = [x_plus + x_minus, x_plus - x_minus, y_plus + y_minus, y_plus - y_minus]
    cos, sin = b.inverse
    along_y, along_x = jnp.stack([cos, sin, cos, sin]), jnp.stack([cos, sin, sin, cos])
    cc, ss, sc, cs = _inverse([part / 2 for part in parts], along_y, along_x)
    even, odd = jnp.stack([cc - ss, cc + ss]), jnp.stack([sc + cs, sc - cs])
    return even - odd, even + odd


def window_sums(maps: Float[Array, "n map n"], b: Basis) -> tuple[Sides, Sides]:
    """Return sum_p f(p) and sum_p f(p + lag) over the bins p for which p + lag is in the map.

    The sums contain no differences, so that sums over regions with small rates keep their relative
    precision.
    """
    n, n_maps, _ = maps.shape
    along_y = _product("ky,ymx->kmx", b.window, maps)
    sums = _product("kx,ymx->kym", b.window, along_y).reshape(2, n, 2, n, n_maps)
    here = jnp.stack([sums[0, :, 0], sums[0, :, 1]])
    there = jnp.stack([sums[1, :, 1], sums[1, :, 0]])
    return here, there


def _parts(s: Spectrum):
    return (s[0, :, :, 0], s[0, :, :, 1]), (s[1, :, :, 0], s[1, :, :, 1])


def direct(f: Float[Array, "n n"], g: Float[Array, "n n"]) -> Sides:
    """Return sum_p f(p) g(p + lag) of one map [y, x], as a chunk of one, with full precision.

    One product for each dx correlates every y of f with every y of g. The sums over the diagonals
    of the product are the lags dy.
    """
    n = len(f)
    f, g = jnp.flip(f.T, 1), jnp.pad(g.T, ((0, 2 * n), (0, 0)))
    index, block = jnp.arange(n), min(n, max(1, AT_ONCE // n**2))

    def some_dx(start):
        moved = g[index[:, None] + start + index[:block]]
        columns = jnp.einsum("xy,xdz->dyz", f, moved, precision="highest")
        # A reshape with rows shorter by one bin turns the diagonals into columns.
        skewed = jnp.pad(columns, ((0, 0), (0, 0), (0, n))).reshape(block, -1)
        return skewed[:, : n * (2 * n - 1)].reshape(block, n, 2 * n - 1).sum(1)

    lags = jax.lax.map(some_dx, jnp.arange(0, n, block)).reshape(-1, 2 * n - 1)[:n, :, None]
    return jnp.stack([lags[:, n - 1 :], jnp.flip(lags[:, :n], 1)])
