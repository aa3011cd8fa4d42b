"""Persistent homology of a cloud of points: bars of components, circles and cavities."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from gridjax.metrics.arguments import invalid_argument
from gridjax.metrics.topology.fuzzy_distances import (
    distances,
    membership,
    principal_components,
    spread_points,
)

N_COMPONENTS, N_POINTS = 6, 1200
DENSITY_NEIGHBOURS, DISTANCE_NEIGHBOURS = 1000, 800
COEFFICIENTS = 47
"""Constants of Gardner et al. (2022): principal components, points, neighbours for the choice of
points and for their distances, and the prime of the field of coefficients."""


class Bars(NamedTuple):
    """Bars of one cloud, longest first. The length of a bar is its death minus its birth."""

    circles: Float[np.ndarray, " bar"]
    """Lengths of the bars of the first homology. A torus has two long ones, a ring one."""
    cavities: Float[np.ndarray, " bar"]
    """Lengths of the bars of the second homology; empty unless asked for. A torus has one long one,
    a sphere too."""


def bars(
    activity: Float[np.ndarray, "sample unit"],
    n_points: int = N_POINTS,
    has_cavities: bool = False,
) -> Bars:
    """Return the bars of population vectors by the method of Gardner et al. (2022).

    Z-scored activity is reduced to 6 principal components, points at the origin are left out, and
    ``n_points`` are kept. Their fuzzy distances (cosine) enter the persistent homology.

    Raises GridjaxError if the package ripser is not installed.
    """
    ripser = load_ripser()
    points = principal_components(activity, N_COMPONENTS)
    lengths = np.linalg.norm(points, axis=1)
    points = points[lengths > 1e-9 * lengths.max(initial=0.0)]
    chosen = spread_points(membership(points, DENSITY_NEIGHBOURS), n_points)
    apart = distances(membership(points[chosen], DISTANCE_NEIGHBOURS))
    highest = 2 if has_cavities else 1
    found = ripser(apart, distance_matrix=True, maxdim=highest, coeff=COEFFICIENTS)["dgms"]
    limit = apart[np.isfinite(apart)].max(initial=0.0)
    lengths = [_lengths(diagram, limit) for diagram in found[1:]]
    return Bars(lengths[0], lengths[1] if has_cavities else np.zeros(0))


def load_ripser():
    """Return the function ripser. Raises GridjaxError if the package is not installed."""
    try:
        from ripser import ripser  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        fix = "install it: pip install 'gridjax[torus]'"
        raise invalid_argument(f"the package ripser is missing: {error}", fix) from None
    return ripser


def _lengths(diagram: Float[np.ndarray, "bar 2"], limit: float) -> Float[np.ndarray, " bar"]:
    """Return the lengths of bars; those that never end end at the largest distance."""
    births, deaths = np.asarray(diagram, np.float64).reshape(-1, 2).T
    return np.sort(np.minimum(deaths, limit) - births)[::-1]
