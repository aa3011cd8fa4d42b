"""Normalised autocorrelograms of rate maps, over all bins or over visited bins only.

The transforms are matrix products along the first or the last axis of arrays [y, map, x], so that
one product serves a whole chunk and nothing is transposed. Window sums are matrix products as well:
taken as differences of running sums or through the Fourier domain they would drown the silent
regions of ReLU maps in rounding noise. All of it is float64 for the same reason: call it under
`jax.enable_x64(True)`.

The autocorrelogram is point-symmetric: only lags (dx, +dy) and (dx, -dy), dx and dy from 0 to n-1,
are computed, as two quadrants [dx, dy, map].
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from gridjax.measure import chunks

# A window whose variance is below this share of its mean square is constant up to rounding.
FLAT = 1e-13
# With holes, window sums are differences and lose this share of the map's mean square.
FLAT_WITH_HOLES = 1e-10
# Fewer overlapping visited bins than this say nothing (Sargolini et al. 2006 use 20) ...
MIN_OVERLAP = 20
# ... unless the geometry itself offers few: then this share of them is enough.
MIN_OVERLAP_SHARE = 0.5


class Basis(NamedTuple):
    """Matrices of one map size: forward and inverse DFT of length 2n-1, corner window sums.

    `inverse_*` carry the multiplicity of each frequency and the 1/N of the transform.
    """

    cos: Float[np.ndarray, "frequency n"]
    sin: Float[np.ndarray, "frequency n"]
    inverse_cos: Float[np.ndarray, "n frequency"]
    inverse_sin: Float[np.ndarray, "n frequency"]
    low: Float[np.ndarray, "n n"]
    high: Float[np.ndarray, "n n"]
    overlap: Float[np.ndarray, "n n"]


@lru_cache(maxsize=32)
def basis(n: int) -> Basis:
    """The matrices for maps of n x n bins."""
    index = np.arange(n)
    # Reducing k x modulo N first keeps the angles exact to the last bit.
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
        ((n - index)[:, None] * (n - index)[None, :]).astype(float),
    )


class Spectrum(NamedTuple):
    """Products of a map with cosines and sines, e.g. cs = sum f cos(ky y) sin(kx x)."""

    cc: Float[Array, "ky map kx"]
    cs: Float[Array, "ky map kx"]
    sc: Float[Array, "ky map kx"]
    ss: Float[Array, "ky map kx"]


def _first(matrix, maps):
    return jnp.einsum("ky,ymx->kmx", matrix, maps, precision="highest")


def _last(matrix, maps):
    return jnp.einsum("kx,ymx->ymk", matrix, maps, precision="highest")


def _turn(matrix, maps):
    """Along the last axis, which becomes the first: [y, map, x] to [dx, dy, map]."""
    return jnp.einsum("kx,ymx->kym", matrix, maps, precision="highest")


def _spectrum(maps: Float[Array, "n map n"], b: Basis) -> Spectrum:
    c, s = _first(b.cos, maps), _first(b.sin, maps)
    return Spectrum(_last(b.cos, c), _last(b.sin, c), _last(b.cos, s), _last(b.sin, s))


def _even(cosines, sines, b: Basis):
    """Lags (dx, +dy) and (dx, -dy) of sum P cos(kx dx + ky dy), from P's parts [ky, map, kx]."""
    even = _turn(b.inverse_cos, _first(b.inverse_cos, cosines))
    odd = _turn(b.inverse_sin, _first(b.inverse_sin, sines))
    return even - odd, even + odd


def _odd(cosine_sine, sine_cosine, b: Basis):
    """Lags (dx, +dy) and (dx, -dy) of sum Y sin(kx dx + ky dy)."""
    along_x = _turn(b.inverse_sin, _first(b.inverse_cos, cosine_sine))
    along_y = _turn(b.inverse_cos, _first(b.inverse_sin, sine_cosine))
    return along_x + along_y, along_x - along_y


def _autocorrelate(f: Spectrum, b: Basis):
    return _even(f.cc**2 + f.cs**2 + f.sc**2 + f.ss**2, 2 * (f.sc * f.cs - f.cc * f.ss), b)


def _correlate(f: Spectrum, g: Spectrum, b: Basis):
    """sum_p f(p) g(p + lag) and sum_p f(p + lag) g(p), each at (dx, +dy) and (dx, -dy)."""

    def at(s: Spectrum):
        """The transform at (kx, ky) and at (kx, -ky)."""
        return (s.cc - s.ss, -s.sc - s.cs), (s.cc + s.ss, s.sc - s.cs)

    def cross(a, c):
        return a[0] * c[0] + a[1] * c[1], a[0] * c[1] - a[1] * c[0]

    (x_plus, y_plus), (x_minus, y_minus) = (cross(a, c) for a, c in zip(at(f), at(g), strict=True))
    even = _even((x_plus + x_minus) / 2, (x_plus - x_minus) / 2, b)
    odd = _odd((y_plus + y_minus) / 2, (y_plus - y_minus) / 2, b)
    return (
        tuple(e - o for e, o in zip(even, odd, strict=True)),
        tuple(e + o for e, o in zip(even, odd, strict=True)),
    )


