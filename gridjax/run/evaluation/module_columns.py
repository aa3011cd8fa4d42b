"""Columns of the modules of one network, from the lattices of its units.

They are the properties of Dorrell and Whittington (2026) that position maps can show: hexagons
(P1), phases that tile the unit cell (P2) and several modules (P3). Conjunctive cells (P4) need the
heading beside the position: gridjax.metrics.heading_tuning.
"""

from __future__ import annotations

import math

import numpy as np

from gridjax.metrics.lattice.modules import mean_orientation, modules, phase_clustering

COLUMNS = (
    "share_with_lattice",
    "n_modules",
    "share_in_modules",
    "module_period_cm",
    "module_ratio",
    "module_phase_clustering",
)
"""Columns of the table of networks; period and clustering are those of the largest module."""


def module_columns(units: dict[str, np.ndarray], n_reported: int) -> dict[str, float]:
    """Return COLUMNS of a network, from its table of units at the reported bins.

    Period, ratio and clustering are NaN without a module, the ratio also with one. With more than
    two modules, the ratio is the geometric mean of the ratios of successive periods.
    """
    reported = units["nbins"] == n_reported
    period, turn, x, y = (
        units[name][reported].astype(float)
        for name in ("period_cm", "orientation_rad", "phase_x_cm", "phase_y_cm")
    )
    found = modules(period, turn)
    columns = dict.fromkeys(COLUMNS, math.nan) | {
        "share_with_lattice": float(np.isfinite(period).mean()),
        "n_modules": float(len(found.size)),
        "share_in_modules": float((found.of_unit >= 0).mean()),
    }
    if not len(found.size):
        return columns
    largest = int(found.size.argmax())
    own = found.of_unit == largest
    middle = float(found.period_cm[largest])
    phases = np.stack([x[own], y[own]], axis=1)
    columns["module_period_cm"] = middle
    columns["module_phase_clustering"] = phase_clustering(
        phases, middle, mean_orientation(turn[own])
    )
    if len(found.size) > 1:
        columns["module_ratio"] = float(np.exp(np.diff(np.log(found.period_cm)).mean()))
    return columns
