"""Grid scores of 60 and 90 degrees, from correlations of an autocorrelogram with its rotations.

The method is that of Banino et al. (2018), Sorscher et al. (2019) and Schaeffer et al. (2022). The
normalised autocorrelogram is rotated by 30, 45, 60, 90, 120, 135 and 150 degrees with cubic
splines. Pearson correlations with the rotations are computed within ten rings. Each score is the
maximum over rings of a contrast of these correlations.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any, Literal, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from gridjax.metrics import map_batches
from gridjax.metrics.arguments import check_choice
from gridjax.metrics.compiler_options import LESS_OPTIMISED, QUICK, jit_for_cpu
from gridjax.metrics.gridscore import rotation
from gridjax.metrics.gridscore.autocorrelogram import quadrants
from gridjax.metrics.gridscore.dft_correlation import basis
from gridjax.metrics.gridscore.rings import STUDY_INNER, adaptive_means, annulus_sums, study_weights
from gridjax.metrics.gridscore.rotation import TURNS
from gridjax.metrics.map_labels import map_labels

ANGLES = (30, 45, 60, 90, 120, 135, 150)
# Term added to the variance of a ring, as in the published scorer; a flat ring then scores 0.
VARIANCE_FLOOR = 1e-5


class GridScores(NamedTuple):
    """Scores of maps; each array has the leading shape of the maps.

    `score_60` and `score_90` are maxima over the ten rings; `ring_60` is the ring (0 to 9) of
    `score_60`. `correlations` are the correlations with the rotations by 30, 45, 60, 90, 120, 135
    and 150 degrees in each ring, or None if they were not requested.
    """

    score_60: Float[Array, "..."] | Float[np.ndarray, "..."]
    score_90: Float[Array, "..."] | Float[np.ndarray, "..."]
    ring_60: Int[Array, "..."] | Int[np.ndarray, "..."]
    correlations: Float[Array, "... ring 7"] | Float[np.ndarray, "... ring 7"] | None = None


def grid_score(
    maps: Any,
    variant: Literal["minmax", "mean"] = "minmax",
    nan: Literal["mask", "zero"] = "mask",
    rings: Literal["study", "adaptive"] = "study",
    correlations: bool = False,
) -> GridScores:
    """Return grid scores of rate maps.

    Maps of xarray give scores with the labels of their other axes. NumPy maps give NumPy arrays.
    JAX maps are scored on their device, and the call returns without waiting. A constant map and a
    map without visits have score 0. A map's score does not depend on its scale, its batch or its
    offset. There is one exception: with "zero", the score of a map with unknown bins depends on its
    offset.

    Args:
        maps: [..., n, n], n from 8 to 256 square bins, first axis x, second y; or a DataArray with
            the axes x and y in any place.
        variant: score_60 is min(r60, r120) - max(r30, r90, r150) with "minmax" (Schaeffer et al.
            2022), and mean(r60, r120) - mean(r30, r90, r150) with "mean" (Banino et al. 2018,
            Sorscher et al. 2019). score_90 is r90 - mean(r45, r135) with both. r60 is the
            correlation with the rotation by 60 degrees.
        nan: bins that are not finite are unknown with "mask" (correlations over pairs of visited
            bins); they count as rate 0 with "zero", as published.
        rings: "study": the published rings, with inner radius 0.2 n bins and ten outer radii from
            0.4 n to n bins. "adaptive": the inner radius is the edge of each map's central field,
            where the radial mean first falls below 0.2 or is a local minimum; the ten outer radii
            are from this edge plus 0.2 n to n bins.
        correlations: whether to return the correlations of every ring and rotation too.

    Raises GridjaxError for maps of another shape or type, and for unknown options.
    """
    check_choice("variant", variant, ("minmax", "mean"))
    check_choice("nan", nan, ("mask", "zero"))
    check_choice("rings", rings, ("study", "adaptive"))
    if (labels := map_labels(maps)) is not None:
        found = grid_score(labels.values, variant, nan, rings, correlations)
        further = ("ring", range(10)), ("rotation_deg", ANGLES)
        return labels.label_all(found, correlations=further)
    maps = map_batches.as_maps(maps)
    kernel = partial(
        _score, masked=nan == "mask", adaptive=rings == "adaptive", minmax=variant == "minmax"
    )
    n, adaptive = maps.shape[-1], rings == "adaptive"
    # Adaptive rings have n annuli, so each number of bins has its own compilation.
    side = n if adaptive else map_batches.common_side(n)
    tables = _tables(n, side, adaptive, map_batches.platform_of(maps))
    s60, s90, ring, r = map_batches.in_chunks(kernel, maps, tables, side)
    return GridScores(s60, s90, ring, r if correlations else None)


@lru_cache(maxsize=32)
def _tables(n: int, side: int, adaptive: bool, platform: str):
    inner = 0 if adaptive else STUDY_INNER
    taps = rotation.taps(n, inner * n, n, side)
    radius = np.hypot(taps.pixel // side, taps.pixel % side)
    weights = annulus_sums(n, radius) if adaptive else study_weights(n, radius)
    if side != n:
        n_pixels = len(rotation.taps(side, inner * side, side, side).pixel)
        weights = np.pad(weights, ((0, 0), (0, n_pixels - len(radius))))
        taps = rotation.padded(taps, n_pixels)
    reach = np.float64(n + rotation.SPLINE_REACH)
    return basis(n, side, platform), reach, taps, weights.astype(np.float32)


def _score(maps, tables, masked: bool, adaptive: bool, minmax: bool):
    matrices, reach, taps, weights = tables
    sac = quadrants(maps, matrices, reach, masked)
    return _in_rings(sac, taps, weights, minmax, adaptive=adaptive)


@partial(jit_for_cpu, options=QUICK | LESS_OPTIMISED, static_argnames=("adaptive",))
def _in_rings(sac, taps, weights, minmax, adaptive: bool):
    plus, minus = sac
    same, flipped, same_turned, flipped_turned = rotation.ring_values(plus, minus, taps)
    correlations = _correlations(same, flipped, same_turned, flipped_turned, weights, adaptive)
    return *_contrasts(correlations, minmax), correlations


def _correlations(
    same: Float[Array, "pixel map"],
    flipped: Float[Array, "pixel map"],
    same_turned: Float[Array, "turn pixel map"],
    flipped_turned: Float[Array, "turn pixel map"],
    weights: Float[Array, "ring pixel"],
    adaptive: bool,
) -> Float[Array, "map ring 7"]:
    """Return the correlations with the seven rotations in each ring."""
    # Values are centred near 0, so that ring means of products lose less to rounding. Each value is
    # a sum over two pixels.
    is_used = jnp.any(weights > 0, axis=0)
    centre = jnp.where(is_used[:, None], same, 0.0).sum(axis=0) / is_used.sum()
    products = (
        same - centre,
        (same - centre) ** 2,
        flipped**2,
        *(same_turned - centre),
        *((same - centre) * (same_turned - centre)),
        *(flipped * flipped_turned),
    )
    means = jnp.stack([jnp.matmul(weights, x, precision="highest") for x in products])
    if adaptive:
        means = adaptive_means(means, weights.sum(1), centre)
    m, even, odd = means[0] / 2, means[1] / 4, means[2] / 4
    turned, shared, contrast = jnp.split(means[3:], 3)
    # shared: mean of (S - m)(S_turned - m), where m is the mean of S over the ring
    shared = shared / 4 - m * turned / 2
    contrast = contrast / 4
    by_angle = dict(zip(TURNS, shared + contrast, strict=True))
    by_angle |= {t + 90: c for t, c in zip(TURNS, shared - contrast, strict=True)}
    by_angle[90] = even - m**2 - odd
    covariance = jnp.stack([by_angle[angle] for angle in ANGLES], axis=-1)
    variance = even - m**2 + odd
    return jnp.swapaxes(covariance / (variance + VARIANCE_FLOOR)[..., None], 0, 1)


def _contrasts(correlations: Float[Array, "map ring 7"], minmax: Bool[Array, ""]):
    """Return score60, score90 and the ring of score60, each [map]."""
    r30, r45, r60, r90, r120, r135, r150 = jnp.moveaxis(correlations, -1, 0)
    extremes = jnp.minimum(r60, r120) - jnp.maximum(jnp.maximum(r30, r90), r150)
    means = _mean_contrast(r30, r60, r90, r120, r150)
    s60 = jnp.where(minmax, extremes, means)
    s90 = r90 - (r45 + r135) / 2
    return s60.max(-1), s90.max(-1), s60.argmax(-1).astype(jnp.int32)


def mean_score_60(
    correlations: Float[np.ndarray, "... ring 7"],
) -> Float[np.ndarray, "..."]:
    """Return the score_60 of the "mean" variant from the correlations of any grid_score call."""
    r30, _, r60, r90, r120, _, r150 = np.moveaxis(correlations, -1, 0)
    return _mean_contrast(r30, r60, r90, r120, r150).max(-1)


def _mean_contrast(r30: Any, r60: Any, r90: Any, r120: Any, r150: Any) -> Any:
    return (r60 + r120) / 2 - (r30 + r90 + r150) / 3
