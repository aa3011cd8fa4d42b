"""Correlation sums over pairs of bins at every lag, for a chunk of square maps.

Maps have the shape [y, map, x]. Transforms and window sums are matrix products along the first or
the last axis, so that one product is sufficient for the whole chunk, without a transposition. The
last product gives the shape [dx, dy, map]. A result is a pair of arrays, at lags (dx, +dy) and
(dx, -dy), with dx and dy from 0 to n-1; the other lags follow by symmetry. All arrays are float64,
which requires `jax.enable_x64(True)`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

# Largest number of products of two columns in memory, in direct sums.
AT_ONCE = 2**18

Pair = tuple[Float[Array, "n n map"], Float[Array, "n n map"]]


class Basis(NamedTuple):
    """Matrices of one map size: DFT of length 2n-1, its inverse, and sums of corner windows.

    The inverse includes the multiplicity of each frequency and the factor 1 / (2n-1).
    """

    cos: Float[np.ndarray, "frequency n"]
    sin: Float[np.ndarray, "frequency n"]
    inverse_cos: Float[np.ndarray, "n frequency"]
    inverse_sin: Float[np.ndarray, "n frequency"]
    low: Float[np.ndarray, "n n"]
    high: Float[np.ndarray, "n n"]
    overlap: Float[np.ndarray, "n n 1"]


@lru_cache(maxsize=32)
def basis(n: int) -> Basis:
    """Return the matrices for maps of n x n bins; `overlap` is the number of pairs at each lag."""
    index = np.arange(n)
    # The product k x is reduced modulo 2n-1 before the division, which keeps the angles precise.
    angle = 2 * np.pi * ((np.outer(index, index)) % (2 * n - 1)) / (2 * n - 1)
    weight = np.where(index > 0, 2.0, 1.0) / (2 * n - 1)
    lag, bin_ = index[:, None], index[None, :]
    return Basis(
        np.cos(angle),
        np.sin(angle),
        np.cos(angle).T * weight,
        np.sin(angle).T * weight,
        (bin_ < n - lag).astype(float),
        (bin_ >= lag).astype(float),
        np.outer(n - index, n - index)[:, :, None].astype(float),
    )


class Spectrum(NamedTuple):
    """Products of a map f with cosines and sines, such as cs = sum f cos(ky y) sin(kx x)."""

    cc: Float[Array, "ky map kx"]
    cs: Float[Array, "ky map kx"]
    sc: Float[Array, "ky map kx"]
    ss: Float[Array, "ky map kx"]


def _first(matrix, maps):
    return jnp.einsum("ky,ymx->kmx", matrix, maps, precision="highest")


def _last(matrix, maps):
    return jnp.einsum("kx,ymx->ymk", matrix, maps, precision="highest")


def _turn(matrix, maps):
    return jnp.einsum("kx,ymx->kym", matrix, maps, precision="highest")


def spectrum(maps: Float[Array, "n map n"], b: Basis) -> Spectrum:
    """Return the transform of maps, padded to 2n-1 bins along each side; it is linear in maps."""
    c, s = _first(b.cos, maps), _first(b.sin, maps)
    return Spectrum(_last(b.cos, c), _last(b.sin, c), _last(b.cos, s), _last(b.sin, s))


def _even(cosines, sines, b: Basis) -> Pair:
    """Return the sum over frequencies of P cos(kx dx + ky dy), from the parts of P."""
    even = _turn(b.inverse_cos, _first(b.inverse_cos, cosines))
    odd = _turn(b.inverse_sin, _first(b.inverse_sin, sines))
    return even - odd, even + odd


def _odd(cosine_sine, sine_cosine, b: Basis) -> Pair:
    """Return the sum over frequencies of Y sin(kx dx + ky dy), from the parts of Y."""
    along_x = _turn(b.inverse_sin, _first(b.inverse_cos, cosine_sine))
    along_y = _turn(b.inverse_cos, _first(b.inverse_sin, sine_cosine))
    return along_x + along_y, along_x - along_y


def autocorrelate(f: Spectrum, b: Basis) -> Pair:
    """Return sum_p f(p) f(p + lag), with an error of about 1e-16 of its value at lag 0."""
    return _even(f.cc**2 + f.cs**2 + f.sc**2 + f.ss**2, 2 * (f.sc * f.cs - f.cc * f.ss), b)


def correlate(f: Spectrum, g: Spectrum, b: Basis) -> tuple[Pair, Pair]:
    """Return sum_p f(p) g(p + lag) and sum_p f(p + lag) g(p), with errors of 1e-16 |f| |g|."""

    def at(s: Spectrum):
        """Return the transform at (kx, ky) and at (kx, -ky)."""
        return (s.cc - s.ss, -s.sc - s.cs), (s.cc + s.ss, s.sc - s.cs)

    def cross(a, c):
        return a[0] * c[0] + a[1] * c[1], a[0] * c[1] - a[1] * c[0]

    (x_plus, y_plus), (x_minus, y_minus) = (cross(a, c) for a, c in zip(at(f), at(g), strict=True))
    even = _even((x_plus + x_minus) / 2, (x_plus - x_minus) / 2, b)
    odd = _odd((y_plus + y_minus) / 2, (y_plus - y_minus) / 2, b)
    return (even[0] - odd[0], even[1] - odd[1]), (even[0] + odd[0], even[1] + odd[1])


def window_sums(maps: Float[Array, "n map n"], b: Basis) -> tuple[Pair, Pair]:
    """Return sum_p f(p) and sum_p f(p + lag) over the bins p for which p + lag is in the map.

    The sums contain no differences, so that sums over regions with small rates keep their relative
    precision.
    """
    low, high = _first(b.low, maps), _first(b.high, maps)
    return (_turn(b.low, low), _turn(b.low, high)), (_turn(b.high, high), _turn(b.high, low))


def direct(f: Float[Array, "n n"], g: Float[Array, "n n"]) -> Pair:
    """Return sum_p f(p) g(p + lag) of one map [y, x], as [dx, dy, 1], with full relative precision.

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
    return lags[:, n - 1 :], jnp.flip(lags[:, :n], 1)
