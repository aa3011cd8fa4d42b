"""Correlation sums of maps by fast Fourier transforms, for large maps.

The functions give the sums of dft_correlation, whose matrix products need n^3 operations and a fast
transform n^2 log n. On a CPU products are nevertheless faster for small maps. The table is the time
by FFT divided by the time by products, of the transforms of autocorrelograms in float64, on two
cores of an AMD EPYC (processor time, medians; `python -m benchmarks.transforms` repeats it):

    bins          20    32    44    64    96    128   160   192   224   256
    CPU           2.0   2.1   2.1   1.2   0.95  0.77  0.58  0.48  0.51  0.66
    GPU           not measured: products are in use at every number of bins

Window sums and rotations take most of the time of a grid score. With FFTs a score of a map without
silent regions takes 0 to 16 % less time at 160 to 256 bins.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

# The smallest number of bins for which FFTs are in use on a platform: there they need at most 2/3
# of the time of products.
FFT_FROM = {"cpu": 160}

Waves = Complex[Array, "1 ky map kx"]
"""Transform of maps, for half of the wave vectors; the first axis makes the maps the third axis, as
they are in Spectrum."""


def is_faster(n: int, platform: str) -> bool:
    """Return whether FFTs are in use for arrays of n x n bins on a platform."""
    return platform in FFT_FROM and n >= FFT_FROM[platform]


def _length(n: int) -> int:
    """Return the smallest length >= 2n-1 without prime factors above 5, so that no lag wraps."""
    length = 2 * n - 1
    while True:
        rest = length
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return length
        length += 1


def spectrum(maps: Float[Array, "n map n"]) -> Waves:
    """Return the transform of maps [y, map, x], padded to at least 2n-1 bins along each side."""
    size = (_length(len(maps)),) * 2
    return jnp.fft.rfft2(maps, size, axes=(0, 2))[None]


def _at_lags(waves: Waves, n: int) -> Float[Array, "2 n n map"]:
    """Return the inverse transform at lags (dx, +dy) and (dx, -dy), [side, dx, dy, map]."""
    size = (waves.shape[1],) * 2
    sums = jnp.fft.irfft2(waves[0], size, axes=(0, 2))
    # Lags dy < 0 are at the end.
    minus = jnp.concatenate([sums[:1], jnp.flip(sums[size[0] - n + 1 :], 0)])
    return jnp.transpose(jnp.stack([sums[:n], minus])[..., :n], (0, 3, 1, 2))


def autocorrelate(f: Waves, n: int) -> Float[Array, "2 n n map"]:
    """Return sum_p f(p) f(p + lag), with an error of about 1e-16 of its value at lag 0."""
    power = jnp.square(f.real) + jnp.square(f.imag)
    return _at_lags(jax.lax.complex(power, jnp.zeros_like(power)), n)


def correlate(
    f: Waves, g: Waves, n: int
) -> tuple[Float[Array, "2 n n map"], Float[Array, "2 n n map"]]:
    """Return sum_p f(p) g(p + lag) and sum_p f(p + lag) g(p), with errors of 1e-16 |f| |g|."""
    cross = jnp.conj(f) * g
    return _at_lags(cross, n), _at_lags(jnp.conj(cross), n)
