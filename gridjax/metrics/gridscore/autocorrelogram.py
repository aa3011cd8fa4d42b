"""Normalised autocorrelograms of rate maps: Pearson correlations over overlapping bins.

The correlations follow Sargolini et al. (2006) and Banino et al. (2018); they use all bins or only
visited bins. Maps of ReLU units have silent regions, and smoothed place fields have tails. Windows
in such regions contain 1e-8 to 1e-30 of the map's variance, but their correlations are defined like
those of other windows. Therefore all sums are in float64, and window sums keep their relative
precision. If rounding of the Fourier transform is too large at a lag (a blurred lag), the whole map
is computed again by direct sums. Devices without float64 use the module centred_sums instead.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from gridjax.metrics import map_batches
from gridjax.metrics.arguments import check_choice
from gridjax.metrics.compiler_options import LESS_OPTIMISED, QUICK, jit_for_cpu
from gridjax.metrics.float_pairs import FloatPair
from gridjax.metrics.gridscore import centred_sums, dft_correlation
from gridjax.metrics.gridscore.dft_correlation import Basis, Sides, Spectrum
from gridjax.metrics.gridscore.limits import FLAT, fewest_pairs

# A lag is blurred if its variance is below this share of the map's power. Transforms have errors
# below 1e-15 of the power, so larger variances have relative errors below 5e-6.
BLURRED = 2e-10
# Rates below this share of the largest rate become 0: their squares leave the range of float64.
SILENT = 1e-120


class Sums(NamedTuple):
    """Sums over the pairs of bins of each lag: of products, values and squares; number of pairs."""

    product: Sides
    here: Sides
    there: Sides
    here_sq: Sides
    there_sq: Sides
    pairs: Float[Array, "*side n n _"]


def _prepared(maps: Float[Array, "map n n"], inside: Bool[Array, "n n"]):
    """Return maps scaled by a power of two and shifted towards 0, and a mask of their holes.

    Holes are bins of the map that are not finite. They and the bins outside become 0. Scale and
    shift do not change correlations. Maps that contain 0 or both signs are not shifted, so that
    silent bins stay exactly 0.
    """
    known = jnp.isfinite(maps) & inside
    holes = inside & ~known
    least = jnp.min(jnp.where(known, maps, jnp.inf), axis=(1, 2), keepdims=True)
    most = jnp.max(jnp.where(known, maps, -jnp.inf), axis=(1, 2), keepdims=True)
    _, exponent = jnp.frexp(jnp.maximum(jnp.abs(least), jnp.abs(most)))
    scale = jnp.ldexp(1.0, jnp.clip(-exponent, -1000, 1000))
    offset = jnp.clip(0.0, least, most)
    maps = jnp.where(known, maps * scale - offset * scale, 0.0)
    maps = jnp.where(jnp.abs(maps) > SILENT, maps, 0.0)
    return jnp.transpose(maps, (2, 0, 1)), jnp.transpose(holes, (2, 0, 1))


def _scatter(sums: Sums, b: Basis):
    """Return n times the variance of both windows of each lag, and two masks.

    The first mask marks lags with enough pairs, the second lags at which both windows vary.
    """
    here_sq, there_sq, n = sums.here_sq, sums.there_sq, sums.pairs
    here = here_sq - sums.here**2 / jnp.maximum(n, 1.0)
    there = there_sq - sums.there**2 / jnp.maximum(n, 1.0)
    enough = n >= fewest_pairs(b.overlap)
    return here, there, enough, (here > FLAT * here_sq) & (there > FLAT * there_sq)


def _pearson(sums: Sums, b: Basis) -> Sides:
    here, there, enough, vary = _scatter(sums, b)
    spread = jnp.sqrt(jnp.where(vary, here, 1.0)) * jnp.sqrt(jnp.where(vary, there, 1.0))
    both = sums.here * sums.there / jnp.maximum(sums.pairs, 1.0)
    # Lags longer than the reach may be blurred; clipping limits their error.
    pearson = jnp.clip((sums.product - both) / spread, -1.0, 1.0)
    return jnp.where(enough & vary, pearson, 0.0).astype(jnp.float32)


def _blurred(sums: Sums, maps, holes, b: Basis, reach: Float[Array, ""]) -> Bool[Array, " map"]:
    """Return a mask of the maps with a blurred lag of at most `reach` bins."""
    limit = BLURRED * jnp.sum(maps**2, axis=(0, 2))
    holed = jnp.any(holes, axis=(0, 2))
    lag = jnp.arange(len(maps))
    read = (jnp.hypot(lag[:, None], lag) <= reach)[:, :, None]
    here, there, enough, vary = _scatter(sums, b)
    blurred = vary & (here * there < limit**2)
    # With holes the window sums have transform errors too, except in windows without activity.
    active = (sums.here_sq != 0) & (sums.there_sq != 0)
    blurred |= holed & active & (jnp.minimum(here, there) < limit)
    return jnp.any(blurred & enough & read, axis=(0, 1, 2))


def _windows(maps: Float[Array, "n map n"], b: Basis) -> tuple[Sides, Sides, Sides, Sides]:
    n_maps = maps.shape[1]
    here, there = dft_correlation.window_sums(jnp.concatenate([maps, maps**2], axis=1), b)
    return here[..., :n_maps], there[..., :n_maps], here[..., n_maps:], there[..., n_maps:]


def _exactly(f: Float[Array, "n n"], hole: Bool[Array, "n n"], b: Basis, masked: bool) -> Sides:
    """Return the autocorrelogram of one map [y, x] by direct sums."""
    if masked:
        m = dft_correlation.inside(b) - hole
        pairs = jnp.stack([f, f, m, f * f, m, m]), jnp.stack([f, m, f, m, f * f, m])
        return _pearson(Sums(*jax.lax.map(lambda pair: dft_correlation.direct(*pair), pairs)), b)
    product = dft_correlation.direct(f, f)
    return _pearson(Sums(product, *_windows(f[:, None], b), jnp.asarray(b.overlap)), b)


@partial(jit_for_cpu, options=LESS_OPTIMISED, static_argnames=("masked",))
def _sums(maps: Float[Array, "map n n"], b: Basis, masked: bool):
    """Return prepared maps [y, map, x], their holes, their spectrum and their sums.

    The sums count holes as visited bins of rate 0.
    """
    if not masked:
        maps = jnp.where(jnp.isfinite(maps), maps, 0.0)
    maps, holes = _prepared(maps, dft_correlation.inside(b) > 0)
    spectrum = dft_correlation.spectrum(maps, b)
    product = dft_correlation.autocorrelate(spectrum, b)
    return maps, holes, spectrum, Sums(product, *_windows(maps, b), jnp.asarray(b.overlap))


@partial(jax.jit, static_argnames=("masked",), compiler_options=QUICK)
def _mended(
    maps, holes, spectrum, sums: Sums, b: Basis, reach: Float[Array, ""], masked: bool
) -> Sides:
    """Return correlations, from direct sums for blurred maps and from the given sums for others.

    With ``masked``, the sums are first restricted to pairs of visited bins.
    """

    def of(sums: Sums):
        # Without the barrier the compiler computes the sums again for each use.
        sums = jax.lax.optimization_barrier(sums)
        return _blurred(sums, maps, holes, b, reach), _pearson(sums, b)

    def mend(state):
        blurred, result = state
        this = jnp.argmax(blurred)
        exact = _exactly(maps[:, this], holes[:, this], b, masked)
        return blurred.at[this].set(False), result.at[..., this].set(exact[..., 0])

    if masked:
        # Maps without holes skip the second branch, and only correlations leave it: the sums of a
        # chunk are several times larger.
        state = jax.lax.cond(
            jnp.any(holes), lambda: of(_seen(maps, holes, spectrum, sums, b)), lambda: of(sums)
        )
    else:
        state = of(sums)
    return jax.lax.while_loop(lambda state: jnp.any(state[0]), mend, state)[1]


def quadrants(
    maps: Float[Array, "map n n"] | FloatPair, b: Basis, reach: Float[Array, ""], masked: bool
) -> Sides:
    """Return float32 autocorrelograms at lags (dx, +dy) and (dx, -dy), dx and dy from 0 to n-1.

    Args:
        maps: float64 maps, or pairs, for which nothing is computed in float64.
        reach: longest lag, in bins, that must not be blurred by rounding; pairs have none.
        masked: use pairs of finite bins; otherwise bins that are not finite count as 0.
    """
    if isinstance(maps, FloatPair):
        return centred_sums.quadrants(maps, b, masked=masked)
    # Two separate compilations: in a single one the compiler computes the sums again for each use.
    return _mended(*_sums(maps, b, masked=masked), b, reach, masked=masked)


def _seen(maps, holes, spectrum: Spectrum, sums: Sums, b: Basis) -> Sums:
    """Return the sums over pairs of visited bins, and the number of these pairs.

    The terms of pairs with a hole are subtracted; for maps without holes they are exactly 0. Sums
    over zeros only are exactly 0 too.
    """
    n_maps = maps.shape[1]
    other = jnp.concatenate([holes.astype(maps.dtype), maps**2], axis=1)
    hole, squared = jnp.split(dft_correlation.spectrum(other, b), 2, axis=2)
    rates, twice = (jnp.concatenate(pair, axis=2) for pair in ((spectrum, squared), (hole, hole)))
    here, there = dft_correlation.correlate(rates, twice, b)
    lost = here[..., :n_maps], there[..., :n_maps], here[..., n_maps:], there[..., n_maps:]

    # Counts are whole numbers, so float32 is precise enough before rounding.
    b = jax.tree.map(lambda x: x.astype(jnp.float32), b)
    everywhere = dft_correlation.spectrum(dft_correlation.inside(b)[:, None], b)
    visited = everywhere - hole.astype(everywhere.dtype)
    active = dft_correlation.spectrum((maps != 0).astype(jnp.float32), b)
    left = dft_correlation.correlate(active, visited, b)
    windows = (sums.here, sums.there, sums.here_sq, sums.there_sq)
    here, there, here_sq, there_sq = (
        jnp.where(n > 0.5, total - gone, 0.0)
        for total, gone, n in zip(windows, lost, left + left, strict=True)
    )
    pairs = jnp.round(dft_correlation.autocorrelate(visited, b)).astype(maps.dtype)
    return Sums(sums.product, here, there, here_sq, there_sq, pairs)


@jax.jit
def joined(sides: Sides) -> Float[Array, "map 2n-1 2n-1"]:
    """Return the whole autocorrelogram, lag 0 in its middle, from (dx, +dy) and (dx, -dy)."""
    plus, minus = sides
    right = jnp.concatenate([jnp.flip(minus[:, 1:], 1), plus], axis=1)
    left = jnp.flip(right[1:], (0, 1))
    return jnp.moveaxis(jnp.concatenate([left, right]), -1, 0)


def autocorrelogram(
    maps: Any, nan: Literal["mask", "zero"] = "mask"
) -> Float[Array, "... lag lag"] | Float[np.ndarray, "... lag lag"]:
    """Return autocorrelograms [..., 2n-1, 2n-1] of rate maps; lag 0 in the middle, float32.

    The value at a lag is 0 if one of its two windows is constant up to rounding. With "mask" it is
    also 0 if the lag has fewer than 20 pairs of visited bins (or, for lags with fewer than 40
    pairs, if fewer than half of the pairs are visited).

    Args:
        maps: [..., n, n], n from 8 to 256. NumPy maps give NumPy arrays; JAX maps stay on their
            device, and the call does not wait.
        nan: bins that are not finite are unknown with "mask" and count as rate 0 with "zero".

    Raises GridjaxError for maps of another shape or type.
    Source: Sargolini et al. 2006, Science 312:758.
    """
    check_choice("nan", nan, ("mask", "zero"))
    maps = map_batches.as_maps(maps)
    masked = nan == "mask"
    return map_batches.in_chunks(
        lambda chunk, tables: joined(quadrants(chunk, tables[0], tables[1], masked)),
        maps,
        (
            dft_correlation.basis(maps.shape[-1], platform=map_batches.platform_of(maps)),
            np.float64(np.inf),
        ),
    )
