"""Grid score of rate maps of a volume: order, kind of lattice, and arrangement of fields."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from gridjax.metrics.arguments import check_int
from gridjax.metrics.map_labels import map_labels
from gridjax.metrics.nulls.chance_scores import p_values
from gridjax.metrics.volume import arrangement, symmetry
from gridjax.metrics.volume.arrangement import Spacing
from gridjax.metrics.volume.isotropic_volumes import BLOCK
from gridjax.metrics.volume.null_measures import Measures, measures
from gridjax.metrics.volume.templates import LATTICES
from gridjax.metrics.volume.volumes import CHUNK, as_volumes, block_side, standardised

FEW_WAVES = np.array([name in ("columns", "lamellae") for name in LATTICES])
ORDER_SIGNIFICANCE = np.where(FEW_WAVES, 0.01, 0.03)
"""Largest p-value of the order of a lattice. Columns and lamellae have few waves, so that their
order exceeds that of every random field."""
LEAST_SYMMETRY = np.array([{"columns": 0.6, "lamellae": 0.62}.get(n, 0.57) for n in LATTICES])
"""Least correlation with an ideal lattice. Random fields resemble columns and planes most."""
HANDICAP = np.array([{"columns": 0.03, "lamellae": 0.12}.get(name, 0.0) for name in LATTICES])
"""Subtracted from correlations before they are compared. A few displaced columns, or a random
field, can have one wave that is much stronger than the others, and then resemble planes; true
planes exceed every other lattice by 0.3."""
LEAST_CONTINUITY, LEAST_VALLEY = 0.6, 0.3
"""Least continuity along columns and within planes, and depth of the valley between two planes."""
MOST_CONTINUITY = 0.75
"""Largest continuity along the axes of a simple cubic lattice. Three waves have 2/3; columns in a
square array, 0.74 to 1."""
SPACING_SIGNIFICANCE, SPHERES_SIGNIFICANCE = 0.03, 0.05
"""Largest p-values of a local order, against the isotropic null and against hard spheres."""
FEWEST_DRAWS, MOST_DRAWS, LARGEST_SEED = 99, 9_999, 2**32 - 1


class Symmetry(NamedTuple):
    """Largest correlation with the autocorrelogram of each ideal lattice over all rotations."""

    bcc: Any
    fcc: Any
    hcp: Any
    sc: Any
    columns: Any
    lamellae: Any


class VolumeScores(NamedTuple):
    """Scores of maps of a volume; each array has the leading shape of the maps.

    `order`: share of the power of the spectrum's strongest shell that is in the strongest tenth of
    directions. `order_p_value`: chance that a field of the isotropic null has at least this order.

    `lattice`: "bcc", "fcc", "hcp", "sc" (simple cubic), "columns" (hexagonal rods), "lamellae"
    (planes), "local" (fields at a characteristic distance without a lattice) or "none".

    `symmetry`: for each lattice, the largest correlation of the map's autocorrelogram with that of
    the ideal lattice, -1 to 1.

    `period`: distance in bins between the nearest fields, between columns or between planes; NaN
    for "none". With "local" it is the mean distance to the nearest field.

    `variation`: standard deviation divided by mean of the distances from each field to its two
    nearest fields; NaN for fewer than six fields. `height_variation`: the same of the heights of
    fields above the mean, in the smoothed map.

    Fields are *uneven* by their variation divided by the cube of the mean distance to the nearest
    field (the space around a field). `spheres_p_value`: chance that hard spheres placed at random
    are at most as uneven as the map's fields. `spacing_p_value`: chance that the product of
    unevenness and variation of heights is, in a field of the isotropic null, at most that of the
    map. Random fields with fewer than six fields count as even.
    """

    order: Any
    order_p_value: Any
    lattice: Any
    symmetry: Symmetry
    period: Any
    variation: Any
    height_variation: Any
    spacing_p_value: Any
    spheres_p_value: Any


def grid_score_3d(maps: Any, n_draws: int = 99, seed: int = 0) -> VolumeScores:
    """Return the order, the kind of lattice and the period of rate maps of a volume.

    A map has a lattice if its order is significant (p at most 0.03; columns and lamellae: 0.01) and
    its autocorrelogram has a correlation of at least 0.57 (columns: 0.6, lamellae: 0.62) with an
    ideal lattice in some orientation. The lattice is that of the largest correlation, after 0.03 is
    subtracted from the correlation with columns and 0.12 from that with lamellae. If this is
    columns, at least 0.6 of the variance without noise must be constant along their axis. If it is
    lamellae, this must hold in every direction within the planes, and the mean rate between two
    planes must fall by at least 0.3 of its range. If it is the simple cubic lattice, at most 0.75
    of the variance may be constant along each of its axes; nearly all columns in a square array
    exceed this. Otherwise the map has no lattice.

    A map without a lattice has local order if its fields are more even than hard spheres placed at
    random (p at most 0.05), and more even in place and height than those of the isotropic null (p
    at most 0.03). The spheres are as many as the fields, and as wide as 0.4 of the typical distance
    between fields.

    The orientations of the search are eight degrees apart; around the best one of each lattice they
    are one degree apart. Only the dependence of the autocorrelogram on direction counts for the
    correlations. The orientation and offset of a lattice, and the scale and offset of the values,
    have no effect.

    The isotropic null are random fields with the map's values, unknown bins and radially averaged
    spectrum, as in `isotropic_maps`: Gaussian fields whose values are replaced, rank by rank, by
    those of the map, and whose spectrum is adjusted for this. Of 384 random fields of a
    narrow band of wavelengths, rectified or not, 12 have local order. Of disordered packings with
    10 % jitter 191 of 200 have it with 2.5 distances along a side, which is 13 fields, and 199 of
    200 with 3.5.

    The search covers periods from a sixth of a side (but at least 2.8 bins) to a side divided by
    1.6. A map's result does not depend on its batch.

    Args:
        maps: [..., n, n, n], n from 12 to 128 cubic bins; bins that are not finite are unknown, so
            that an arena of any shape fits into a cube. Maps of more than 32 bins a side are
            averaged over blocks first. Or a DataArray with the axes x, y and z in any place, which
            gives scores with the labels of its other axes.
        n_draws: number of random fields for each map, 99 to 9,999; p-values are multiples of
            1 / (1 + n_draws).
        seed: seed of the random fields, 0 to 2^32 - 1. All maps share the random phases; therefore
            p-values of different maps are not independent.

    Constant maps have the lattice "none" and NaN elsewhere.

    Raises GridjaxError for maps of another shape or type, and for numbers outside these ranges.

    Sources: Grieves et al. 2021 and Ginosar et al. 2021 (lattices and local order in volumes; their
    scores assume the orientation of the lattice); Phipson and Smyth 2010 (p-values).
    """
    if (labels := map_labels(maps, ("x", "y", "z"))) is not None:
        found = grid_score_3d(labels.values, n_draws, seed)
        symmetries = labels.label_all(found.symmetry)
        return labels.label_all(found._replace(symmetry=None))._replace(symmetry=symmetries)
    array = as_volumes(maps)
    n_draws = check_int("n_draws", n_draws, FEWEST_DRAWS, MOST_DRAWS)
    seed = check_int("seed", seed, 0, LARGEST_SEED)
    batch, n = array.shape[:-3], array.shape[-1]
    scores = _scores(array.reshape(-1, n, n, n), n_draws, seed)
    return jax.tree.map(lambda values: values.reshape(batch), scores)


def _scores(flat: Float[np.ndarray, "map n n n"], n_draws: int, seed: int) -> VolumeScores:
    starts = range(0, len(flat), CHUNK)
    block = block_side(flat.shape[-1])
    correlations, periods = np.zeros((2, len(flat), len(LATTICES)))
    is_possible = np.zeros(correlations.shape, bool)
    order, variation, nearest, heights = np.full((4, len(flat), 1 + n_draws), np.nan)
    spheres = np.full(len(flat), np.nan)
    # random fields are made once for each block of draws, not once for each chunk of maps
    for draw in range(0, n_draws, BLOCK):
        for start in starts:
            rows = slice(start, start + CHUNK)
            volumes = standardised(flat[rows])
            size = len(flat[rows])
            found = measures(volumes, seed, draw // BLOCK)
            count = min(BLOCK, n_draws - draw)
            measured = found.order, *found.spacing, found.height_variation
            for kept, values in zip((order, variation, nearest, heights), measured, strict=True):
                kept[rows, 0] = values[:size, 0]
                kept[rows, 1 + draw : 1 + draw + count] = values[:size, 1 : 1 + count]
            if draw:
                continue
            found_here = _symmetries(volumes, size)
            correlations[rows], periods[rows], is_possible[rows] = found_here
            for index in range(size):
                spheres[start + index] = _against_spheres(found, index, volumes.known[index], seed)
    order_p = p_values(order[:, 0], order[:, 1:])
    spacing_p = _p_of_low(Spacing(variation, nearest).unevenness * heights)
    best = (correlations - HANDICAP).argmax(axis=1)
    rows = np.arange(len(flat))
    is_alike = (correlations[rows, best] >= LEAST_SYMMETRY[best]) & is_possible[rows, best]
    has_lattice = (order_p <= ORDER_SIGNIFICANCE[best]) & is_alike
    is_local = (spacing_p <= SPACING_SIGNIFICANCE) & (spheres <= SPHERES_SIGNIFICANCE)
    lattice = np.where(has_lattice, np.array(LATTICES)[best], np.where(is_local, "local", "none"))
    period = np.where(has_lattice, periods[rows, best], np.where(is_local, nearest[:, 0], np.nan))
    varies = np.isfinite(order[:, 0])
    symmetries = np.where(varies[:, None], correlations, np.nan)
    return VolumeScores(
        order[:, 0],
        order_p,
        lattice,
        Symmetry(*symmetries.T),
        period * block,
        variation[:, 0],
        heights[:, 0],
        spacing_p,
        spheres,
    )


_correlations = jax.jit(symmetry.correlations)


def _symmetries(volumes, size: int):
    """Return correlations, periods in bins, and whether the continuity is that of the lattice.

    Each has the shape [map, lattice].
    """
    tables = symmetry.search(volumes.values.shape[-1])
    found = _correlations(volumes.values, volumes.known, tables)
    by_period, best = (np.asarray(each)[:size] for each in (found.by_period, found.refined))
    along, within, between, rows = (np.asarray(values)[:size] for values in found.continuity)
    is_possible = np.ones(best.shape, bool)
    is_possible[:, LATTICES.index("sc")] = rows <= MOST_CONTINUITY
    is_possible[:, LATTICES.index("columns")] = along >= LEAST_CONTINUITY
    is_plane = (within >= LEAST_CONTINUITY) & (between >= LEAST_VALLEY)
    is_possible[:, LATTICES.index("lamellae")] = is_plane
    return best, symmetry.best_period(by_period, tables.period), is_possible


def _p_of_low(values: Float[np.ndarray, "map 1+draw"]) -> Float[np.ndarray, " map"]:
    """Return p-values of the first value being low; a missing null value counts as low."""
    return p_values(-values[:, 0], -values[:, 1:])


def _against_spheres(found: Measures, index: int, known: np.ndarray, seed: int) -> float:
    """Return the p-value of the unevenness of a map's fields against hard spheres."""
    unevenness = found.spacing.unevenness[index, 0]
    if not np.isfinite(unevenness):
        return np.nan
    diameter = arrangement.DIAMETER * found.distance[index]
    null = arrangement.hard_spheres(known, int(found.n_fields[index]), diameter, seed)
    return float(_p_of_low(np.concatenate([[unevenness], null])[None])[0])
