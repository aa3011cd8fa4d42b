"""Networks whose lattice units are compared: their measures in and outside the box."""

from functools import cache

import numpy as np

import gridjax as gj
from gridjax import metrics

from .codes import CODES, MEASURES, measured

FEWEST, MOST = 8, 64
"""Lattice units of a network that is measured; the best MOST of more are taken."""
DOS = "difference_of_gaussians"
FEWEST_RATIOS = 4
SHORTEST_PERIOD = 2 / 9
"""Shortest period of a lattice that can be found outside the box, in sides of the box."""


def lattice_units(evidence):
    """Return the lattice units of each network by its run_id, the best first."""
    units = evidence.lattices
    best = units[units["is_lattice"]].sort_values("score_60_by_neuron", ascending=False)
    return dict(iter(best.groupby("run_id")))


def of_lattices(rows):
    """Return whether each network is one of those whose lattice units are compared."""
    is_dos = rows["place_field_values"] == DOS
    return is_dos & (rows["place_cell_rf"] == rows["place_cell_rf"][is_dos].min())


def with_measures(evidence):
    """Return the networks with the columns ``code.measure``; NaN with too few lattice units."""
    rows, found = evidence.networks, lattice_units(evidence)
    rows = rows[of_lattices(rows)].reset_index(drop=True)
    columns = {f"{code}.{name}": np.full(len(rows), np.nan) for code in CODES for name in MEASURES}
    columns |= {name: np.full(len(rows), np.nan) for name in ("period_ratio", "share_outside")}
    n_lattice = np.zeros(len(rows), int)
    for at, (run_id, is_competent) in enumerate(
        rows[["run_id", "is_competent"]].itertuples(index=False)
    ):
        units = found.get(run_id, evidence.units[:0])
        n_lattice[at] = len(units)
        n_used = min(n_lattice[at], MOST, int(rows["Ng"].iloc[at]) // 2)
        period = float(units["period_cm"].median())
        if not is_competent or n_used < FEWEST or not np.isfinite(period):
            continue
        used = units.iloc[:n_used]
        lattice = tuple(int(unit) for unit in used["unit"])
        for code, values in measured(evidence.run, run_id, lattice, period).items():
            for name, value in values.items():
                columns[f"{code}.{name}"][at] = value
        least_cm = 100 * SHORTEST_PERIOD * rows["box_width_in_m"].iloc[at]
        found_outside = tuple(int(unit) for unit in used["unit"][used["period_cm"] >= least_cm])
        if len(found_outside) < FEWEST_RATIOS:
            continue
        for name, value in lattices_outside(evidence.run, run_id, found_outside).items():
            columns[name][at] = value
    return rows.assign(n_lattice=n_lattice, **columns)


@cache
def lattices_outside(run, run_id, lattice):
    """Return the share of lattice units with a lattice outside, and their median period ratio."""
    try:
        outside = run.network(run_id).outside_box(units=lattice)
    except gj.GridjaxError:
        return {}
    ratios = metrics.outside_period_ratios(outside.maps, run.network(run_id).spec.box_width_in_m)
    known = ratios[np.isfinite(ratios)]
    ratio = np.median(known) if len(known) >= FEWEST_RATIOS else np.nan
    return {"period_ratio": ratio, "share_outside": len(known) / len(ratios)}
