"""Networks whose lattice units are compared: their measures in and outside the box."""

from functools import cache

import numpy as np

import gridjax as gj
from gridjax import metrics

from .codes import CHANCE, CODES, MEASURES, READOUTS, measured

FEWEST, MOST = 8, 64
"""Lattice units of a network that is measured; the best MOST of more are taken."""
DOS = "difference_of_gaussians"
FEWEST_RATIOS = 4
SHORTEST_PERIOD = 2 / 9
"""Shortest period of a lattice that can be found outside the box, in sides of the box."""


def lattice_units(evidence):
    """Return the lattice units and the other active units by run_id, the best lattices first.

    Both have distinct maps: no map is a copy of another one, and no other unit copies a lattice.
    """
    units = evidence.lattices
    units = units.sort_values("score_60_by_neuron", ascending=False, kind="stable")
    of_networks = units[units["is_lattice"] | units["active"].astype(bool)].groupby("run_id")
    return {
        run_id: (own[own["is_lattice"]], own[~own["is_lattice"]]) for run_id, own in of_networks
    }


def with_measures(evidence):
    """Return the networks of both widths with Difference-of-Softmaxes targets and their measures.

    These are the columns ``code.measure``; NaN with too few lattice units, or too few others.
    """
    rows, found = evidence.networks, lattice_units(evidence)
    rows = rows[rows["place_field_values"] == DOS].reset_index(drop=True)
    columns = {f"{code}.{name}": np.full(len(rows), np.nan) for code in CODES for name in MEASURES}
    further = [f"{CHANCE}.{name}" for name in READOUTS] + ["period_ratio", "share_outside"]
    columns |= {name: np.full(len(rows), np.nan) for name in further}
    n_lattice = np.zeros(len(rows), int)
    none = evidence.units[:0], evidence.units[:0]
    for at, (run_id, is_competent) in enumerate(
        rows[["run_id", "is_competent"]].itertuples(index=False)
    ):
        units, others = found.get(run_id, none)
        n_lattice[at] = len(units)
        n_used = min(len(units), MOST, len(others))
        period = float(units["period_cm"].median())
        if not is_competent or n_used < FEWEST or not np.isfinite(period):
            continue
        used = units.iloc[:n_used]
        lattice, rest = (tuple(int(unit) for unit in each["unit"]) for each in (used, others))
        for code, values in measured(evidence.run, run_id, lattice, rest, period).items():
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
