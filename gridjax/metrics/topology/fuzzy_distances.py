"""Distances between population vectors by the fuzzy simplicial set of UMAP.

The membership of point j among the neighbours of point i is exp(-d_ij / sigma_i), where sigma_i is
such that the memberships of the k nearest points sum to log2 k. Both directions are joined by
a + b - a b. The distance of two points is -log of their membership. Sources: McInnes, Healy and
Melville (2018), arXiv 1802.03426; Gardner et al. (2022), who use it for populations of grid cells.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

_HALVINGS = 64
_FLAT = 1e-6
"""Limit of activity, relative to the largest absolute activity of the unit: below it is rounding"""
_LEAST_SCALE = 1e-3
"""Smallest sigma over the mean distance of all neighbours."""


def principal_components(
    activity: Float[np.ndarray, "sample unit"], n: int
) -> Float[np.ndarray, "sample component"]:
    """Return the first ``n`` principal components of z-scored activity, not whitened.

    Units that do not vary are left out.
    """
    z = activity[:, varying(activity)]
    _, exponents = np.frexp(np.abs(z).max(axis=0, initial=0.0))
    z = np.ldexp(z, -exponents)  # squares of tiny and of huge rates stay finite and above 0
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    left, scales, _ = np.linalg.svd(z, full_matrices=False)
    return left[:, :n] * scales[:n]


def varying(activity: Float[np.ndarray, "sample unit"]) -> Bool[np.ndarray, " unit"]:
    """Return which units vary by more than a millionth of their largest absolute activity."""
    largest = np.abs(activity).max(axis=0)
    return (activity.max(axis=0) / 2 - activity.min(axis=0) / 2) > _FLAT / 2 * largest


def membership(
    points: Float[np.ndarray, "point coordinate"], n_neighbours: int
) -> Float[np.ndarray, "point point"]:
    """Return the fuzzy membership of all pairs of points, by cosine distance.

    Args:
        points: [point, coordinate], none at the origin.
        n_neighbours: number k of nearest points, the point itself included.

    Returns:
        Symmetric numbers from 0 to 1 with a diagonal of 0.
    """
    from scipy.spatial.distance import pdist, squareform

    distance = squareform(np.maximum(pdist(points, "cosine"), 0.0))
    k = min(n_neighbours, len(points))
    nearest = np.argsort(distance, axis=1, kind="stable")[:, :k]
    of_nearest = np.take_along_axis(distance, nearest, axis=1)
    sigma = _scales(of_nearest)
    one_way = np.zeros_like(distance)
    np.put_along_axis(one_way, nearest, np.exp(-of_nearest / sigma[:, None]), axis=1)
    np.fill_diagonal(one_way, 0.0)
    return one_way + one_way.T - one_way * one_way.T


def _scales(distance: Float[np.ndarray, "point neighbour"]) -> Float[np.ndarray, " point"]:
    """Return sigma of each point, by bisection; the first neighbour is the point itself."""
    target, mean = np.log2(distance.shape[1]), distance.mean()
    low, high = np.zeros(len(distance)), np.full(len(distance), np.inf)
    sigma = np.ones(len(distance))
    for _ in range(_HALVINGS):
        is_large = np.exp(-distance[:, 1:] / sigma[:, None]).sum(axis=1) > target
        low, high = np.where(is_large, low, sigma), np.where(is_large, sigma, high)
        sigma = np.where(np.isinf(high), 2 * sigma, (low + high) / 2)
    return np.maximum(sigma, _LEAST_SCALE * mean)


def spread_points(of_pairs: Float[np.ndarray, "point point"], n: int) -> Int[np.ndarray, " chosen"]:
    """Return ``n`` points of dense regions that are spread over the cloud, by their membership.

    The first point has the largest sum of memberships. Its memberships are then subtracted from the
    sums of all other points, and the point with the largest rest is next (Gardner et al. 2022).
    """
    rest = of_pairs.sum(axis=1)
    chosen = np.zeros(min(n, len(rest)), int)
    is_left = np.ones(len(rest), bool)
    for place in range(len(chosen)):
        chosen[place] = np.where(is_left, rest, -np.inf).argmax()
        is_left[chosen[place]] = False
        rest = rest - of_pairs[chosen[place]]
    return chosen


def distances(
    of_pairs: Float[np.ndarray, "point point"],
) -> Float[np.ndarray, "point point"]:
    """Return -log of memberships, infinite for pairs that are no neighbours, 0 on the diagonal."""
    with np.errstate(divide="ignore"):
        result = -np.log(of_pairs)
    np.fill_diagonal(result, 0.0)
    return np.maximum(result, 0.0)
