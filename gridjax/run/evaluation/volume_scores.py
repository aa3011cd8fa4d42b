"""Scores of the maps of cubes: columns of the tables of units, of networks and of nulls.

The scores are those of gridjax.metrics.volume. A score takes about 0.3 s for each map of 20 bins a
side on one core, so that the null has fewer random readouts than in a square.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Array, Bool, Float

from gridjax.metrics.volume.grid_score_3d import VolumeScores, grid_score_3d
from gridjax.metrics.volume.templates import LATTICES
from gridjax.spec.network import NetworkSpec

ORDERED = 0.01
"""Largest p-value of the order of an ordered unit: 1 % of the isotropic null has it."""
LOCAL = "local"
CLASSES = (*LATTICES, LOCAL)
"""Classes of units that are counted; the others have neither a lattice nor local order."""
PLANE_COLUMNS = (
    *("score_60_by_neuron", "score_60_mean_by_neuron", "score_90_by_neuron"),
    *("orientation_rad", "phase_x_cm", "phase_y_cm", "lattice_p_value"),
)
"""Columns of the table of units that maps of a square alone have."""
UNIT_COLUMNS = (
    *("order", "order_p_value"),
    *(f"symmetry_{name}" for name in LATTICES),
    *("variation", "spacing_p_value", "spheres_p_value", "lattice"),
)
"""Columns of the table of units that maps of a cube alone have; the last one is a text."""
NULL_COLUMNS = ("order_p_value", "lattice")
"""Columns of the table of nulls that maps of a cube alone have."""
_SHARES = (*(f"share_{name}" for name in CLASSES), "share_lattice", "share_ordered")
COLUMNS = (
    *_SHARES,
    *(f"null_{name}" for name in ("share_local", "share_lattice", "share_ordered")),
    *("order_p_median", "period_cm_median", "symmetry_max"),
)
"""Columns of the table of networks; NaN for networks of a line or a square."""


def score_volumes(maps: Float[Array, "lane unit n n n"]) -> VolumeScores:
    """Return the scores [lane, unit] of maps, on the host.

    The isotropic null has 99 random fields with seed 0, so that a map has the same score in every
    block.
    """
    return grid_score_3d(np.asarray(maps), n_draws=99, seed=0)


def best_symmetry(scores: VolumeScores) -> Float[np.ndarray, "lane unit"]:
    """Return the largest correlation of each map with an ideal lattice; 0 for constant maps."""
    return np.nan_to_num(np.max(np.stack(scores.symmetry), axis=0)).astype(np.float32)


def volume_columns(
    spec: NetworkSpec, n_bins: int, scores: VolumeScores, active: Bool[np.ndarray, " unit"]
) -> dict[str, np.ndarray]:
    """Return the columns of the table of units of one network; ``scores`` are those of its units.

    Grid scores and orientations of the plane are NaN. Inactive units have the class "none".
    """
    unknown = np.full(spec.n_analysed, np.nan, np.float32)
    symmetry = {f"symmetry_{name}": values for name, values in scores.symmetry._asdict().items()}
    rest = ("order", "order_p_value", "variation", "spacing_p_value", "spheres_p_value")
    period_cm = 100 * scores.period * spec.box_width_in_m / n_bins
    return {
        "unit": np.arange(spec.n_analysed, dtype=np.int32),
        "nbins": np.full(spec.n_analysed, n_bins, np.int32),
        **dict.fromkeys(PLANE_COLUMNS, unknown),
        "period_cm": np.where(active, period_cm, np.nan),
        "active": active,
        **{name: np.where(active, getattr(scores, name), np.nan) for name in rest},
        **{name: np.where(active, values, np.nan) for name, values in symmetry.items()},
        "lattice": np.where(active, scores.lattice, "none"),
    }


def line_columns(
    spec: NetworkSpec, n_bins: int, active: Bool[np.ndarray, " unit"]
) -> dict[str, np.ndarray]:
    """Return the columns of the table of units of a network on a line, which has no scores."""
    unknown = np.full(spec.n_analysed, np.nan, np.float32)
    return {
        "unit": np.arange(spec.n_analysed, dtype=np.int32),
        "nbins": np.full(spec.n_analysed, n_bins, np.int32),
        **dict.fromkeys((*PLANE_COLUMNS, "period_cm", "copy_of"), unknown),
        "active": active,
    }


def volume_shares(units: dict[str, np.ndarray], null: VolumeScores | None) -> dict[str, float]:
    """Return COLUMNS of one network.

    Args:
        units: its columns of the table of units.
        null: scores of the random readouts of its layout; None for a network without outputs.
    """
    found = dict.fromkeys(COLUMNS, math.nan)
    lattice, p_value = units["lattice"], units["order_p_value"]
    found |= {f"share_{name}": float((lattice == name).mean()) for name in CLASSES}
    found |= _summary(lattice, p_value)
    if null is not None:
        of_null = _summary(null.lattice, null.order_p_value)
        found |= {f"null_{name}": value for name, value in of_null.items()}
        found["null_share_local"] = float((null.lattice == LOCAL).mean())
    known, periods = p_value[np.isfinite(p_value)], units["period_cm"]
    periods = periods[np.isin(lattice, LATTICES)]
    symmetry = np.stack([units[f"symmetry_{name}"] for name in LATTICES])
    if len(known):
        found["order_p_median"] = float(np.median(known))
        found["symmetry_max"] = float(np.nanmax(symmetry))
    if len(periods):
        found["period_cm_median"] = float(np.median(periods))
    return found


def _summary(lattice: np.ndarray, p_value: np.ndarray) -> dict[str, float]:
    """Return the shares of maps with a lattice and of ordered maps; constant maps are neither."""
    return {
        "share_lattice": float(np.isin(lattice, LATTICES).mean()),
        "share_ordered": float((p_value <= ORDERED).mean()),
    }


def null_columns_of(scores: Any) -> dict[str, np.ndarray]:
    """Return NULL_COLUMNS of the random readouts of one layout."""
    return {name: np.asarray(getattr(scores, name)) for name in NULL_COLUMNS}