def _window_sums(maps: Float[Array, "n map n"], b: Basis):
    """Sums of the map over its overlap with itself moved by the lag, and over the moved one's.

    As ((here at +dy, here at -dy), (there at +dy, there at -dy)), each [dx, dy, map].
    """
    low, high = _first(b.low, maps), _first(b.high, maps)
    return (_turn(b.low, low), _turn(b.low, high)), (_turn(b.high, high), _turn(b.high, low))


def _pearson(product, windows, n, floor):
    """Pearson correlation from sums over n pairs; 0 where a side has no variance left.

    `windows`: sums and sums of squares, here, there, here squared, there squared.
    """
    here, there, here_sq, there_sq = (total / n for total in windows)
    here_var, there_var = here_sq - here**2, there_sq - there**2
    valid = (here_var > jnp.maximum(FLAT * here_sq, floor)) & (
        there_var > jnp.maximum(FLAT * there_sq, floor)
    )
    spread = jnp.sqrt(jnp.where(valid, here_var * there_var, 1.0))
    return jnp.where(valid, (product / n - here * there) / spread, 0.0)


def _prepared(maps: Float[Array, "map n n"]):
    """Maps moved to minimum 0 and scaled by a power of two, 0 in their holes; and the holes."""
    holes = ~jnp.isfinite(maps)
    least = jnp.min(jnp.where(holes, jnp.inf, maps), axis=(1, 2), keepdims=True)
    most = jnp.max(jnp.where(holes, -jnp.inf, maps), axis=(1, 2), keepdims=True)
    _, exponent = jnp.frexp(jnp.maximum(jnp.abs(least), jnp.abs(most)))
    scale = jnp.ldexp(1.0, jnp.clip(-exponent, -1000, 1000))
    return jnp.where(holes, 0.0, maps * scale - least * scale), holes


@partial(jax.jit, static_argnames=("masked",))
def quadrants(
    maps: Float[Array, "map n n"], b: Basis, masked: bool
) -> tuple[Float[Array, "n n map"], Float[Array, "n n map"]]:
    """Autocorrelogram at lags (dx, +dy) and (dx, -dy), dx and dy from 0 to n-1; float32.

    `masked`: over pairs of finite bins, else with 0 for what is not finite.
    """
    if not masked:
        maps = jnp.where(jnp.isfinite(maps), maps, 0.0)
    maps, holes = (jnp.transpose(x, (2, 0, 1)) for x in _prepared(maps))
    windows = tuple(zip(*_window_sums(maps, b), *_window_sums(maps**2, b), strict=True))
    spectrum = _spectrum(maps, b)
    product = _autocorrelate(spectrum, b)
    if masked:
        plus, minus = _masked(maps, holes, spectrum, product, windows, b)
    else:
        plus, minus = (
            _pearson(product[side], windows[side], b.overlap[:, :, None], 0.0) for side in range(2)
        )
    return plus.astype(jnp.float32), minus.astype(jnp.float32)


def _masked(maps, holes: Bool[Array, "n map n"], spectrum, product, windows, b: Basis):
    """Window sums less what falls on the other side's holes, which is exact without holes."""
    hole = _spectrum(holes.astype(maps.dtype), b)
    everywhere = _spectrum(jnp.ones_like(maps[:, :1]), b)
    visited = jax.tree.map(jnp.subtract, everywhere, hole)
    lost = _correlate(spectrum, hole, b) + _correlate(_spectrum(maps**2, b), hole, b)
    overlap = _autocorrelate(visited, b)
    offered = b.overlap[:, :, None]
    needed = jnp.maximum(2.0, jnp.minimum(MIN_OVERLAP, MIN_OVERLAP_SHARE * offered))
    floor = jnp.where(jnp.any(holes, (0, 2)), FLAT_WITH_HOLES * jnp.mean(maps**2, (0, 2)), 0.0)

    def one_side(side):
        seen = tuple(w - gone[side] for w, gone in zip(windows[side], lost, strict=True))
        n = jnp.round(overlap[side])
        pearson = _pearson(product[side], seen, jnp.maximum(n, 1.0), floor)
        return jnp.where(n >= needed, pearson, 0.0)

    return one_side(0), one_side(1)


@jax.jit
def _joined(plus, minus):
    right = jnp.concatenate([jnp.flip(minus[:, 1:], 1), plus], axis=1)
    left = jnp.flip(right[1:], (0, 1))
    return jnp.moveaxis(jnp.concatenate([left, right]), -1, 0)


def autocorrelogram(
    maps: Any, nan: Literal["mask", "zero"] = "mask"
) -> Float[Array, "... lag lag"] | Float[np.ndarray, "... lag lag"]:
    """Autocorrelograms [..., 2n-1, 2n-1] of rate maps [..., n, n]; lag 0 in the middle, float32.

    nan: bins that are not finite are unknown with "mask" and count as rate 0 with "zero". A lag
    is 0 where either window is constant up to rounding, and with "mask" where fewer than 20 pairs
    of visited bins overlap (or than half the pairs that the geometry offers, where that is less).

    NumPy maps give NumPy arrays; JAX maps stay on their device, and the call does not wait.
    Raises GridjaxError for maps that are no real square [..., n, n], n from 8 to 256.
    """
    chunks.one_of("nan", nan, ("mask", "zero"))
    maps = chunks.as_maps(maps)
    masked = nan == "mask"
    return chunks.in_chunks(
        lambda chunk, matrices: _joined(*quadrants(chunk, matrices, masked)),
        maps,
        basis(maps.shape[-1]),
    )
